"""What the lookup says about the run it serves and about the providers of metadata."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from recsys.lake.run import Run

_PAUSE = 30.0
"""Seconds for which an answer about providers is kept: counting their cache reads a folder."""


def run_summary(run: Run) -> dict[str, Any]:
    """The run's manifest without its list of files."""
    made = run.manifest
    return {
        "id": run.id,
        "as_of": made.as_of,
        "created_at": made.created_at,
        "status": made.status,
        "code": made.code,
        "settings": made.settings,
        "rows": rows_of(run),
        "bytes": sum(file.bytes for file in made.files),
        "inputs": [source.model_dump(mode="json") for source in made.inputs],
        "metrics": made.metrics,
        "seconds": made.seconds,
    }


def rows_of(run: Run) -> dict[str, int]:
    """Table → rows."""
    rows: dict[str, int] = {}
    for file in run.manifest.files:
        if file.table:
            rows[file.table] = rows.get(file.table, 0) + (file.rows or 0)
    return rows


def providers(root: Path) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint about providers. It reads settings and cache and asks nobody."""
    kept: tuple[float, bytes] = (0.0, b"")

    async def endpoint(_: Request) -> Response:
        nonlocal kept
        if time.monotonic() >= kept[0]:
            kept = (time.monotonic() + _PAUSE, await asyncio.to_thread(_providers, root))
        return Response(kept[1], headers={"cache-control": "no-store"}, media_type="application/json")

    return endpoint


def _providers(root: Path) -> bytes:
    # imported when asked for: the HTTP client and its retries are no part of serving lists
    from recsys.providers.cache import Cache
    from recsys.providers.settings import load
    from recsys.providers.status import statuses

    settings = load()
    cache = Cache(root / "cache", settings.provider_cache_ttl_hours * 3600)
    return orjson.dumps({"data": [asdict(status) for status in statuses(settings, cache)]})
