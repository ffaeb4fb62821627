"""Runs the relational models in ``sql/`` on frames or Parquet files, in an in-memory DuckDB of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import polars as pl

from recsys.errors import RecsysError
from recsys.inputs import InputFiles
from recsys.memory import default_limit


def sql_folder(package: Path) -> Path:
    """Folder of the models: within ``package`` where that is installed, beside it in the repository."""
    within = package / "sql"
    return within if within.is_dir() else package.parent / "sql"


SQL = sql_folder(Path(str(files("recsys"))))

NO_COPY = pl.CompatLevel.newest()
"""Arrow's own string views, which DuckDB reads as they are."""

_PATTERN = re.compile(r"([\[*?])")
_ORDINAL = r"(\d+)(\.\d+)?/[0-9a-f]+\.parquet$"
"""Where the path of a batch's file names its ordinal."""

FLUSHED = 65_536
"""Rows that each thread holds of a table that is divided among files, an eighth of what DuckDB has else: dividing ten million
events takes 180 MiB instead of 1,030, and no longer."""
_BITS = 126
"""Greatest bit of a whole number of DuckDB's that is not its sign."""
HELD, _LEAST_FLUSHED = 16 * FLUSHED, 4_096
"""Rows that all threads hold of all parts, unless each part has the least."""
Variable = str | float | bool | datetime
TableRows = pl.DataFrame | Sequence[Path]
"""A frame, or the Parquet files that hold a table."""


@dataclass(frozen=True)
class Within:
    """The rows of files whose text ``column`` is at least ``low`` and less than ``high``, byte by byte; none = no bound.

    Rows without a text come before all others.
    """

    paths: tuple[Path, ...]
    column: str
    low: str | None
    high: str | None

    @property
    def condition(self) -> duckdb.Expression:
        """Of DuckDB; without an ``or`` where it can be, for that is read group by group."""
        value = duckdb.ColumnExpression(self.column)
        if self.low is None:
            return value.isnull() | (value < duckdb.ConstantExpression(self.high))
        above = value >= duckdb.ConstantExpression(self.low)
        return above if self.high is None else above & (value < duckdb.ConstantExpression(self.high))


Rows = TableRows | InputFiles | Within
"""Any of these, or an input table as it was ingested."""


def literal(path: Path | str) -> str:
    """A path as DuckDB reads it where patterns are allowed: what stands for other signs there stands for itself.

    >>> literal("Music [FLAC]/a*b.parquet")
    'Music [[]FLAC]/a[*]b.parquet'
    """
    return _PATTERN.sub(r"[\1]", str(path))


def run(name: str, views: Mapping[str, Rows], variables: Mapping[str, Variable] | None = None) -> pl.DataFrame:
    """Rows of model ``sql/<name>.sql`` over ``views`` (name → rows), with DuckDB variables set."""
    with _model(name, views, variables) as relation:
        result: pl.DataFrame = relation.pl()
        return result


def write(name: str, views: Mapping[str, Rows], path: Path, variables: Mapping[str, Variable] | None = None) -> None:
    """The same rows to a Parquet file for a later stage, without holding them; a file that is there is replaced."""
    with _model(name, views, variables) as relation:
        relation.write_parquet(str(path))


def divide(name: str, views: Mapping[str, Rows], folder: Path, column: str, parts: int) -> list[list[Path]]:
    """The same to files in ``folder``, which is emptied: for each value of an integer column, in order, those with its rows.

    ``parts``: how many values there are.
    """
    with _model(name, views, parts=parts) as relation:
        relation.write_parquet(str(folder), partition_by=[column], overwrite=True)
    values = sorted(folder.iterdir(), key=lambda place: int(place.name.partition("=")[2]))
    return [sorted(place.iterdir()) for place in values]


