"""What streaming services and self-hosted scrobblers export as tables, and Koito's JSON.

- Apple Music's ``Play Activity.csv``: one row per event of the player, of which only ends of plays count. Newer files name no
  artist: it is looked up by title and album in ``Library Tracks.json`` of the same export (:mod:`.artists`).
- Apple Music's ``Library Tracks``: saved songs, and how often each was played, liked and skipped.
- Deezer: the sheet ``10_listeningHistory`` of ``deezer-data_….xlsx``, or that sheet as CSV.
- Tidal: ``streaming.csv``, as ListenBrainz' importer reads it: minutes on the listener's clock, day before month, and his zone.
- Koito: one JSON object with ``listens``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

import polars as pl

from recsys.ingest.exports.formats import (
    CREDITED,
    NAMES,
    PLAY,
    SKIP_MS,
    SONG,
    Entry,
    ExportFormat,
    Reason,
    at,
    columns,
    duration,
    either,
    entry_moment,
    entry_words,
    mbid,
    table,
    text,
    unplayed,
    whole,
)
from recsys.tables import STRINGS, UTC, Column

_KIND = "\0said"
SHEET = "10_listeningHistory"
"""Deezer's sheet of plays."""
_DAY_MS = 86_400_000


def _optional(name: str, meaning: str) -> Column:
    return Column(name, UTC, meaning, "UTC", null=True)


def _count(name: str, meaning: str, unit: str = "ms") -> Column:
    """A number that some rows have wrong, negative or far too great: it costs no row."""
    return Column(name, pl.Float64(), meaning, unit, null=True)


def _within_a_day(name: str) -> pl.Expr:
    value = pl.col(name)
    return pl.when(value.is_between(0, _DAY_MS)).then(value.cast(pl.Int64, strict=False))


_PLAYED = _within_a_day("played")
_REASON = pl.col("reason").str.to_uppercase()
_SHORT = (_PLAYED < SKIP_MS).fill_null(value=False)
_SKIPPED = _SHORT & _REASON.str.contains("SKIPPED|MANUALLY_SELECTED").fill_null(value=False)
_BROKEN_OFF = _SHORT & ~_SKIPPED & _REASON.str.contains("NATURAL_END|NOT_APPLICABLE").not_().fill_null(value=False)

APPLE = ExportFormat(
    "apple-music",
    table(
        "apple-music",
        columns(
            _optional("start", "when it began"),
            _optional("end", "when it ended"),
            text("event", "what happened"),
            *NAMES,
            text("container", "artist of the album it was played from"),
            text("media", "AUDIO or VIDEO"),
            _count("length", "length of the track"),
            _count("played", "how long it played"),
            text("reason", "why it ended"),
        ),
    ),
    frozenset({"\0apple"}),
    {
        **SONG,
        "artist": pl.coalesce("artist", pl.when(pl.col("container").str.to_lowercase() != "various artists").then("container")),
        "duration_ms": _within_a_day("length"),
        "occurred_at": pl.coalesce("start", pl.col("end") - pl.duration(milliseconds=_PLAYED.fill_null(0))),
        "completed_ms": _PLAYED,
        "type": pl.when(_SKIPPED).then(pl.lit("skip")).otherwise(PLAY),
    },
    "title",
    left_out=(
        Reason(
            "not_a_play",
            "not the end of a play",
            (pl.col("event").str.to_uppercase() != "PLAY_END") & (pl.col("event").str.strip_chars() != ""),
        ),
        Reason("video", "a video is not music", pl.col("media").str.to_uppercase() == "VIDEO"),
        Reason("missing", "the row has neither a start nor an end", pl.col("start").is_null() & pl.col("end").is_null()),
        Reason("interrupted", "it broke off by itself, so it says neither that the song is liked nor skipped", _BROKEN_OFF),
    ),
)

_TYPES = {"saved": "save", "played": "play", "skipped": "skip", "liked": "like", "disliked": "dislike"}

