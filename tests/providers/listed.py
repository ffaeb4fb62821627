"""A row of a list as every target gets it."""

from __future__ import annotations

ROW = {
    "title": "Help! - Remastered 2009",
    "artist": "The Beatles",
    "duration_ms": 139_000,
    "artists": None,
    "album": None,
    "mbid": None,
    "isrc": None,
}
