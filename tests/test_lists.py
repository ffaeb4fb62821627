"""Lists that listen: planted worlds in which the right answers are known."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest

from recsys import Settings, build
from recsys.errors import InputError, UsageError
from recsys.inputs import Inputs
from recsys.settings import _MODES, Mode
from recsys.tables import PARTS
from tests.support.worlds import AS_OF, Row, asked, event, inputs, of, ranked, track

pytestmark = pytest.mark.slow  # whole runs

ARTISTS, EACH, LISTENERS = 20, 4, 30
SMALL = {"list_limit": 12, "measured": 60, "threads": 1}


def catalogue() -> list[Row]:
    """Two scenes that share no listener: calm tracks of artists c0 …, loud ones of artists l0 …, the later the less popular."""
    rng = np.random.default_rng(5)
    rows = []
    for scene, low in (("calm", 0.1), ("loud", 0.6)):
        for number in range(ARTISTS * EACH):
            energy, tempo = low + 0.3 * rng.random(), float(rng.uniform(70, 180))
            popularity = 0.9 - 0.8 * number / (ARTISTS * EACH)
            artist = f"{scene} {number % ARTISTS}"
            sound = {"energy": float(energy), "tempo": tempo, "valence": float(rng.random())}
            rows.append(
                track(
                    f"{scene}-{number:02}",
                    artist=artist,
                    title=f"{scene} {number}",
                    genres=[scene],
                    popularity=popularity,
                    **sound,
                )
            )
    return rows


def crowd() -> list[Row]:
    """Listeners of one scene each, who like a third of it."""
    rng = np.random.default_rng(6)
    return [
        event(f"{scene}-{user:02}", f"{scene}-{heard:02}", days=float(rng.uniform(0, 50)))
        for scene in ("calm", "loud")
        for user in range(LISTENERS)
        for heard in rng.choice(ARTISTS * EACH, ARTISTS * EACH // 3, replace=False)
    ]


def lists(*requests: Row, more: tuple[Row, ...] = (), **settings: Any) -> dict[str, pl.DataFrame]:
    return build(inputs(catalogue(), (*crowd(), *more), requests=requests), Settings(**SMALL, **settings), as_of=AS_OF)


@pytest.fixture(scope="module")
def plain() -> dict[str, pl.DataFrame]:
    return lists(
        asked("calm-00", "seeded", limit=12, seed_track_ids=["loud-01", "loud-02", "loud-03"]),
        asked("calm-00", "by artist", limit=12, seed_artists=[" LOUD 1", "nobody"]),
        asked("calm-00", "by genre", limit=12, seed_genres=["Loud"]),
        asked("nobody-yet", "seeded", limit=12, seed_track_ids=["loud-01", "loud-02", "gone"]),
        asked("calm-01", "fast", limit=12, feature_targets={"tempo": 170.0}),
        asked("calm-01", "strict", limit=12, feature_bounds={"tempo": [150.0, 180.0], "energy": [None, 0.3]}),
        asked("calm-01", "never", limit=12, feature_bounds={"tempo": [180.0, 150.0]}),
        asked("calm-01", "odd", limit=12, mode="party"),
    )


def scenes(names: list[str]) -> list[str]:
    return [name.split("-")[0] for name in names]


def artists_heard(tables: dict[str, pl.DataFrame], user: str) -> set[str]:
    heard = tables["ratings"].filter(pl.col("user_id") == user)["track_id"]
    return set(tables["tracks"].filter(pl.col("id").is_in(heard.implode()))["artist"])


def facts(tables: dict[str, pl.DataFrame], names: list[str], column: str) -> list[Any]:
    by_id = dict(tables["tracks"].select("id", column).iter_rows())
    return [by_id[name] for name in names]


class TestSeeds:
    def test_a_list_follows_its_seeds_and_the_others_the_listener(self, plain: dict[str, pl.DataFrame]) -> None:
        assert scenes(ranked(plain, "calm-00", "balanced")) == ["calm"] * 12
        assert scenes(ranked(plain, "calm-00", "seeded")).count("loud") >= 9
        assert not {"loud-01", "loud-02", "loud-03"} & set(ranked(plain, "calm-00", "seeded"))

    @pytest.mark.parametrize("name", ["by artist", "by genre"])
    def test_names_as_seeds(self, plain: dict[str, pl.DataFrame], name: str) -> None:
        assert scenes(ranked(plain, "calm-00", name)).count("loud") >= 9

    def test_somebody_new_with_seeds(self, plain: dict[str, pl.DataFrame]) -> None:
        assert scenes(ranked(plain, "nobody-yet", "seeded")) == ["loud"] * 12

    def test_what_is_not_known_is_said(self, plain: dict[str, pl.DataFrame]) -> None:
        assert of(plain, "lists", "nobody-yet", "seeded")[0]["remarks"] == "unknown seed tracks: gone"
        assert of(plain, "lists", "calm-00", "by artist")[0]["remarks"] == "unknown seed artists: nobody"
        assert of(plain, "lists", "calm-01", "odd")[0]["remarks"] == "unknown mode, built as balanced: party"
        assert of(plain, "lists", "calm-00", "seeded")[0]["remarks"] is None
        assert ranked(plain, "calm-01", "odd") == ranked(plain, "calm-01", "balanced")

    def test_a_disliked_seed_still_leads_but_is_not_listed(self) -> None:
        dislike = (event("calm-00", "loud-01", "dislike"),)
        tables = lists(asked("calm-00", "seeded", limit=12, seed_track_ids=["loud-01"]), more=dislike)
        result = ranked(tables, "calm-00", "seeded")
        assert "loud-01" not in result
        assert scenes(result).count("loud") >= 6

    def test_all_tracks_of_a_scene_as_seeds_leave_the_others(self) -> None:
        seeds = [f"loud-{number:02}" for number in range(ARTISTS * EACH)]
        tables = lists(asked("calm-00", "seeded", limit=12, seed_track_ids=seeds))
        assert set(scenes(ranked(tables, "calm-00", "seeded"))) == {"calm"}


class TestTargets:
    def test_a_target_decides_among_what_is_liked(self, plain: dict[str, pl.DataFrame]) -> None:
        wanted, usual = (ranked(plain, "calm-01", name) for name in ("fast", "balanced"))
        away = [np.abs(np.array(facts(plain, names, "tempo")) - 170).mean() for names in (wanted, usual)]
        assert away[0] < 0.6 * away[1]
        assert scenes(wanted).count("calm") >= 9

    def test_its_part_is_the_fit(self, plain: dict[str, pl.DataFrame]) -> None:
        rows = of(plain, "candidates", "calm-01", "fast")
        tempo = np.array(facts(plain, [row["track_id"] for row in rows], "tempo"))
        spread = plain["tracks"]["tempo"].std(ddof=0)
        np.testing.assert_allclose([row["target"] for row in rows], np.exp(-np.abs(tempo - 170) / spread), atol=1e-9)
        assert all(row["target"] == row["target_points"] == 0 for row in of(plain, "candidates", "calm-01", "balanced"))

    def test_half_and_double_fit_by_a_setting(self) -> None:
        request = asked("calm-01", "fast", limit=12, feature_targets={"tempo": 170.0})
        tables = lists(request, tempo_octaves=True)
        row = next(
            row
            for row in of(tables, "candidates", "calm-01", "fast")
            if abs(facts(tables, [row["track_id"]], "tempo")[0] - 85) < 10
        )
        assert row["target"] > 0.5

    def test_bounds_are_a_rule(self, plain: dict[str, pl.DataFrame]) -> None:
        result = ranked(plain, "calm-01", "strict")
        assert result
        assert all(150 <= tempo <= 180 for tempo in facts(plain, result, "tempo"))
        assert all(energy <= 0.3 for energy in facts(plain, result, "energy"))

    def test_bounds_that_contradict_leave_nothing_and_name_the_rule(self, plain: dict[str, pl.DataFrame]) -> None:
        row = of(plain, "lists", "calm-01", "never")[0]
        assert (row["returned"], row["candidates"]) == (0, 0)
        assert row["dropped_feature_bounds"] == row["tracks"] - row["dropped_known"]

    def test_only_the_wanted_fields_are_needed(self) -> None:
        request = pl.DataFrame({"user_id": ["u"], "list": ["x"], "feature_targets": [{"energy": 0.9}]})
        assert Inputs(requests=request).requests["feature_targets"][0]["tempo"] is None

    @pytest.mark.parametrize("targets", [{"energi": 0.9}])
    def test_an_unknown_feature_is_refused(self, targets: dict[str, float]) -> None:
        with pytest.raises(InputError, match="field 'energi' does not exist; allowed: danceability"):
            Inputs(requests=pl.DataFrame({"user_id": ["u"], "list": ["x"], "feature_targets": [targets]}))


class TestModes:
    def test_discovery_has_new_artists_alone(self) -> None:
        few = tuple(event("ann", f"calm-{number:02}") for number in range(8))
        tables = lists(more=few)
        heard = artists_heard(tables, "ann")
        result = {name: facts(tables, ranked(tables, "ann", name), "artist") for name in _MODES}
        assert not set(result["discovery"]) & heard
        share = {name: np.mean([artist in heard for artist in artists]) for name, artists in result.items()}
        assert share["comfort"] > share["balanced"] > share["discovery"]
        popularity = {name: np.mean(facts(tables, ranked(tables, "ann", name), "popularity")) for name in _MODES}
        assert popularity["discovery"] < popularity["balanced"]
        assert of(tables, "lists", "ann", "discovery")[0]["dropped_known_artist"] > 0

    def test_a_fourth_list_needs_settings_alone(self) -> None:
        modes = {"hits": Mode(popularity=3.0, collaborative=0.0, familiarity=0.0)}
        tables = lists(modes=modes, lists=("balanced", "hits"))
        hits, usual = (np.mean(facts(tables, ranked(tables, "calm-03", name), "popularity")) for name in ("hits", "balanced"))
        assert hits > usual + 0.1

    def test_a_list_without_mode_is_refused(self) -> None:
        with pytest.raises(UsageError, match="list 'hits' has no mode of that name; modes: balanced, comfort, discovery"):
            Settings.preset_of("default", lists=("hits",))

    def test_no_two_neighbours_by_one_artist(self, plain: dict[str, pl.DataFrame]) -> None:
        for (_, name), rows in plain["rankings"].sort("rank").group_by("user_id", "list"):
            artists = facts(plain, rows.sort("rank")["track_id"].to_list(), "artist")
            if name in _MODES:
                assert all(one != other for one, other in pairwise(artists))


class TestEvidence:
    """Plays and skips by one listener of the calm scene; ``calm 0`` … are artists of four tracks each."""

    def candidates(self, *more: Row) -> dict[str, Row]:
        tables = lists(more=tuple(more), pool=500)
        return {row["track_id"]: row for row in of(tables, "candidates", "ann", "balanced")}

    def history(self) -> list[Row]:
        return [event("ann", f"calm-{number:02}", "play", completed_ms=200_000) for number in range(2, 12)]

    def test_a_loved_artist_with_usual_skips_stands_above_a_stranger(self) -> None:
        loved = [event("ann", "calm-00", "play", days=float(day), completed_ms=200_000) for day in range(20)]
        skips = [event("ann", "calm-20", "skip", days=float(day)) for day in range(2)]
        rows = self.candidates(*self.history(), *loved, *skips)
        ranks = {name: row["rank"] for name, row in rows.items()}
        strangers = [rank for name, rank in ranks.items() if name.startswith("calm") and int(name[5:]) % ARTISTS > 11]
        for name in ("calm-40", "calm-60"):
            assert rows[name]["safety"] == 1.0
            assert ranks[name] < np.median(strangers)

    def test_a_rejected_artist_stands_well_below(self) -> None:
        hides = [event("ann", f"calm-{number}", "dislike") for number in (13, 33, 53)]
        rows = self.candidates(*self.history(), *hides)
        strangers = [row["rank"] for name, row in rows.items() if name.startswith("calm") and int(name[5:]) % ARTISTS > 13]
        assert rows["calm-73"]["safety"] < 0.85
        assert rows["calm-73"]["rank"] > np.quantile(strangers, 0.75)

    def test_one_faint_skip_is_no_verdict(self) -> None:
        rows = self.candidates(*self.history(), event("ann", "calm-33", "skip"))
        assert rows["calm-13"]["safety"] == 1.0


class TestPoints:
    def test_they_add_up_and_go_to_a_hundred(self, plain: dict[str, pl.DataFrame]) -> None:
        for table in ("candidates", "rankings"):
            rows = plain[table]
            total = sum(rows[f"{part}_points"] for part in PARTS) * rows["safety"] + rows["commercial"]
            np.testing.assert_allclose(total, rows["score"], atol=1e-9)
            assert rows.select(pl.min_horizontal(f"{part}_points" for part in PARTS).min()).item() >= 0
            assert 20 < rows["score"].max() <= 100

    def test_checks_and_metrics(self, plain: dict[str, pl.DataFrame]) -> None:
        failed = plain["checks"].filter(~pl.col("passed"))
        assert failed["rule"].to_list() == ["as many tracks as asked for", "what was asked for is known"]
        names = plain["metrics"]["name"].to_list()
        for name in ("tracks shared by balanced and discovery", "popularity of the rows, comfort"):
            assert name in names