APPLE_LIBRARY = ExportFormat(
    "apple-library",
    table(
        "apple-library",
        columns(
            *NAMES,
            text("kind", "saved, played, skipped, liked or disliked"),
            text("content", "Song, Music Video or another kind"),
            _optional("time", "when it happened last"),
            _count("length", "length of the track"),
            Column("count", pl.Int64(), "how often", null=True, low=0, high=1_000_000),
        ),
    ),
    frozenset({_KIND, "Track Identifier"}),
    {
        **SONG,
        "duration_ms": _within_a_day("length"),
        "occurred_at": pl.col("time"),
        "plays": pl.when(pl.col("count") > 1).then(pl.col("count")),
        "type": pl.col("kind")
        .replace_strict(_TYPES, default=None, return_dtype=pl.String)
        .fill_null(pl.when(pl.col("count") > 0).then(PLAY).otherwise(pl.lit("save"))),
    },
    "title",
    {
        "title": at("Title"),
        "artist": either(entry_words(at("Artist")), entry_words(at("Album Artist"))),
        "album": entry_words(at("Album")),
        "kind": at(_KIND),
        "content": entry_words(at("Content Type")),
        "time": at("\0time"),
        "length": whole(at("Track Duration")),
        "count": at("\0count"),
    },
    (Reason("video", "a video is not music", pl.col("content").str.to_lowercase().str.contains("video")),),
)


def apple_library(document: Any) -> list[Any] | None:
    """The songs of a library, each once for everything that it says of them; none for any other document."""
    if not isinstance(document, list) or not any(map(_library_track, document)):
        return None
    return [entry for row in document for entry in (_said(row) if _library_track(row) else [row])]


def _library_track(row: Any) -> bool:
    return isinstance(row, dict) and "Track Identifier" in row and ("Title" in row or "Artist" in row)


def _said(row: Entry) -> list[Entry]:
    rating = row.get("Track Like Rating")
    liked = rating if isinstance(rating, str) else ""
    favourite = row.get("Favorite Status - Track") is True or liked.lower() in ("liked", "like", "love", "loved")
    said = {
        "saved": (True, row.get("Date Added To Library"), None),
        "played": (_some(row.get("Track Play Count")), row.get("Last Played Date"), row.get("Track Play Count")),
        "skipped": (_some(row.get("Skip Count")), row.get("Date of Last Skip"), row.get("Skip Count")),
        "liked": (favourite, row.get("Favorite Date - Track"), None),
        "disliked": (liked.lower() in ("disliked", "dislike"), None, None),
    }
    return [
        {**row, _KIND: kind, "\0time": time or None, "\0count": count} for kind, (holds, time, count) in said.items() if holds
    ]


def _some(count: Any) -> bool:
    return count not in (None, 0, "", "0")


DEEZER = ExportFormat(
    "deezer",
    table(
        "deezer",
        columns(
            entry_moment("time", "when it was played"),
            *NAMES,
            text("isrc", "ISRC"),
            Column("seconds", pl.Float64(), "how long it played", "s", null=True, low=0, high=86_400),
        ),
    ),
    frozenset({"\0deezer"}),
    {
        **SONG,
        "isrc": pl.col("isrc"),
        "occurred_at": pl.col("time"),
        "completed_ms": (pl.col("seconds") * 1000).cast(pl.Int64),
        "type": PLAY,
    },
    "title",
    left_out=(unplayed("seconds"),),
)