def _flushed(con: duckdb.DuckDBPyConnection, parts: int) -> int:
    """Rows that each thread holds of each part: fewer of many parts, for they are held at the same time."""
    (threads,) = con.sql("select current_setting('threads')").fetchall()[0]
    return max(_LEAST_FLUSHED, min(FLUSHED, HELD // (parts * int(threads))))


@contextmanager
def _model(
    name: str, views: Mapping[str, Rows], variables: Mapping[str, Variable] | None = None, parts: int | None = None
) -> Iterator[duckdb.DuckDBPyRelation]:
    with _cursor() as con:
        con.execute("set TimeZone = 'UTC'")
        if parts:  # set here: what another cursor sets does not count for this one
            con.execute(f"set partitioned_write_flush_threshold = {_flushed(con, parts)}")
        for view, rows in views.items():
            con.register(view, _source(con, rows))
        for variable, value in (variables or {}).items():
            con.execute(f"set variable {variable} = $1", [value])  # the name is one of ours
        yield con.sql((SQL / f"{name}.sql").read_text(encoding="utf-8"))


def aggregate(rows: Rows, values: Sequence[duckdb.Expression]) -> tuple[Any, ...]:
    """Aggregates over all rows, in one pass."""
    with _cursor() as con:
        row: tuple[Any, ...] = _relation(con, rows).aggregate(list(values)).fetchall()[0]
        return row


def distinct(rows: Rows, columns: Sequence[str]) -> int:
    """How many different values the columns have together (by their 64-bit hashes, which take little memory)."""
    key = duckdb.FunctionExpression("hash", *map(duckdb.ColumnExpression, columns)).alias("key")
    with _cursor() as con:
        hashes = _relation(con, rows).select(key).distinct()
        return int(hashes.aggregate([duckdb.FunctionExpression("count")]).fetchall()[0][0])


def repeated_keys(rows: Rows, columns: Sequence[str], number: str) -> int | None:
    """How many rows have the values of an earlier one in the columns and in ``number``, an integer column; none where it is not
    always 0 … 126. Numbers of a group are bits: where groups are much fewer than rows, this takes a quarter of :func:`distinct`.
    """
    with _cursor() as con:
        fits = f"{number} between 0 and {_BITS}"
        bits = f"bit_or(case when {fits} then 1::hugeint << {number}::integer end) as numbers"
        values = f"count(*) as height, count(*) filter ({fits}) as counted, {bits}"
        grouped = _relation(con, rows).aggregate(values, ", ".join(columns))
        height, counted, there = grouped.aggregate("sum(height), sum(counted), sum(bit_count(numbers))").fetchall()[0]
        return None if height != counted else int((height or 0) - (there or 0))


def scan(rows: TableRows | InputFiles) -> pl.LazyFrame:
    """The rows for Polars, which reads of files only the columns asked for. Paths are paths, whatever is in them."""
    if isinstance(rows, pl.DataFrame):
        return rows.lazy()
    paths = rows.paths if isinstance(rows, InputFiles) else rows
    return pl.scan_parquet([*paths], glob=False, hive_partitioning=False)


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


def _relation(con: duckdb.DuckDBPyConnection, rows: Rows) -> duckdb.DuckDBPyRelation:
    source = _source(con, rows)
    return con.from_arrow(source) if isinstance(rows, pl.DataFrame) else source


def _source(con: duckdb.DuckDBPyConnection, rows: Rows) -> Any:
    if isinstance(rows, pl.DataFrame):
        return rows.to_arrow(compat_level=NO_COPY)
    if isinstance(rows, InputFiles):
        return _ingested(con, rows)
    if isinstance(rows, Within):
        return _source(con, rows.paths).filter(rows.condition)
    return con.read_parquet([literal(path) for path in rows], hive_partitioning=False)


def _ingested(con: duckdb.DuckDBPyConnection, rows: InputFiles) -> duckdb.DuckDBPyRelation:
    """Rows of batches in the contract's columns and types, as model ``sql/input.sql`` has them for analysts."""
    none = con.from_arrow(rows.table.empty().with_columns(pl.lit(None, pl.Int32).alias("batch")).to_arrow(compat_level=NO_COPY))
    if not rows.paths:
        return none
    paths = [literal(path) for path in rows.paths]
    files = con.read_parquet(paths, filename=True, union_by_name=True, hive_partitioning=False)
    folder = (duckdb.ColumnExpression("filename"), duckdb.ConstantExpression(_ORDINAL), duckdb.ConstantExpression(1))
    values = {name: duckdb.ColumnExpression(name) for name in files.columns}
    values["batch"] = duckdb.FunctionExpression("regexp_extract", *folder)
    absent = duckdb.ConstantExpression(None)
    typed = zip(none.columns, none.types, strict=True)
    return files.select(*(values.get(name, absent).cast(kind).alias(name) for name, kind in typed))


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
