"""What the page shows of the lake as a whole: its runs, the report of the published one, and the catalogue by words."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response

from recsys.errors import LakeError, NotFoundError
from recsys.lake.run import Run
from recsys.lookup.current import Current, Published
from recsys.lookup.gateway import SCOPE_HEADERS
from recsys.lookup.languages import said
from recsys.lookup.problem import wrong
from recsys.lookup.query import PLAIN, pairs, segment
from recsys.lookup.status import rows_of
from recsys.lookup.stored import spoken
from recsys.readers.export import FORMATS, PLAYLIST_COLUMNS, Playlist

_PAUSE = 30.0
"""Seconds for which an answer about the runs is kept: it reads every manifest."""
_RUNS = 20
"""Runs shown, newest first."""
_MATCHES = 20
"""Tracks that a search answers with."""
PLAYLIST_FILES = {
    "jspf": "application/jspf+json",
    "xspf": "application/xspf+xml",
    "m3u": "audio/x-mpegurl",
    "csv": "text/csv",
    "json": "application/json",
}
"""Format of a playlist → its media type."""

_Endpoint = Callable[[Request], Awaitable[Response]]


def newest_runs(root: Path, current: Current) -> _Endpoint:
    """The newest runs in short, and which of them is published."""
    kept: tuple[float, str, bytes] = (0.0, "", b"")

    async def endpoint(request: Request) -> Response:
        nonlocal kept
        pairs(request.scope["query_string"], ())
        published = current.get()
        if time.monotonic() >= kept[0] or kept[1] != published.reader.run.id:
            summaries = await asyncio.to_thread(_runs, root, published.reader.run.id)
            kept = (time.monotonic() + _PAUSE, published.reader.run.id, summaries)
        body = b'{"data":%b,"run":%b}' % (kept[2], published.record)
        return Response(body, headers={"cache-control": "no-store"}, media_type="application/json")

    return endpoint


def _runs(root: Path, published: str) -> bytes:
    from recsys.lake.lake import Lake  # here, for it needs the tables, and the server starts without them

    return orjson.dumps([_summary(run, run.id == published) for run in Lake(root).runs()[:_RUNS]])


def _summary(run: Run, published: bool) -> dict[str, Any]:
    made, rows = run.manifest, rows_of(run)
    return {
        "id": run.id,
        "as_of": made.as_of,
        "created_at": made.created_at,
        "status": made.status,
        "published": published,
        "rows": rows,
        "metrics": made.metrics,
        "report": run.report.exists(),
    }


def report_page(current: Current) -> _Endpoint:
    """The report of the published run as it was written. Raises :class:`NotFoundError` when it has none."""

    async def endpoint(request: Request) -> Response:
        pairs(request.scope["query_string"], ())
        run = current.get().reader.run
        try:
            page = run.report.read_bytes()
        except OSError as error:
            raise NotFoundError(f"run {run.id} has no report yet; `recsys report` makes it") from error
        return Response(page, headers={"cache-control": "no-store"}, media_type="text/html")

    return endpoint


def playlist(current: Current) -> _Endpoint:
    """A whole list as a playlist file, to save."""

    async def endpoint(request: Request) -> Response:
        asked = dict(pairs(request.scope["query_string"], ("list", "format")))
        name, form, user_id = asked.get("list", PLAIN.list), asked.get("format", "jspf"), segment(request, "user_id")
        if form not in PLAYLIST_FILES:
            raise wrong("format", f"one of {', '.join(PLAYLIST_FILES)} is needed")
        published = current.get()
        rows = _rows(published, user_id, name, spoken(published, request.scope[SCOPE_HEADERS]))
        run = published.reader.run
        text = FORMATS[form](Playlist(user_id, name, run.id, run.manifest.as_of, rows))
        saved = quote(f"{name}-{user_id}.{form}".replace("/", "-"), safe="")
        headers = {"cache-control": "no-store", "content-disposition": f"attachment; filename*=utf-8''{saved}"}
        return Response(text, headers=headers, media_type=PLAYLIST_FILES[form])

    return endpoint


def _rows(published: Published, user_id: str, name: str, language: str) -> list[dict[str, Any]]:
    """The rows of a list as playlists are made from."""
    reader = published.reader
    listed = reader.find_list(reader.listener(user_id), name)
    text = reader.rows(listed, 0, listed.rows_count)
    rows = orjson.loads(b"[%b]" % (text if language == reader.language else said(text, language)))
    return [
        dict.fromkeys(PLAYLIST_COLUMNS) | (row["track"] or {}) | row | {"track_id": (row["track"] or {}).get("id")}
        for row in rows
    ]


def search_tracks(published: Published, text: str) -> list[dict[str, Any]]:
    """The most popular tracks whose title and artist together have every word of ``text``, without case. None for no words."""
    import polars as pl  # here, for the server starts without the tables

    words = text.lower().split()
    if not words:
        return []
    parts = pl.coalesce("title", "id"), pl.col("artist").fill_null("")
    named = pl.concat_str(parts, separator=" ").str.to_lowercase()
    every = pl.all_horizontal(named.str.contains(word, literal=True) for word in words)
    chosen = ("id", "title", "artist", "album", "release_date", "popularity")
    try:
        tracks = published.reader.run.scan("tracks").select(chosen).filter(every)
        best = tracks.unique("id", keep="last").sort(pl.col("popularity").fill_null(0.0), "id", descending=[True, False])
        return best.head(_MATCHES).collect(engine="streaming").to_dicts()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise LakeError(f"run {published.reader.run.id}: tracks cannot be read: {error}") from error