def _day_first(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of Tidal's with UTC times, by the zone of each, which is dropped then; ``null`` is empty but in names."""
    absent = [pl.lit(None, pl.String).alias(name) for name in ("isrc", "played", "product", "zone") if name not in frame.columns]
    known = frame.with_columns(absent)
    known = known.with_columns(_no_null(pl.col(name).cast(pl.String)) for name in ("isrc", "played", "product", "zone"))
    parts = known.with_row_index("\0row").partition_by("zone")
    placed = [part.with_columns(time=_placed(part["zone"][0])) for part in parts]
    return pl.concat(placed).sort("\0row").drop("\0row", "zone")


def _no_null(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.strip_chars().str.to_lowercase() != "null").then(text)


def _placed(zone: str | None) -> pl.Expr:
    """Times as Tidal writes them now and wrote them once, as ISO 8601: with a zone where it is a known one; other texts stay."""
    said = pl.col("time").str.strip_chars()
    clock = pl.coalesce(
        said.str.to_datetime(form, time_unit="us", strict=False)
        for form in ("%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f")
    )
    text = pl.coalesce(clock.dt.strftime("%Y-%m-%dT%H:%M:%S"), "time")
    if (name := (zone or "").strip()) not in available_timezones():
        return text
    moment = clock.dt.replace_time_zone(name, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
    return pl.coalesce(moment.dt.strftime("%Y-%m-%dT%H:%M:%SZ"), text)


_PRODUCT = pl.col("product").str.strip_chars().str.to_lowercase()

TIDAL = ExportFormat(
    "tidal",
    table(
        "tidal",
        columns(
            entry_moment("time", "when it was played"),
            *NAMES,
            text("isrc", "ISRC"),
            _count("played", "how long it played"),
            text("product", "kind of what was played"),
            text("zone", "time zone of the listener"),
        ),
    ),
    frozenset({"\0tidal"}),
    {**SONG, "isrc": pl.col("isrc"), "occurred_at": pl.col("time"), "completed_ms": _PLAYED, "type": PLAY},
    "title",
    left_out=(
        Reason("video", "a video is not music", _PRODUCT.str.contains("video")),
        Reason("not_a_play", "what was played is no track", _PRODUCT.is_in(["track", ""]).not_()),
        unplayed("played"),
    ),
    prepared=_day_first,
)


def _primary_first(listed: Any) -> list[dict[str, Any]]:
    """The objects of a list of Koito's, the primary one first."""
    objects = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return sorted(objects, key=lambda one: one.get("is_primary") is not True)


def _alias(owner: Any) -> Any:
    """The primary name of a song, album or artist of Koito's."""
    names = _primary_first(owner.get("aliases") if isinstance(owner, dict) else None)
    return names[0].get("alias") if names else None


def _credited(row: Entry) -> list[Any] | None:
    names = [_alias(one) for one in _primary_first(row.get("artists"))]
    return [name for name in names if isinstance(name, str) and name.strip() and "\0" not in name] or None


KOITO = ExportFormat(
    "koito",
    table(
        "koito",
        columns(
            entry_moment("listened_at", "when it began"),
            text("title", "title"),
            Column("artists", STRINGS, "artists", null=True),
            text("album", "album"),
            text("mbid", "MusicBrainz recording id"),
            duration("length", "length of the track"),
        ),
    ),
    frozenset({"listened_at", "track"}),
    {
        **CREDITED,
        "mbid": pl.col("mbid"),
        "duration_ms": pl.col("length"),
        "occurred_at": pl.col("listened_at"),
        "type": PLAY,
    },
    "title",
    {
        "title": lambda row: _alias(row.get("track")),
        "artists": _credited,
        "album": entry_words(lambda row: _alias(row.get("album"))),
        "mbid": mbid(at("track", "mbid")),
        "length": whole(at("track", "duration"), 1000),
    },
)


@dataclass(frozen=True)
class Heading:
    """The header that tells a format: names that must be there, and each field's names in order of preference, in lower case."""

    form: ExportFormat
    needs: frozenset[str]
    fields: Mapping[str, tuple[str, ...]]

    def names(self, header: Sequence[str]) -> list[str] | None:
        """The format's names of a header's columns, a number for each that is not read; none when it is another header."""
        plain = [name.strip().lower() for name in header]
        if not self.needs <= set(plain):
            return None
        chosen: dict[int, str] = {}
        for field, spellings in self.fields.items():
            place = next((plain.index(spelling) for spelling in spellings if spelling in plain), None)
            if place is not None:
                chosen.setdefault(place, field)
        return [chosen.get(place, f"\0{place}") for place in range(len(plain))]


HEADINGS = (
    Heading(
        APPLE,
        frozenset({"event start timestamp", "play duration milliseconds"}),
        {
            "start": ("event start timestamp",),
            "end": ("event end timestamp", "event timestamp"),
            "event": ("event type",),
            "title": ("song name", "content name", "track name"),
            "artist": ("artist name",),
            "container": ("container artist name",),
            "album": ("album name", "container album name"),
            "media": ("media type",),
            "length": ("media duration in milliseconds",),
            "played": ("play duration milliseconds",),
            "reason": ("end reason type",),
        },
    ),
    Heading(
        APPLE_LIBRARY,
        frozenset({"title", "artist", "last played date"}),
        {
            "title": ("title",),
            "artist": ("artist",),
            "album": ("album",),
            "time": ("last played date",),
            "length": ("track duration",),
            "count": ("track play count", "play count"),
        },
    ),
    Heading(
        DEEZER,
        frozenset({"song title", "artist", "listening time", "date"}),
        {
            "time": ("date",),
            "title": ("song title",),
            "artist": ("artist",),
            "album": ("album title",),
            "isrc": ("isrc",),
            "seconds": ("listening time",),
        },
    ),
    *(
        Heading(
            TIDAL,
            frozenset({artist, title, when}),
            {
                "time": (when,),
                "title": (title,),
                "artist": (artist,),
                "album": ("album_title", "album_name", "album"),
                "isrc": ("isrc",),
                "played": ("stream_duration_ms", "duration_ms"),
                "product": ("product_type", "content_type"),
                "zone": ("time_zone", "timezone"),
            },
        )
        for artist in ("artist_name", "artist", "artists")
        for title in ("track_title", "track_name")
        for when in ("entry_date", "stream_date", "streamed_at", "stream_start")
    ),
)
