"""How long imports take against a local server that answers after 50 ms, and whether MusicBrainz's limit holds. Fails on nothing.

python -m bench.providers [--tracks 1000] [--latency 0.05]

Tables: tracks imported with 50 a call, with one a call on 8 threads, again from the cache, and as one playlist; memory is the
growth of the process during the row. Last: the least time between the starts of requests to MusicBrainz, from 4 threads.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import resource
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from time import monotonic, perf_counter, sleep

import uvicorn
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from recsys.lake import Lake
from recsys.providers import imports
from recsys.providers.limits import INTERVALS, Limiter
from recsys.providers.settings import ProviderSettings
from recsys.providers.spotify.links import Link
from tests.providers.spotify_answers import dev, ident, page, track

PORT = 4711
GOAL = 15.0


def server(latency: float, port: int) -> None:
    """A well-behaved Spotify: batches under /old, single calls under /new."""

    async def answer(request: Request) -> Response:
        await asyncio.sleep(latency)
        app, path = request.path_params["app"], request.path_params["path"]
        if path == "tracks" and app == "old":
            return JSONResponse({"tracks": [track(int(name)) for name in request.query_params["ids"].split(",")]})
        if path.startswith("tracks/"):
            return JSONResponse(dev(int(path.rpartition("/")[2])))
        if path.startswith("playlists/"):
            offset = int(request.query_params["offset"])
            entries = [{"item": dev(offset + number)} for number in range(1, 51)]
            return JSONResponse(page(entries, int(path.split("/")[1]), more=True, host=str(request.base_url).rstrip("/")))
        return JSONResponse({"error": {"status": 403, "message": "Forbidden"}}, 403)

    uvicorn.run(Starlette(routes=[Route("/{app}/{path:path}", answer)]), host="127.0.0.1", port=port, log_level="critical")


def main() -> None:
    parser = argparse.ArgumentParser(description="time imports against a local server")
    parser.add_argument("--tracks", type=int, default=1000)
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        server(given.latency, PORT)
        return
    command = [sys.executable, "-m", "bench.providers", "--serve", "--latency", str(given.latency)]
    with subprocess.Popen(command) as running, tempfile.TemporaryDirectory() as folder:
        try:
            ready()
            Console().print(measured(Path(folder), given.tracks, given.latency))
        finally:
            running.terminate()
    starts = spacing(4, 6)
    Console().print(
        f"MusicBrainz: {len(starts)} requests from 4 threads, at least {min(b - a for a, b in pairwise(starts)):.3f} s apart"
    )


def measured(folder: Path, count: int, latency: float) -> Table:
    table = Table(
        title=f"{count:,} tracks, {latency * 1000:.0f} ms a call", title_justify="left", box=SIMPLE_HEAD, pad_edge=False
    )
    for column in ("import", "seconds", f"goal ≤ {GOAL:.0f} s", "memory growth, MiB"):
        table.add_column(column, justify="right" if column != "import" else "left")
    singles = [Link("track", ident(number)) for number in range(1, count + 1)]
    more = [Link("track", ident(number)) for number in range(1, 5 * count + 1)]
    rows: list[tuple[str, str, str, list[Link]]] = [
        ("50 a call", "old", "a", singles),
        ("one a call, 8 threads", "new", "b", singles),
        ("the same again", "new", "b", singles),
        ("one playlist", "new", "c", [Link("playlist", ident(count))]),
        (f"{5 * count:,} tracks, 50 a call", "old", "d", more),
    ]
    for name, app, lake, links in rows:
        before = memory()
        seconds = timed(lambda app=app, lake=lake, links=links: load(folder / lake, app, links))  # type: ignore[misc]
        verdict = "" if len(links) > count else "yes" if seconds <= GOAL else "no"
        table.add_row(name, f"{seconds:.2f}", verdict, f"{memory() - before:.0f}")
    return table


def ready() -> None:
    """Returns when the server answers."""
    for _ in range(2000):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", PORT)):
            return
        sleep(0.05)
    raise SystemExit(f"no server on port {PORT}")


def load(lake: Path, app: str, links: list[Link]) -> None:
    settings = ProviderSettings.model_validate({"spotify_api_url": f"http://127.0.0.1:{PORT}/{app}", "spotify_bearer_token": "x"})
    with imports.access(Lake(lake), settings) as door:
        summary = imports.import_tracks(Lake(lake), imports.catalogue(door), links)
    if summary.stopped:
        raise SystemExit(summary.stopped)


def spacing(threads: int, requests: int) -> list[float]:
    """Moments at which requests may start, measured, with MusicBrainz's real interval."""
    limit = Limiter(INTERVALS["musicbrainz"])

    def start(_: int) -> float:
        limit.wait()
        return monotonic()

    with ThreadPoolExecutor(threads) as pool:
        return sorted(pool.map(start, range(requests)))


def timed(work: Callable[[], None]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


def memory() -> float:
    """Highest resident size so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
