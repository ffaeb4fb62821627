"""Export files → blocks of one format's fields, the format found by content."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, BinaryIO

import orjson
import polars as pl

from recsys.errors import InputError
from recsys.ingest import arrays, csv, files, json
from recsys.ingest.columns import require_width
from recsys.ingest.exports import workbooks
from recsys.ingest.exports.formats import ExportFormat
from recsys.ingest.exports.libraries import FEEDBACK, LIBRARY, library
from recsys.ingest.exports.players import (
    LASTFM_JSON,
    LASTFM_STATS_JSON,
    LOVED,
    ROCKBOX,
    ROCKBOX_COLUMNS,
    ROCKBOX_LOCAL,
    YOUTUBE,
    loved,
    of_loves,
    page_rows,
)
from recsys.ingest.exports.saves import APPLE_LIKES_HEADING, SPOTIFY_RECENT, SPOTIFY_SAVED
from recsys.ingest.exports.scrobbles import LASTFM, LASTFM_STATS, LISTENBRAINZ, MALOJA, PANO
from recsys.ingest.exports.services import APPLE_LIBRARY, HEADINGS, KOITO, SHEET, apple_library
from recsys.ingest.exports.spotify import BASIC, EXTENDED
from recsys.ingest.files import Source
from recsys.ingest.lines import Lines, blocks, only_returns
from recsys.ingest.rows import LINE, Fault, Rows

_FORMATS = (
    *(EXTENDED, BASIC, FEEDBACK, LISTENBRAINZ, PANO, LASTFM_STATS_JSON, KOITO, MALOJA, LASTFM_JSON, YOUTUBE, LIBRARY),
    *(APPLE_LIBRARY, SPOTIFY_RECENT, SPOTIFY_SAVED),
)
_HEADINGS = (*HEADINGS, APPLE_LIKES_HEADING)
KNOWN = (
    "Spotify's extended or basic streaming history (JSON), ListenBrainz (JSON Lines, API answers), Last.fm or Libre.fm CSV "
    "(artist, track, time), Last.fm JSON, lastfmstats.com CSV and JSON, Maloja JSON, Pano Scrobbler JSON Lines and CSV, "
    ".scrobbler.log, YouTube Music's watch-history.json, Spotify's YourLibrary.json, ListenBrainz' feedback.jsonl, Apple Music's "
    "Play Activity, Likes and Favorites (CSV) and Library Tracks (JSON), Deezer's workbook, Koito JSON, Tidal CSV"
)

_COLUMNS = {
    "artist": ("artist", "artist_name", "artistname", "artist name", "artists"),
    "title": ("track", "title", "song", "track_name", "trackname", "track_title", "track title", "song title", "track name"),
    "album": ("album", "album_name", "release", "release_name", "album_title", "album title", "album name"),
    "time": ("uts", "timestamp", "time", "date", "listened_at", "date-time", "utc_time", "played_at", "entry_date"),
    "mbid": ("track_mbid", "recording_mbid", "mbid"),
}
_HEADERLESS = ["artist", "album", "title", "time"]
_DATE = re.compile(r"\d{1,2} [A-Z][a-z]{2} \d{4},? \d\d:\d\d")
_RUBRIC = re.compile(r"#ARTIST\t", re.IGNORECASE)
_HEADER_WITHIN = 50
_BLOCKS = 2
"""Blocks that are looked at for a first whole play: the last line may be one of its own."""


class NotAHistoryError(InputError):
    """The file is no listening history that is known here."""


def read(source: Source, stream: BinaryIO, seen: Callable[[], None]) -> tuple[ExportFormat, Iterator[Rows]]:
    """The file's format and its rows. Raises :class:`NotAHistoryError` when nothing in it looks like plays."""
    head = source.head().removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(files.ZIP):
        return _workbook(source, stream.read())
    if head.startswith(b"["):
        return _document(source, stream.read())
    if not head.startswith(b"{"):
        return _csv(source, blocks(stream, seen))
    if not _one_per_line(head):
        return _document(source, stream.read())
    return _lines(source, blocks(stream, seen))


