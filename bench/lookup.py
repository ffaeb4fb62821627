"""How fast the lookup answers, with 10 million ranking rows: ``python -m bench.lookup [--listeners N] [--folder PATH]``.

Makes a run of invented lists once (it is kept in ``--folder`` for the next time, unless its files have another format), then
measures: looking up rows in this process with cold files, that is after the system was told to forget them, and with warm ones,
that is after all of them were read once; start-up and resident memory of ``recsys serve``; requests per second over HTTP with
``wrk``, of the lookup for random listeners, of the same with ETags that hit, and of a bare Starlette route that returns as many
bytes. Rounds alternate between these, so that a busy machine is unfair to none; the best round of each counts. ``--stores``
compares the lookup's files with keyed stores instead, see :mod:`bench.stores`.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from recsys.errors import LakeError
from recsys.lake import Lake, Staged
from recsys.lookup import writer
from recsys.lookup.reader import Reader
from recsys.settings import Settings
from recsys.tables import FITS, OUTPUTS, REJECTS, TABLES, TRACKS

LISTS = ("balanced", "comfort", "discovery")
ROWS, POOL, TRACK_COUNT, SHARD = 50, 60, 50_000, 2_000
SECONDS, ROUNDS = 8, 3
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
BARE = """
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
import sys, uvicorn
body = open(sys.argv[1], "rb").read()
async def endpoint(request):
    return Response(body, media_type="application/json")
uvicorn.run(Starlette(routes=[Route("/v1/users/{user_id}/recommendations", endpoint)]), port=int(sys.argv[2]),
            http="httptools", loop="uvloop", access_log=False, log_level="warning", lifespan="off")
"""
SCRIPT = """
local n, tags = {listeners}, {{}}
request = function()
  local path = "/v1/users/u" .. string.format("%07d", math.random(0, n - 1)) .. "/recommendations"
  return wrk.format("GET", path, {headers})
end
"""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--listeners", type=int, default=66_667)
    arguments.add_argument("--folder", type=Path, default=Path("/tmp/recsys-bench-lookup"))  # noqa: S108
    arguments.add_argument("--stores", action="store_true")
    given = arguments.parse_args()
    lake = world(given.folder / f"lake-{given.listeners}", given.listeners)
    if given.stores:
        from bench import stores  # here, for only this needs what the group `bench` installs

        stores.compare(lake, world(given.folder / f"lake-{stores.SMALL}", stores.SMALL), given.folder, given.listeners)
        return
    run = lake.published()
    files = [run.path / file.path for file in run.manifest.files if file.path.startswith("lookup/")]
    size = sum(file.stat().st_size for file in files)
    rows = given.listeners * len(LISTS) * ROWS
    print(f"run: {given.listeners:,} listeners, {rows:,} ranking rows, {size / 2**30:.1f} GiB of lookup files")
    forget_pages(files)
    in_process(Reader(run), given.listeners, "cold", 2_000)
    read_pages(files)
    in_process(Reader(run), given.listeners, "warm", 20_000)
    over_http(lake, given.folder, given.listeners)


def world(root: Path, listeners: int) -> Lake:
    """A lake with one published run of invented lists; made only once."""
    lake = Lake(root)
    if (root / "CURRENT").exists() and readable(lake):
        return lake
    shutil.rmtree(root, ignore_errors=True)
    tracks = tracks_table()
    lake.add_batch("tracks", tracks, rejects=REJECTS.empty(), source="bench", digest="0" * 64, rows_read=tracks.height)
    started = time.perf_counter()
    with lake.stage(lake.plan(Settings(), AS_OF)) as staged:
        staged.write("tracks", tracks)
        for part, first in enumerate(range(0, listeners, SHARD)):
            shard(staged, part, [f"u{number:07}" for number in range(first, min(first + SHARD, listeners))])
        staged.write("profiles", profiles(["*", *(f"u{number:07}" for number in range(listeners))]))
        for table in set(OUTPUTS) - {"tracks", "profiles", "lists", "candidates", "rankings"}:
            staged.write(table, TABLES[table].empty())
        made = time.perf_counter()
        writer.write(staged)
        print(f"lookup files written in {time.perf_counter() - made:.0f} s after {made - started:.0f} s for the tables")
        print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")
        run = lake.commit(staged, status="passed", seconds={}, metrics={})
    lake.publish(run.id)
    return lake


def readable(lake: Lake) -> bool:
    try:
        Reader(lake.published())
    except LakeError:
        return False
    return True


def forget_pages(files: list[Path]) -> None:
    """Drop what the system holds of the files in memory."""
    os.sync()  # pages that are not yet on disk stay
    for file in files:
        with file.open("rb") as handle:
            os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def read_pages(files: list[Path]) -> None:
    """Read the files once, so that the system holds them in memory."""
    for file in files:
        with file.open("rb", buffering=0) as handle:
            while handle.read(2**24):
                pass


def tracks_table() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    number = pl.int_range(TRACK_COUNT, eager=True)
    features = {name: rng.random(TRACK_COUNT).round(3) for name in ("danceability", "energy", "valence", "liveness")}
    frame = pl.DataFrame({"number": number, "popularity": rng.random(TRACK_COUNT).round(3), **features})
    return TRACKS.conform(
        frame.with_columns(
            id=pl.format("t{}", pl.col("number").cast(pl.String).str.zfill(6)),
            title=pl.format("Title of track {}", "number"),
            artist=pl.format("Artist {}", pl.col("number") % 5000),
            genres=pl.concat_list(pl.format("genre {}", pl.col("number") % 40)),
        ).drop("number")
    )


def shard(staged: Staged, part: int, users: list[str]) -> None:
    """Lists, candidates and rankings of some listeners; the first part has the stranger's, too."""
    users = ["*", *users] if part == 0 else users
    rng = np.random.default_rng(part)
    lists = pl.DataFrame({"user_id": np.repeat(users, len(LISTS)), "list": list(LISTS) * len(users)})
    staged.write("lists", filled("lists", lists.with_columns(pl.lit(ROWS).alias("returned"))), part)
    for table, depth in (("candidates", POOL), ("rankings", ROWS)):
        count = lists.height * depth
        keys = lists[np.repeat(np.arange(lists.height), depth)]
        track = pl.Series("track_id", np.char.add("t", np.char.zfill(rng.integers(0, TRACK_COUNT, count).astype(str), 6)))
        numbers = {name: rng.random(count) for name in ("score", *FITS.values(), "diversity")}
        rank = pl.Series("rank", np.tile(np.arange(1, depth + 1), lists.height), dtype=pl.Int32)
        frame = keys.with_columns(track, rank, *(pl.Series(name, values) for name, values in numbers.items()))
        if table == "rankings":
            matches = pl.Series("explanation", rng.random((count, 12)).astype(np.float32))
            frame = frame.with_columns(matches, pl.lit("ranked").alias("source")).hstack(evidence(rng, lists.height, depth))
        staged.write(table, filled(table, frame), part)


