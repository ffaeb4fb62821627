"""Runs the relational models in ``sql/`` on frames or Parquet files, in an in-memory DuckDB of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import polars as pl

from recsys.errors import RecsysError
from recsys.memory import default_limit


def sql_folder(package: Path) -> Path:
    """Folder of the models: within ``package`` where that is installed, beside it in the repository."""
    within = package / "sql"
    return within if within.is_dir() else package.parent / "sql"


SQL = sql_folder(Path(str(files("recsys"))))

NO_COPY = pl.CompatLevel.newest()
"""Arrow's own string views, which DuckDB reads as they are."""

_PATTERN = re.compile(r"([\[*?])")

Variable = str | float | bool | datetime
TableRows = pl.DataFrame | Sequence[Path]
"""A frame, or the Parquet files that hold a table."""


def literal(path: Path | str) -> str:
    """A path as DuckDB reads it where patterns are allowed: what stands for other signs there stands for itself.

    >>> literal("Music [FLAC]/a*b.parquet")
    'Music [[]FLAC]/a[*]b.parquet'
    """
    return _PATTERN.sub(r"[\1]", str(path))


def run(name: str, views: Mapping[str, TableRows], variables: Mapping[str, Variable] | None = None) -> pl.DataFrame:
    """Rows of model ``sql/<name>.sql`` over ``views`` (name → rows), with DuckDB variables set."""
    with _cursor() as con:
        con.execute("set TimeZone = 'UTC'")
        for view, rows in views.items():
            con.register(view, _source(con, rows))
        for variable, value in (variables or {}).items():
            con.execute(f"set variable {variable} = $1", [value])  # the name is one of ours
        result: pl.DataFrame = con.sql((SQL / f"{name}.sql").read_text(encoding="utf-8")).pl()
        return result


def aggregate(rows: TableRows, values: Sequence[duckdb.Expression]) -> tuple[Any, ...]:
    """Aggregates over all rows, in one pass."""
    with _cursor() as con:
        row: tuple[Any, ...] = _relation(con, rows).aggregate(list(values)).fetchall()[0]
        return row


def distinct(rows: TableRows, columns: Sequence[str]) -> int:
    """How many different values the columns have together (by their 64-bit hashes, which take little memory)."""
    key = duckdb.FunctionExpression("hash", *map(duckdb.ColumnExpression, columns)).alias("key")
    with _cursor() as con:
        hashes = _relation(con, rows).select(key).distinct()
        return int(hashes.aggregate([duckdb.FunctionExpression("count")]).fetchall()[0][0])


def scan(rows: TableRows) -> pl.LazyFrame:
    """The rows for Polars, which reads of files only the columns asked for. Paths are paths, whatever is in them."""
    return rows.lazy() if isinstance(rows, pl.DataFrame) else pl.scan_parquet([*rows], glob=False, hive_partitioning=False)


@contextmanager
def _cursor() -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor of the shared database. Raises :class:`RecsysError` when its memory does not suffice."""
    try:
        with (_limited.get() or _engine()).cursor() as con:
            con.execute("set enable_progress_bar = false")  # DuckDB prints it to the standard output, after two seconds
            yield con
    except duckdb.OutOfMemoryException as error:
        cause = str(error).partition("\n")[0]
        raise RecsysError(
            f"DuckDB is out of memory ({cause}); raise the setting memory_limit, or run on fewer listeners"
        ) from error


def _relation(con: duckdb.DuckDBPyConnection, rows: TableRows) -> duckdb.DuckDBPyRelation:
    source = _source(con, rows)
    return con.from_arrow(source) if isinstance(rows, pl.DataFrame) else source


def _source(con: duckdb.DuckDBPyConnection, rows: TableRows) -> Any:
    if isinstance(rows, pl.DataFrame):
        return rows.to_arrow(compat_level=NO_COPY)
    return con.read_parquet([literal(path) for path in rows], hive_partitioning=False)


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """One empty database: it takes ten times as long to start as a small model to run. Views and variables live in a cursor.

    What does not fit in half of the machine's memory goes to a folder that nobody else can read, not to the working folder as
    DuckDB would have it.
    """
    return connect(_spill().name)


@cache
def _spill() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="recsys-")


_limited: ContextVar[duckdb.DuckDBPyConnection | None] = ContextVar("_limited", default=None)
"""The database of the block of :func:`limited` that is going on."""
_memory: ContextVar[int | None] = ContextVar("_memory", default=None)
"""Most bytes of a database; none = half of the machine's."""


@contextmanager
def limited(memory: int | None, spill: Path) -> Iterator[None]:
    """Models of this block share ``memory`` bytes (none = half of the machine's); what does not fit goes to the folder ``spill``.

    DuckDB makes that folder when it needs it, within one that exists, and removes it when the block ends.
    """
    before = _memory.set(memory)
    try:
        with connect(spill) as con:
            outer = _limited.set(con)
            try:
                yield
            finally:
                _limited.reset(outer)
    finally:
        _memory.reset(before)


def limit_memory(memory: int | None) -> None:
    """Databases that this process opens from now on take at most ``memory`` bytes each; none = half of the machine's."""
    _memory.set(memory)


def connect(spill: Path | str) -> duckdb.DuckDBPyConnection:
    """An empty database with the limit of its block or process, which spills to a folder."""
    return duckdb.connect(config={"temp_directory": str(spill), "memory_limit": f"{_memory.get() or default_limit()}B"})
