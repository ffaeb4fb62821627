"""What services list as liked, saved or heard lately.

- Apple Music's ``Likes and Dislikes`` and ``Favorites`` (CSV): the artist and the title in one text.
- Spotify's API: ``/v1/me/tracks`` (saved) and ``/v1/me/player/recently-played``, as tools store its answers.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from recsys.ingest.exports.formats import (
    CREDITED,
    PLAY,
    Entry,
    ExportFormat,
    Reason,
    at,
    columns,
    duration,
    entry_moment,
    entry_words,
    table,
    text,
    whole,
)
from recsys.ingest.exports.services import Heading
from recsys.matrices.song import spotify_ids
from recsys.tables import STRINGS, UTC, Column

_PREFERENCE = pl.col("preference").str.strip_chars().str.to_uppercase()
_LIKES, _DISLIKES = ["LIKE", "LOVE", "FAVORITE"], ["DISLIKE", "SUGGEST_LESS"]

APPLE_LIKES = ExportFormat(
    "apple-likes",
    table(
        "apple-likes",
        columns(
            text("song", "artist, a dash and the title"),
            text("preference", "LIKE or DISLIKE"),
            text("kind", "SONG, ALBUM, ARTIST or PLAYLIST"),
            Column("time", UTC, "when it was said", "UTC", null=True),
        ),
    ),
    frozenset({"\0likes"}),
    {
        "artist": pl.col("song").str.extract(r"^\s*(.*?)\s+[-–—]\s"),
        "title": pl.col("song").str.extract(r"^.*?\s[-–—]\s+(.*?)\s*$"),
        "occurred_at": pl.col("time"),
        "type": pl.when(_PREFERENCE.is_in(_LIKES)).then(pl.lit("like")).otherwise(pl.lit("dislike")),
    },
    "song",
    left_out=(
        Reason("not_a_play", "what is liked is no song", pl.col("kind").str.strip_chars().str.to_uppercase().ne("SONG")),
        Reason("not_a_play", "neither a like nor a dislike", _PREFERENCE.is_in([*_LIKES, *_DISLIKES]).not_()),
        Reason("not_a_play", "the preference is missing", pl.col("preference").is_null()),
    ),
)

APPLE_LIKES_HEADING = Heading(
    APPLE_LIKES,
    frozenset({"item description", "preference"}),
    {
        "song": ("item description",),
        "preference": ("preference",),
        "kind": ("favorite type", "item type"),
        "time": ("last modified", "created"),
    },
)


def _artists(row: Entry) -> list[Any] | None:
    listed = at("track", "artists")(row)
    names = [at("name")(one) for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return [name for name in names if isinstance(name, str) and name.strip() and "\0" not in name] or None


def _answer(name: str, time: str, kind: pl.Expr, left_out: tuple[Reason, ...] = ()) -> ExportFormat:
    """A format of items that hold a track and a ``time``."""
    return ExportFormat(
        name,
        table(
            name,
            columns(
                entry_moment(time, "when it happened"),
                text("title", "title"),
                Column("artists", STRINGS, "artists", null=True),
                text("album", "album"),
                text("isrc", "ISRC"),
                text("spotify_id", "Spotify track id"),
                duration("length", "length of the track"),
                text("kind", "track or episode"),
                text("playlist", "who put it into a playlist"),
            ),
        ),
        frozenset({"track", time}),
        {
            **CREDITED,
            "isrc": pl.col("isrc"),
            "spotify_id": pl.col("spotify_id").map_batches(spotify_ids, return_dtype=pl.String),
            "duration_ms": pl.col("length"),
            "occurred_at": pl.col(time),
            "type": kind,
        },
        "title",
        {
            "title": entry_words(at("track", "name")),
            "artists": _artists,
            "album": entry_words(at("track", "album", "name")),
            "isrc": entry_words(at("track", "external_ids", "isrc")),
            "spotify_id": entry_words(at("track", "id")),
            "length": whole(at("track", "duration_ms")),
            "kind": entry_words(at("track", "type")),
            "playlist": entry_words(at("added_by", "id")),
        },
        (Reason("podcast", "a podcast episode is not music", pl.col("kind") == "episode"), *left_out),
    )


SPOTIFY_RECENT = _answer("spotify-recent", "played_at", PLAY)
SPOTIFY_SAVED = _answer(
    "spotify-saved",
    "added_at",
    pl.lit("save"),
    (Reason("not_a_play", "an item of a playlist, which says nothing of this listener", pl.col("playlist").is_not_null()),),
)
