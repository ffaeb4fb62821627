"""How long the checks of a large run take, and how much memory: a synthetic run of 10 million rows, on disk.

.venv/bin/python -m bench.checks [rows of rankings and candidates together] [folder]
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
import polars as pl

from recsys.settings import Settings
from recsys.stages.checks import CHECKED, check_tables, measure_tables
from recsys.tables import FITS, PARTS, TABLES

LENGTH = 50


def ranked(table: str, first: int, users: int, tracks: int) -> pl.DataFrame:
    """``LENGTH`` rows of each of ``users`` listeners from number ``first`` on, within every rule."""
    rows = users * LENGTH
    who = np.repeat(np.arange(first, first + users), LENGTH)
    rank = np.tile(np.arange(1, LENGTH + 1), users)
    columns = {
        "user_id": pl.Series(who).cast(pl.String).str.zfill(8),
        "list": pl.Series(["balanced"]).new_from_index(0, rows),
        "rank": rank,
        "track_id": pl.Series("t" + pl.Series((who * 31 + rank) % tracks).cast(pl.String)),
        "score": np.full(rows, 0.5),
        **{name: np.full(rows, 0.5) for name in FITS.values()},
        **{f"{name}_points": np.full(rows, 0.125) for name in PARTS},
        "safety": np.ones(rows),
        "commercial": np.zeros(rows),
    }
    if table == "rankings":
        explanation = pl.Series(np.full((rows, 12), 0.5, np.float32), dtype=TABLES[table]["explanation"].dtype)
        words = {"reason_code": "taste", "reason": "close to your taste", "source": "ranked"}
        columns |= {name: pl.Series([word]).new_from_index(0, rows) for name, word in words.items()}
        columns |= {"explanation": explanation, "diversity": np.ones(rows), "marginal": np.ones(rows), "score_rank": rank}
    return TABLES[table].conform(pl.DataFrame(columns))


def write(folder: Path, rows: int) -> None:
    """A run of so many rows in ``rankings`` and ``candidates``, in parts of 100,000 rows."""
    users, step, tracks = rows // 2 // LENGTH, 2_000, 100_000
    for name in CHECKED:
        (folder / name).mkdir(parents=True)
        if name not in ("rankings", "candidates", "tracks", "lists"):
            TABLES[name].empty().write_parquet(folder / name / "0.parquet")
    for table in ("rankings", "candidates"):
        for first in range(0, users, step):
            ranked(table, first, min(step, users - first), tracks).write_parquet(folder / table / f"{first:08}.parquet")
    catalog = pl.DataFrame({"id": pl.Series("t" + pl.Series(range(tracks)).cast(pl.String))})
    TABLES["tracks"].conform(catalog).write_parquet(folder / "tracks" / "0.parquet")
    dropped = [name for name in TABLES["lists"].names if name.startswith("dropped_")]
    listed = {"list": pl.lit("balanced"), "limit": LENGTH, "tracks": tracks, "candidates": tracks, "returned": LENGTH}
    judged = {"confidence": 0.5, **dict.fromkeys(("cold", "taste_audio", "diversified"), pl.lit(True))}
    taste = pl.lit([0.5] * 12, dtype=TABLES["lists"]["taste"].dtype)
    lists = pl.DataFrame({"user_id": pl.Series(range(users)).cast(pl.String).str.zfill(8)})
    lists = lists.with_columns(**listed, **judged, **dict.fromkeys(dropped, pl.lit(0)), taste=taste)
    TABLES["lists"].conform(lists).write_parquet(folder / "lists" / "0.parquet")


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(sys.argv[2] if len(sys.argv) > 2 else scratch) / "run"
        if not folder.exists():
            subprocess.run(
                [sys.executable, "-c", f"from bench.checks import *; write(Path({str(folder)!r}), {rows})"], check=True
            )
        files = {name: sorted((folder / name).iterdir()) for name in CHECKED}
        started = perf_counter()
        checked = check_tables(files, Settings())
        between = perf_counter()
        measure_tables(files)
        ended = perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    broken = checked.filter(~pl.col("passed")).height
    print(f"{rows:,} rows, {checked.height} rules, {broken} broken")
    print(f"checks {between - started:.1f} s, metrics {ended - between:.1f} s, peak memory {peak:.2f} GiB")


if __name__ == "__main__":
    main()
