"""Every rule that preset ``default`` changes: the older service's quirk under ``reference``, and the rule of ``default``.

Quirk numbers are those in ``recsys.settings``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from recsys import Inputs, Settings
from recsys.settings import PRESETS
from recsys.tables import FEATURES
from tests.support.worlds import AS_OF, Row, asked, candidate, event, inputs, lists, of, ranked, silent, track

pytestmark = pytest.mark.slow  # whole runs

Tables = dict[str, pl.DataFrame]
COVERED: set[str] = set()


def fix(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Mark the settings that a test is about."""
    COVERED.update(names)
    return lambda test: test


def both(given: Inputs, **overrides: Any) -> tuple[Tables, Tables]:
    """The tables of preset reference and of preset default, saved lists only."""
    return lists(given, Settings.reference(lists=(), **overrides)), lists(given, Settings(lists=(), **overrides))


def one(
    tracks: list[Row],
    events: tuple[Row, ...] = (),
    control: Row | None = None,
    overrides: dict[str, Any] | None = None,
    **wanted: Any,
) -> tuple[Tables, Tables]:
    """A world with one list of one listener."""
    given = inputs(tracks, events, [{"user_id": "u", **control}] if control else [], [asked("u", **wanted)])
    return both(given, **(overrides or {}))


RAW: dict[str, Any] = {
    "parts_scale": "raw", "netted_evidence": False, "diversity_lambda": 0.74,
    "content_weight": 0.44, "popularity_weight": 0.08, "exploration_weight": 0.2,
}  # fmt: skip
"""Parts as they are: what single rules of the older service became before all parts were put on one scale."""


@fix("metadata_distance_scale")
def test_q1_tracks_without_sound_do_not_count_as_more_varied() -> None:
    heard = {"danceability": 0.9, "acousticness": 0.1, "loudness": -20.0}
    tracks = [track("a", popularity=0.62), track("b", popularity=0.60, **heard), silent("s", popularity=0.6, genres=["x"])]
    reference, default = one([*tracks, track("liked")], (event("u", "liked"),), overrides=RAW, limit=2)
    distance = [of(tables, "rankings", "u")[1] for tables in (reference, default)]
    assert (distance[0]["track_id"], distance[0]["diversity"]) == ("s", 0.78)
    assert distance[1]["track_id"] == "b"


@fix("skip_only_cold")
def test_q4_a_listener_who_only_skipped_is_cold() -> None:
    reference, default = one([track("a"), track("b")], (event("u", "a", "skip"),))
    parts = [candidate(tables, "u", "b") for tables in (reference, default)]
    assert [(part["content_fit"], part["exploration"]) for part in parts] == [
        (pytest.approx(0.22 * 0.42), pytest.approx(0.22)),
        (0.42, 0.5),
    ]
    assert [of(tables, "lists", "u")[0]["taste_audio"] for tables in (reference, default)] == [True, False]


@fix("hide_rejected")
def test_q6_what_the_listener_disliked_or_hid_stays_away() -> None:
    events = (event("u", "a", "hide"), event("u", "b", "dislike"), event("u", "c", "skip"))
    reference, default = one([silent(name) for name in "abc"], events)
    assert sorted(ranked(reference, "u")) == ["a", "b", "c"]
    assert ranked(default, "u") == ["c"]


@fix("postponed_end")
def test_q8_postponed_tracks_come_back() -> None:
    until = {"a": AS_OF + timedelta(seconds=1), "b": AS_OF, "c": None}
    control = {"postponed_tracks": [{"track_id": name, "until": end} for name, end in until.items()]}
    reference, default = one([silent(name) for name in "abcd"], control=control)
    assert ranked(reference, "u") == ["d"]
    assert sorted(ranked(default, "u")) == ["b", "d"]


@fix("exclusions")
def test_q9_excluded_artists_are_compared_as_names_of_every_credit() -> None:
    tracks = [silent("a", artist="ADA "), silent("b", artist="Bel & Ada", artists=["Bel", "Ada"]), silent("c", artist="Ada")]
    reference, default = one([*tracks, silent("d")], control={"excluded_artists": ["Ada"]})
    assert sorted(ranked(reference, "u")) == ["a", "b", "d"]
    assert ranked(default, "u") == ["d"]


