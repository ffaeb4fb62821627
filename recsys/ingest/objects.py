"""JSON objects under other names than ours: as the caller said, as well-known tables have them, and as Spotify's API answers.

An answer of the API is a track object (``name``, ``artists`` as a list of objects, ``album``, ``external_ids``, popularity up to
100), one inside an item of a playlist or library (``track``), or a page or playlist of them. Of an object the fields that a track
has are read; the others (markets, links, pictures) are ignored, which the report says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recsys.errors import InputError
from recsys.ingest.columns import MOST, NESTED, Header, required
from recsys.ingest.json import Objects
from recsys.ingest.rows import Fault
from recsys.tables import TRACKS, Table

_LISTS = ("tracks", "items", "playlists")
"""Where an answer, an album or a playlist keeps its tracks."""
_DEEPEST = 4
_WRAPPED = ("track", "item")
"""Where an item of a playlist or library keeps its track."""


def wrapped(document: Any, table: str) -> list[Any]:
    """The rows of a document of one table: those under its name or ``data``, as pandas and others write; else it is one."""
    if isinstance(document, dict):
        for name in (table, "data"):
            if isinstance(rows := document.get(name), list):
                return rows
    return [document]


def unwrapped(document: Any, table: str) -> list[Any]:
    """The rows of all documents of a file: of one, of several in a list, of lists in a list, as tools that merge files write."""
    if not isinstance(document, list):
        return wrapped(document, table)
    if document and all(isinstance(one, list) for one in document):
        return [row for one in document for row in one]
    return [row for one in document for row in wrapped(one, table)]


def refuse_columns(label: str, document: Any, table: Table) -> None:
    """Raise :class:`InputError` for a document of columns, as pandas writes by default, where one of rows is needed."""
    if not isinstance(document, dict) or not document.keys() >= set(required(table)):
        return
    if all(isinstance(values, dict) for values in document.values()) or all(
        isinstance(values, list) for values in document.values()
    ):
        advice = "write one object a row, with pandas: to_json(orient='records', lines=True)"
        raise InputError(f"{label}: JSON of columns, each with all its values; {advice}")


def tracks_of(document: Any, depth: int = 0) -> list[Any] | None:
    """The objects in a page of tracks, an album, a playlist or several of them; none for any other document."""
    if not isinstance(document, dict) or depth > _DEEPEST or _is_track(document):
        return None
    for name in _LISTS:
        inner = document.get(name)
        listed = inner.get("items") if isinstance(inner, dict) else inner
        if isinstance(listed, list):
            return unpaged(listed, depth + 1)
    return None


def unpaged(rows: Sequence[Any], depth: int = 0) -> list[Any]:
    """The elements of an array, those of each page among them one by one."""
    pages = ((one, tracks_of(one, depth)) for one in rows)
    return [row for one, listed in pages for row in ([one] if listed is None else listed)]


def named(parsed: Objects, header: Header) -> Objects:
    """The same objects by our names; an episode among tracks is a fault."""
    known = {*header.table.names}
    if not header.columns and all(row.keys() <= known for row in parsed.rows):
        return parsed
    numbers: list[int] = []
    rows: list[dict[str, Any]] = []
    texts: list[str] = []
    faults: list[Fault] = [*parsed.faults]
    headings: dict[tuple[str, ...], dict[str, str | None]] = {}
    for number, row, text in zip(parsed.numbers, parsed.rows, parsed.texts, strict=True):
        if header.table is TRACKS:
            track = _unwrapped(row)
            if track.get("type") == "episode":
                faults.append((number, "type", "podcast", "a podcast episode is not music", text))
                continue
            row = _plain(track, header) if _is_track(track) else track
        numbers.append(number)
        texts.append(text)
        rows.append(row if row.keys() <= known and not header.columns else _renamed(row, header, headings))
    return Objects(numbers, rows, texts, faults)


def _renamed(row: dict[str, Any], header: Header, headings: dict[tuple[str, ...], dict[str, str | None]]) -> dict[str, Any]:
    """The row by the names of :meth:`Header.fields`; what it does not know stays, and is refused later."""
    if len(row) > MOST:
        return row
    key = tuple(row)
    if key not in headings:
        headings[key] = header.fields(key)
    names = headings[key]
    return {ours: row[name] for name, ours in names.items() if ours is not None}


def _unwrapped(row: dict[str, Any]) -> dict[str, Any]:
    for name in _WRAPPED:
        if isinstance(inner := row.get(name), dict) and (_is_track(inner) or inner.get("type") == "episode"):
            return inner
    return {} if "added_at" in row and row.get("track", row.get("item", 0)) is None else row  # it was taken down since


def _is_track(row: Mapping[str, Any]) -> bool:
    """Whether it is one of Spotify's track objects: ``name``, and artists that are objects."""
    artists = row.get("artists")
    return "name" in row and "title" not in row and isinstance(artists, list) and all(isinstance(one, dict) for one in artists)


def _plain(track: dict[str, Any], header: Header) -> dict[str, Any]:
    """The fields of a track object that a track has. Features and genres that somebody added stay."""
    album, ids = (inner if isinstance(inner := track.get(name), dict) else {} for name in ("album", "external_ids"))
    artists = [one["name"] for one in track["artists"] if isinstance(one.get("name"), str)]
    own = {*TRACKS.names, NESTED}
    more = {name: value for name, value in track.items() if name in own and name not in ("artists", "album")}
    header.scale.setdefault("popularity", 100.0)
    header.ignore(sorted(track.keys() - own - {"name", "external_ids"})[:MOST])
    return {
        **more,
        "id": track.get("id") or track.get("uri"),
        "title": track["name"],
        "artist": artists[0] if artists else None,
        "artists": artists or None,
        "album": album.get("name") if album else (value if isinstance(value := track.get("album"), str) else None),
        "release_date": track.get("release_date") or album.get("release_date"),
        "isrc": track.get("isrc") or ids.get("isrc"),
    }
