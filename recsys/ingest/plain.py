"""Blocks of JSON Lines whose objects are flat, read by whole columns; other lines are left to :mod:`recsys.ingest.json`.

Arrow's parser is used only as far as it takes what that module takes, and means the same by it: objects with columns of the table
and no others, none twice, each column of one JSON type. What it refuses, or validation refuses of it, is read again one by one,
which alone says what is wrong with a line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.json

from recsys.ingest import lines
from recsys.ingest.lines import Lines, Stretch
from recsys.ingest.rows import LINE, Rows, broken_rows
from recsys.tables import UTC, Table

_PIECE = 2**16
"""Bytes of the pieces in which a block is tried again of which not all could be read."""
_LOOKED_AT = 50
"""Lines that tell the JSON types of columns."""
_USUAL = {pl.String(): pa.string(), pl.Float64(): pa.float64(), pl.Int64(): pa.int64(), UTC: pa.string()}
"""Types of columns without a value in these lines."""
_TYPES: dict[pl.DataType, dict[type, pa.DataType]] = {
    pl.String(): {str: pa.string(), int: pa.int64()},
    pl.Float64(): {str: pa.string(), int: pa.float64(), float: pa.float64()},
    pl.Int64(): {str: pa.string(), int: pa.int64()},
    UTC: {str: pa.string(), int: pa.float64(), float: pa.float64()},
}
"""Column type → JSON type → how it is read; a number that does not fit makes the line one of those that are read one by one."""


@dataclass(frozen=True)
class Plain:
    """One block: the rows that were read at once, and numbers of the lines that were not; ``again`` reads lines one by one."""

    rows: Rows
    left: pl.Series
    again: Callable[[pl.Series], Rows]

    @property
    def height(self) -> int:
        """Rows read, or left to be."""
        return self.rows.height + len(self.left)


def suited(table: Table) -> bool:
    """Whether every column of the table is one that can be read so."""
    return all(column.dtype in _USUAL for column in table)


def read(stretch: Stretch, table: Table, one_by_one: Callable[[Lines], Rows]) -> Rows | Plain:
    """The rows of a stretch, as many as can be at once."""
    schema = _schema(stretch.data, table) if _regular(stretch) else None
    if schema is None:
        return one_by_one(stretch.lines())
    parts = [(stretch.first, stretch.count, _parsed(stretch.data, stretch.count, schema))]
    if parts[0][-1] is None:
        parts = [(first, count, _parsed(data, count, schema)) for first, count, data in _pieces(stretch)]
    whole = [_numbered(frame, first) for first, _, frame in parts if frame is not None]
    if not whole:
        return one_by_one(stretch.lines())
    left = [pl.int_range(first, first + count, eager=True) for first, count, frame in parts if frame is None]
    frame = pl.concat(whole)
    rows = Rows(frame.select(one for one in frame if one.null_count() < frame.height), None, broken_rows(()))
    numbers = pl.concat([pl.Series([], dtype=pl.Int64), *left]).alias(LINE)
    return Plain(rows, numbers, lambda chosen: one_by_one(_chosen(stretch.lines(), chosen)))


def _regular(stretch: Stretch) -> bool:
    """Whether every line begins and ends an object, so that a line is a row as soon as there are as many rows as lines.

    Flat objects have braces nowhere else but in texts, and a text cannot go over a line's end.
    """
    data, lines_ = stretch.data.rstrip(b"\r\n"), stretch.count
    between = data.count(b"}\n{") + data.count(b"}\r\n{")
    return data[:1] == b"{" and data[-1:] == b"}" and between == lines_ - 1 and _short(stretch.data) and _is_text(data)


def _is_text(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _short(data: bytes) -> bool:
    """Whether no line is longer than is read."""
    start = 0
    while len(data) - start > lines.LONGEST:
        start = data.rfind(b"\n", start, start + lines.LONGEST + 1) + 1
        if not start:
            return False
    return True


def _schema(data: bytes, table: Table) -> pa.Schema | None:
    """How the columns are to be read, by the first lines; none where they show what cannot be."""
    types: dict[str, pa.DataType] = {}
    for row in islice(_rows(data), _LOOKED_AT):
        for name, value in row.items():
            if value is None or name in types or name not in table.names:
                continue
            if (kind := _TYPES[table[name].dtype].get(type(value))) is None:
                return None
            types[name] = kind
    return pa.schema([(column.name, types.get(column.name, _USUAL[column.dtype])) for column in table])


def _rows(data: bytes) -> Iterator[dict[str, Any]]:
    start = 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        try:
            row = orjson.loads(data[start:end])
        except orjson.JSONDecodeError:
            row = None
        if isinstance(row, dict):
            yield row
        start = end + 1


def _parsed(data: bytes, count: int, schema: pa.Schema) -> pl.DataFrame | None:
    """The rows of lines of whole objects; none unless all of them can be read."""
    try:
        table = pyarrow.json.read_json(
            pa.BufferReader(data),
            read_options=pyarrow.json.ReadOptions(use_threads=False, block_size=len(data) + 1),
            parse_options=pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
        )
    except (pa.ArrowException, UnicodeDecodeError):
        return None
    if table.num_rows != count:
        return None
    frame = pl.DataFrame(table)
    for name, dtype in frame.schema.items():
        if dtype == pl.Float64 and ((frame[name] == 0) & (1 / frame[name] < 0)).any():
            return None  # `-0` is a whole number to the one parser and -0.0 to the other
    return frame


def _numbered(frame: pl.DataFrame, first: int) -> pl.DataFrame:
    return frame.insert_column(0, pl.int_range(first, first + frame.height, eager=True).alias(LINE))


def _pieces(stretch: Stretch) -> Iterator[tuple[int, int, bytes]]:
    """First line, number of lines and bytes of each piece."""
    start, first = 0, stretch.first
    while start < len(stretch.data):
        end = stretch.data.find(b"\n", start + _PIECE) + 1 or len(stretch.data)
        piece = Stretch(first, stretch.data[start:end])
        yield first, piece.count, piece.data
        start, first = end, first + piece.count


def _chosen(block: Lines, numbers: pl.Series) -> Lines:
    kept, broken = (frame.filter(pl.col(LINE).is_in(numbers.implode())) for frame in (block.frame, block.broken))
    return Lines(kept, broken)
