"""Stage ``rankings``: the lists themselves; how picks are made is tested with the diversity kernel."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from recsys import Settings
from recsys.stages.rankings.stage import pool_depth
from recsys.stages.rankings.texts import CODES
from recsys.tables import RANKINGS
from tests.support.chance import world
from tests.support.worlds import Row, asked, event, inputs, lists, of, ranked, silent, track

DEFAULT, REFERENCE = Settings(lists=(), max_per_artist=3), Settings.reference(lists=())
Tables = dict[str, pl.DataFrame]


def made(*tracks: Row, settings: Settings = DEFAULT, events: tuple[Row, ...] = (), **wanted: object) -> Tables:
    return lists(inputs(tracks, events, requests=[asked("u", **wanted)]), settings)


def crowd(size: int, **values: object) -> list[Row]:
    """Tracks without sound, the first the most popular."""
    return [silent(f"t{number:02}", popularity=(size - number) / size, **values) for number in range(size)]


@pytest.mark.parametrize(("pool", "diversity", "depth"), [(1, 1, 100), (200, 1000, 1000), (500, 300, 500), (500, None, None)])
def test_pool_is_deep_enough_for_the_longest_list(pool: int, diversity: int | None, depth: int | None) -> None:
    assert pool_depth(Settings(pool=pool, diversity_pool=diversity)) == depth


class TestDiversityOff:
    def test_few_candidates_keep_the_order_of_their_scores(self) -> None:
        tables = made(*crowd(5), settings=REFERENCE, limit=5)
        rows = of(tables, "rankings", "u")
        assert [row["track_id"] for row in rows] == ["t00", "t01", "t02", "t03", "t04"]
        assert [(row["diversity"], row["nearest_track_id"], row["score_rank"]) for row in rows] == [
            (0, None, n) for n in range(1, 6)
        ]
        assert not of(tables, "lists", "u")[0]["diversified"]

    def test_lambda_one_is_the_order_of_scores(self) -> None:
        tables = made(*crowd(30), settings=REFERENCE.model_copy(update={"diversity_lambda": 1.0}), limit=20)
        assert [row["score_rank"] for row in of(tables, "rankings", "u")] == [*range(1, 21)]
        assert of(tables, "lists", "u")[0]["diversified"]


class TestDiversityOn:
    near, far = {"genres": ["rock"]}, {"genres": ["jazz"]}

    def test_trace_of_every_pick(self) -> None:
        tracks = [silent("a", popularity=1.0, **self.near), silent("b", popularity=0.99, **self.near), silent("c", **self.far)]
        rows = of(made(*tracks, settings=REFERENCE, limit=2), "rankings", "u")
        assert [row["track_id"] for row in rows] == ["a", "c"]
        assert [row["diversity"] for row in rows] == [1.0, 0.78]
        assert [row["nearest_track_id"] for row in rows] == [None, "a"]
        assert [row["score_rank"] for row in rows] == [1, 3]
        for row in rows:
            assert row["marginal"] == pytest.approx(0.74 * row["score"] + 0.26 * row["diversity"])

    def test_distances_without_sound_are_rescaled_in_default(self) -> None:
        tracks = [silent(name, **self.near) for name in "abc"]
        assert of(made(*tracks, limit=2), "rankings", "u")[1]["diversity"] == pytest.approx(0.38 * 0.46)


class TestExplanation:
    @pytest.mark.slow
    def test_agreement_per_feature(self) -> None:
        tracks = (track("liked", energy=0.8), track("b", energy=0.3, valence=0.9))
        row = of(made(*tracks, events=(event("u", "liked"),)), "rankings", "u")[0]
        agreement = dict(zip(("danceability", "energy", "valence"), np.array(row["explanation"])[[0, 1, 7]], strict=True))
        assert agreement == pytest.approx({"danceability": 1.0, "energy": 0.5, "valence": 0.6}, abs=1e-6)

    @pytest.mark.slow
    def test_every_row_has_words(self) -> None:
        rows = lists(world(2), Settings())["rankings"]
        assert rows.schema == RANKINGS.schema
        assert set(rows["reason_code"]) <= set(CODES)
        assert (rows["reason"].str.len_chars() > 0).all()
        own = rows["because"].list.eval(pl.element().struct.field("share")).list.sum()
        assert (own + rows["because_rest"]).to_list() == pytest.approx([1.0] * rows.height, abs=1e-6)
        assert rows["explanation"].explode().is_between(0, 1).all()


ADA = {"artist": "Ada"}


class TestFilled:
    def test_over_the_artist_cap_and_labelled(self) -> None:
        tables = made(*crowd(5, **ADA), silent("z", artist="Bel", popularity=0.0), events=(event("u", "z", "play"),), limit=5)
        assert [row["source"] for row in of(tables, "rankings", "u")] == ["ranked"] * 3 + ["backfill_artist"] * 2

    @pytest.mark.slow
    def test_over_popularity_bounds_by_score_and_labelled(self) -> None:
        tables = made(*crowd(6), track("k"), events=(event("u", "k"),), limit=4, max_popularity=0.4)
        rows = of(tables, "rankings", "u")
        assert [row["source"] for row in rows] == ["ranked"] * 2 + ["backfill_popularity"] * 2
        assert [row["track_id"] for row in rows] == ["t04", "t05", "t00", "t01"]
        assert [row["rank"] for row in rows] == [1, 2, 3, 4]
        assert [row["score_rank"] for row in rows] == [1, 2, 3, 4]
        assert (of(tables, "lists", "u")[0]["candidates"], of(tables, "lists", "u")[0]["returned"]) == (2, 4)

    def test_never_over_any_other_rule(self) -> None:
        barred = {"popularity": 0.9}
        tracks = (
            silent("ok", popularity=0.1),
            silent("over", **barred),
            silent("explicit", explicit=True, **barred),
            silent("artist", **{**barred, "artist": "Ada"}),
            silent("genre", genres=["metal"], **barred),
            silent("id", **barred),
            silent("later", **barred),
            silent("known", **barred),
            silent("hidden", **barred),
        )
        control = {"user_id": "u", "allow_explicit": False, "excluded_artists": ["Ada"], "excluded_genres": ["metal"]}
        control |= {"excluded_tracks": ["id"], "postponed_tracks": [{"track_id": "later", "until": None}]}
        given = inputs(
            tracks, [event("u", "known"), event("u", "hidden", "hide")], [control], [asked("u", limit=9, max_popularity=0.3)]
        )
        assert ranked(lists(given, DEFAULT), "u") == ["ok", "over"]

    def test_never_with_a_second_version(self) -> None:
        songs = (("a", 0.1, "x"), ("b", 0.9, "x"), ("c", 0.8, "y"), ("d", 0.7, "y"))
        tracks = [silent(name, popularity=popularity, song_key=song) for name, popularity, song in songs]
        settings = DEFAULT.model_copy(update={"song_identity": "track"})  # by the keys above
        assert ranked(made(*tracks, settings=settings, limit=4, max_popularity=0.3), "u") == ["a", "c"]

    @pytest.mark.slow
    def test_not_at_all_when_switched_off(self) -> None:
        settings = Settings(lists=(), backfill=False, max_per_artist=3)
        assert len(ranked(made(*crowd(6, **ADA), settings=settings, limit=5), "u")) == 3
        assert ranked(made(*crowd(6), settings=settings, limit=5, max_popularity=0.4), "u") == ["t04", "t05"]


def test_small_pools_do_not_shorten_lists() -> None:
    tables = made(*crowd(60), settings=Settings(lists=(), pool=3, diversity_pool=3), limit=50)
    assert len(ranked(tables, "u")) == 50
    assert len(of(tables, "candidates", "u")) == 3


def test_cold_lists_say_so() -> None:
    tables = made(*crowd(3))
    assert {row["source"] for row in of(tables, "rankings", "u")} == {"cold"}
    assert of(tables, "lists", "u")[0]["cold"]


@pytest.mark.slow
@pytest.mark.parametrize("settings", [Settings(), Settings.reference()], ids=["default", "reference"])
def test_account_of_every_list(settings: Settings) -> None:
    tables = lists(world(6), settings)
    counts = tables["rankings"].group_by("user_id", "list").len("found")
    listed = tables["lists"].join(counts, on=["user_id", "list"], how="left").with_columns(pl.col("found").fill_null(0))
    assert (listed["found"] == listed["returned"]).all()
    assert (listed["tracks"] == listed.select(pl.sum_horizontal("candidates", pl.col("^dropped_.*$"))).to_series()).all()
    assert listed.select("user_id", "list").equals(listed.select("user_id", "list").sort("user_id", "list"))
