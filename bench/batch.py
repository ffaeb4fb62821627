"""How long the nightly job takes, stage by stage, and how much memory, on a synthetic world: ``make bench``. Fails on nothing.

    python -m bench.batch [--users 2000] [--tracks 20000] [--events 400000] [--preset reference|default] [--threads 2]
        [--lists balanced] [--seeded] [--events-in files|frames] [--beside als] [--json]

The stages are called as the flow calls them, shard after shard onto the disk, but without Prefect, and events stay in their
files, as in a night (``--events-in frames``: in memory, as ``recsys.build`` has them). A process of its own makes the world;
another builds a small one first, which compiles. Times are medians of some rounds; ``processor`` is the time of all threads,
without the time other work had the cores. Memory is the most that the process had in a stage.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, ParamSpec, TypeVar

import numpy as np
import polars as pl
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from scipy.sparse import csr_array

from bench import beside, worlds
from flows.stages import one_behind
from recsys import Inputs, Settings, memory, models
from recsys.inputs import InputFiles
from recsys.lake import parquet
from recsys.mapped import MappedFolder
from recsys.pipeline import arrange, fit, shard_ranges, shards
from recsys.stages.candidates.scoring import Scorer
from recsys.stages.checks import CHECKED, check_tables, measure_tables
from recsys.stages.neighbors.tasks import Here
from recsys.stages.profiles import profile_listeners
from recsys.stages.ratings import rate, rate_part
from recsys.stages.snapshot import take_snapshot
from recsys.tables import EVENTS, TABLES

P, T = ParamSpec("P"), TypeVar("T")
SMALL = 100, 600, 5000
EVENTS_FILE = "1/0.parquet"
"""Called as the lake calls the files of batches: ordinal and digest."""


class Clock:
    """Seconds by stage, on the clock and of all threads, and the most memory that the process had in it, in MiB."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.processor: dict[str, float] = defaultdict(float)
        self.peaks: dict[str, float] = defaultdict(float)

    def of(self, stage: str, call: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the greatest size begins anew: proc_pid_clear_refs(5)
        started = perf_counter(), process_time()
        result = call(*args, **named)
        memory.release()
        self.seconds[stage] += perf_counter() - started[0]
        self.processor[stage] += process_time() - started[1]
        status = Path("/proc/self/status").read_text(encoding="ascii")
        self.peaks[stage] = max(self.peaks[stage], int(status.split("VmHWM:")[1].split()[0]) / 1024)
        return result


def write(folder: Path, frames: Mapping[str, pl.DataFrame], part: int = 0) -> None:
    for name, frame in frames.items():
        (folder / name).mkdir(exist_ok=True)
        parquet.write(folder / name / f"{part:06}.parquet", TABLES[name].conform(frame), TABLES[name], "table")


def built(read: Callable[[], Inputs], settings: Settings, folder: Path) -> tuple[Clock, int]:
    """The clock of one run written to ``folder``, and how many rows its rankings have."""
    memory.return_arrays()
    clock, used, arrays = Clock(), folder / "used", MappedFolder(folder / "arrays")
    used.mkdir()
    inputs = clock.of("read", read)
    snapshot = clock.of("snapshot", take_snapshot, inputs, settings, worlds.AS_OF, used)
    del inputs
    for part, events in enumerate(snapshot.event_parts):
        ratings = clock.of("ratings", rate_part, snapshot, events, settings)
        clock.of("ratings", write, folder, {"ratings": ratings}, part)
        del ratings
    rated = sorted((folder / "ratings").iterdir())
    snapshot = snapshot.without_events()
    catalog, history = clock.of("profiles", arrange, snapshot, rated, settings, arrays.place)
    profiled = clock.of("profiles", profile_listeners, snapshot, rated, catalog, history, settings)
    first = {"tracks": snapshot.tracks, "songs": snapshot.songs, "controls": snapshot.controls, "profiles": profiled}
    clock.of("profiles", write, folder, first)
    del first, profiled
    scorer = clock.of(
        "fit", fit, snapshot, catalog, history, settings, lambda _: Here(settings.threads or os.cpu_count() or 1, arrays.place)
    )
    ranked = clock.of("lists", write_lists, scorer, folder)
    del scorer, catalog, history
    files = {name: sorted((folder / name).iterdir()) for name in CHECKED}
    clock.of("checks", check_tables, files, settings)
    clock.of("metrics", measure_tables, files)
    return clock, ranked


def write_lists(scorer: Scorer, folder: Path) -> int:
    """Part by part, each written while the next is computed; how many rows the rankings have."""
    ranked = 0
    with one_behind() as behind:
        for part, tables in enumerate(shards(scorer, shard_ranges(scorer))):
            memory.release()
            ranked += tables.rankings.height
            behind(partial(write, folder, tables._asdict(), part))
            del tables  # not in memory while the next is computed, once it is written
    return ranked


def small(settings: str) -> None:
    """A small world built, so that all kernels are compiled; ``settings`` as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        built(lambda: worlds.inputs(*SMALL), Settings.model_validate_json(settings), Path(folder))


def rated(inputs: Inputs, settings: Settings) -> csr_array:
    """(listeners, tracks) what the fit of a world is made from."""
    snapshot = take_snapshot(inputs, settings, worlds.AS_OF)
    _, history = arrange(snapshot, rate(snapshot, settings), settings)
    return history.in_catalog("approval")


def generate(users: int, tracks: int, events: int, seed: int, folder: Path) -> None:
    """The world's files, from a process of its own, so that making it does not count as memory."""
    (folder / EVENTS_FILE).parent.mkdir()
    make = (
        "import sys; from bench.worlds import inputs; made = inputs(*map(int, sys.argv[2:])); "
        "made.tracks.write_parquet(f'{sys.argv[1]}/tracks'); "
        f"made.events.drop('batch').write_parquet(f'{{sys.argv[1]}}/{EVENTS_FILE}')"
    )
    subprocess.run([sys.executable, "-c", make, folder, *map(str, (users, tracks, events, seed))], check=True)


def measure(
    world: tuple[int, int, int, int],
    settings: Settings,
    rounds: int,
    peer: bool = False,
    in_files: bool = True,
    seeded: bool = False,
) -> dict[str, Any]:
    """Everything there is to say about one world of so many users, tracks, events, and a seed; beside the ``peer``, if asked.

    ``in_files``: whether events stay in their files; ``seeded``: whether every listener also asks for a list with seeds.
    """
    users, tracks, events, seed = world
    started = perf_counter()
    make = "import sys; from bench.batch import small; small(sys.argv[1])"
    subprocess.run([sys.executable, "-c", make, settings.model_dump_json()], check=True)
    small(settings.model_dump_json())  # now what is compiled is only loaded
    compiled, load = perf_counter() - started, os.getloadavg()[0]
    work = list[dict[str, float]]()
    runs, peaks, peers = list[dict[str, float]](), list[dict[str, float]](), list[dict[str, Any] | None]()
    with tempfile.TemporaryDirectory() as place:
        generate(users, tracks, events, seed, Path(place))
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                begin = process_time()
                with models.limited(settings.memory_limit, Path(folder) / "spill"):
                    clock, ranked = built(lambda: _read(Path(place), in_files, seeded), settings, Path(folder))
                total = {"total": sum(clock.seconds.values()), "processor": process_time() - begin}
                runs.append({**clock.seconds, **total})
                work.append(clock.processor)
                peaks.append({**clock.peaks, "total": max(clock.peaks.values())})
                if peer:
                    ratings = rated(_read(Path(place), in_files=False), settings)
                    peers.append(beside.beside(ratings, settings.threads or 1, Path(folder)))
    return {
        "world": "synthetic",
        "users": users, "tracks": tracks, "events": events, "preset": settings.preset, "lists": len(settings.lists) + seeded,
        "threads": settings.threads, "events_in": "files" if in_files else "frames",
        "ranked_rows": ranked,
        "seconds": {stage: round(float(np.median([run[stage] for run in runs])), 3) for stage in runs[0]},
        "processor_seconds": {stage: round(float(np.median([one[stage] for one in work])), 3) for stage in work[0]},
        "rounds": rounds,
        "small_first": round(compiled, 1),
        "peak_mib": {stage: round(max(peak[stage] for peak in peaks)) for stage in peaks[0]},
        "load": round(load, 2),
        **({"beside": _compared(runs, peers)} if peer else {}),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
    }  # fmt: skip


def _compared(runs: list[dict[str, float]], peers: list[dict[str, Any] | None]) -> dict[str, Any]:
    """The peer's medians and how many times as long ours takes, round by round."""
    there = [(run, theirs, beside.ratios(run, theirs)) for run, theirs in zip(runs, peers, strict=True) if theirs]
    if not there:
        return {"name": beside.NAME, "absent": beside.ABSENT}
    _, theirs, ratios = zip(*there, strict=True)
    medians = {name: float(np.median([one[name] for one in theirs])) for name in theirs[0]}
    return {"name": beside.NAME, **medians, **{name: float(np.median([one[name] for one in ratios])) for name in ratios[0]}}


def _read(world: Path, in_files: bool, seeded: bool = False) -> Inputs:
    tracks, events = pl.read_parquet(world / "tracks"), world / EVENTS_FILE
    inputs = Inputs(tracks, event_files=InputFiles(EVENTS, (events,))) if in_files else Inputs(tracks, pl.read_parquet(events))
    return replace(inputs, requests=worlds.seeded(pl.scan_parquet(events))) if seeded else inputs


def show(result: dict[str, Any]) -> None:
    size = f"{result['users']:,} listeners, {result['tracks']:,} tracks, {result['events']:,} events, all synthetic"
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("stage")
    table.add_column("seconds", justify="right")
    table.add_column("processor", justify="right")
    table.add_column("peak MiB", justify="right")
    for stage, seconds in result["seconds"].items():
        work = f"{result['processor_seconds'][stage]:.2f}" if stage in result["processor_seconds"] else ""
        table.add_row(stage, f"{seconds:.2f}", work, f"{result['peak_mib'][stage]:,}" if stage in result["peak_mib"] else "")
    console = Console(highlight=False)
    console.print(f"preset {result['preset']}, {result['lists']} lists each: {size}", table, sep="\n")
    rate = result["ranked_rows"] / result["seconds"]["total"]
    console.print(f"{rate:,.0f} ranked rows a second on {result['threads']} threads")
    if other := result.get("beside"):
        console.print(*(f"{name}: {value}" for name, value in other.items()), sep="\n")
    console.print(f"{result['machine']}; load {result['load']} before, median of {result['rounds']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("users", 2_000), ("tracks", 20_000), ("events", 400_000), ("rounds", 3), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--preset", choices=("reference", "default"), default="default")
    parser.add_argument("--lists", nargs="+", default=None, help="built-in lists of every listener; all three if not given")
    parser.add_argument("--seeded", action="store_true", help="and for every listener a list with five seeds")
    parser.add_argument("--events-in", choices=("files", "frames"), default="files")
    parser.add_argument("--beside", choices=("als",), default=None, help="what else to run on the same ratings")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    chosen = {"lists": tuple(given.lists)} if given.lists else {}
    settings = Settings.preset_of(given.preset, threads=given.threads, **chosen)
    world = given.users, given.tracks, given.events, given.seed
    result = measure(world, settings, given.rounds, given.beside is not None, given.events_in == "files", given.seeded)
    print(json.dumps(result)) if given.json else show(result)


if __name__ == "__main__":
    main()
