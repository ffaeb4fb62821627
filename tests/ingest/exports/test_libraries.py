"""What listeners like and ban."""

from __future__ import annotations

import json

from recsys.ingest import ingest, ingest_export
from recsys.lake import Lake
from tests.ingest.conftest import Put

MBID = "c7d0bf6e-b2aa-4ffa-bded-2448415b39b0"
SAVED = {"artist": "A", "album": "L", "track": "S", "uri": "spotify:track:0AbCdEfGhIjKlMnOpQrSt1"}
BANNED = SAVED | {"track": "Z", "uri": "spotify:track:0AbCdEfGhIjKlMnOpQrSt2"}


def library(*artists: str) -> str:
    bans = [{"name": name, "uri": "spotify:artist:0AbCdEfGhIjKlMnOpQrSt9"} for name in artists]
    return json.dumps(
        {"tracks": [SAVED, None], "albums": [], "bannedTracks": [BANNED], "bannedArtists": [*bans, None], "other": []}
    )


def test_spotify_library(lake: Lake, put: Put) -> None:
    ingest(lake, "controls", [put("c.jsonl", '{"user_id": "ann", "excluded_artists": ["X"], "allow_explicit": false}')])
    events, controls, _ = ingest_export(lake, "ann", [put("YourLibrary.json", library("Y"))])
    assert (events.rows_read, events.kept, dict(events.causes)) == (3, 2, {"json": 1})
    assert lake.input("events").select("type", "track_id", "occurred_at").rows() == [
        ("save", SAVED["uri"][-22:], None),
        ("hide", BANNED["uri"][-22:], None),
    ]
    assert controls.kept == 1
    last = lake.input("controls").row(-1, named=True)
    assert (last["excluded_artists"], last["allow_explicit"]) == (["X", "Y"], False)
    assert [report.table for report in ingest_export(lake, "bob", [put("b.json", library())])] == ["events", "tracks"]


def test_listenbrainz_feedback(lake: Lake, put: Put) -> None:
    rows = [{"score": score, "created": 1_749_780_000, "recording_mbid": MBID, "recording_msid": "x"} for score in (1, -1, 0, 5)]
    (events, _) = ingest_export(
        lake, "ann", [put("feedback.jsonl", "\n".join(map(json.dumps, [*rows, rows[0] | {"recording_mbid": None}])))]
    )
    assert (events.rows_read, dict(events.causes)) == (5, {"missing": 1, "not_a_play": 1, "range": 1})
    assert lake.input("events").select("type", "track_id").rows() == [("like", MBID), ("dislike", MBID)]


def test_listenbrainz_feedback_that_names_the_song(lake: Lake, put: Put) -> None:
    named = {"track_metadata": {"track_name": "S", "artist_name": "A"}}
    rows = [{"score": 1, "created": 1_749_780_000, "recording_mbid": mbid} | named for mbid in (MBID, None)]
    rows.append({"score": 1, "created": 1_749_780_000, "recording_msid": "x", "track_metadata": None})
    (events, tracks) = ingest_export(lake, "ann", [put("feedback.jsonl", "\n".join(map(json.dumps, rows)))])
    assert dict(events.causes) == {"missing": 1}
    assert lake.input("events")["type"].to_list() == ["like", "like"]
    assert lake.input("tracks").select("title", "artist").rows() == [("S", "A")] * tracks.kept


def test_a_library_that_bans_nothing(lake: Lake, put: Put) -> None:
    (events, _) = ingest_export(lake, "ann", [put("YourLibrary.json", json.dumps({"tracks": [SAVED], "albums": []}))])
    assert (events.kept, lake.input("events")["type"].to_list()) == (1, ["save"])


def test_feedback_of_the_api(lake: Lake, put: Put) -> None:
    row = {"created": 1_749_780_000, "recording_mbid": MBID, "score": 1, "track_metadata": None}
    (events, _) = ingest_export(lake, "ann", [put("feedback.json", json.dumps({"count": 1, "feedback": [row], "offset": 0}))])
    assert (events.kept, lake.input("events")["type"].to_list()) == (1, ["like"])
