"""Spotify's two exports.

*Extended streaming history* (``Streaming_History_Audio_….json``, once ``endsong_….json``): ``ts`` is when the stream ended, in
UTC, so a play starts at ``ts`` − ``ms_played``. Under 30 s it was skipped when Spotify says so, or when it ended by the forward
or back button. What broke off for another reason (an error, a logout, a crash, none known) is neither liked nor skipped, and is
left out.

*Account data* (``StreamingHistory….json``): end in UTC to the minute, names, ms; no ids, no reasons. Whether a play was skipped
is not known: each counts as a play, but for those of 0 ms.
"""

from __future__ import annotations

import polars as pl

from recsys.ingest.exports.formats import FILE, SKIP_MS, ExportFormat, Reason, columns, duration, entry_moment, table, text
from recsys.matrices.song import spotify_ids
from recsys.tables import Column

_TITLE, _ARTIST, _ALBUM = (f"master_metadata_{name}_name" for name in ("track", "album_artist", "album_album"))
_NO_TRACK = pl.col("spotify_track_uri").is_null()
_SHORT = (pl.col("ms_played") < SKIP_MS).fill_null(value=False)
_SKIPPED = _SHORT & (
    pl.col("skipped").fill_null(value=False) | pl.col("reason_end").is_in(["fwdbtn", "backbtn"]).fill_null(value=False)
)
_INTERRUPTED = "it broke off by itself, so it says neither that the song is liked nor that it was skipped"


def _any(*names: str) -> pl.Expr:
    return pl.any_horizontal(pl.col(names).is_not_null())


EXTENDED = ExportFormat(
    "spotify-extended",
    table(
        "spotify-extended",
        columns(
            entry_moment("ts", "when the stream ended"),
            duration("ms_played", "how long it played"),
            text(_TITLE, "title"),
            text(_ARTIST, "album artist"),
            text(_ALBUM, "album"),
            text("spotify_track_uri", "track"),
            text("episode_name", "podcast episode"),
            text("spotify_episode_uri", "podcast episode"),
            text("audiobook_title", "audiobook"),
            text("audiobook_uri", "audiobook"),
            text("reason_start", "why it began"),
            text("reason_end", "why it ended"),
            Column("skipped", pl.Boolean(), "whether it was skipped", null=True),
            Column("incognito_mode", pl.Boolean(), "whether the session was private", null=True),
        ),
    ),
    frozenset({"ts", "ms_played"}),
    {
        "title": pl.col(_TITLE),
        "artist": pl.col(_ARTIST),
        "album": pl.col(_ALBUM),
        "spotify_id": pl.col("spotify_track_uri").map_batches(spotify_ids, return_dtype=pl.String),
        "occurred_at": pl.col("ts") - pl.duration(milliseconds=pl.col("ms_played").fill_null(0)),
        "completed_ms": pl.col("ms_played"),
        "type": pl.when(_SKIPPED).then(pl.lit("skip")).otherwise(pl.lit("play")),
        "context": pl.col("reason_start"),
    },
    _TITLE,
    left_out=(
        Reason("incognito", "a private session is not read", pl.col("incognito_mode").fill_null(value=False)),
        Reason("audiobook", "an audiobook is not music", _NO_TRACK & _any("audiobook_title", "audiobook_uri")),
        Reason("podcast", "a podcast episode is not music", _NO_TRACK & _any("episode_name", "spotify_episode_uri")),
        Reason(
            "video", "a video without a track is not music", _NO_TRACK & ~_any(_TITLE) & pl.col(FILE).str.contains("(?i)video")
        ),
        Reason("interrupted", _INTERRUPTED, _SHORT & ~_SKIPPED & pl.col("reason_end").ne_missing("trackdone")),
    ),
)

BASIC = ExportFormat(
    "spotify-basic",
    table(
        "spotify-basic",
        columns(
            entry_moment("endTime", "when the stream ended, to the minute"),
            duration("msPlayed", "how long it played"),
            text("trackName", "title"),
            text("artistName", "artist"),
            text("podcastName", "podcast"),
            text("audiobookName", "audiobook"),
        ),
    ),
    frozenset({"endTime", "msPlayed"}),
    {
        "title": pl.col("trackName"),
        "artist": pl.col("artistName"),
        "occurred_at": pl.col("endTime") - pl.duration(milliseconds=pl.col("msPlayed").fill_null(0)),
        "completed_ms": pl.col("msPlayed"),
        "type": pl.lit("play"),
    },
    "trackName",
    left_out=(
        Reason("podcast", "a podcast episode is not music", pl.col("podcastName").is_not_null()),
        Reason("audiobook", "an audiobook is not music", pl.col("audiobookName").is_not_null()),
        Reason(
            "missing",
            "Spotify no longer knows the song and writes Unknown Track",
            (pl.col("trackName") == "Unknown Track") & (pl.col("artistName") == "Unknown Artist"),
        ),
        Reason("interrupted", _INTERRUPTED, pl.col("msPlayed") == 0),
    ),
)
