"""Artists of songs that an export names without one: who says so, and when nobody is believed."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from recsys.ingest import ingest
from recsys.ingest.exports.artists import Names, known_artists, with_artists
from recsys.ingest.files import Source
from recsys.lake import Lake
from tests.ingest.conftest import Put


def song(title: Any, artist: Any, album: Any = None) -> dict[str, Any]:
    return {"Title": title, "Artist": artist, "Album": album}


def library(put: Put, *rows: Any) -> Source:
    return Source(put("Apple Music Library Tracks.json", json.dumps(rows)))


def artists(names: Names, *songs: tuple[str | None, str | None]) -> list[str | None]:
    rows = [{"title": title, "album": album, "artist": None} for title, album in songs]
    return with_artists(pl.DataFrame(rows, {"title": pl.String, "album": pl.String, "artist": pl.String}), names)[
        "artist"
    ].to_list()


def test_by_title_and_album_else_by_title_where_one_artist_has_it(lake: Lake, put: Put) -> None:
    names = known_artists(lake, [library(put, song("S", "Ada", "L"), song("S", "Bo", "M"), song("T", "Cem", "N"))])
    assert artists(names, ("s", "l"), ("S", "M"), ("S", None), ("S", "other"), ("T", "other"), ("U", "L"), (None, "L")) == [
        "Ada", "Bo", None, None, "Cem", None, None,
    ]  # fmt: skip


def test_spellings_of_one_artist_are_one(lake: Lake, put: Put) -> None:
    names = known_artists(lake, [library(put, song("S", "Ada", "L"), song("S", "ADA ", "M"))])
    assert artists(names, ("S", None)) == ["Ada"]


def test_the_lakes_tracks_say_it_by_title_and_album_alone(lake: Lake, put: Put) -> None:
    ingest(lake, "tracks", [put("t.csv", "id,title,artist,album\na,S,Ada,L\nb,T,Bo,\n")])
    assert artists(known_artists(lake, []), ("S", "L"), ("S", None), ("T", "")) == ["Ada", None, None]


def test_an_artist_that_is_there_stays(lake: Lake, put: Put) -> None:
    names = known_artists(lake, [library(put, song("S", "Ada", "L"))])
    plays = pl.DataFrame({"title": ["S", "S"], "album": ["L", "L"], "artist": ["Eve", None], "type": ["play", "skip"]})
    result = with_artists(plays, names)
    assert result["artist"].to_list() == ["Eve", "Ada"]
    assert result.drop("artist").equals(plays.drop("artist"))
    assert with_artists(plays, {}) is plays


@pytest.mark.parametrize("content", ["", "{", "[5, null]", '{"a": 1}', '[{"Title": 5, "Artist": "A"}, {"Title": "S"}]'])
def test_a_library_that_cannot_be_read_says_nothing_and_stops_nothing(content: str, lake: Lake, put: Put) -> None:
    assert known_artists(lake, [Source(put("Library Tracks.json", content))]) == {}


def test_other_files_are_not_looked_into(lake: Lake, put: Put) -> None:
    assert known_artists(lake, [Source(put("other.json", json.dumps([song("S", "Ada", "L")])))]) == {}
