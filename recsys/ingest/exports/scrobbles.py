"""Scrobble logs and their relatives; times are when a play started.

- ListenBrainz: JSON Lines of its export, answers of its API, and what clients submit to it.
- Maloja: one JSON object.
- Pano Scrobbler: JSON Lines; a loved track is a like.
- Last.fm and Libre.fm: CSV of several tools. Times without a zone are UTC there.

Whether a play was broken off is not known: each one counts as a play.
"""

from __future__ import annotations

import polars as pl

from recsys.ingest.exports.formats import (
    CREDITED,
    NAMES,
    PLAY,
    SONG,
    Entry,
    ExportFormat,
    Picker,
    Reason,
    at,
    columns,
    duration,
    either,
    entry_moment,
    entry_words,
    from_millis,
    mbid,
    mbids,
    millis,
    misdated,
    table,
    text,
    whole,
)
from recsys.matrices.song import spotify_ids
from recsys.tables import STRINGS, Column


def _more(name: str) -> Picker:
    return at("track_metadata", "additional_info", name)


def _credits(row: Entry) -> list[str] | None:
    """Artists of the recording that ListenBrainz mapped the play to, where they are those that the player named."""
    shown, listed = at("track_metadata", "artist_name")(row), at("track_metadata", "mbid_mapping", "artists")(row)
    names = [at("artist_credit_name")(one) for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    same = isinstance(shown, str) and all(isinstance(name, str) and "\0" not in name and name in shown for name in names)
    return names if names and same else None


LISTENBRAINZ = ExportFormat(
    "listenbrainz",
    table(
        "listenbrainz",
        columns(
            entry_moment("listened_at", "when it began"),
            text("track_name", "title"),
            text("artist_name", "artist"),
            Column("artists", STRINGS, "credited artists", null=True),
            text("release_name", "album"),
            text("recording_mbid", "MusicBrainz recording id"),
            text("isrc", "ISRC"),
            text("spotify_id", "Spotify track id or link"),
            duration("duration_ms", "length of the track"),
            duration("played_ms", "how long it played"),
            text("music_service", "service"),
        ),
    ),
    frozenset({"track_metadata"}),
    {
        "title": pl.col("track_name"),
        "artist": pl.col("artist_name"),
        "artists": pl.col("artists"),
        "album": pl.col("release_name"),
        "mbid": pl.col("recording_mbid"),
        "isrc": pl.col("isrc"),
        "spotify_id": pl.col("spotify_id").map_batches(spotify_ids, return_dtype=pl.String),
        "duration_ms": pl.col("duration_ms"),
        "occurred_at": pl.col("listened_at"),
        "completed_ms": pl.col("played_ms"),
        "type": PLAY,
        "context": pl.col("music_service"),
    },
    "track_name",
    {
        "track_name": at("track_metadata", "track_name"),
        "artist_name": at("track_metadata", "artist_name"),
        "artists": _credits,
        "release_name": entry_words(at("track_metadata", "release_name")),
        "recording_mbid": either(
            mbid(at("track_metadata", "mbid_mapping", "recording_mbid")),
            mbid(_more("recording_mbid")),
            mbid(at("recording_mbid")),
        ),
        "isrc": entry_words(_more("isrc")),
        "spotify_id": either(entry_words(_more("spotify_id")), entry_words(_more("origin_url"))),
        "duration_ms": either(whole(_more("duration_ms")), whole(_more("duration"), 1000)),
        "played_ms": whole(_more("duration_played"), 1000),
        "music_service": either(entry_words(_more("music_service")), entry_words(_more("music_service_name"))),
    },
)

MALOJA = ExportFormat(
    "maloja",
    table(
        "maloja",
        columns(
            entry_moment("time", "when it began"),
            text("title", "title"),
            Column("artists", STRINGS, "artists", null=True),
            text("album", "album"),
            duration("length", "length of the track"),
            duration("duration", "how long it played"),
            text("origin", "where it came from"),
        ),
    ),
    frozenset({"time", "track"}),
    {
        **CREDITED,
        "duration_ms": pl.col("length"),
        "occurred_at": pl.col("time"),
        "completed_ms": pl.col("duration"),
        "type": PLAY,
        "context": pl.col("origin"),
    },
    "title",
    {
        "title": at("track", "title"),
        "artists": at("track", "artists"),
        "album": entry_words(at("track", "album", "albumtitle")),
        "length": whole(at("track", "length"), 1000),
        "duration": whole(at("duration"), 1000),
        "origin": entry_words(at("origin")),
    },
)

PANO = ExportFormat(
    "pano-scrobbler",
    table(
        "pano-scrobbler",
        columns(
            millis("timeMs", "when it began"),
            text("track", "title"),
            text("artist", "artist"),
            text("album", "album"),
            duration("durationMs", "length of the track"),
            text("mediaPlayerName", "player"),
            text("event", "what happened"),
        ),
    ),
    frozenset({"timeMs", "track"}),
    {
        "title": pl.col("track"),
        "artist": pl.col("artist"),
        "album": pl.col("album"),
        "duration_ms": pl.col("durationMs"),
        "occurred_at": from_millis("timeMs"),
        "type": pl.when(pl.col("event") == "love").then(pl.lit("like")).otherwise(PLAY),
        "context": pl.col("mediaPlayerName"),
    },
    "track",
    {
        "event": entry_words(at("event")),
        "album": entry_words(at("album")),
        "durationMs": whole(at("durationMs")),
        "mediaPlayerName": entry_words(at("mediaPlayerName")),
    },
    (
        Reason("not_a_play", "neither a scrobble nor a love", ~pl.col("event").fill_null("scrobble").is_in(["scrobble", "love"])),
        *misdated("timeMs"),
    ),
)


LASTFM = ExportFormat(
    "lastfm",
    table("lastfm", columns(entry_moment("time", "when it began"), *NAMES, text("mbid", "MusicBrainz recording id"))),
    frozenset({"time", "title", "artist"}),
    {**SONG, "mbid": mbids("mbid"), "occurred_at": pl.col("time"), "type": PLAY},
    "title",
)

LASTFM_STATS = ExportFormat(
    "lastfmstats",
    table("lastfmstats", columns(millis("time", "when it began"), *NAMES)),
    frozenset({"time", "title", "artist"}),
    {**SONG, "occurred_at": from_millis("time"), "type": PLAY},
    "title",
    left_out=misdated("time"),
)
