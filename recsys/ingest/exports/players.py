"""Logs of players and pages of services.

- Last.fm's API and the tools that store its answers: pages of ``track``; what plays now has no time and is rejected.
- lastfmstats.com as JSON: ``scrobbles`` with milliseconds.
- Rockbox and other players: ``.scrobbler.log`` (AUDIOSCROBBLER/1.1), tabs; ``S`` is skipped.
- YouTube Music in Google Takeout's ``watch-history.json``; videos are left out.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from recsys.ingest.exports.formats import (
    NAMES,
    PLAY,
    SONG,
    ExportFormat,
    Picker,
    Reason,
    at,
    columns,
    either,
    entry_moment,
    entry_words,
    from_millis,
    mbid,
    mbids,
    millis,
    table,
    text,
    undated,
)
from recsys.tables import Column


def _named(name: str) -> Picker:
    return either(entry_words(at(name, "#text")), entry_words(at(name, "name")), entry_words(at(name)))


LASTFM_JSON = ExportFormat(
    "lastfm",
    table("lastfm-json", columns(entry_moment("time", "when it began"), *NAMES, text("mbid", "MusicBrainz recording id"))),
    frozenset({"artist", "name"}),
    {**SONG, "mbid": pl.col("mbid"), "occurred_at": pl.col("time"), "type": PLAY},
    "title",
    {
        "time": at("date", "uts"),
        "title": at("name"),
        "artist": _named("artist"),
        "album": _named("album"),
        "mbid": mbid(at("mbid")),
    },
)

LASTFM_STATS_JSON = ExportFormat(
    "lastfmstats",
    table("lastfmstats-json", columns(millis("date", "when it began"), *NAMES)),
    frozenset({"track", "artist", "date"}),
    {**SONG, "occurred_at": from_millis("date"), "type": PLAY},
    "title",
    {"title": at("track")},
    (undated("date"),),
)

ROCKBOX = ExportFormat(
    "rockbox",
    table(
        "rockbox",
        columns(
            *NAMES,
            Column("length", pl.Int64(), "length of the track", "s", null=True, low=0, high=86_400),
            text("rating", "L listened, S skipped"),
            entry_moment("time", "when it began"),
            text("mbid", "MusicBrainz recording id"),
        ),
    ),
    frozenset({"\0rockbox"}),
    {
        **SONG,
        "mbid": mbids("mbid"),
        "duration_ms": pl.col("length") * 1000,
        "occurred_at": pl.col("time"),
        "type": pl.when(pl.col("rating") == "S").then(pl.lit("skip")).otherwise(PLAY),
    },
    "title",
)
ROCKBOX_COLUMNS = ["artist", "album", "title", "\0number", "length", "rating", "time", "mbid"]

_WATCHED = r"^(?:Watched |Listened to )"

YOUTUBE = ExportFormat(
    "youtube-music",
    table(
        "youtube-music",
        columns(
            entry_moment("time", "when it began"), text("header", "service"), text("title", "title"), text("artist", "channel")
        ),
    ),
    frozenset({"header", "title", "time"}),
    {
        "title": pl.col("title").str.replace(_WATCHED, ""),
        "artist": pl.col("artist").str.replace(r" - Topic$", ""),
        "occurred_at": pl.col("time"),
        "type": PLAY,
    },
    "title",
    {"artist": lambda row: _channel(row.get("subtitles"))},
    (Reason("video", "a video is not music", pl.col("header") != "YouTube Music"),),
)


def _channel(subtitles: Any) -> Any:
    first = subtitles[0] if isinstance(subtitles, list) and subtitles else None
    return entry_words(at("name"))(first) if isinstance(first, dict) else None


def page_rows(document: Any) -> list[Any] | None:
    """The plays in stored pages of Last.fm's API; none for any other document."""
    single = isinstance(document, dict) and "recenttracks" in document
    listed = [document] if single else document if isinstance(document, list) else []
    pages = [page.get("recenttracks", page) if isinstance(page, dict) else page for page in listed]
    if not pages or not all(map(_page, pages)):
        return None
    return [play for page in pages for play in (page["track"] if isinstance(page["track"], list) else [page["track"]])]


def _page(page: Any) -> bool:
    return isinstance(page, dict) and "track" in page and ("@attr" in page or isinstance(page["track"], list))
