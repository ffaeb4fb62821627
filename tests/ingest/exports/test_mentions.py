"""Plays → ids, events and the songs that they name."""

from __future__ import annotations

import polars as pl
import pytest

from recsys.ingest.exports.formats import LISTENS
from recsys.ingest.exports.mentions import events, identified, matched, mentions
from recsys.matrices.song import song_keys, text_ids
from recsys.tables import EVENTS, TRACKS


def plays(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame([dict.fromkeys(LISTENS) | {"type": "play"} | row for row in rows], schema=LISTENS)


SONG = {"title": "Help! - Live", "artist": "The Beatles"}


@pytest.mark.parametrize(
    ("ids", "wanted"),
    [({"mbid": "m", "spotify_id": "s"}, "m"), ({"spotify_id": "s"}, "s"), ({}, "text"), ({"title": None, "artist": None}, None)],
)
def test_the_id_of_a_play(ids: dict[str, object], wanted: str | None) -> None:
    result = identified(plays(SONG | ids))
    title, artist = pl.Series(["Help! - Live"]), pl.Series(["The Beatles"])
    text = text_ids(title, artist).item()
    assert result["track_id"].to_list() == [text if wanted == "text" else wanted]
    assert result["song_key"].to_list() == [song_keys(title, artist).item() if "title" not in ids else None]
    assert result.columns == [*LISTENS.names(), "song_key", "track_id"]


def test_the_first_credited_artist_names_the_song() -> None:
    one, other = identified(plays({"title": "T", "artist": "A & B", "artists": ["A", "B"]}, {"title": "T", "artist": "A"}))[
        "track_id"
    ]
    assert one == other


def test_events_are_rows_of_the_contract() -> None:
    result = events(identified(plays(SONG, SONG | {"type": "skip"})), "ann", "tool x")
    assert result.columns == EVENTS.names
    assert set(result.select("user_id", "source").rows()) == {("ann", "tool x")}
    assert result["type"].to_list() == ["play", "skip"]


def test_a_song_is_there_once_each_field_by_the_first_play_that_has_it() -> None:
    rows = [
        {"title": "T", "artist": "A", "mbid": "m"},
        {"title": "T (live)", "artist": "A", "mbid": "m", "album": "L", "duration_ms": 5},
        {"title": "U", "artist": "A", "mbid": "a", "album": "K"},
    ]
    result = mentions(identified(plays(*rows)))
    assert result.columns == TRACKS.names
    assert result.select("id", "title", "album", "duration_ms", "origin").rows() == [
        ("a", "U", "K", None, "mention"),
        ("m", "T", "L", 5, "mention"),
    ]


def test_matched_by_each_identity() -> None:
    catalogue = pl.DataFrame({"id": ["a", "b"], "mbid": ["m", None], "isrc": [None, "i"], "song_key": [None, "k"]})
    rows = [
        {"id": "a"},
        {"id": "m", "mbid": "m"},
        {"id": "1", "isrc": "i"},
        {"id": "2", "song_key": "k"},
        {"id": "3", "spotify_id": "b"},
        {"id": "4"},
    ]
    mentions = TRACKS.conform(
        pl.DataFrame(
            [{"mbid": None, "isrc": None, "song_key": None, "spotify_id": None} | row for row in rows], infer_schema_length=None
        )
    )
    assert matched(mentions, TRACKS.conform(catalogue)) == 5
