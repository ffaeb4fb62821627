"""Ingest of a large file of events, beside DuckDB's reading, sorting and writing of the same file.

    python -m bench.ingest [--rows 4000000] [--formats parquet json csv] [--rounds 2] [--threads 2] [--memory 4GiB]
        [--folder FOLDER] [--json]

The rows are synthetic. Both sides run in processes of their own with the same number of threads, one after the other in each
round. Prints the seconds, processor seconds and most memory of each, and the median of ours / DuckDB's. DuckDB sorts by listener
and time and writes zstd; it validates, counts and hashes nothing. ``--folder``: where the files are, used again if there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import polars as pl
import pyarrow.parquet as pq

SUFFIXES = {"parquet": ".parquet", "json": ".jsonl", "csv": ".csv"}
USERS, TRACKS = 100, 500
"""Rows for each listener, and for each track."""
_COLUMNS = "{'user_id': 'VARCHAR', 'track_id': 'VARCHAR', 'type': 'VARCHAR', 'occurred_at': 'TIMESTAMPTZ'}"
_READERS = {
    "parquet": "read_parquet(?)",
    "json": f"read_json(?, format = 'newline_delimited', columns = {_COLUMNS})",
    "csv": f"read_csv(?, header = true, columns = {_COLUMNS})",
}
_ORDER = "user_id, occurred_at"


def generate(folder: Path, kind: str, rows: int, seed: int = 1) -> Path:
    """A file of synthetic events with the columns that every event has; one that is there stays."""
    from bench import scale  # here, for both sides start without it

    path = folder / f"events-{rows}{SUFFIXES[kind]}"
    if path.exists():
        return path
    draft = path.with_suffix(".draft")
    writer: pq.ParquetWriter | None = None
    with draft.open("wb") as handle:
        for frame in scale.batches(max(rows // USERS, 1), max(rows // TRACKS, 1), rows, seed):
            part = frame.select("user_id", "track_id", "type", "occurred_at")
            if kind == "json":
                part.with_columns(_iso()).write_ndjson(handle)
            elif kind == "csv":
                part.with_columns(_iso()).write_csv(handle, include_header=not handle.tell())
            else:
                table = part.to_arrow(compat_level=pl.CompatLevel.oldest())
                writer = writer or pq.ParquetWriter(handle, table.schema, compression="zstd")
                writer.write_table(table, row_group_size=1_000_000)
        if writer is not None:
            writer.close()
    return draft.rename(path)


def _iso() -> pl.Expr:
    return pl.col("occurred_at").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")


def ours(path: str, folder: str) -> int:
    """Rows that ``recsys ingest events`` keeps of the file, in a new lake."""
    from recsys import Lake
    from recsys.ingest import ingest

    return sum(report.kept for report in ingest(Lake(Path(folder) / "lake"), "events", [Path(path)]))


def theirs(path: str, folder: str, threads: int, memory: str) -> int:
    """Rows that DuckDB reads, sorts and writes."""
    import duckdb

    with duckdb.connect(config={"threads": threads, "memory_limit": memory, "temp_directory": f"{folder}/spill"}) as connection:
        connection.execute("SET enable_progress_bar = false")
        reader = _READERS[next(kind for kind, suffix in SUFFIXES.items() if path.endswith(suffix))]
        out = f"{folder}/sorted.parquet"
        query = f"COPY (SELECT * FROM {reader} ORDER BY {_ORDER}) TO '{out}' (FORMAT parquet, COMPRESSION zstd)"  # noqa: S608
        rows = connection.execute(query, [path]).fetchone()
        return int(rows[0]) if rows else 0


def peak() -> int:
    """The most memory that this process had, MiB; what wait4 says of it counts the process that began it too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) >> 10


def alone(call: str, threads: int, *arguments: object) -> dict[str, float]:
    """What a function of this module took in a process of its own: seconds, processor seconds, most MiB, rows."""
    code = f"import sys; from bench import ingest; print(ingest.{call}(*sys.argv[1:3], *map(eval, sys.argv[3:])), ingest.peak())"
    limits = {name: str(threads) for name in ("POLARS_MAX_THREADS", "OMP_NUM_THREADS")}
    started = perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True, env={**os.environ, **limits}
    ) as process:
        answer = process.stdout.read() if process.stdout else ""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(process.returncode)
    return {
        "seconds": perf_counter() - started,
        "processor": used.ru_utime + used.ru_stime,
        "peak_mib": int(answer.split()[-1]),
        "rows": int(answer.split()[-2]),
    }


def measure(path: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Both sides, round by round, on one file."""
    sides: dict[str, list[dict[str, float]]] = {"ours": [], "duckdb": []}
    for _ in range(given.rounds):
        for side, call in (("ours", "ours"), ("duckdb", "theirs")):
            with tempfile.TemporaryDirectory(prefix="recsys-ingest-", dir=path.parent) as folder:
                more = (given.threads, repr(given.memory)) if side == "duckdb" else ()
                sides[side].append(alone(call, given.threads, path, folder, *more))
    shares = {
        what: round(median(a[what] / b[what] for a, b in zip(sides["ours"], sides["duckdb"], strict=True)), 2)
        for what in ("seconds", "processor")
    }
    return {"bytes": path.stat().st_size, **sides, "ratio": shares}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--formats", nargs="+", default=list(SUFFIXES), choices=list(SUFFIXES))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--memory", default="4GiB", help="DuckDB's memory_limit")
    parser.add_argument("--folder", type=Path, default=None, help="where the files are, and stay")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="recsys-ingest-") as scratch:
        folder = given.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for kind in given.formats:
            path = generate(folder, kind, given.rows)
            result = measure(path, given)
            if given.folder is None:
                path.unlink()
            if given.json:
                print(json.dumps({"format": kind, **result}))
                continue
            print(f"{kind}: {given.rows:,} synthetic rows, {result['bytes'] >> 20:,} MiB")
            for side in ("ours", "duckdb"):
                for one in result[side]:
                    print(
                        f"  {side:7} {one['seconds']:7.1f} s {one['processor']:7.1f} s of processor time {one['peak_mib']:6,} MiB"
                    )
            print(f"  ours / DuckDB's: {result['ratio']['seconds']} in seconds, {result['ratio']['processor']} in processor time")


if __name__ == "__main__":
    main()