def _one_per_line(head: bytes) -> bool:
    """Whether the first line is a whole object, and not a document that goes on for many lines or is just one."""
    first, _, rest = (head.replace(b"\r", b"\n") if only_returns(head) else head).partition(b"\n")
    try:
        row = orjson.loads(first)
    except orjson.JSONDecodeError:  # a broken line among whole ones, or the first line of a document
        between = first.rstrip().endswith(b"}") and rest.lstrip().startswith(b"{")
        return between or b'"track_metadata"' in first or b'"timeMs"' in first
    return bool(rest.strip()) or not _inside(row)


def _inside(document: Any) -> list[Any] | None:
    """The plays in a document: a list of them, Maloja's object, what is sent to ListenBrainz, what its API answers."""
    for read in (library, page_rows, apple_library):
        if (rows := read(document)) is not None:
            return rows
    if isinstance(document, list):
        if document and all(isinstance(one, list) for one in document):  # files that a tool put together
            return _inside([row for one in document for row in one])
        pages = [_inside(page) if isinstance(page, dict) else None for page in document]
        return [row for page, rows in zip(document, pages, strict=True) for row in ([page] if rows is None else rows)]
    payload = document.get("payload") if isinstance(document, dict) else None
    plays = payload.get("listens") if isinstance(payload, dict) else payload
    if isinstance(document, dict):
        plays = next((document[name] for name in _LISTS if name in document), plays)
    return plays if isinstance(plays, list) else None


_LISTS = ("scrobbles", "listens", "feedback", "list", "items")
"""Where Maloja and its API, Koito, ListenBrainz and Spotify keep what a document is about."""


def _document(source: Source, data: bytes) -> tuple[ExportFormat, Iterator[Rows]]:
    document, valid = arrays.document(source, data)
    plays = _inside(document)
    if plays is None:
        raise _unknown(source)
    blocks = arrays.elements(plays, valid=valid)
    first = list(islice(blocks, _BLOCKS))
    rows = [row for result in first for row in result.rows]
    if not valid and not rows:
        raise InputError(f"{source.label}: {first[0].faults[0][3]}; fetch the export again. Known: {KNOWN}")
    form = _format(source, rows)
    if form is LASTFM_JSON and (of_loves(document) or LOVED.search(source.name)):
        form = loved(form)
    return form, (_rows(result, form) for result in chain(first, blocks))


def _workbook(source: Source, data: bytes) -> tuple[ExportFormat, Iterator[Rows]]:
    header, rows = workbooks.sheet(source, data, SHEET)
    for heading in _HEADINGS:
        if names := heading.names(header):
            return heading.form, workbooks.blocks(rows, names, heading.form.table.names)
    raise _unknown(source)


def _lines(source: Source, text: Iterator[Lines]) -> tuple[ExportFormat, Iterator[Rows]]:
    first = list(islice(text, _BLOCKS))
    form = _format(source, (row for lines in first for row in json.objects(lines).rows))

    def rows() -> Iterator[Rows]:
        for lines in chain(first, text):
            block = _rows(json.objects(lines), form)
            yield Rows(block.frame, block.texts, pl.concat([_unseen(lines.broken), block.broken]))

    return form, rows()


def _format(source: Source, entries: Iterable[Mapping[str, Any]]) -> ExportFormat:
    for row in entries:
        for form in _FORMATS:
            if form.marks <= row.keys():
                return form
    raise _unknown(source)


def _rows(objects: json.Objects, form: ExportFormat) -> Rows:
    hidden: list[Fault] = [(*fault[:4], None) for fault in objects.faults]
    picked = objects._replace(rows=[form.pick(row) for row in objects.rows], faults=hidden)
    return json.rows(picked, form.table, show=False)


