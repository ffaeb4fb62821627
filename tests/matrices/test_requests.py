"""Lists as arrays: limits, modes, who may hear explicit tracks, seeds, targets and exclusions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from recsys import Settings
from recsys.inputs import Snapshot
from recsys.matrices.catalog import build_catalog
from recsys.matrices.requests import _MODES, Requests, build_requests
from recsys.stages.snapshot import take_snapshot
from recsys.tables import CONTROLS, EVENTS, FEATURES, REQUESTS, SONGS, TRACKS
from tests.support.worlds import AS_OF, Row, asked, frame, inputs, lists, ranked, silent, track

DEFAULT, REFERENCE = Settings(lists=()), Settings.reference(lists=())
CATALOGUE = (
    track("a", artist="Ada", artists=["Ada", "Bel"], genres=["Rock"]),
    track("b", artist="Bel", genres=["Pop "]),
    track("c", artist="cem", genres=["rock"]),
)


def one(settings: Settings = DEFAULT, control: Row | None = None, **wanted: Any) -> Requests:
    """One list of one listener."""
    controls = frame(CONTROLS, [{"user_id": "u", **control}] if control else [])
    lists = frame(REQUESTS, [asked("u", **wanted)])
    taken = Snapshot(AS_OF, frame(TRACKS, CATALOGUE), EVENTS.empty(), controls, lists, pl.DataFrame(), SONGS.empty(), ["u"])
    return build_requests(taken, build_catalog(taken.tracks, settings), settings)


@pytest.mark.parametrize(("limit", "expected"), [(None, 20), (0, 20), (-5, 20), (1, 1), (100, 100), (101, 100)])
def test_limit(limit: int | None, expected: int) -> None:
    assert one(limit=limit).limit.tolist() == [expected]


@pytest.mark.parametrize(
    ("mode", "given", "fit", "target"),
    [
        ("balanced", None, "balanced", 0.22),
        ("balanced", 0.0, "balanced", 0.22),
        ("balanced", 0.5, "balanced", 0.5),
        ("balanced", -0.3, "balanced", -0.3),
        ("Discovery", None, "discovery", 0.34),
        ("discovery", 0.5, "discovery", 0.5),
        ("discovery", 0.1, "discovery", 0.34),
        ("COMFORT", None, "comfort", 0.10),
        ("comfort", 0.05, "comfort", 0.05),
        ("focus", 0.4, "balanced", 0.4),
        (None, None, "balanced", 0.22),
    ],
)
@pytest.mark.parametrize("settings", [DEFAULT, REFERENCE], ids=["default", "reference"])
def test_mode_and_target(settings: Settings, mode: str | None, given: float | None, fit: str, target: float) -> None:
    result = one(settings, mode=mode, exploration_target=given)
    assert (_MODES[result.mode[0]], result.target[0]) == (fit, target)


@pytest.mark.parametrize(("settings", "target"), [(DEFAULT, 0.34), (REFERENCE, 0.22)])
def test_spaces_around_the_mode(settings: Settings, target: float) -> None:
    result = one(settings, mode=" discovery ")
    assert (_MODES[result.mode[0]], result.target[0]) == ("discovery", target)


@pytest.mark.parametrize(
    ("allowed", "included", "reference", "default"),
    # whether explicit tracks pass the filter, and whether they keep their safety
    [
        (None, None, (True, True), (True, True)),
        (True, None, (True, True), (True, True)),
        (True, False, (False, True), (False, True)),
        (False, None, (False, False), (False, True)),
        (False, True, (True, False), (False, True)),
        (False, False, (False, False), (False, True)),
        (None, True, (True, True), (True, True)),
    ],
)
def test_explicit(allowed: bool | None, included: bool | None, reference: tuple[bool, bool], default: tuple[bool, bool]) -> None:
    for settings, expected in ((REFERENCE, reference), (DEFAULT, default)):
        result = one(settings, {"allow_explicit": allowed}, include_explicit=included)
        assert (result.explicit_ok[0], result.explicit_safe[0]) == expected


def test_popularity_bounds() -> None:
    assert (one().least[0], one().most[0]) == (-np.inf, np.inf)
    assert (one(min_popularity=0.0).least[0], one(max_popularity=0.0).most[0]) == (0.0, 0.0)


def test_seeds_repeat_and_unknown_ones_are_left_out() -> None:
    assert one(seed_track_ids=["b", "zz", "b", "a"]).seeds[0].tolist() == [1, 1, 0]
    assert one().seeds == one(seed_track_ids=[]).seeds == {}


@pytest.mark.parametrize(("settings", "unwanted"), [(DEFAULT, np.nan), (REFERENCE, 0.0)])
def test_targets_left_out(settings: Settings, unwanted: float) -> None:
    result = one(settings, feature_targets={"tempo": 220.0, "energy": 0.3}).targets[0]
    assert result[[FEATURES.index("tempo"), FEATURES.index("energy")]] == pytest.approx([1.0, 0.3])
    np.testing.assert_equal(result[FEATURES.index("valence")], unwanted)
    assert one(settings).targets == {}


def test_targets_are_clamped() -> None:
    assert one(feature_targets={"tempo": 999.0}).targets[0][FEATURES.index("tempo")] == 1.0


class TestExclusions:
    def test_controls_and_request_add_up(self) -> None:
        control = {"excluded_tracks": ["a"], "excluded_artists": ["Ada"], "excluded_genres": ["Rock"]}
        wanted = {"excluded_track_ids": ["c", "zz"], "excluded_artist_ids": ["Bel"], "excluded_genres": ["pop "]}
        exclusions = one(REFERENCE, control, **wanted).exclusions[0]
        assert exclusions.tracks.tolist() == [0, 2]
        assert len(exclusions.artists) == 2
        assert len(exclusions.genres) == 2

    @pytest.mark.parametrize(("settings", "result"), [(DEFAULT, 1), (REFERENCE, 0)])
    def test_names_that_differ_in_case_and_spaces(self, settings: Settings, result: int) -> None:
        assert len(one(settings, {"excluded_artists": [" ADA"]}).exclusions[0].artists) == result
        assert len(one(settings, {"excluded_genres": [" ROCK"]}).exclusions[0].genres) == result

    def test_nothing_excluded_is_no_entry(self) -> None:
        assert one(control={"excluded_tracks": [], "allow_explicit": False}).exclusions == {}

    @pytest.mark.parametrize(("days", "default", "reference"), [(None, [1], [1]), (1, [1], [1]), (0, [], [1]), (-1, [], [1])])
    def test_postponed_until(self, days: int | None, default: list[int], reference: list[int]) -> None:
        until = None if days is None else AS_OF + timedelta(days=days)
        for settings, expected in ((DEFAULT, default), (REFERENCE, reference)):
            exclusions = one(settings, {"postponed_tracks": [{"track_id": "b", "until": until}]}).exclusions[0]
            assert exclusions.postponed.tolist() == expected


@pytest.mark.parametrize(
    ("wanted", "remark"),
    [
        ({"min_popularity": 0.8, "max_popularity": 0.2}, "no popularity is from 0.8 to 0.2"),
        ({"min_popularity": 0.2, "max_popularity": 0.2}, None),
        ({"feature_bounds": {"tempo": [200.0, 100.0], "energy": [0.1, None]}}, "no tempo is from 200 to 100"),
        (
            {"seed_artists": ["nobody"], "min_popularity": 1.0, "max_popularity": 0.0, "feature_bounds": {"energy": [1.0, 0.0]}},
            "unknown seed artists: nobody; no popularity is from 1 to 0; no energy is from 1 to 0",
        ),
    ],
)
def test_wishes_that_nothing_can_fulfil_are_remarked(wanted: Row, remark: str | None) -> None:
    if "feature_bounds" in wanted:
        wanted = wanted | {"feature_bounds": dict.fromkeys(FEATURES) | wanted["feature_bounds"]}
    assert one(**wanted).remarks == [remark]


def test_seed_artists_and_genres_stand_for_their_most_popular_songs() -> None:
    """Two releases of a song count once, and each track tells for which name it stands."""
    tracks = [
        silent(name, title=name[:1], artist="Ada", genres=["Rock"], popularity=at / 10)
        for at, name in enumerate(("c", "b", "a", "a2"))
    ]
    tracks[3] |= {"title": "a (2011 Remaster)"}
    taken = take_snapshot(inputs(tracks, requests=[asked("u", seed_artists=["ADA"], seed_genres=["rock"])]), DEFAULT, AS_OF)
    catalog = build_catalog(taken.tracks, DEFAULT, taken.songs)
    likened = build_requests(taken, catalog, DEFAULT).likened[0]
    ids = [catalog.ids[row] for row in likened.tracks]
    assert ids == ["a2", "b", "c"] * 2
    assert likened.artists.tolist() == [0] * (len(ids) // 2) + [-1] * (len(ids) // 2)
    assert likened.genres.tolist() == likened.artists.tolist()[::-1]


def test_lists_lie_together_by_listener() -> None:
    world = inputs([silent("a")], requests=[asked("v", "x"), asked("u", "y"), asked("v", "w"), asked("*", "z")])
    taken = take_snapshot(world, DEFAULT, AS_OF)
    requests = build_requests(taken, build_catalog(taken.tracks, DEFAULT), DEFAULT)
    assert taken.users == ["*", "u", "v"]
    assert taken.lists.select("user_id", "list").rows() == [
        ("*", "z"),
        ("u", "y"),
        ("u", "z"),
        ("v", "w"),
        ("v", "x"),
        ("v", "z"),
    ]
    assert (requests.indptr.tolist(), requests.listener.tolist()) == ([0, 1, 3, 6], [0, 1, 1, 2, 2, 2])


def test_exclusions_do_not_look_at_spaces() -> None:
    """*AC/DC* and *hip-hop* as people write them."""
    tracks = [
        silent("a", artist="AC/DC", genres=["rock"]),
        silent("b", artist="Bel", genres=["Hip-Hop"]),
        silent("c", artist="AC", genres=["hop"]),
    ]
    made = lists(
        inputs(tracks, controls=[{"user_id": "u", "excluded_artists": ["acdc"], "excluded_genres": ["hiphop"]}]), Settings()
    )
    assert ranked(made, "u", "balanced") == ["c"]
