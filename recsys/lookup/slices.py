"""Tables of a staged run from their files, a slice at a time: never more than that is in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

SLICE = 65_536
"""Rows in memory at a time."""


def whole_table(files: Sequence[Path]) -> pl.DataFrame:
    """All rows of a table's files."""
    return pl.concat(pl.DataFrame(_parquet(path).read()) for path in files)


def slices(files: Sequence[Path], columns: list[str] | None = None) -> Iterator[pl.DataFrame]:
    """The rows of files in order, at most :data:`SLICE` at a time; a slice never reaches over the end of a file."""
    for path in files:
        for batch in _parquet(path).iter_batches(SLICE, columns=columns):
            if batch.num_rows:
                yield pl.DataFrame(batch)


def uncut(path: Path, keys: list[str], columns: list[str] | None = None) -> Iterator[pl.DataFrame]:
    """Slices of a file that never cut what has equal keys in two; the rows of equal keys follow one another."""
    held, left = pl.DataFrame(), _parquet(path).metadata.num_rows
    for part in slices([path], columns):
        joined = pl.concat([held, part]) if held.height else part
        left -= part.height
        last = joined.select(pl.struct(keys).rle_id().alias("run"))["run"]
        cut = int(last.search_sorted(last[-1])) if left else joined.height
        held = joined[cut:]
        if cut:
            yield joined[:cut]


def _parquet(path: Path) -> pq.ParquetFile:
    return pq.ParquetFile(path, page_checksum_verification=True)
