"""Playlists: the reason stands with every track, whatever is unknown about it."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime

import pytest

from recsys.readers.export import COLUMNS, FORMATS, Playlist, identifiers

ROW = {
    "rank": 1, "track_id": "t/1",
    "title": "One, \"two\"\nthree", "artist": "Ada", "album": "A", "duration_ms": 61_500, "isrc": "X1",
    "mbid": "m-1", "spotify_id": None, "score": 0.5, "reason_code": "content", "reason": "fits", "source": "ranked",
}  # fmt: skip
BARE = {
    **dict.fromkeys(COLUMNS),
    "rank": 2,
    "track_id": "t2",
    "score": 0.4,
    "reason_code": "variety",
    "reason": "new",
    "source": "cold",
}
PLAYLIST = Playlist("ann", "comfort", "run-1", datetime(2026, 1, 2, tzinfo=UTC), [ROW, BARE])


def test_jspf_has_the_reason_as_annotation() -> None:
    found = json.loads(FORMATS["jspf"](PLAYLIST))["playlist"]
    assert (found["title"], found["date"]) == ("comfort for ann", "2026-01-02T00:00:00+00:00")
    first, second = found["track"]
    assert (first["annotation"], first["duration"], first["trackNum"], first["creator"]) == ("fits", 61_500, 1, "Ada")
    assert first["identifier"] == ["https://musicbrainz.org/recording/m-1", "urn:isrc:X1", "urn:recsys:track:t/1"]
    assert second == {"identifier": ["urn:recsys:track:t2"], "title": "t2", "trackNum": 2, "annotation": "new"}


def test_m3u_keeps_to_its_lines() -> None:
    assert FORMATS["m3u"](PLAYLIST).splitlines() == [
        "#EXTM3U",
        "#PLAYLIST:comfort for ann",
        '#EXTINF:62,Ada - One, "two" three',
        "# fits",
        "https://musicbrainz.org/recording/m-1",
        "#EXTINF:-1,t2",
        "# new",
        "urn:recsys:track:t2",
    ]


def test_csv_reads_back() -> None:
    first, second = csv.DictReader(io.StringIO(FORMATS["csv"](PLAYLIST)))
    assert (first["title"], first["reason"]) == (ROW["title"], "fits")
    assert (second["title"], second["rank"]) == ("", "2")


def test_json_reads_back() -> None:
    found = json.loads(FORMATS["json"](PLAYLIST))
    assert found["rows"] == [ROW, BARE]
    assert (found["run"], found["list"], found["user_id"]) == ("run-1", "comfort", "ann")


@pytest.mark.parametrize("form", FORMATS)
def test_an_empty_list_is_a_playlist_too(form: str) -> None:
    assert FORMATS[form](Playlist("ann", "x", "r", PLAYLIST.as_of, []))


def test_the_surest_identifier_comes_first() -> None:
    assert identifiers({**ROW, "mbid": None, "spotify_id": "s"})[0] == "spotify:track:s"
