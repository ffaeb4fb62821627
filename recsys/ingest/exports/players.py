"""Logs of players and pages of services.

- Last.fm's API and the tools that store its answers: pages of ``track``; what plays now has no time and is rejected.
- lastfmstats.com as JSON: ``scrobbles`` with milliseconds.
- Rockbox and other players: ``.scrobbler.log`` (AUDIOSCROBBLER/1.0 and 1.1), tabs; ``S`` is skipped. A player that does not know
  its zone counts seconds by its own clock.
- YouTube Music in Google Takeout's ``watch-history.json``, in any language; videos, advertisements and searches are left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from recsys.ingest.exports.formats import (
    FILE,
    FIRST,
    LAST,
    NAMES,
    PLAY,
    SONG,
    Entry,
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
    misdated,
    scalar,
    table,
    text,
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
        "time": either(*map(scalar, (at("date", "uts"), at("uts"), at("date"), at("date", "#text")))),
        "title": at("name"),
        "artist": _named("artist"),
        "album": _named("album"),
        "mbid": mbid(at("mbid")),
    },
)

LOVED = re.compile(r"loved[-_ ]?tracks", re.IGNORECASE)
"""In the name of a file: its pages are of tracks that the listener loves, and look like those of plays."""


def loved(form: ExportFormat) -> ExportFormat:
    """The same format where every entry is a like."""
    return replace(form, listens={**form.listens, "type": pl.lit("like")})


LASTFM_STATS_JSON = ExportFormat(
    "lastfmstats",
    table("lastfmstats-json", columns(millis("date", "when it began"), *NAMES)),
    frozenset({"track", "artist", "date"}),
    {**SONG, "occurred_at": from_millis("date"), "type": PLAY},
    "title",
    {"title": at("track")},
    misdated("date"),
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


def _by_clock(frame: pl.DataFrame) -> pl.DataFrame:
    """Seconds that a player counted by the listener's clock as times without a zone; no time as it is."""
    seconds = pl.col("time").str.strip_chars().cast(pl.Int64, strict=False)
    known = pl.when(seconds.is_between(FIRST, LAST)).then(seconds)
    return frame.with_columns(
        time=pl.coalesce((known * 1_000_000).cast(pl.Datetime("us")).dt.strftime("%Y-%m-%dT%H:%M:%S"), "time")
    )


ROCKBOX_LOCAL = replace(ROCKBOX, prepared=_by_clock)

_WATCHED = (
    r"^(?:Watched|Listened to|Vous avez (?:regardé|écouté)|Has (?:visto|escuchado)|Hai (?:guardato|ascoltato)|Assistiu a|Ouviu"
    r"|Je hebt|Obejrzano:?|Просмотрено:?) | (?:angesehen|angehört|bekeken|を視聴しました)$"
)
"""What Takeout puts around a title, in languages that are known."""
_TELLING = 6
"""Titles of as many artists that tell what Takeout puts around them in another language: all begin, or end, with it."""
_TOPIC = r" [-–] (?:Topic|Thema|Tema|Thème|Tópico|Onderwerp|Temat|トピック)$"
"""What a channel that YouTube made for an artist ends in."""


def _bare(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows with titles alone: without what stands around each of them, in any language."""
    title = pl.col("title").cast(pl.String)
    foreign = (pl.col("header") == "YouTube Music") & pl.col("artist").is_not_null() & title.str.contains(_WATCHED).not_()
    names = (
        frame.filter(foreign.fill_null(value=False))
        .unique("artist", keep="first", maintain_order=True)["title"]
        .drop_nulls()
        .unique()
        .to_list()
    )
    if len(names) >= _TELLING:
        before = re.search(r"^.*\s", _shared(names))
        after = re.search(r"\s.*$", _shared([name[::-1] for name in names])[::-1])
        own = title.str.strip_prefix(before[0] if before else "").str.strip_suffix(after[0] if after else "")
        title = pl.when(foreign).then(own).otherwise(title)
    return frame.with_columns(title=title)


def _shared(names: Sequence[str]) -> str:
    """What all names begin with."""
    first, last = min(names), max(names)
    return first[: next((place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))]


def _kind(row: Entry) -> str | None:
    """``ad`` or ``search`` for what is no play; addresses themselves are not read."""
    details, address = row.get("details"), row.get("titleUrl")
    if isinstance(details, list) and any(isinstance(one, dict) and one.get("name") == "From Google Ads" for one in details):
        return "ad"
    return "search" if isinstance(address, str) and re.search(r"/search\?|[?&]search_query=", address) else None


_SEARCHES = pl.col(FILE).str.contains("(?i)search-history")

YOUTUBE = ExportFormat(
    "youtube-music",
    table(
        "youtube-music",
        columns(
            entry_moment("time", "when it began"),
            text("header", "service"),
            text("title", "title"),
            text("artist", "channel"),
            text("kind", "ad or search"),
        ),
    ),
    frozenset({"header", "title", "time"}),
    {
        "title": pl.col("title").str.replace(_WATCHED, ""),
        "artist": pl.col("artist").str.replace(_TOPIC, ""),
        "occurred_at": pl.col("time"),
        "type": PLAY,
    },
    "title",
    {"artist": lambda row: _channel(row.get("subtitles")), "kind": _kind},
    (
        Reason("video", "a video is not music", pl.col("header") != "YouTube Music"),
        Reason("not_a_play", "an advertisement or a search", pl.col("kind").is_not_null() | _SEARCHES),
    ),
    _bare,
)


def _channel(subtitles: Any) -> Any:
    first = subtitles[0] if isinstance(subtitles, list) and subtitles else None
    return entry_words(at("name"))(first) if isinstance(first, dict) else None


def page_rows(document: Any) -> list[Any] | None:
    """The plays or loves in stored pages of Last.fm's API; none for any other document."""
    single = isinstance(document, dict) and not _PAGES.isdisjoint(document)
    listed = [document] if single else document if isinstance(document, list) else []
    pages = [next((page[name] for name in _PAGES if name in page), page) if isinstance(page, dict) else page for page in listed]
    if not pages or not all(map(_page, pages)):
        return None
    return [play for page in pages for play in (page["track"] if isinstance(page["track"], list) else [page["track"]])]


def of_loves(document: Any) -> bool:
    """Whether pages of Last.fm's API say that they are of loved tracks."""
    first = document[0] if isinstance(document, list) and document else document
    return isinstance(first, dict) and "lovedtracks" in first


_PAGES = {"recenttracks", "lovedtracks"}


def _page(page: Any) -> bool:
    return isinstance(page, dict) and "track" in page and ("@attr" in page or isinstance(page["track"], list))
