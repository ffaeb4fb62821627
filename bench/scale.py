"""How far one machine goes: a synthetic lake of any size, its events to ratings or its whole night, each in a process of its own.

    python -m bench.scale [--users 40000] [--tracks 20000] [--events 4000000] [--memory 512MiB] [--threads 2] [--lists balanced]
        [--frames] [--run] [--killed] [--keep FOLDER] [--json]

Prints counts, seconds, processor seconds (of all threads) and the most memory by stage; ``--run`` goes on to the published lists.
``--frames``: the same with all events in memory, besides.
``--killed``: such a night is killed halfway through its lists and run again; with ``--run`` beside one that is not. ``--keep``: a
folder for the lake, which is used again if it is there. Nothing in it is real: its sources are called synthetic.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import perf_counter, process_time, sleep
from typing import Any, ParamSpec, TypeVar

import numpy as np
import polars as pl
from duckdb import ColumnExpression, Expression, FunctionExpression

from bench import worlds
from flows import nightly, stages, steps
from recsys import Lake, Settings, models
from recsys.pipeline import shard_listeners
from recsys.tables import EVENTS, RATINGS, REJECTS

P, T = ParamSpec("P"), TypeVar("T")
_JOB = "print(json.dumps(scale.{}(Path(sys.argv[1]), Settings.model_validate_json(sys.argv[2]))))"
RATED, WHOLE = _JOB.format("rated"), _JOB.format("whole")
FRAMED = RATED.replace("]))))", "]), frames=True)))")
BATCH = 4_000_000
"""Events of a batch: the generator holds one in memory."""


class Meter:
    """Seconds, processor seconds, and the most memory that the process had, by stage."""

    def __init__(self) -> None:
        self.stages: dict[str, dict[str, float]] = {}

    def of(self, stage: str, call: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the greatest size begins anew: proc_pid_clear_refs(5)
        started, worked = perf_counter(), process_time()
        result = call(*args, **named)
        status = Path("/proc/self/status").read_text(encoding="ascii")
        self.stages[stage] = {
            "seconds": round(perf_counter() - started, 1),
            "processor": round(process_time() - worked, 1),
            "peak_mib": int(status.split("VmHWM:")[1].split()[0]) >> 10,
        }
        return result


def generate(root: Path, users: int, tracks: int, events: int, seed: int) -> None:
    """A lake of one batch of tracks and batches of events, all from one structure of tastes."""
    lake = Lake(root)
    world = worlds.inputs(min(users, 1000), tracks, min(events, 50_000), seed)  # its catalogue; popularity is that of a sample
    _add(lake, "tracks", world.tracks.drop("batch"), 0)
    for number, frame in enumerate(batches(users, tracks, events, seed)):
        _add(lake, "events", frame, number + 1)


def _add(lake: Lake, table: str, frame: pl.DataFrame, number: int) -> None:
    digest = hashlib.sha256(f"synthetic {table} {number}".encode()).hexdigest()
    lake.add_batch(table, frame, rejects=REJECTS.empty(), source=f"synthetic-{number}", digest=digest, rows_read=frame.height)


def batches(users: int, tracks: int, events: int, seed: int) -> Iterator[pl.DataFrame]:
    """Batches of events; listeners and tracks have the long tails of :mod:`bench.worlds`, and tastes in groups."""
    rng = np.random.default_rng(seed)
    active, home = rng.permutation(users), rng.integers(0, worlds.GROUPS, users)
    name_of = np.arange(tracks)  # of a rank; ids must not tell the rank, so they are shuffled within their group
    for group in range(min(worlds.GROUPS, tracks)):
        name_of[group :: worlds.GROUPS] = rng.permutation(name_of[group :: worlds.GROUPS])
    first = 0
    while first < events:
        count = min(BATCH, events - first)
        who = active[worlds.ranks(rng, users, count, 0.9)]
        everyone = np.arange(first, min(first + count, users))  # once each, so that nobody is without an event
        who[: len(everyone)] = everyone
        rank = worlds.ranks(rng, tracks, count, 0.85)
        faithful = rng.random(count) < worlds.FAITHFUL
        rank[faithful] += home[who[faithful]] - rank[faithful] % worlds.GROUPS
        rank[rank >= tracks] -= worlds.GROUPS if tracks > worlds.GROUPS else 0
        age = (rng.exponential(150.0, count).clip(0, 730) * 86_400_000_000).astype(np.int64)
        types = rng.choice(len(worlds.TYPES), count, p=list(worlds.TYPES.values()))
        plain = pl.DataFrame({"user": who, "track": name_of[rank.clip(0, tracks - 1)], "at": age})
        yield EVENTS.conform(
            plain.select(
                pl.format("u{}", pl.col("user").cast(pl.String).str.zfill(7)).alias("user_id"),
                pl.format("t{}", pl.col("track").cast(pl.String).str.zfill(7)).alias("track_id"),
                pl.Series("type", list(worlds.TYPES)).gather(types),
                (pl.lit(worlds.AS_OF - timedelta(hours=1)) - pl.duration(microseconds="at"))
                .cast(EVENTS["occurred_at"].dtype)
                .alias("occurred_at"),
            )
        )
        first += count


def rated(root: Path, settings: Settings, *, frames: bool = False) -> dict[str, Any]:
    """Events to ratings as a night does it, or with all events in memory; what is written is thrown away."""
    meter, lake = Meter(), Lake(root)
    stages.stopwatch()
    with lake.writer(), models.limited(settings.memory_limit, lake.scratch("spill")):
        inputs, plan = meter.of("read", steps.read, lake, settings, worlds.AS_OF)
        if frames:
            inputs = meter.of("frames", lambda: replace(inputs, events=lake.input("events"), event_files=None))
        with lake.stage(plan) as staged:
            snapshot = meter.of("snapshot", steps.snapshot, staged, inputs, settings)
            files = meter.of("ratings", steps.ratings, staged, snapshot, settings)
            rows, mark = models.aggregate(files, [FunctionExpression("count"), FunctionExpression("sum", _mark())])
            processor = round(sum(stage["processor"] for stage in meter.stages.values()), 1)
            peak = max(stage["peak_mib"] for stage in meter.stages.values())
            answer = {"parts": len(snapshot.event_parts), "ratings": rows, "sum_of_hashes": str(mark)}
            return {**answer, "processor": processor, "peak_mib": peak, "stages": meter.stages}


def _mark() -> Expression:
    """Hash of a row of ratings: equal sums of them are equal tables, to the bit."""
    return FunctionExpression("hash", *map(ColumnExpression, RATINGS.names))


def whole(root: Path, settings: Settings) -> dict[str, Any]:
    """The night; its run stays in the lake."""
    meter = Meter()
    report = meter.of("night", nightly.run, root, settings, worlds.AS_OF)
    run = Lake(root).run(report.run_id)
    size = sum(file.bytes for file in run.manifest.files)
    seconds = {name: round(value, 1) for name, value in run.manifest.seconds.items()}
    return {"run": run.id, "published": report.published, "bytes": size, "seconds": seconds, "stages": meter.stages}


def small(settings: str) -> None:
    """The night of a small lake; ``settings`` as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder) / "lake", 100, 600, 5000, seed=0)
        whole(Path(folder) / "lake", Settings.model_validate_json(settings))


