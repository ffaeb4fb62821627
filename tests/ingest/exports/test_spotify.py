"""Spotify's exports: plays, skips, starts, and what is left out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recsys.errors import InputError
from recsys.ingest import ingest_export
from recsys.lake import Lake
from tests.ingest.conftest import Put

SONG = "spotify:track:1U8rhryVYw9gWZ6zvw4Orc"


def extended(**fields: Any) -> dict[str, Any]:
    row = {
        "ts": "2024-01-05T14:23:30Z",
        "ms_played": 200_000,
        "master_metadata_track_name": "Heroes - 2017 Remaster",
        "master_metadata_album_artist_name": "David Bowie",
        "master_metadata_album_album_name": "Heroes",
        "spotify_track_uri": SONG,
        "episode_name": None,
        "spotify_episode_uri": None,
        "reason_start": "clickrow",
        "reason_end": "trackdone",
        "skipped": False,
        "incognito_mode": False,
        "offline_timestamp": 1_704_464_610,
    }
    return row | fields


def ingested(
    lake: Lake, put: Put, rows: list[dict[str, Any]], name: str = "Streaming_History_Audio_2024_1.json"
) -> dict[str, int]:
    return dict(ingest_export(lake, "ann", [put(name, json.dumps(rows))])[0].causes)


def test_a_play_starts_before_it_ends(lake: Lake, put: Put) -> None:
    assert ingested(lake, put, [extended()]) == {}
    (event,) = lake.input("events").drop("batch").to_dicts()
    assert event.pop("occurred_at").isoformat() == "2024-01-05T14:20:10+00:00"
    assert event == {
        "user_id": "ann",
        "track_id": "1U8rhryVYw9gWZ6zvw4Orc",
        "type": "play",
        "weight": None,
        "completed_ms": 200_000,
        "plays": None,
        "context": "clickrow",
        "source": "spotify-extended Streaming_History_Audio_2024_1.json",
    }
    (song,) = lake.input("tracks").select("id", "title", "artist", "album", "spotify_id", "song_key", "origin").rows()
    assert song == (SONG[-22:], "Heroes - 2017 Remaster", "David Bowie", "Heroes", SONG[-22:], "david bowie | heroes", "mention")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"ms_played": 29_999, "skipped": True}, "skip"),
        ({"ms_played": 30_000, "skipped": True}, "play"),
        ({"ms_played": 29_999, "skipped": None, "reason_end": "fwdbtn"}, "skip"),
        ({"ms_played": 29_999, "skipped": False, "reason_end": "trackdone"}, "play"),
        ({"ms_played": 0, "skipped": True, "reason_end": "endplay"}, "skip"),
        ({"ms_played": 5000, "skipped": False, "reason_end": "backbtn"}, "skip"),
        ({"ms_played": 30_000, "skipped": False, "reason_end": "logout"}, "play"),
        ({"ms_played": None, "skipped": None, "reason_end": None}, "play"),
    ],
)
def test_skips(fields: dict[str, Any], kind: str, lake: Lake, put: Put) -> None:
    ingested(lake, put, [extended(**fields)])
    assert lake.input("events").select("type", "completed_ms").rows() == [(kind, fields["ms_played"])]


@pytest.mark.slow
@pytest.mark.parametrize("reason", ["trackerror", "logout", "unexpected-exit", "endplay", "appload", None])
@pytest.mark.parametrize("played", [0, 12_000])
def test_a_play_that_broke_off_by_itself_says_nothing(reason: str | None, played: int, lake: Lake, put: Put) -> None:
    assert ingested(lake, put, [extended(), extended(ms_played=played, reason_end=reason)]) == {"interrupted": 1}


NOTHING = {"spotify_track_uri": None, "master_metadata_track_name": None, "master_metadata_album_artist_name": None}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"incognito_mode": True}, "incognito"),
        (NOTHING | {"episode_name": "491"}, "podcast"),
        (NOTHING | {"spotify_episode_uri": "spotify:episode:x"}, "podcast"),
        (NOTHING | {"audiobook_title": "Emma"}, "audiobook"),
        (NOTHING, "missing"),
        ({"spotify_track_uri": None, "master_metadata_album_artist_name": " "}, "missing"),
        ({"ts": None}, "missing"),
        ({"ts": "2024-13-05T14:23:30Z"}, "time"),
        ({"ms_played": -1}, "range"),
        ({"ms_played": "long"}, "type"),
        ({"master_metadata_track_name": "a\0"}, "text"),
    ],
)
def test_what_is_left_out(fields: dict[str, Any], code: str, lake: Lake, put: Put) -> None:
    assert ingested(lake, put, [extended(), extended(**fields)]) == {code: 1}
    assert lake.input("events").height == 1


def test_videos(lake: Lake, put: Put) -> None:
    rows = [extended(**NOTHING), extended()]
    assert ingested(lake, put, rows, "Streaming_History_Video_2024.json") == {"video": 1}


def test_a_file_of_podcasts_alone_is_a_good_file(lake: Lake, put: Put) -> None:
    rows = [{"endTime": "2024-01-05 09:10", "podcastName": "p", "episodeName": "e", "msPlayed": 1}]
    assert ingested(lake, put, rows, "StreamingHistory_podcast_0.json") == {"podcast": 1}
    assert (lake.input("events").height, lake.rejects().height, lake.batches("tracks")) == (0, 1, [])


def test_a_local_file_has_a_text_id(lake: Lake, put: Put) -> None:
    ingested(lake, put, [extended(spotify_track_uri="spotify:local:David+Bowie:Heroes:Heroes:200")])
    assert lake.input("events")["track_id"].item() == "text:f70c5b0674bd51c04f89"


def test_a_play_that_is_there_twice(lake: Lake, put: Put) -> None:
    assert ingested(lake, put, [extended(), extended(), extended(ms_played=1000)]) == {"duplicate": 1}


def basic(end: str, title: str, ms: int | None, artist: str = "RVNS") -> dict[str, Any]:
    return {"endTime": end, "artistName": artist, "trackName": title, "msPlayed": ms}


def test_basic_history(lake: Lake, put: Put) -> None:
    rows = [
        basic("2022-12-05 00:01", "Fake Love", 174_150),
        basic("2022-12-05 00:01", "Fake Love", 29_999),
        basic("2022-12-05 00:02", "Fake Love (Live)", 30_000),
        basic("2022-12-05 00:03", "Unknown Track", 30_000, "Unknown Artist"),
        basic("2022-12-05 00:04", "Fake Love", 0),
    ]
    assert ingested(lake, put, rows, "StreamingHistory0.json") == {"missing": 1, "interrupted": 1}
    events = lake.input("events")
    assert events["type"].to_list() == ["play", "play", "play"]
    assert events["occurred_at"].dt.strftime("%F %T%.3f").to_list()[0] == "2022-12-04 23:58:05.850"
    assert events["track_id"].n_unique() == 2
    named = lake.input("tracks").sort("title").select("title", "artist", "song_key").rows()
    assert named == [("Fake Love", "RVNS", "rvns | fake love"), ("Fake Love (Live)", "RVNS", "rvns | fake love")]


def test_nothing_but_junk(lake: Lake, put: Put) -> None:
    with pytest.raises(InputError, match=r"none of its 2 rows can be used \(time 2\)"):
        ingested(lake, put, [extended(ts="x"), extended(ts="y")])
    assert lake.batches() == []


def test_account_data_of_an_audiobook(lake: Lake, put: Put) -> None:
    book = {"endTime": "2024-05-06 20:43", "audiobookName": "B", "chapterName": "1", "authorName": "Au", "msPlayed": 99_999}
    (report,) = ingest_export(lake, "ann", [put("StreamingHistory_audiobook_0.json", json.dumps([book]))])
    assert (report.rows_read, report.kept, dict(report.causes)) == (1, 0, {"audiobook": 1})
