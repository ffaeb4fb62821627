"""What listeners like and ban, apart from what they played.

- Spotify's ``YourLibrary.json`` (account data): saved tracks, banned tracks and banned artists, all without a time.
- ListenBrainz's ``feedback.jsonl``: 1 is love, −1 hate, 0 taken back; by MusicBrainz recording, or by the names of its
  ``track_metadata`` where it has some.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from recsys.ingest.exports.formats import (
    ExportFormat,
    Reason,
    at,
    columns,
    either,
    entry_moment,
    entry_words,
    mbid,
    table,
    text,
)
from recsys.matrices.song import spotify_ids
from recsys.tables import Column

_KIND = "\0kind"
_SAVED, _BANNED, _ARTIST = "saved", "banned", "artist"

LIBRARY = ExportFormat(
    "spotify-library",
    table(
        "spotify-library",
        columns(
            text("track", "title"),
            text("artist", "artist"),
            text("album", "album"),
            text("uri", "track"),
            text("kind", "saved or banned"),
        ),
    ),
    frozenset({_KIND}),
    {
        "title": pl.col("track"),
        "artist": pl.col("artist"),
        "album": pl.col("album"),
        "spotify_id": pl.col("uri").map_batches(spotify_ids, return_dtype=pl.String),
        "type": pl.when(pl.col("kind") == _SAVED).then(pl.lit("save")).otherwise(pl.lit("hide")),
    },
    "track",
    {"kind": lambda row: row.get(_KIND)},
)

FEEDBACK = ExportFormat(
    "listenbrainz-feedback",
    table(
        "listenbrainz-feedback",
        columns(
            entry_moment("created", "when it was said"),
            Column("score", pl.Int64(), "1 love, -1 hate, 0 taken back", low=-1, high=1),
            text("recording_mbid", "MusicBrainz recording id"),
            text("track_name", "title"),
            text("artist_name", "artist"),
        ),
    ),
    frozenset({"score", "created"}),
    {
        "title": pl.col("track_name"),
        "artist": pl.col("artist_name"),
        "mbid": pl.col("recording_mbid"),
        "occurred_at": pl.col("created"),
        "type": pl.when(pl.col("score") == 1).then(pl.lit("like")).otherwise(pl.lit("dislike")),
    },
    "recording_mbid",
    {
        "recording_mbid": mbid(either(at("recording_mbid"), at("track_metadata", "mbid_mapping", "recording_mbid"))),
        "track_name": entry_words(at("track_metadata", "track_name")),
        "artist_name": entry_words(at("track_metadata", "artist_name")),
    },
    (Reason("not_a_play", "the feedback was taken back", pl.col("score") == 0),),
)


def library(document: Any) -> list[Any] | None:
    """The saved and banned tracks of a library, each with its kind; none for any other document."""
    if not isinstance(document, dict) or not isinstance(document.get("tracks"), list):
        return None
    if "bannedTracks" not in document and not any(
        isinstance(row, dict) and {"track", "uri"} <= row.keys() for row in document["tracks"]
    ):
        return None
    banned = bans if isinstance(bans := document.get("bannedTracks"), list) else []
    return [*_of(document["tracks"], _SAVED), *_of(banned, _BANNED)]


def banned_artists(document: Any) -> list[str]:
    """Names of the artists that a library bans."""
    rows = document.get("bannedArtists") if isinstance(document, dict) else None
    names = [row.get("name") for row in rows or () if isinstance(row, dict)] if isinstance(rows, list) else []
    return sorted({name for name in names if isinstance(name, str) and name.strip() and "\0" not in name})


def _of(rows: Sequence[Any], kind: str) -> list[Any]:
    return [{**row, _KIND: kind} if isinstance(row, dict) else row for row in rows]
