"""Which tracks are one song."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from recsys import Settings, build
from recsys.stages.songs import APART_MS, identify_songs, single_songs
from recsys.tables import SONGS, TRACKS
from tests.support.worlds import AS_OF, event, inputs, of

pytestmark = pytest.mark.slow  # whole runs

MBID = "c7d0bf6e-b2aa-4ffa-bded-2448415b39b0"


def songs(*rows: dict[str, Any]) -> dict[str, tuple[str, str]]:
    tracks = TRACKS.conform(pl.DataFrame(list(rows), schema_overrides=dict(TRACKS.schema), infer_schema_length=None))
    frame = identify_songs(tracks)
    assert frame["track_id"].to_list() == tracks["id"].to_list()
    return {track: (song, step) for track, song, step in frame.iter_rows()}


def named(track: str, title: str = "Song", artist: str = "Ada", **more: Any) -> dict[str, Any]:
    return {"id": track, "title": title, "artist": artist} | more


@pytest.mark.parametrize(
    ("one", "other", "step"),
    [
        ({"mbid": MBID}, {"mbid": MBID.upper()}, "mbid"),
        ({"isrc": "USAA17600001"}, {"isrc": "us-aa1-76-00001"}, "isrc"),
        (named("x"), named("x", "SONG - 2011 Remaster"), "name"),
        (named("x", artist="The Ada"), named("x", "Song (feat. Bo)", "ADA"), "name"),
        (named("x", duration_ms=200_000), named("x", duration_ms=200_000 + APART_MS), "name"),
        (named("x", duration_ms=200_000), named("x"), "name"),
    ],
)
def test_one_song(one: dict[str, Any], other: dict[str, Any], step: str) -> None:
    assert songs(one | {"id": "a"}, other | {"id": "b"}) == {"a": ("a", "own"), "b": ("a", step)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"mbid": "junk"}, {"mbid": "junk"}),
        ({"isrc": "0"}, {"isrc": "0"}),
        ({"title": "Song"}, {"title": "Song"}),
        (named("x"), named("x", "Song (Live)")),
        (named("x"), named("x", "Song - Club Remix")),
        (named("x"), named("x", artist="Bo")),
        (named("x", duration_ms=100_000), named("x", duration_ms=100_001 + APART_MS)),
        ({}, {}),
    ],
)
def test_two_songs(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert songs(one | {"id": "a"}, other | {"id": "b"}) == {"a": ("a", "own"), "b": ("b", "own")}


def test_a_song_is_named_by_its_most_popular_track_and_joined_through_others() -> None:
    result = songs(
        named("a", "One", isrc="USAA17600001", popularity=0.1),
        named("b", "Two", isrc="USAA17600001", mbid=MBID),
        named("c", "Three", mbid=MBID, popularity=0.9),
    )
    assert result == {"a": ("c", "chain"), "b": ("c", "mbid"), "c": ("c", "own")}


def test_tracks_of_preset_reference() -> None:
    frame = single_songs(TRACKS.conform(pl.DataFrame({"id": ["b", "a", "a"]})))
    assert frame.rows() == [("b", "b", "own"), ("a", "a", "own")]
    assert frame.schema == SONGS.schema


RELEASES = [
    named("o", "Hotel Song", popularity=0.9, isrc="USAA17600001"),
    named("rem", "Hotel Song - 2013 Remaster", popularity=0.8, isrc="USAA17600001"),
    named("live", "Hotel Song (Live)", popularity=0.2),
    named("x", "Other", "Bo", popularity=0.2),
    named("y", "Third", "Cy", popularity=0.3),
]


def balanced(*events: Any, controls: Any = (), **settings: Any) -> list[str]:
    tables = build(inputs(RELEASES, [*events], [*controls]), Settings(**settings), as_of=AS_OF)
    assert tables["checks"].filter(severity="fail")["passed"].all()
    return sorted(row["track_id"] for row in of(tables, "rankings", "u", "balanced"))


@pytest.mark.parametrize("kind", ["like", "hide", "dislike", "play"])
@pytest.mark.parametrize("heard", ["o", "rem"])
def test_what_is_known_or_rejected_is_so_in_every_release(kind: str, heard: str) -> None:
    assert balanced(event("u", heard, kind)) == ["live", "x", "y"]


def test_what_is_excluded_or_postponed_is_so_in_every_release() -> None:
    for control in ({"excluded_tracks": ["rem"]}, {"postponed_tracks": [{"track_id": "o", "until": None}]}):
        assert balanced(controls=[{"user_id": "u"} | control]) == ["live", "x", "y"]


def test_a_list_shows_the_most_popular_release_or_the_one_that_was_heard_and_one_version() -> None:
    assert balanced(event("u", "x", "like")) == ["o", "y"]
    assert balanced(event("u", "x", "like"), event("u", "rem", "skip")) == ["rem", "y"]
    assert balanced(event("u", "x", "like"), one_version_per_song=False) == ["live", "o", "rem", "y"]


def test_listeners_of_two_releases_rate_one_song() -> None:
    events = [event("u", "o", "like"), event("u", "rem", "play"), event("v", "rem", "like"), event("v", "y", "like")]
    tables = build(inputs(RELEASES, events), Settings(), as_of=AS_OF)
    rated = tables["ratings"].filter(user_id="u")
    assert rated.select("track_id", "events").rows() == [("rem", 2)]
    assert tables["lists"].filter(user_id="u", list="balanced")["dropped_known"].to_list() == [2]


def test_preset_reference_keeps_tracks_apart() -> None:
    tables = build(inputs(RELEASES, [event("u", "o", "like")]), Settings.reference(), as_of=AS_OF)
    assert "rem" in {row["track_id"] for row in of(tables, "rankings", "u", "balanced")}
    assert (tables["songs"]["track_id"] == tables["songs"]["song"]).all()
