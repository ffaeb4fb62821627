"""A night on threads, on one worker and on two: what it costs, and how much two save. ``python -m bench.cluster --rounds 3``.

    python -m bench.cluster [--users 6000] [--tracks 30000] [--events 600000] [--rounds 3] [--keep FOLDER] [--json]

Every night is a process of its own on a copy of one synthetic lake, in turn: two threads, `local:1`, `local:2`, and again. Prints
seconds on the clock and of the processor, as the median of the rounds, and their ratios: of the whole night, and of the stages
that workers share. The clock means something on a machine that has nothing else to do. Processor seconds do on any: ``parent``
are those of the process that is the run, ``workers`` those of the others.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from bench import scale, worlds
from flows import nightly
from recsys import Lake, Settings

WAYS = {"threads": ("", 2), "1 worker": ("local:1", 1), "2 workers": ("local:2", 1)}
"""Way → setting `cluster`, and threads of the run's own process."""
SHARED = ("neighbors", "candidates", "rankings")
LISTS = ("balanced", "comfort", "discovery")


def night(lake: Path, address: str, threads: int) -> dict[str, Any]:
    """Seconds of a night, and the digests of its files."""
    started = perf_counter()
    report = nightly.run(lake, Settings(threads=threads, lists=LISTS, cluster=address or None), worlds.AS_OF)
    clock = perf_counter() - started
    manifest = Lake(lake).run(report.run_id).manifest
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "clock": clock,
        "shared": sum(manifest.seconds[name] for name in SHARED),
        "parent": own.ru_utime + own.ru_stime,
        "workers": others.ru_utime + others.ru_stime,
        "peak_mib": own.ru_maxrss >> 10,
        "worker_peak_mib": others.ru_maxrss >> 10,
        "stages": {name: round(seconds, 1) for name, seconds in manifest.seconds.items()},
        "files": sorted(file.sha256 for file in manifest.files),
    }


def measure(lake: Path, rounds: int) -> dict[str, list[dict[str, Any]]]:
    """Way → its nights; all of them must have the same files."""
    nights: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way, (address, threads) in WAYS.items():
            with tempfile.TemporaryDirectory(dir=lake.parent) as folder:
                copy = shutil.copytree(lake, Path(folder) / "lake")
                code = "from bench import cluster; cluster.main()"
                command = [sys.executable, "-c", code, "--night", str(copy), "--address", address, "--threads", str(threads)]
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            nights[way].append(json.loads(done.stdout.splitlines()[-1]))
    if len({tuple(each.pop("files")) for own in nights.values() for each in own}) > 1:
        raise SystemExit("the nights differ: their files are not the same bytes")
    return nights


def show(nights: dict[str, list[dict[str, Any]]]) -> None:
    middle = {
        way: {name: statistics.median(one[name] for one in own) for name in own[0] if name != "stages"}
        for way, own in nights.items()
    }
    for way, own in nights.items():
        print(f"{way:10} " + "  ".join(f"{name} {seconds:,.1f}" for name, seconds in own[-1]["stages"].items()))
    for way, values in middle.items():
        print(f"{way:10} " + "  ".join(f"{name} {value:,.1f}" for name, value in values.items()))
    one, two, threads = (middle[way] for way in ("1 worker", "2 workers", "threads"))
    for name in ("clock", "shared"):
        print(f"{name:10} 1 worker / 2 workers {one[name] / two[name]:.2f}  2 workers / threads {two[name] / threads[name]:.2f}")
    cost = {way: values["parent"] + values["workers"] for way, values in middle.items()}
    print(f"processor  2 workers / threads {cost['2 workers'] / cost['threads']:.2f}")
    # Amdahl: what is the parent's stays, what is the workers' is halved
    best = cost["1 worker"] / (one["parent"] + one["workers"] / 2)
    print(f"by the processor seconds of one worker, two can be {best:.2f} times as fast")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("users", 6000), ("tracks", 30_000), ("events", 600_000), ("seed", 1), ("rounds", 3), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--keep", type=Path, default=None, help="folder of the lake, used again if it is there")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--night", type=Path, default=None, help=argparse.SUPPRESS)
    parser.add_argument("--address", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.night:
        print(json.dumps(night(given.night, given.address, given.threads)))
        return
    with tempfile.TemporaryDirectory(prefix="recsys-cluster-") as folder:
        lake = given.keep or Path(folder) / "lake"
        if not lake.exists():
            scale.generate(lake, given.users, given.tracks, given.events, given.seed)
        nights = measure(lake, given.rounds)
    if given.json:
        print(json.dumps({"load": os.getloadavg()[0], "nights": nights}))
    else:
        show(nights)


if __name__ == "__main__":
    main()
