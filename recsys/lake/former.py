"""Tables of runs that an older version made, in the columns of today."""

from __future__ import annotations

from typing import TypeVar

import polars as pl

from recsys.tables import FORMER_NAMES, TABLES, Column

Rows = TypeVar("Rows", pl.DataFrame, pl.LazyFrame)


def todays(rows: Rows, table: str) -> Rows:
    """The rows with every column of the contract, in its order: renamed, or as :func:`_absent` says where no file has it."""
    renamed = rows.rename(FORMER_NAMES.get(table, {}), strict=False)
    there = renamed.collect_schema().names()
    absent = [column for column in TABLES[table] if column.name not in there] if table in TABLES else []
    if not absent:
        return renamed
    more = [name for name in there if name not in TABLES[table].names]
    return renamed.with_columns(map(_absent, absent)).select(*TABLES[table].names, *more)


def _absent(column: Column) -> pl.Expr:
    """What a column holds in a run that was made without it: 0 where a number is required, else null."""
    counted = column.dtype.is_numeric() and not column.null
    return pl.lit(0 if counted else None, dtype=column.dtype).alias(column.name)
