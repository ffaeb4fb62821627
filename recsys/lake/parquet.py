"""The one Parquet writer and reader of the lake.

Equal frames give equal bytes: one chunk, a fixed row-group size, no time of writing. (The library's version stands in the
footer, so bytes may change with an upgrade of pyarrow.) The reader compares the SHA-256 of all bytes before it parses any:
Parquet itself does not notice a flipped bit in most places. Pages have checksums too, for readers that never saw the SHA-256.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from recsys.lake import files
from recsys.lake.records import File
from recsys.tables import Table

if TYPE_CHECKING:
    from recsys.lake.spool import Spool

ROW_GROUP = 131_072
_FORMAT = {"compression": "zstd", "compression_level": 1, "version": "2.6", "write_page_checksum": True}
"""Level 3 takes a fifth longer than 1 and saves 2 % of the bytes."""


def write(path: Path, rows: pl.DataFrame | Spool, table: Table, what: str) -> None:
    """Write a staged file with the contract's Arrow schema, then open it again and compare rows and schema.

    Raises :class:`LakeError` when what was written is not what is read.
    """
    schema = table.arrow()
    with files.create(path, what) as handle:
        if isinstance(rows, pl.DataFrame):
            pq.write_table(rows.rechunk().to_arrow().cast(schema), handle, row_group_size=ROW_GROUP, **_format(table))
        elif not rows.copy_to(handle):
            with writer(handle, table) as out:
                for group in rows.groups(ROW_GROUP):
                    put(out, group)
    try:
        footer = pq.read_metadata(path)
        whole = footer.num_rows == rows.height and _same(footer.schema.to_arrow_schema(), schema)
    except (OSError, pa.ArrowException) as error:
        raise files.damaged(path, error) from error
    if not whole:
        raise files.damaged(path, "it reads back differently from what was written")


def writer(handle: IO[bytes], table: Table) -> pq.ParquetWriter:
    """A writer of a file of the lake, row group by row group."""
    return pq.ParquetWriter(handle, table.arrow(), **_format(table))


def put(out: pq.ParquetWriter, group: pl.DataFrame) -> None:
    """Write a row group: :data:`ROW_GROUP` rows, or the last ones."""
    out.write_table(group.rechunk().to_arrow().cast(out.schema), row_group_size=ROW_GROUP)


@cache
def _format(table: Table) -> dict[str, Any]:
    """How a table is written: with dictionaries, but for floats. These hardly repeat: a dictionary of a chunk is made, given up
    when it is full and stored all the same, which takes a third of all the time and a seventh of the bytes."""
    empty = pa.BufferOutputStream()
    pq.ParquetWriter(empty, table.arrow()).close()  # `empty_table` would import pandas
    columns = pq.ParquetFile(pa.BufferReader(empty.getvalue())).schema
    named = [columns.column(place) for place in range(len(columns))]
    return {**_FORMAT, "use_dictionary": [one.path for one in named if one.physical_type not in ("DOUBLE", "FLOAT")]}


def read(folder: Path, file: File) -> pl.DataFrame:
    """All rows of a recorded file. Raises :class:`LakeError` when it is missing or any byte has changed."""
    path = folder / file.path
    data = files.read(path)
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise files.damaged(path, "its content is not what was written")
    # pq.read_table would do, and import pandas for it, which takes a second
    try:
        return pl.DataFrame(pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True).read())
    except (OSError, pa.ArrowException) as error:
        raise files.damaged(path, error) from error


def _same(actual: Any, wanted: Any) -> bool:
    """Schemas agree in names, types, nullability and field meanings. (Parquet renames the inside of lists.)"""
    pairs = zip(actual, wanted, strict=True)
    return actual.equals(wanted) and all(a.metadata == b.metadata for a, b in pairs)
