"""What services list as liked, saved or heard lately."""

from __future__ import annotations

import json
from typing import Any

from recsys.ingest import ingest_export
from recsys.lake import Lake
from tests.ingest.conftest import Put

TRACK = {
    "id": "0AbCdEfGhIjKlMnOpQrSt1", "name": "S", "artists": [{"name": "A"}, {"name": "B"}, None], "album": {"name": "L"},
    "duration_ms": 200_000, "external_ids": {"isrc": "USABC1234567"}, "type": "track",
}  # fmt: skip


def heard(lake: Lake) -> list[tuple[Any, ...]]:
    joined = lake.input("events").join(lake.input("tracks"), left_on="track_id", right_on="id", maintain_order="left")
    return joined.select("title", "artist", "type").rows()


def test_likes_of_apple_music(lake: Lake, put: Put) -> None:
    rows = [
        "Favorite Type,Item Description,Preference,Last Modified", "SONG,A - S,LIKE,2024-01-01T10:00:00Z",
        "SONG,A - B-Side - Live,dislike,",
        "ALBUM,A - L,LIKE,", "SONG,A - S,NONE,", "SONG,A - S,,", "SONG,A,LIKE,",
    ]  # fmt: skip
    (events, _) = ingest_export(lake, "ann", [put("Apple Music - Favorites.csv", "\n".join(rows))])
    assert (events.rows_read, events.kept, dict(events.causes)) == (6, 2, {"not_a_play": 3, "missing": 1})
    assert heard(lake) == [("S", "A", "like"), ("B-Side - Live", "A", "dislike")]


def test_answers_of_spotify_about_a_listener(lake: Lake, put: Put) -> None:
    episode = {"played_at": "2024-01-01T11:00:00Z", "track": {"type": "episode", "name": "E"}}
    lately = {"items": [{"played_at": "2024-01-01T10:00:00.123Z", "track": TRACK, "context": None}, episode], "next": None}
    (events, _) = ingest_export(lake, "ann", [put("recent.json", json.dumps(lately))])
    assert (events.kept, dict(events.causes)) == (1, {"podcast": 1})
    saved = {"added_at": "2024-01-01T10:00:00Z", "track": TRACK}
    pages = [
        {"items": [saved]},
        {"items": [saved | {"added_by": {"id": "bob"}}, {"added_at": "2024-01-01T10:00:00Z", "track": None}]},
    ]
    (events, _) = ingest_export(lake, "ann", [put("saved.json", json.dumps(pages))])
    assert (events.kept, dict(events.causes)) == (1, {"missing": 1, "not_a_play": 1})
    assert lake.input("events").select("type", "track_id").rows() == [("play", TRACK["id"]), ("save", TRACK["id"])]
    row = lake.input("tracks").row(0, named=True)
    assert (row["artists"], row["album"], row["isrc"], row["duration_ms"]) == (["A", "B"], "L", "USABC1234567", 200_000)
