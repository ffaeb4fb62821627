"""The whole computation: what every run must keep, how lists react to their inputs, and the same bytes however it is run."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from recsys import Inputs, Settings, build, pipeline
from recsys.demo import AS_OF as DEMO_AS_OF
from recsys.demo import DemoWorld
from recsys.demo import world as demo_world
from recsys.matrices.tokens import token
from recsys.stages.neighbors.model import TILE
from recsys.tables import INPUTS, OUTPUTS, TABLES
from tests.support.chance import world
from tests.support.worlds import AS_OF, Row, asked, event, inputs, ranked, silent, track

pytestmark = pytest.mark.slow  # whole runs

Tables = dict[str, pl.DataFrame]
DEFAULT, REFERENCE = Settings(list_limit=12, pool=20), Settings.reference(list_limit=12, pool=20)
PRESETS = pytest.mark.parametrize("settings", [DEFAULT, REFERENCE], ids=["default", "reference"])
GENERATED = pytest.mark.parametrize(
    "settings", [DEFAULT, pytest.param(REFERENCE, marks=pytest.mark.slow)], ids=["default", "reference"]
)
SEEDS = st.integers(0, 10**6)


def digests(tables: Tables) -> dict[str, bytes]:
    """Every table as Parquet bytes; parts of a table lie together."""
    result = {}
    for name, table in tables.items():
        file = io.BytesIO()
        table.rechunk().write_parquet(file)
        result[name] = file.getvalue()
    return result


class TestEveryRun:
    @GENERATED
    @effort(max_examples=4)
    @given(seed=SEEDS)
    def test_tables_are_whole(self, settings: Settings, seed: int) -> None:
        given_, tables = world(seed), build(world(seed), settings, as_of=AS_OF)
        assert set(tables) == set(OUTPUTS)
        for name, table in tables.items():
            assert table.schema == TABLES[name].schema
            assert not table.select(TABLES[name].key).is_duplicated().any()
            assert (
                table.select(TABLES[name].key).equals(table.select(TABLES[name].key).sort(TABLES[name].key))
                or name == "neighbors"
            )
        rankings, catalogue = tables["rankings"], set(given_.tracks["id"])
        assert set(rankings["track_id"]) <= catalogue
        assert not rankings.select("user_id", "list", "track_id").is_duplicated().any()
        for _, rows in rankings.group_by("user_id", "list"):
            assert rows["rank"].to_list() == [*range(1, rows.height + 1)]
        broken = tables["checks"].filter(~pl.col("passed"))
        assert set(broken["severity"]) <= {"warn"}, broken.to_dicts()

    @GENERATED
    @effort(max_examples=4)
    @given(seed=SEEDS)
    def test_parts_add_up(self, settings: Settings, seed: int) -> None:
        tables = build(world(seed), settings, as_of=AS_OF)
        points = pl.sum_horizontal(pl.col("^.*_points$"))
        for name in ("candidates", "rankings"):
            assert (
                tables[name].filter((points * pl.col("safety") + pl.col("commercial") - pl.col("score")).abs() > 1e-6).is_empty()
            )

    @effort(max_examples=8)
    @given(seed=SEEDS)
    def test_nothing_blocked_hidden_or_known_is_ever_recommended(self, seed: int) -> None:
        given_ = world(seed)
        tracks = {row["id"]: row for row in given_.tracks.to_dicts()}
        controls = {row["user_id"]: row for row in given_.controls.to_dicts()}
        opinions = dict(opinions_of(given_))
        for row in build(given_, DEFAULT, as_of=AS_OF)["rankings"].to_dicts():
            result, wishes = tracks[row["track_id"]], controls.get(row["user_id"])
            assert opinions.get((row["user_id"], row["track_id"]), "open") == "open"
            assert wishes is None or not blocks(wishes, result)


def opinions_of(given_: Inputs) -> Iterator[tuple[tuple[str, str], str]]:
    """Known and rejected (listener, track) pairs, straight from the events."""
    times = pl.col("occurred_at").fill_null(pl.datetime(1900, 1, 1, time_zone="UTC"))
    past = given_.events.filter(times <= AS_OF).with_columns(times)
    for (user, heard), rows in past.group_by("user_id", "track_id"):
        points = {"play": 1, "like": 1, "save": 1, "skip": -1, "dislike": -1, "hide": -1}
        if any((row["weight"] or points[row["type"]]) > 0 for row in rows.to_dicts()):
            yield (str(user), str(heard)), "known"
        opinions = rows.filter(pl.col("type").is_in(["like", "save", "dislike", "hide"]))
        if opinions.sort("occurred_at")["type"].to_list()[-1:] in (["dislike"], ["hide"]):
            yield (str(user), str(heard)), "rejected"


def blocks(wishes: Row, row: Row) -> bool:
    names = {token(name) for name in (row["artist"] or "", *(row["artists"] or ()))}
    later = {put["track_id"] for put in wishes["postponed_tracks"] or () if put["until"] is None or put["until"] > AS_OF}
    return (
        (row["explicit"] is True and wishes["allow_explicit"] is False)
        or row["id"] in {*(wishes["excluded_tracks"] or ()), *later}
        or bool(names & set(map(token, wishes["excluded_artists"] or ())))
        or bool(set(map(token, row["genres"])) & set(map(token, wishes["excluded_genres"] or ())))
    )


class TestReaction:
    def test_a_listener_without_overlap_changes_nobody(self) -> None:
        given_ = world(11)
        own = [event("x", "unheard", weight=w) for w in (1.0, 2.0)] + [event("x", "gone too")]
        more = Inputs(given_.tracks, pl.concat([given_.events, inputs([], own).events]), given_.controls, given_.requests)
        before, after = (build(one, REFERENCE, as_of=AS_OF) for one in (given_, more))
        for name in ("candidates", "rankings", "neighbors", "profiles"):
            assert after[name].filter(pl.col("user_id") != "x").equals(before[name])

    @pytest.mark.parametrize("settings", [Settings(parts_scale="raw"), REFERENCE], ids=["raw", "reference"])
    def test_an_excluded_track_only_moves_others_up(self, settings: Settings) -> None:
        given_ = world(12)
        user = "u1"  # without controls of one's own
        before = build(given_, settings, as_of=AS_OF)
        dropped = ranked(before, user, "balanced")[0]
        control = inputs([], controls=[{"user_id": user, "excluded_tracks": [dropped]}]).controls
        after = build(
            Inputs(given_.tracks, given_.events, pl.concat([given_.controls, control]), given_.requests), settings, as_of=AS_OF
        )
        for name in ("balanced", "comfort", "discovery"):
            one, other = ([row["track_id"] for row in rows_of(tables, user, name)] for tables in (before, after))
            rest = [result for result in one if result != dropped]
            assert other[: len(rest)] == rest
            assert dropped not in other

    def test_a_longer_list_begins_with_the_shorter_one(self) -> None:
        for limit in (3, 7):
            short, long = (build(world(13), Settings.reference(list_limit=length), as_of=AS_OF) for length in (limit, 12))
            for user in ("u1", "u3"):
                assert ranked(long, user, "balanced")[:limit] == ranked(short, user, "balanced")

    def test_a_double_is_the_nearest_neighbour(self) -> None:
        given_ = world(14)
        double = given_.events.filter(pl.col("user_id") == "u1").with_columns(user_id=pl.lit("a double"))
        tables = build(Inputs(given_.tracks, pl.concat([given_.events, double])), REFERENCE, as_of=AS_OF)
        nearest = tables["neighbors"].filter(pl.col("user_id") == "a double").row(0, named=True)
        assert (nearest["neighbor_id"], nearest["similarity"]) == ("u1", 1.0)


def rows_of(tables: Tables, user: str, name: str) -> list[Row]:
    return tables["candidates"].filter(pl.col("user_id") == user, pl.col("list") == name).to_dicts()


class TestEdges:
    @PRESETS
    @pytest.mark.parametrize(
        ("given_", "expected"),
        [
            (inputs([silent("a")], requests=[asked("u")]), ["a"]),
            (inputs([silent("a")], [event("u", "a")], requests=[asked("u")]), []),
            (inputs([silent("a"), silent("b")], [event("u", "gone")], requests=[asked("u", limit=100)]), ["a", "b"]),
            (inputs([track(name) for name in "dbca"], requests=[asked("u", limit=3)]), ["a", "b", "c"]),
            (inputs([{"id": name} for name in "ba"], requests=[asked("u")]), ["a", "b"]),
        ],
        ids=["one track", "nothing left", "unknown track", "all ties", "nothing but ids"],
    )
    def test_small_worlds(self, settings: Settings, given_: Inputs, expected: list[str]) -> None:
        assert sorted(ranked(build(given_, settings, as_of=AS_OF), "u")) == expected

    def test_settings_may_be_left_out(self) -> None:
        given_ = inputs([silent("a")])
        assert digests(build(given_, as_of=AS_OF)) == digests(build(given_, Settings(), as_of=AS_OF))


class TestSameBytes:
    @GENERATED
    @effort(max_examples=3)
    @given(seed=SEEDS, order=SEEDS)
    def test_any_order_of_rows_and_number_of_threads(self, settings: Settings, seed: int, order: int) -> None:
        given_ = world(seed)
        shuffled = Inputs(**{name: getattr(given_, name).sample(fraction=1, shuffle=True, seed=order) for name in INPUTS})
        one = build(given_, settings.model_copy(update={"threads": 1}), as_of=AS_OF)
        two = build(shuffled, settings.model_copy(update={"threads": 2}), as_of=AS_OF)
        assert digests(one) == digests(two)

    @PRESETS
    def test_any_size_of_shards_and_blocks(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = build(world(21), settings, as_of=AS_OF)
        calls: list[tuple[str, int, int]] = []
        monkeypatch.setattr(pipeline, "SHARD_LISTENERS", 5)
        monkeypatch.setattr(pipeline, "BLOCK_BYTES", 1)
        monkeypatch.setattr(pipeline, "WORDED_ROWS", 40)
        parts = build(world(21), settings, as_of=AS_OF, progress=lambda *call: calls.append(call))
        assert digests(parts) == digests(whole)
        stages = ("neighbors", "candidates", "rankings")
        assert calls == [(name, done, 12) for done in (5, 10, 12) for name in stages]


@pytest.mark.parametrize(
    ("users", "lists", "size"),
    [(10, 10, 1024), (10**6, 10**6, 1024), (10**5, 3 * 10**5, 512), (7, 700, TILE), (10**4, 4 * 10**4, 384), (1, 0, 1024)],
)
def test_shards_have_whole_tiles_and_so_many_lists(users: int, lists: int, size: int) -> None:
    assert pipeline.shard_listeners(users, lists) == size
    assert size % TILE == 0


HASHES = """
import hashlib, json, sys
from recsys import Settings, build
from tests.support.chance import world
from tests.support.worlds import AS_OF
from tests.test_pipeline import digests