def _alone(call: str, *arguments: object, until: Callable[[], bool] | None = None) -> Any:
    """The answer of a function of this module in a process of its own; none of one that was killed, as soon as ``until``."""
    code = f"import json, sys; from pathlib import Path; from bench import scale; from recsys import Settings; {call}"
    with subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True) as process:
        while until and process.poll() is None:
            if until():
                process.kill()
                return None
            sleep(0.2)
        answer, _ = process.communicate()
    if process.returncode:
        raise SystemExit(process.returncode)
    return json.loads(answer.splitlines()[-1]) if answer.strip() else None


def _halfway(root: Path, users: int, lists: int) -> bool:
    """Whether the night that is going on in the lake has half the parts of its lists."""
    records = (root / ".staging").glob("*.parts")
    listed = sum(record.read_bytes().count(b'"path":"lists/part-') for record in records)
    return listed * 2 >= -(-users // shard_listeners(users, users * lists))


def _killed(root: Path, users: int, lists: int, chosen: str) -> dict[str, Any]:
    """A night that is killed halfway through its lists, and the one that goes on from there."""
    started = perf_counter()
    _alone(WHOLE, root, chosen, until=lambda: _halfway(root, users, lists))
    until = perf_counter() - started
    resumed = _alone(WHOLE, root, chosen)
    return {"killed_after": round(until, 1), "both": round(perf_counter() - started, 1), "resumed": resumed}


def measure(given: argparse.Namespace, root: Path, settings: Settings) -> dict[str, Any]:
    """Everything there is to say about one lake."""
    if not root.exists():
        _alone(
            "scale.generate(Path(sys.argv[1]), *map(int, sys.argv[2:]))",
            root,
            given.users,
            given.tracks,
            given.events,
            given.seed,
        )
    chosen = settings.model_dump_json()
    result = {
        "world": "synthetic",
        "users": given.users,
        "tracks": given.tracks,
        "events": given.events,
        "load": os.getloadavg()[0],
    }
    if not (given.run or given.killed):
        result |= _alone(RATED, root, chosen)
        return result | ({"frames": _alone(FRAMED, root, chosen)} if given.frames else {})
    _alone("scale.small(sys.argv[1])", chosen)  # which compiles
    if given.killed:
        copy = shutil.copytree(root, root.with_name(f"{root.name}-killed"))
        result |= _killed(copy, given.users, len(given.lists), chosen)
    if given.run:
        started = perf_counter()
        result |= _alone(WHOLE, root, chosen)
        result["undisturbed"] = round(perf_counter() - started, 1)
    if given.run and given.killed:
        result["ratio"] = round(result["both"] / result["undisturbed"], 3)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("users", 40_000), ("tracks", 20_000), ("events", 4_000_000), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--memory", default=None, help="setting memory_limit, such as 512MiB")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--lists", nargs="+", default=["balanced"])
    parser.add_argument("--frames", action="store_true", help="with all events in memory besides")
    parser.add_argument("--run", action="store_true", help="the whole night")
    parser.add_argument("--killed", action="store_true", help="a night that is killed halfway through its lists and run again")
    parser.add_argument("--keep", type=Path, default=None, help="folder of the lake")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    settings = Settings(memory_limit=given.memory, threads=given.threads, lists=tuple(given.lists))
    with tempfile.TemporaryDirectory(prefix="recsys-scale-") as folder:
        result = measure(given, given.keep or Path(folder) / "lake", settings)
    if given.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:10} {value:,}" if isinstance(value, int) else f"{name:10} {value}")


if __name__ == "__main__":
    main()