def evidence(rng: np.random.Generator, lists: int, depth: int) -> pl.DataFrame:
    """Reasons and own tracks of ``depth`` rows of each list, the own ones among 60 that its listener likes."""
    liked = rng.integers(0, TRACK_COUNT, (lists, 60))
    number = np.take_along_axis(liked, rng.integers(0, 60, (lists, depth * 3)), axis=1).reshape(-1, 3)
    share, ids = rng.random(number.shape) / 3, np.char.add("t", np.char.zfill(number.astype(str), 6))
    own = [pl.struct(pl.Series("track_id", ids[:, at]), pl.Series("share", share[:, at])) for at in range(3)]
    titles = [pl.Series(np.char.add("Title of track ", number[:, at].astype(str))) for at in range(2)]
    return pl.select(
        pl.format("Because you like {} and {}", *titles).alias("reason"),
        pl.lit("own_tracks").alias("reason_code"),
        pl.concat_list(titles).alias("reason_args"),
        pl.concat_list(own).alias("because"),
        pl.Series("because_rest", 1 - share.sum(axis=1)),
        pl.Series("supporters", rng.integers(0, 50, len(number)).astype(np.int32)),
    )


def profiles(users: list[str]) -> pl.DataFrame:
    strength = [{"name": f"genre {number}", "strength": 1.0 - number / 10} for number in range(10)]
    frame = pl.DataFrame({"user_id": users}).with_columns(
        pl.Series("taste", np.full((len(users), 12), 0.5)), pl.lit(AS_OF).alias("updated_at"),
        pl.Series("top_genres", [strength] * len(users)), pl.Series("top_artists", [strength] * len(users)),
    )  # fmt: skip
    return filled("profiles", frame)