for settings in (Settings(), Settings.reference()):
    tables = digests(build(world(77), settings.model_copy(update={"threads": int(sys.argv[1])}), as_of=AS_OF))
    print(json.dumps({name: hashlib.sha256(data).hexdigest() for name, data in tables.items()}))
"""


def test_same_bytes_in_any_process(root: Path) -> None:
    """Other hash seeds, time zones, languages and numbers of threads, of our own and of the libraries."""
    ours = {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C", "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
    other = {"PYTHONHASHSEED": "4242", "TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8", "POLARS_MAX_THREADS": "3"}
    runs = []
    for threads, environment in ((1, ours), (3, other)):
        command = [sys.executable, "-c", HASHES, str(threads)]
        whole = {**os.environ, **environment, "PYTHONPATH": str(root)}
        runs.append(subprocess.run(command, cwd=root, env=whole, capture_output=True, text=True, check=True).stdout)
    assert runs[0].count("\n") == 2
    assert runs[0] == runs[1]


@cache
def demo() -> DemoWorld:
    """A third of the demo listeners, twelve or more of each of the eight planted groups."""
    whole = demo_world()
    few = pl.col("user_id") <= "demo-u100"
    return replace(whole, events=whole.events.filter(few), controls=whole.controls.filter(few), requests=whole.requests.clear())


def own_group(rows: pl.DataFrame) -> float:
    """Share of (user_id, track_id) rows whose track is of the listener's planted group."""
    group = dict(demo().groups.iter_rows())
    rows = rows.filter(pl.col("user_id") != "*")
    return (rows["user_id"].replace_strict(group) == rows["track_id"].replace_strict(group)).mean()


def demo_rankings(**overrides: Any) -> pl.DataFrame:
    given_ = Inputs(demo().tracks, demo().events, demo().controls)
    settings = Settings(lists=("balanced",), list_limit=10, pool=10, diversity_pool=200, **overrides)
    return build(given_, settings, as_of=DEMO_AS_OF)["rankings"]


class TestPlantedGroups:
    """Eight groups of equal size: by chance, one track in eight is of the listener's own."""

    def test_lists_stay_near_the_listeners_group(self) -> None:
        popular = demo().tracks.sort("popularity", descending=True).head(50).select(track_id="id")
        users = demo().events.select("user_id").unique()
        by_popularity = own_group(users.join(popular, how="cross"))
        assert by_popularity == pytest.approx(1 / 8, abs=0.03)
        assert own_group(demo_rankings()) > 6 * by_popularity

    @pytest.mark.parametrize("part", ["content_weight", "collab_weight"])
    def test_sound_and_neighbours_each_find_it(self, part: str) -> None:
        alone = dict.fromkeys(("content_weight", "collab_weight", "popularity_weight", "exploration_weight"), 0.0)
        assert own_group(demo_rankings(**(alone | {part: 1.0}), diversity_lambda=1)) > 7 / 8