@fix("exclusions")
def test_q10_excluded_genres_ignore_outer_spaces() -> None:
    tracks = [silent("a", genres=["Rock "]), silent("b", genres=["ROCK"]), silent("c", genres=["rockabilly"])]
    reference, default = one(tracks, control={"excluded_genres": ["rock"]})
    assert sorted(ranked(reference, "u")) == ["a", "c"]
    assert ranked(default, "u") == ["c"]


@fix("blocked_explicit")
def test_q11_a_list_cannot_bring_back_what_the_listener_blocks() -> None:
    tracks, control = [silent("a", explicit=True), silent("b")], {"allow_explicit": False}
    reference, default = one(tracks, control=control, include_explicit=True)
    assert (ranked(reference, "u"), candidate(reference, "u", "a")["score"]) == (["b", "a"], 0.0)
    assert ranked(default, "u") == ["b"]


@fix("blocked_explicit")
def test_q12_a_quality_penalty_lifts_no_block() -> None:
    tracks = [silent("a", explicit=True, quality_penalty=0.1), silent("b")]
    reference, default = one(tracks, control={"allow_explicit": False}, include_explicit=True)
    assert candidate(reference, "u", "a")["safety"] == pytest.approx(0.9)
    assert ranked(default, "u") == ["b"]


@fix("partial_targets")
def test_q16_targets_left_out_do_not_pull_towards_zero() -> None:
    reference, default = one([track("a"), track("b")], (event("u", "a"),), overrides=RAW, feature_targets={"energy": 0.9})
    taste = [dict(zip(FEATURES, of(tables, "lists", "u")[0]["taste"], strict=True)) for tables in (reference, default)]
    energy = (0.5 + 1.15 * 0.9) / 2.15
    assert [one["energy"] for one in taste] == pytest.approx([energy] * 2)
    assert [one["valence"] for one in taste] == pytest.approx([0.5 / 2.15, 0.5])


@fix("future_events")
def test_q18_no_run_sees_the_future() -> None:
    reference, default = one([silent("a"), silent("b")], (event("u", "a", days=-1),))
    assert ranked(reference, "u") == ["b"]
    assert sorted(ranked(default, "u")) == ["a", "b"]


@fix("restrict_collaborative", "collaborative_shrink")
def test_q21_q23_votes_are_measured_by_their_evidence() -> None:
    tracks = [silent(name) for name in "abc"]
    events = [event(user, name, weight=points) for user in "uv" for name, points in (("a", 1.0), ("b", 2.0))]
    far = [event("v", "c", weight=0.5), event("v", "gone", weight=50.0)]
    near = [event("v", "c", weight=0.01)]
    for more, reference, default in ((far, 0.01, 0.2 / 1.2), (near, 1.0, 0.004 / 1.004)):
        result = both(inputs(tracks, [*events, *more], requests=[asked("u")]), neighborhood="co_rated")
        assert candidate(result[0], "u", "c")["collaborative"] == pytest.approx(reference)
        assert candidate(result[1], "u", "c")["collaborative"] == pytest.approx(default)


@fix("neighborhood")
def test_q25_q46_one_common_track_among_many_is_some_likeness() -> None:
    others = [event(f"w{number}", name) for number in range(6) for name in ("x", "y")]
    events = [event("u", "a"), event("v", "a"), event("v", "c"), *others]
    reference, default = both(inputs([silent(name) for name in "acxyz"], events, requests=[asked("u")]))
    votes = [{name: candidate(tables, "u", name)["collaborative"] for name in "cxyz"} for tables in (reference, default)]
    assert set(votes[0].values()) == {0.0}
    assert votes[1]["c"] > max(votes[1]["x"], votes[1]["y"], votes[1]["z"])


@fix("metadata_floor")
def test_q28_a_little_liked_is_no_less_than_unknown() -> None:
    tracks = [
        silent("a", artist="Ada", genres=["x"]),
        silent("b", artist="Bel", genres=["y"]),
        silent("c", artist="Ada", genres=["x"]),
    ]
    reference, default = one(tracks, (event("u", "a", weight=0.1), event("u", "b", weight=1.0)))
    assert candidate(reference, "u", "c")["content_fit"] == pytest.approx(0.1)
    assert candidate(default, "u", "c")["content_fit"] == 0.42