def filled(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with every column of the contract: what is absent is 0, false, empty or null."""
    absent = []
    for column in TABLES[table]:
        if column.name not in frame.columns and not column.null:
            value: object = [0.5] * 12 if isinstance(column.dtype, pl.Array) else "" if column.dtype == pl.String else 0
            absent.append(pl.lit(pl.Series([value])).first().cast(column.dtype).alias(column.name))
    return TABLES[table].conform(frame.with_columns(absent))


def in_process(reader: Reader, listeners: int, files: str, count: int) -> None:
    """Time per look-up of a random listener's rows, as bytes."""
    choose = random.Random(0 if files == "warm" else 1)  # noqa: S311
    for rows in (ROWS, 20):
        taken = []
        for _ in range(count):
            user = f"u{choose.randrange(listeners):07}"
            started = time.perf_counter_ns()
            reader.check()
            reader.rows(reader.find_list(reader.listener(user), "comfort"), 0, rows)
            taken.append(time.perf_counter_ns() - started)
        p50, p99 = np.percentile(taken, [50, 99]) / 1000
        print(f"in process, {rows} rows, {files} files: p50 {p50:.1f} µs, p99 {p99:.1f} µs, least {min(taken) / 1000:.1f} µs")


def over_http(lake: Lake, folder: Path, listeners: int) -> None:
    """Start-up, memory and requests per second."""
    one_user = folder / "one.lua"
    random_users, hits, body = folder / "users.lua", folder / "etag.lua", folder / "body.json"
    command = [sys.executable, "-c", "from recsys.cli import main; main()", "serve", "--lake", str(lake.root), "--port", "8461"]
    with process(command, 8461, "/readyz", folder / "access.log") as (server, started):
        print(f"start-up until ready: {started:.2f} s; resident {resident(server):.0f} MiB")
        path = "/v1/users/u0000001/recommendations"
        with urllib.request.urlopen(f"http://127.0.0.1:8461{path}") as answer:
            body.write_bytes(answer.read())
            tag = answer.headers["etag"]
        random_users.write_text(SCRIPT.format(listeners=listeners, headers="nil"))
        one_user.write_text(f"request = function() return wrk.format('GET', '{path}') end")
        hits.write_text(f"request = function() return wrk.format('GET', '{path}', {{['If-None-Match'] = '{tag}'}}) end")
        bare = [sys.executable, "-c", BARE, str(body), "8462"]
        with process(bare, 8462, path, folder / "bare.log") as (plain, _):
            shapes = {
                "bare route": (plain, 8462, random_users),
                "lookup, random listeners": (server, 8461, random_users),
                "lookup, one listener": (server, 8461, one_user),
                "lookup, ETag hit": (server, 8461, hits),
            }
            rounds = [{name: wrk(*one) for name, one in shapes.items()} for _ in range(ROUNDS)]
        print(f"answers of {body.stat().st_size:,} bytes; resident after all requests: {resident(server):.0f} MiB")
    best = {name: max(result[name] for result in rounds) for name in shapes}
    for name, (rate, p99, busy) in best.items():
        share, cheap = rate / best["bare route"][0], best["bare route"][2] / busy
        print(f"{name}: {rate:,.0f} requests/s, p99 {p99:.2f} ms, {busy:.0f} µs of CPU each ({share:.0%}; by CPU {cheap:.0%})")


def wrk(pid: int, port: int, script: Path) -> tuple[float, float, float]:
    """Requests per second, their 99th percentile in ms, and the server's CPU time per request in µs, which other work on the
    machine changes least. One thread, 16 connections.
    """
    before = cpu(pid)
    command = ["wrk", "-t1", "-c16", f"-d{SECONDS}s", "--latency", "-s", str(script), f"http://127.0.0.1:{port}"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in said and "etag" not in script.name:
        raise SystemExit(said)
    rate, p99 = re.search(r"Requests/sec:\s+([\d.]+)", said), re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    if rate is None or p99 is None:
        raise SystemExit(said)
    count = int(re.findall(r"(\d+) requests in", said)[0])
    return float(rate[1]), float(p99[1]) * {"us": 0.001, "ms": 1, "s": 1000}[p99[2]], (cpu(pid) - before) / count * 1e6


def cpu(pid: int) -> float:
    """Seconds of CPU a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def process(command: list[str], port: int, path: str, log: Path) -> Iterator[tuple[int, float]]:
    """A server and the seconds until it first answered."""
    environment = {name: value for name, value in os.environ.items() if name != "API_KEYS"}
    with log.open("wb") as out:
        server = subprocess.Popen(command, stdout=out, stderr=out, env=environment)
        started = time.perf_counter()
        try:
            yield server.pid, answered(port, path, started)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)


def answered(port: int, path: str, started: float) -> float:
    while time.perf_counter() - started < 60:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}").close()
            return time.perf_counter() - started
        except OSError:
            time.sleep(0.005)
    raise SystemExit(f"no server on port {port} after a minute")


def resident(pid: int) -> float:
    """Resident memory of a process in MiB."""
    (result,) = re.findall(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(result) / 1024


if __name__ == "__main__":
    main()
