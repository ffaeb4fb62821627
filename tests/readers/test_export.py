"""Playlists: the reason stands with every track, whatever is unknown about it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree.ElementTree import fromstring

import pytest

from recsys.readers.export import FORMATS, PLAYLIST_COLUMNS, Playlist, identifiers

ROW = {
    "rank": 1, "track_id": "t/1",
    "title": "One, \"two\"\nthree", "artist": "Ada", "album": "A", "duration_ms": 61_500, "isrc": "X1",
    "mbid": "m-1", "spotify_id": None, "score": 0.5, "reason_code": "content", "reason": "fits", "source": "ranked",
}  # fmt: skip
BARE = {
    **dict.fromkeys(PLAYLIST_COLUMNS),
    "rank": 2,
    "track_id": "t2",
    "score": 0.4,
    "reason_code": "variety",
    "reason": "new",
    "source": "cold",
}
PLAYLIST = Playlist("ann", "comfort", "run-1", datetime(2026, 1, 2, tzinfo=UTC), [ROW, BARE])


def test_jspf_has_the_reason_as_annotation() -> None:
    result = json.loads(FORMATS["jspf"](PLAYLIST))["playlist"]
    assert (result["title"], result["date"]) == ("comfort for ann", "2026-01-02T00:00:00+00:00")
    first, second = result["track"]
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
        "# t/1",
        "# no file or page: t2",
        "# new",
        "# t2",
    ]
    local = replace(PLAYLIST, paths={"t2": "/music/two.flac"})
    assert "\n/music/two.flac\n" in FORMATS["m3u"](local)
    assert "https://open.spotify.com/track/s" in FORMATS["m3u"](replace(PLAYLIST, rows=[{**ROW, "spotify_id": "s"}]))


def test_xspf_is_jspf_in_xml() -> None:
    root = fromstring(FORMATS["xspf"](replace(PLAYLIST, rows=[{**ROW, "reason": "a\x00<b>"}, BARE])))  # noqa: S314 — written here
    first, second = root.findall(".//{*}track")
    assert [part.text for part in first.findall("{*}identifier")] == identifiers(ROW)
    assert (first.findtext("{*}annotation"), first.findtext("{*}duration")) == ("a\ufffd<b>", "61500")
    assert second.find("{*}location") is None


def test_listenbrainz_takes_tracks_by_recording_alone() -> None:
    [track] = json.loads(FORMATS["listenbrainz"](PLAYLIST))["playlist"]["track"]
    assert track["identifier"] == ["https://musicbrainz.org/recording/m-1"]


def test_csv_reads_back() -> None:
    first, second = csv.DictReader(io.StringIO(FORMATS["csv"](PLAYLIST)))
    assert (first["title"], first["reason"]) == (ROW["title"], "fits")
    assert (second["title"], second["rank"]) == ("", "2")


def test_json_reads_back() -> None:
    result = json.loads(FORMATS["json"](PLAYLIST))
    assert result["rows"] == [ROW, BARE]
    assert (result["run"], result["list"], result["user_id"]) == ("run-1", "comfort", "ann")


@pytest.mark.parametrize("form", FORMATS)
def test_an_empty_list_is_a_playlist_too(form: str) -> None:
    assert FORMATS[form](Playlist("ann", "x", "r", PLAYLIST.as_of, []))


def test_the_surest_identifier_comes_first() -> None:
    assert identifiers({**ROW, "mbid": None, "spotify_id": "s"})[0] == "spotify:track:s"
