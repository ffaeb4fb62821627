"""Stage ``checks``: a good run breaks no rule, and every rule is broken by one damaged table."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import polars as pl
import pytest

from recsys import Settings, build, contract
from recsys.stages.checks import CHECKED, FITTED, check_tables, drift, measure_tables, passed
from recsys.stages.claims import CLAIM_RULES
from recsys.tables import CHECKS, METRICS, RATINGS
from tests.support.worlds import AS_OF, asked, event, frame, inputs, silent

pytestmark = pytest.mark.slow  # whole runs

SETTINGS = Settings(lists=("balanced",), list_limit=2, neighborhood="co_rated")
Tables = dict[str, pl.DataFrame]
NEIGHBOR = "nobody is their own neighbour, similarity lies between -1 and 1"


@cache
def good() -> Tables:
    """Tables of a small world: three tracks by one artist and genre left for listener u, of whom v is a neighbour."""
    tracks = [silent(name, artist="Ada", artists=["Ada", "Bel"], genres=["Rock "], explicit=True) for name in "abcxyz"]
    events = [event(user, name, weight=points) for user in "uv" for name, points in (("x", 1.0), ("y", 2.0), ("z", 4.0))]
    given = inputs(tracks, events, [{"user_id": "u"}], [asked("u", limit=3)])
    return {name: frame for name, frame in build(given, SETTINGS, as_of=AS_OF).items() if name in CHECKED}


def broken(tables: Tables, settings: Settings = SETTINGS) -> dict[tuple[str, str], dict[str, object]]:
    rows = check_tables(tables, settings).filter(~pl.col("passed")).to_dicts()
    return {(row["table"], row["rule"]): row for row in rows}


def test_a_good_run_breaks_no_rule() -> None:
    result = check_tables(good(), SETTINGS)
    assert result.schema == CHECKS.schema
    assert result["passed"].all()
    assert passed(result)
    assert set(result["failures"]) == {0}
    assert result["example"].null_count() == result.height


def changed(table: str, **columns: object) -> Tables:
    """The good tables, the first row of one of them with other values."""
    rows = good()[table]
    values = {name: value if isinstance(value, pl.Expr) else pl.lit(value) for name, value in columns.items()}
    first = rows.head(1).with_columns(value.cast(rows.schema[name]).alias(name) for name, value in values.items())
    return good() | {table: pl.concat([first, rows.tail(-1)])}


def rated(**flags: bool) -> Tables:
    """The good tables, and a rating of the first ranked track by its listener."""
    first = good()["rankings"].row(0, named=True)
    row = dict.fromkeys(("rating", "liked", "disliked", "positive"), 0.0) | {"known": False, "rejected": False}
    row |= {"events": 1, "negative_events": 0, "user_id": first["user_id"], "track_id": first["track_id"]} | flags
    return good() | {"ratings": pl.concat([good()["ratings"], frame(RATINGS, [row])])}


DAMAGE = {
    ("candidates", "favourite artists are not passed over"): lambda: (
        good() | {"candidates": good()["candidates"].with_columns(track_id=pl.lit("x"))}
    ),
    ("candidates", "the parts add up to the score within 1e-6"): partial(changed, "candidates", score=pl.col("score") + 2e-6),
    ("lists", "as many tracks as asked for"): partial(changed, "lists", limit=100),
    ("lists", "every listener of profiles has a list"): partial(changed, "profiles", user_id="nobody"),
    ("lists", "returned = rows in rankings"): partial(changed, "lists", returned=pl.col("returned") + 1),
    ("lists", "tracks = candidates + dropped by rule"): partial(changed, "lists", dropped_known=pl.col("dropped_known") + 1),
    ("lists", "what was asked for is known"): partial(changed, "lists", remarks="unknown seed tracks: x"),
    ("neighbors", NEIGHBOR): partial(changed, "neighbors", neighbor_id=pl.col("user_id")),
    ("profiles", "confidence and readiness lie between 0 and 1"): partial(changed, "profiles", confidence=float("nan")),
    ("rankings", "every row has a reason"): partial(changed, "rankings", reason=""),
    ("rankings", "every track is in the snapshot"): partial(changed, "rankings", track_id="nowhere"),
    ("rankings", "no excluded artist"): partial(changed, "controls", excluded_artists=pl.lit(["Ada"])),
    ("rankings", "no excluded genre"): partial(changed, "controls", excluded_genres=pl.lit(["ROCK "])),
    ("rankings", "no excluded track"): partial(changed, "controls", excluded_tracks=pl.lit(["a"])),
    ("rankings", "no explicit track for a listener who blocks them"): partial(changed, "controls", allow_explicit=False),
    ("rankings", "no track stands twice in a list"): lambda: changed("rankings", track_id=good()["rankings"]["track_id"][1]),
    ("rankings", "no track the listener disliked or hid"): partial(rated, rejected=True),
    ("rankings", "no track the listener knows"): partial(rated, known=True),
    ("rankings", "ranks run from 1 without gaps"): partial(changed, "rankings", rank=2),
    ("rankings", "the parts add up to the score within 1e-6"): partial(changed, "rankings", score=float("nan")),
}  # fmt: skip


@pytest.mark.parametrize("tracks", [["a", "b", "a"], ["b", "b", "b"], ["a", None, "b"]])
def test_a_list_with_a_track_twice_or_none_at_all_is_one_failure(tracks: list[str | None]) -> None:
    one = good()["rankings"].head(1)
    rows = pl.concat([one.with_columns(pl.lit(track, pl.String).alias("track_id")) for track in tracks])
    rows = rows.with_columns(pl.Series("rank", range(1, 4), pl.Int32))
    result = broken({**good(), "rankings": rows})["rankings", "no track stands twice in a list"]
    assert (result["failures"], result["example"]) == (1, f"{one['user_id'][0]} {one['list'][0]}")


@pytest.mark.parametrize("rule", DAMAGE, ids=" ".join)
def test_damage_is_found(rule: tuple[str, str]) -> None:
    tables = DAMAGE[rule]()
    result = broken(tables)
    assert rule in result
    assert result[rule]["failures"]
    assert result[rule]["example"]
    assert passed(check_tables(tables, SETTINGS)) == (result[rule]["severity"] == "warn")


def test_every_rule_is_tried() -> None:
    outcome = set(check_tables(good(), SETTINGS).select("table", "rule").rows())
    own = {(name, result.rule) for name in CHECKED for result in contract.check(name, good()[name])}
    assert outcome - own - {("rankings", rule) for rule in CLAIM_RULES} == set(DAMAGE)  # those are tried in test_claims.py
    assert own < outcome


@pytest.mark.parametrize(
    ("wish", "rule"),
    [
        ({"excluded_artist_ids": [" BEL"]}, "no excluded artist"),
        ({"excluded_genres": [" rock"]}, "no excluded genre"),
    ],
)
def test_names_are_compared_as_the_settings_say(wish: dict[str, list[str]], rule: str) -> None:
    tables = changed("lists", **{name: pl.lit(names) for name, names in wish.items()})
    tables["lists"] = tables["lists"].with_columns(pl.lit(names).alias(name) for name, names in wish.items())
    assert ("rankings", rule) in broken(tables)
    assert ("rankings", rule) not in broken(tables, SETTINGS.model_copy(update={"exclusions": "exact"}))


def test_rules_that_settings_switch_off() -> None:
    assert ("rankings", "no track the listener disliked or hid") not in broken(
        rated(rejected=True), SETTINGS.model_copy(update={"hide_rejected": False})
    )


@pytest.mark.parametrize(("blocked", "included", "ok"), [("zero", True, True), ("zero", None, False), ("hide", True, False)])
def test_explicit_tracks_that_a_list_includes(blocked: str, included: bool | None, ok: bool) -> None:
    tables = changed("controls", allow_explicit=False)
    tables["lists"] = tables["lists"].with_columns(include_explicit=pl.lit(included, pl.Boolean))
    result = broken(tables, SETTINGS.model_copy(update={"blocked_explicit": blocked}))
    assert (("rankings", "no explicit track for a listener who blocks them") not in result) == ok


def test_a_run_of_saved_lists_only_needs_none_for_everyone() -> None:
    settings = Settings(lists=())
    tables = build(inputs([silent("a")], [event("v", "a")], requests=[asked("u")]), settings, as_of=AS_OF)
    assert ("lists", "every listener of profiles has a list") not in broken(tables, settings)


def test_files_are_as_good_as_frames(tmp_path: Path) -> None:
    files = {name: [tmp_path / f"{name}.parquet"] for name in CHECKED}
    for name, (path,) in files.items():
        good()[name].write_parquet(path)
    assert check_tables(files, SETTINGS).equals(check_tables(good(), SETTINGS))
    assert measure_tables(files).equals(measure_tables(good()))
    assert measure_tables(good()).schema == METRICS.schema


class Stored(NamedTuple):
    """A run on the disk, as much of it as the rules about two runs need."""

    folder: Path
    tables: list[str]
    manifest: Any = SimpleNamespace(settings=SETTINGS.model_dump())

    def files(self, table: str) -> list[Path]:
        good()[table].write_parquet(self.folder / f"{table}.parquet")
        return [self.folder / f"{table}.parquet"]


def test_two_runs_are_compared_when_both_have_the_tables(tmp_path: Path) -> None:
    run = Stored(tmp_path, [*CHECKED])
    rules = drift(run, run)
    assert rules.height > 0
    assert rules["passed"].all()
    assert drift(run, Stored(tmp_path, [*CHECKED, "more"])).equals(rules)
    for before in (None, Stored(tmp_path, [*CHECKED[1:]]), Stored(tmp_path, [])):
        assert drift(run, before).equals(CHECKS.empty())


def test_the_fitted_tables_are_checked_where_they_are() -> None:
    rows = build(inputs([silent(name) for name in "ab"], [event(user, "a") for user in "uv"]), Settings(), as_of=AS_OF)
    fitted = {name: rows[name] for name in FITTED}
    whole = {name: frame for name, frame in rows.items() if name in CHECKED}
    assert {*FITTED} <= {*check_tables(whole | fitted, Settings())["table"]}
    assert {*FITTED}.isdisjoint(check_tables(whole, Settings())["table"])
    with pytest.raises(KeyError):
        check_tables({name: frame for name, frame in whole.items() if name != CHECKED[0]}, Settings())
