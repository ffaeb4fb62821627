"""Rows on their way into the lake: what goes in comes out in order, the same bytes are written, and nothing is left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recsys.errors import InputError
from recsys.lake import parquet, spool
from recsys.lake.spool import Spool
from recsys.tables import EVENTS


def events(rows: int, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    users = [f"u{number}é" for number in rng.integers(0, 50, rows)]
    plays = [None if number < 5 else int(number) for number in rng.integers(1, 9, rows)]
    return EVENTS.conform(pl.DataFrame({"user_id": users, "track_id": ["t"] * rows, "type": "play", "plays": plays}))


@pytest.fixture(params=[10, 1000])
def most(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Rows that stay in memory."""
    monkeypatch.setattr(spool, "IN_MEMORY", request.param)
    return int(request.param)


@pytest.mark.parametrize("sizes", [[], [0], [3], [7, 0, 1, 90], [10, 10, 10], [99, 5, 300]])
def test_the_same_bytes_as_of_one_frame(sizes: list[int], most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP", 32)
    frames = [events(size, seed) for seed, size in enumerate(sizes)]
    whole = pl.concat([EVENTS.empty(), *frames])
    parquet.write(tmp_path / "whole.parquet", whole, EVENTS, "kept")
    with Spool(EVENTS, tmp_path) as rows:
        for frame in frames:
            rows.add(frame)
        assert rows.height == whole.height
        parquet.write(tmp_path / "spool.parquet", rows, EVENTS, "kept")
        assert pl.concat([EVENTS.empty(), *rows.groups(7)]).equals(whole), "again, after it was written"
    assert (tmp_path / "spool.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"spool.parquet", "whole.parquet"}


def test_groups_have_their_size(most: int, tmp_path: Path) -> None:
    with Spool(EVENTS, tmp_path) as rows:
        for size in (4, 9, 30, 2):
            rows.add(events(size))
        assert [group.height for group in rows.groups(8)] == [8] * 5 + [5]


def test_a_lake_that_is_not_there_yet_is_not_made(most: int, tmp_path: Path) -> None:
    with Spool(EVENTS, tmp_path / "data" / "lake") as rows:
        rows.add(events(50))
        assert list(tmp_path.iterdir()) == []
        assert sum(group.height for group in rows.groups(100)) == 50


def test_what_does_not_fit_the_contract(tmp_path: Path) -> None:
    with Spool(EVENTS, tmp_path) as rows, pytest.raises(InputError, match="type"):
        rows.add(pl.DataFrame({"user_id": ["u"], "track_id": ["t"]}))


PEAK = """
import sys
from pathlib import Path
from recsys import Lake
from recsys.ingest import ingest
(report,) = ingest(Lake(sys.argv[1]), "events", [Path(sys.argv[2])])
peak = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]  # getrusage has that of the process before the start
print(report.kept, report.rejected, int(peak) >> 10)
"""


AT_ONCE = {"_RJEM_MALLOC_CONF": "dirty_decay_ms:0,muzzy_decay_ms:0"}
"""Polars's allocator gives freed memory back at once, so that the peak is that of what is in use, on a busy machine as well."""


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_file_of_many_rows_takes_as_much_memory_as_a_small_one(suffix: str, tmp_path: Path) -> None:
    """With all rows of the spool in memory 953 (CSV) and 1,134 MiB (Parquet) were measured; in blocks 463 and 507."""
    number = pl.int_range(6_000_000, eager=False)
    rows = pl.select(
        (number * 7919 % 60_013).cast(pl.String).alias("user_id"),
        (number * 104_729 % 40_009).cast(pl.String).alias("track_id"),
        pl.when(number % 1000 > 0).then(pl.lit("play")).otherwise(pl.lit("wrong")).alias("type"),
        pl.lit("2026-01-01T00:00:00Z").alias("occurred_at"),
    )
    file = tmp_path / f"rows.{suffix}"
    {"parquet": rows.write_parquet, "csv": rows.write_csv}[suffix](file)
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(tmp_path / "lake"), str(file)],
        env=os.environ | AT_ONCE,
        capture_output=True,
        text=True,
        check=True,
    )
    kept, rejected, mebibytes = map(int, done.stdout.split())
    assert (kept, rejected) == (5_994_000, 6_000)
    assert mebibytes <= 750