@fix("shared_scale")
def test_q29_one_faint_skip_is_no_hatred() -> None:
    tracks = [silent(name, artist="Ada", genres=["x"]) for name in "abc"]
    reference, default = one(tracks, (event("u", "a"), event("u", "b", "skip", weight=-0.1)), overrides=RAW)
    assert candidate(reference, "u", "c")["safety"] == pytest.approx(1 - 0.52 * 0.9)
    assert candidate(default, "u", "c")["safety"] == pytest.approx(1 - 0.52 * 0.9 * 0.1)


@fix("boost_needs_safety")
def test_q30_promotion_lifts_no_track_of_zero_safety() -> None:
    bad = track("bad", quality_penalty=1.0, commercial_boost=0.03, discovery_allowed=True)
    reference, default = one([track("a"), bad], (event("u", "a"),))
    assert candidate(reference, "u", "bad")["score"] == 0.03
    assert candidate(default, "u", "bad")["score"] == 0.0


@fix("trim_mode")
def test_q32_spaces_around_a_mode_mean_nothing() -> None:
    reference, default = one([track("a"), track("b")], (event("u", "a"),), overrides=RAW, mode=" discovery ")
    assert candidate(reference, "u", "b")["exploration"] == pytest.approx(1 - 0.22)
    assert candidate(default, "u", "b")["exploration"] == pytest.approx(1 - 0.34)


@fix("duplicate_tracks")
def test_q37_two_records_of_one_id_are_one_track() -> None:
    reference, default = one([silent("a", title="one"), silent("a", title="two"), silent("b")])
    assert sorted(ranked(reference, "u")) == ["a", "a", "b"]
    assert sorted(ranked(default, "u")) == ["a", "b"]


@fix("max_per_artist")
def test_at_most_five_tracks_of_one_artist() -> None:
    tracks = [silent(f"a{number}", artist="Ada", popularity=0.6) for number in range(8)]
    others = [silent(f"b{number}", popularity=0.0) for number in range(8)]
    given = inputs([*tracks, *others], requests=[asked("u", limit=11, mode="comfort")])
    reference, default = both(given, diversity_lambda=1.0, artist_gap=0)
    own = [sum(name.startswith("a") for name in ranked(tables, "u")) for tables in (reference, default)]
    assert own == [8, 5]


@fix("artist_gap")
def test_an_artist_waits_while_others_are_left() -> None:
    tracks = [silent(f"a{number}", artist="Ada", popularity=0.9) for number in range(3)]
    others = [silent(f"b{number}", popularity=0.1) for number in range(6)]
    given = inputs([*tracks, *others], requests=[asked("u", limit=8, mode="comfort")])
    reference, default = both(given, diversity_lambda=1.0)
    assert [name[0] for name in ranked(reference, "u")][:3] == ["a"] * 3
    assert [name[0] for name in ranked(default, "u")] == ["a", "b", "b", "b", "a", "b", "b", "b"]


@fix("parts_scale", "content_weight", "popularity_weight", "exploration_weight", "diversity_lambda")
def test_parts_are_measured_among_the_candidates() -> None:
    reference, default = one([track("a"), track("b", popularity=0.9), track("c", popularity=0.1)], (event("u", "a"),))
    assert candidate(reference, "u", "b")["popularity_points"] == pytest.approx(0.08 * 0.8055, abs=0.02)
    parts = [candidate(default, "u", name) for name in ("b", "c")]
    assert [part["score"] for part in parts] == [pytest.approx(part["popularity_points"]) for part in parts]
    assert [part["score"] for part in parts] == [pytest.approx(100.0), 0.0]


@fix("netted_evidence")
def test_plays_and_skips_are_set_against_each_other() -> None:
    tracks = [silent(name, artist="Ada", genres=["x"]) for name in "abcd"]
    events = tuple(event("u", name, "play", days=days, completed_ms=60_000) for name in "ab" for days in range(5))
    reference, default = one(tracks, (*events, event("u", "c", "skip")))
    assert candidate(reference, "u", "d")["safety"] == pytest.approx(1 - 0.52 * 0.9)
    assert candidate(default, "u", "d")["safety"] == 1.0


