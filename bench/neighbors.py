"""How long the nearest neighbours of all users take, how much memory, and whether they are right.

    python -m bench.neighbors [--ratings FILE.parquet] [--method catalogue|co_rated] [--k 50] [--threads 2] [--json]
    python -m bench.neighbors --blocks 4 [--dislikes 0.16]
    python -m bench.neighbors --growth

A file has integer columns ``u`` and ``i`` and a float ``r``; without one, a long-tail world is generated. Time is the median
of some runs after a first one, which compiles. A sample of users is compared with numpy brute force. ``--blocks`` compares the
search block by block, as the job does it, with one call for everybody: processor time, and whether the bits are the same.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter, process_time, sleep
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from scipy.sparse import csr_array

from bench.worlds import ratings
from recsys.stages.neighbors.search.nearest import Method, Nearest, nearest, nearest_blocks

MIB = 2**20
GROWTH = 2500, 5000, 10000, 20000
PER_USER = 100
"""Events per user of the growing world; it has twice as many tracks as users."""
REST = 0.05
"""Seconds before every timing, in which the threads of the one before stop spinning."""
NEAR = 1e-9
"""What rounding may change a correlation by in the brute force."""


def matrix(frame: pl.DataFrame) -> csr_array:
    """Columns u, i, r as (users × items), ids renumbered."""
    users, u = np.unique(frame["u"].to_numpy(), return_inverse=True)
    items, i = np.unique(frame["i"].to_numpy(), return_inverse=True)
    cells = (u.astype(np.int32), i.astype(np.int32))
    return csr_array((frame["r"].to_numpy().astype(np.float64), cells), shape=(users.size, items.size))


def timed(tasks: dict[str, Callable[[], Any]], rounds: int) -> dict[str, tuple[float, float]]:
    """Median seconds on the clock and of processor time of each task, in turns, so that other work hits all alike."""
    clock: dict[str, list[tuple[float, float]]] = {name: [] for name in tasks}
    for turn in range(rounds + 1):
        for name, task in tasks.items():
            sleep(REST)
            begin = perf_counter(), process_time()
            task()
            if turn:
                clock[name].append((perf_counter() - begin[0], process_time() - begin[1]))
    return {
        name: (float(np.median([a for a, _ in pairs])), float(np.median([b for _, b in pairs]))) for name, pairs in clock.items()
    }


def working_memory(task: Callable[[], Any]) -> float:
    """Most MiB that a task's arrays, its result among them, take at a time."""
    tracemalloc.start()
    task()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / MIB


def catalogue_row(rated: csr_array, user: int) -> NDArray[np.float64]:
    """Correlations of a user with everyone over all items."""
    items, counts = rated.shape[1], np.diff(rated.indptr)
    mean = rated.sum(axis=1) / items
    distance = rated.data - np.repeat(mean, counts)
    whose = np.repeat(np.arange(counts.size), counts)
    variance = np.bincount(whose, distance**2, counts.size) / items + (1 - counts / items) * mean**2
    product = rated @ rated[[user]].toarray()[0]
    norm = np.sqrt(variance * variance[user])
    out: NDArray[np.float64] = np.divide(product / items - mean * mean[user], norm, out=np.zeros_like(norm), where=norm > NEAR**2)
    return out


def co_rated_row(rated: csr_array, user: int) -> NDArray[np.float64]:
    """Correlations of a user with everyone over the items both rated."""
    users = rated.shape[0]
    own = rated[[user]]
    shared = rated[:, own.indices].tocsr()
    whose = np.repeat(np.arange(users), np.diff(shared.indptr))
    x, y, count = own.data[shared.indices], shared.data, np.maximum(np.diff(shared.indptr), 1)
    x, y = (side - (np.bincount(whose, side, users) / count)[whose] for side in (x, y))
    xy, xx, yy = (np.bincount(whose, product, users) for product in (x * y, x * x, y * y))
    varied = (xx > NEAR**2 * count) & (yy > NEAR**2 * count)
    out: NDArray[np.float64] = np.divide(xy, np.sqrt(xx * yy), out=np.zeros(users), where=varied)
    return out


def wrong(rated: csr_array, result: Nearest, method: Method, sample: NDArray[np.int64]) -> int:
    """How many of the sample's neighbours brute force would not have named, at their place."""
    known = csr_array((np.ones_like(rated.data), rated.indices, rated.indptr), shape=rated.shape)
    failed = 0
    for user in sample:
        row = (catalogue_row if method == "catalogue" else co_rated_row)(rated, int(user))
        overlap = known @ known[[user]].toarray()[0]
        row[(overlap == 0) | (row < 1e-12)] = 0.0
        row[user], row[row > 1 - 1e-12] = 0.0, 1.0
        order = np.lexsort((np.arange(row.size), -row))[: result.indices.shape[1]]
        best = row[order]
        same, at = result.indices[user][: best.size], result.similarity[user][: best.size]
        there = best > 0
        tied = (best < 1) & there & (np.abs(row[same] - best) < NEAR)
        good = np.where(there, (same == order) | tied, same == -1)
        good &= (np.abs(at - best) < NEAR) & (~there | (result.overlap[user][: best.size] == overlap[same]))
        failed += int((~good).sum())
    return failed


