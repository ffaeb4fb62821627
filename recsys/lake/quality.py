"""The lake's table ``quality``: one small file, replaced as a whole. It names no listener."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import polars as pl

from recsys.lake import files
from recsys.lake.lake import Lake
from recsys.tables import QUALITY

_NAME = "quality.parquet"


def place(lake: Lake) -> Path:
    """Where the table is, or would be."""
    return lake.root / _NAME


def read(lake: Lake) -> pl.DataFrame:
    """Every judgement so far; empty where there is none. Raises :class:`recsys.errors.LakeError` when it cannot be read."""
    if not place(lake).exists():
        return QUALITY.empty()
    try:
        return QUALITY.conform(pl.read_parquet(BytesIO(files.read(place(lake)))))
    except pl.exceptions.PolarsError as error:
        raise files.damaged(place(lake), error) from error


def add(lake: Lake, rows: pl.DataFrame) -> None:
    """Add judgements; those of the same run at the same moment are replaced."""
    if rows.is_empty():
        return
    with lake.writer(), lake.home.exclusive():
        key = ["run", "judged_at"]
        whole = pl.concat([read(lake).join(rows, on=key, how="anti"), QUALITY.conform(rows)]).sort(QUALITY.key)
        content = BytesIO()
        whole.write_parquet(content)
        lake.home.put(place(lake), content.getvalue())
