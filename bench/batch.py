"""How long the nightly job takes, stage by stage, and how much memory, on a synthetic world: ``make bench``. Fails on nothing.

    python -m bench.batch [--users 2000] [--tracks 20000] [--events 400000] [--preset reference|default] [--threads 2]
        [--lists balanced] [--json]

The stages are called as the flow calls them, shard after shard onto the disk, but without Prefect. A process of its own makes
the world; a small world is built first, which compiles. Times are medians of some rounds; ``processor`` is the time of all
threads, without the time other work had the cores. Memory is the most that the process ever had, with the compiler's share.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, TypeVar

import numpy as np
import polars as pl
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bench import worlds
from recsys import Inputs, Settings
from recsys.checks import CHECKED, checks, metrics
from recsys.pipeline import prepare, shard, shard_ranges
from recsys.profiles import profiles
from recsys.ratings import ratings
from recsys.snapshot import snapshot
from recsys.tables import TABLES

T = TypeVar("T")
SMALL = 100, 600, 5000


class Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def of(self, stage: str, call: Callable[[], T]) -> T:
        started = perf_counter()
        result = call()
        self.seconds[stage] += perf_counter() - started
        return result


def write(folder: Path, frames: Mapping[str, pl.DataFrame], part: int = 0) -> None:
    for name, frame in frames.items():
        (folder / name).mkdir(exist_ok=True)
        TABLES[name].conform(frame).write_parquet(folder / name / f"{part:06}.parquet")


def built(inputs: Inputs, settings: Settings, folder: Path) -> tuple[dict[str, float], int]:
    """Seconds by stage of one run written to ``folder``, and how many rows its rankings have."""
    clock, ranked = Clock(), 0
    taken = clock.of("snapshot", lambda: snapshot(inputs, settings, worlds.AS_OF))
    rated = clock.of("ratings", lambda: ratings(taken, settings))
    taken = taken.without_events()
    scorer = clock.of("prepare", lambda: prepare(taken, rated, settings))
    profiled = clock.of("profiles", lambda: profiles(taken, rated, scorer))
    first = {"tracks": taken.tracks, "controls": taken.controls, "ratings": rated, "profiles": profiled}
    clock.of("write", lambda: write(folder, first))
    for part, (begin, end) in enumerate(shard_ranges(scorer)):
        made = clock.of("lists", lambda begin=begin, end=end: shard(scorer, begin, end))  # type: ignore[misc]
        clock.of("write", lambda made=made, part=part: write(folder, made._asdict(), part))  # type: ignore[misc]
        ranked += made.rankings.height
    files = {name: sorted((folder / name).iterdir()) for name in CHECKED}
    clock.of("checks", lambda: (checks(files, settings), metrics(files)))
    return clock.seconds, ranked


def generated(users: int, tracks: int, events: int, seed: int) -> Inputs:
    """The world, from a process of its own, so that making it does not count as memory."""
    make = (
        "import sys; from bench.worlds import inputs; made = inputs(*map(int, sys.argv[2:])); "
        "[getattr(made, name).write_parquet(f'{sys.argv[1]}/{name}') for name in ('tracks', 'events')]"
    )
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-c", make, folder, *map(str, (users, tracks, events, seed))], check=True)
        return Inputs(*(pl.read_parquet(Path(folder) / name) for name in ("tracks", "events")))


def measure(users: int, tracks: int, events: int, settings: Settings, rounds: int, seed: int) -> dict[str, Any]:
    """Everything there is to say about one world."""
    with tempfile.TemporaryDirectory() as folder:
        started = perf_counter()
        built(worlds.inputs(*SMALL), settings, Path(folder))
        compiled = perf_counter() - started
    inputs = generated(users, tracks, events, seed)
    load, runs = os.getloadavg()[0], list[dict[str, float]]()
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            begin = process_time()
            seconds, ranked = built(inputs, settings, Path(folder))
            runs.append({**seconds, "total": sum(seconds.values()), "processor": process_time() - begin})
    return {
        "world": "synthetic",
        "users": users, "tracks": tracks, "events": events, "preset": settings.preset, "lists": len(settings.lists),
        "threads": settings.threads,
        "ranked_rows": ranked,
        "seconds": {stage: round(float(np.median([run[stage] for run in runs])), 3) for stage in runs[0]},
        "rounds": rounds,
        "small_first": round(compiled, 1),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "load": round(load, 2),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
    }  # fmt: skip


def show(found: dict[str, Any]) -> None:
    size = f"{found['users']:,} listeners, {found['tracks']:,} tracks, {found['events']:,} events, all synthetic"
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("stage")
    table.add_column("seconds", justify="right")
    for stage, seconds in found["seconds"].items():
        table.add_row(stage, f"{seconds:.2f}")
    console = Console(highlight=False)
    console.print(f"preset {found['preset']}, {found['lists']} lists each: {size}", table, sep="\n")
    rate = found["ranked_rows"] / found["seconds"]["total"]
    console.print(f"{rate:,.0f} ranked rows a second on {found['threads']} threads; peak memory {found['peak_mib']:,} MiB")
    console.print(f"{found['machine']}; load {found['load']} before, median of {found['rounds']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("users", 2_000), ("tracks", 20_000), ("events", 400_000), ("rounds", 3), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--preset", choices=("reference", "default"), default="default")
    parser.add_argument("--lists", nargs="+", default=None, help="built-in lists of every listener; all three if not given")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    chosen = {"lists": tuple(given.lists)} if given.lists else {}
    settings = Settings.preset_of(given.preset, threads=given.threads, **chosen)
    found = measure(given.users, given.tracks, given.events, settings, given.rounds, given.seed)
    print(json.dumps(found)) if given.json else show(found)


if __name__ == "__main__":
    main()