def measure(rated: csr_array, k: int, method: Method, threads: int, rounds: int, sampled: int) -> dict[str, Any]:
    """Everything there is to say about one matrix."""
    seconds, processor = timed({method: lambda: nearest(rated, k, method, threads)}, rounds)[method]
    users, items = rated.shape
    popularity = np.bincount(rated.indices, minlength=items).astype(np.float64)
    sample = np.random.default_rng(0).choice(users, min(sampled, users), replace=False)
    result = nearest(rated, k, method, threads)
    return {
        "method": method,
        "k": k,
        "threads": threads,
        "users": users,
        "items": items,
        "ratings": int(rated.nnz),
        "pairs": users * (users - 1) // 2,
        "products": int((popularity**2).sum()),
        "seconds": round(seconds, 4),
        "processor_seconds": round(processor, 4),
        "work_mib": round(working_memory(lambda: nearest(rated, k, method, threads)), 1),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "checked": int(sample.size),
        "wrong": wrong(rated, result, method, sample),
        "load": round(os.getloadavg()[0], 2),
    }


def in_blocks(rated: csr_array, k: int, threads: int, rounds: int, blocks: int) -> dict[str, Any]:
    """Processor seconds of the search in ``blocks`` blocks against one call for everybody, in turns."""
    users = rated.shape[0]
    size = -(-users // blocks)

    def by_block() -> list[Nearest]:
        return list(nearest_blocks(rated, k, "catalogue", threads, (0, users), size))

    def whole() -> Nearest:
        return nearest(rated, k, "catalogue", threads)

    seconds = {name: processor for name, (_, processor) in timed({"whole": whole, "blocks": by_block}, rounds).items()}
    columns = zip(whole(), zip(*by_block(), strict=True), strict=True)
    return {
        "users": users,
        "items": rated.shape[1],
        "ratings": int(rated.nnz),
        "disliked": round(float((rated.data < 0).mean()), 3),
        "k": k,
        "threads": threads,
        "whole": round(seconds["whole"], 3),
        "blocks": round(seconds["blocks"], 3),
        "in blocks against one symmetric call": round(seconds["blocks"] / seconds["whole"], 3),
        "same bits": all(one.tobytes() == np.concatenate(parts).tobytes() for one, parts in columns),
    }


def disliked(rated: csr_array, share: float) -> csr_array:
    """The same with a share of the ratings below 0, drawn at random."""
    sign = np.where(np.random.default_rng(0).random(rated.nnz) < share, -1.0, 1.0)
    return csr_array((sign * rated.data, rated.indices, rated.indptr), shape=rated.shape)


def show(title: str, rows: Sequence[dict[str, Any]]) -> None:
    """A table, one row per dictionary."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column in rows[0]:
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(*(f"{value:,}" if isinstance(value, int | float) else str(value) for value in row.values()))
    Console(width=160).print(table)


def growth(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Time against Σ popularity² and memory against users², on worlds of growing size."""
    rows = []
    for users in GROWTH:
        rated = matrix(ratings(users, 2 * users, PER_USER * users))
        result = measure(rated, arguments.k, arguments.method, arguments.threads, arguments.rounds, 5)
        row = {name: result[name] for name in ("users", "ratings", "products", "seconds", "processor_seconds", "work_mib")}
        row["ns_per_product"] = round(1e9 * result["processor_seconds"] / result["products"], 3)
        row["bytes_per_user"] = round(result["work_mib"] * MIB / users)
        row["users²_mib"] = round(4 * users**2 / MIB)
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ratings", type=Path)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--method", choices=("catalogue", "co_rated"), default="catalogue")
    parser.add_argument("--k", type=int, default=50)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sample", type=int, default=50)
    parser.add_argument("--blocks", type=int, default=0)
    parser.add_argument("--dislikes", type=float, default=0.0)
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.growth:
        rows = growth(given)
    else:
        frame = pl.read_parquet(given.ratings) if given.ratings else ratings(given.users, given.items, given.events)
        rated = disliked(matrix(frame), given.dislikes)
        if given.blocks:
            rows = [in_blocks(rated, given.k, given.threads, given.rounds, given.blocks)]
        else:
            rows = [measure(rated, given.k, given.method, given.threads, given.rounds, given.sample)]
    if given.json:
        print(json.dumps(rows if given.growth else rows[0]))
    else:
        show("time of nearest, against Σ popularity² (products)" if given.growth else "nearest", rows)


if __name__ == "__main__":
    main()
