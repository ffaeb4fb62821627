"""How long the main job takes on the demo world, in memory: ``make bench``. Prints a table and fails on nothing.

python -m bench.build [--rounds 3]
"""

from __future__ import annotations

import argparse
import platform
import resource
from os import cpu_count
from time import perf_counter

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from recsys import Inputs, Settings, build
from recsys.demo import AS_OF, world


def seconds(inputs: Inputs, threads: int, rounds: int) -> float:
    """The best of some rounds: the one least disturbed by the machine's other work."""
    best = float("inf")
    for _ in range(rounds):
        started = perf_counter()
        build(inputs, Settings(threads=threads), as_of=AS_OF)
        best = min(best, perf_counter() - started)
    return best


def main() -> None:
    """Time every thread count after one untimed build, which compiles."""
    parser = argparse.ArgumentParser(description="time recsys.build on the demo world")
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    demo = world()
    inputs = Inputs(demo.tracks, demo.events, demo.controls, demo.requests)
    started = perf_counter()
    tables = build(inputs, Settings(), as_of=AS_OF)
    first = perf_counter() - started
    size = f"{inputs.tracks.height:,} tracks, {tables['profiles'].height:,} listeners, {inputs.events.height:,} events"
    table = Table(title=f"recsys.build: {size}", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column in ("threads", "seconds", "ranked rows a second"):
        table.add_column(column, justify="right")
    table.add_row("first", f"{first:.2f}", "")
    for threads in range(1, (cpu_count() or 1) + 1):
        best = seconds(inputs, threads, rounds)
        table.add_row(str(threads), f"{best:.2f}", f"{tables['rankings'].height / best:,.0f}")
    Console().print(table)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    Console().print(f"peak memory {peak:,.0f} MiB; Python {platform.python_version()}, {cpu_count()} cores, {platform.machine()}")


if __name__ == "__main__":
    main()