def _unseen(broken: pl.DataFrame) -> pl.DataFrame:
    """Rejects without their raw text: a line that cannot be taken apart may hold anything."""
    return broken.with_columns(pl.lit(None, pl.String).alias("raw"))


def _unknown(source: Source) -> NotAHistoryError:
    return NotAHistoryError(f"{source.label}: no listening history that is known here. Known: {KNOWN}")


def _csv(source: Source, text: Iterator[Lines]) -> tuple[ExportFormat, Iterator[Rows]]:
    first = next(text)
    layout = _header(first.frame)
    if layout is None:
        raise _unknown(source)
    number, names, separator, form = layout
    require_width(source.label, len(names))
    if form is LASTFM and LOVED.search(source.name):
        form = loved(form)
    if separator == "\t" and names is ROCKBOX_COLUMNS:
        first, text = _whole(first), map(_whole, text)
    rest = Lines(first.frame.filter(pl.col(LINE) > number), first.broken)

    def rows() -> Iterator[Rows]:
        for block in csv.rows(chain([rest], text), names, separator):
            known = [name for name in block.frame.columns if name in form.table.names]
            yield Rows(block.frame.select(LINE, *known), None, _unseen(block.broken))

    return form, rows()


def _whole(lines: Lines) -> Lines:
    """Lines of a log whose last field, the MusicBrainz id, is not written where it is not known."""
    short = pl.col("text").str.count_matches("\t", literal=True) == len(ROCKBOX_COLUMNS) - 2
    return Lines(
        lines.frame.with_columns(pl.when(short).then(pl.col("text") + "\t").otherwise("text").alias("text")), lines.broken
    )


def _header(lines: pl.DataFrame) -> tuple[int, list[str], str, ExportFormat] | None:
    """Line of the header, names of the columns, separator, format; line 0 for the one tool that writes no header."""
    top = lines.filter(pl.col("text").str.contains(r"\S")).head(_HEADER_WITHIN)
    if top.height and top["text"][0].startswith("#AUDIOSCROBBLER/"):
        local = top["text"].str.to_uppercase().str.contains("#TZ/UNKNOWN", literal=True).any()
        return _comments(top), ROCKBOX_COLUMNS, "\t", ROCKBOX_LOCAL if local else ROCKBOX
    for number, text in top.iter_rows():
        separator = csv.separator_of(text)
        own = [name.strip() for name in csv.fields(text, separator) or []]
        if {"timeMs", "track", "artist"} <= set(own):
            return number, own, separator, PANO
        for heading in _HEADINGS:
            if told := heading.names(own):
                return number, told, separator, heading.form
        names = _named(csv.fields(text, separator) or [])
        if {"artist", "title", "time"} <= set(names):
            form = LASTFM_STATS if re.search(r"date#", text, re.IGNORECASE) else LASTFM
            return number, names, separator, form
    plays = (fields for fields in map(csv.fields, top["text"]) if fields and len(fields) == len(_HEADERLESS))
    if any(_DATE.fullmatch(fields[-1].strip()) for fields in plays):  # not in the first one: it may be playing now
        return 0, _HEADERLESS, ",", LASTFM
    return None


def _comments(top: pl.DataFrame) -> int:
    """Line of the last comment at the head of a log; artists may begin with # as well."""
    last = 0
    for number, text in top.iter_rows():
        if not text.startswith("#") or (text.count("\t") >= len(ROCKBOX_COLUMNS) - 2 and not _RUBRIC.match(text)):
            break
        last = number
    return last


def _named(fields: Sequence[str]) -> list[str]:
    """Our names for the columns of a header; a column that is not read is only numbered."""
    plain = [field.strip().lower().partition("#")[0] for field in fields]
    chosen: dict[int, str] = {}
    for name, spellings in _COLUMNS.items():
        place = next((plain.index(spelling) for spelling in spellings if spelling in plain), None)
        if place is not None:
            chosen[place] = name
    return [chosen.get(place, f"\0{place}") for place in range(len(plain))]