@fix("one_version_per_song", "song_identity")
def test_one_version_of_a_song() -> None:
    song = {"title": "Song", "artist": "Ada", "song_key": "ada | song"}
    tracks = [silent("a", popularity=0.9, **song), silent("b", **song), silent("c")]
    reference, default = one(tracks)
    assert sorted(ranked(reference, "u")) == ["a", "b", "c"]
    assert ranked(default, "u") == ["a", "c"]


@fix("event_types")
def test_q43_types_of_events_in_capitals() -> None:
    reference, default = one([silent("a"), silent("b")], (event("u", "a", " DISLIKE"),))
    assert sorted(ranked(reference, "u")) == ["a", "b"]
    assert ranked(default, "u") == ["b"]


@fix("credited_artists")
def test_guests_are_read_from_the_credit() -> None:
    tracks = [silent("a", artist="Ada feat. Bel"), silent("b")]
    reference, default = one(tracks, control={"excluded_artists": ["Bel"]})
    assert sorted(ranked(reference, "u")) == ["a", "b"]
    assert ranked(default, "u") == ["b"]


@fix("backfill")
def test_lists_are_filled_first_over_the_cap_then_over_the_bounds() -> None:
    tracks = [silent(f"a{number}", artist="Ada", popularity=0.5) for number in range(7)]
    tracks += [silent("x", popularity=0.9), silent("known")]
    reference, default = one(tracks, (event("u", "known"),), limit=8, max_popularity=0.6)
    assert [row["source"] for row in of(reference, "rankings", "u")] == ["ranked"] * 7
    sources = [row["source"] for row in of(default, "rankings", "u")]
    assert sources == ["ranked"] * 5 + ["backfill_artist"] * 2 + ["backfill_popularity"]


@fix("diversity_pool")
def test_diversity_looks_at_the_best_tracks_only() -> None:
    tracks = [silent(f"t{number:04}", popularity=1 - number / 2000, artist=f"x{number}", genres=["x"]) for number in range(1100)]
    far = silent("far", popularity=0.0, genres=["y"])
    reference, default = one([*tracks, far], limit=2, mode="comfort")
    assert ranked(reference, "u")[1] == "far"
    assert ranked(default, "u")[1] == "t0001"


@fix("collab_weight")
def test_votes_tell_more_than_a_liked_genre() -> None:
    tracks = [silent("a", genres=["x"]), silent("z", genres=["x"]), silent("same", genres=["x"]), silent("voted", genres=["y"])]
    shared = [event(user, name) for user in ("u", "v", "w") for name in ("a", "z")]
    others = [event(f"o{number}", f"elsewhere{number % 2}") for number in range(6)]
    tracks += [silent(f"elsewhere{number}") for number in range(2)]
    elsewhere = ["elsewhere0", "elsewhere1"]
    reference, default = one(tracks, (*shared, *others, event("v", "voted"), event("w", "voted")), excluded_track_ids=elsewhere)
    assert ranked(reference, "u") == ["same", "voted"]
    assert ranked(default, "u") == ["voted", "same"]


@fix("reason_by_points")
def test_the_reason_is_what_gives_most_points() -> None:
    tracks = [silent("a", genres=["x"]), silent("z", genres=["x"]), silent("voted", genres=["y"])]
    tracks += [silent(f"elsewhere{number}") for number in range(2)]
    events = [event(user, name) for user in ("u", "v", "w") for name in ("a", "z")]
    events += [event(f"o{number}", f"elsewhere{number % 2}") for number in range(6)]
    reference, default = one(tracks, (*events, event("v", "voted"), event("w", "voted")))
    codes = [{row["track_id"]: row["reason_code"] for row in of(tables, "rankings", "u")} for tables in (reference, default)]
    assert [code["voted"] for code in codes] == ["metadata_balanced", "own_tracks"]


def test_every_fix_is_shown() -> None:
    assert set(PRESETS["reference"]) == COVERED
