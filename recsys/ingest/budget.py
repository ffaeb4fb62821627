"""What a Parquet file may take of the memory: judged by its footer before anything is read, then by every batch before texts that
are stored once are written out.

A dictionary or a run of equal values makes 500 bytes of a file stand for gigabytes. So texts are read as dictionaries, their
lengths are added up, and only then are they written out, in blocks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from recsys.ingest.files import allowance, too_much

_ROWS = 131_072
"""Rows read at once."""
_TOGETHER = 1_000_000
"""Rows of row groups that are read by one reader, unless one has more."""
_BLOCK = 2**26
"""Bytes of texts written out at once, unless one row has more."""
_BUFFER = 2**20
"""Bytes of a column read at once."""
_CELL = 8
"""Bytes that a value takes at least."""
_LISTED, LONG = 1_000, 100_000
"""Values of a column of lists that a row may have on average, and how many more a file of few rows may."""
_PLAIN = {"PLAIN", "PLAIN_DICTIONARY", "RLE_DICTIONARY", "RLE", "BIT_PACKED"}
"""Encodings that can be read as dictionaries."""
GROWING = "DELTA_BYTE_ARRAY"
"""Encoding of a text by what it has in common with the one before; such columns are read a few rows at a time."""
FEW = 1_024
_TEXTS = {"STRING", "NONE", "JSON", "ENUM", "BSON"}


def require_modest(footer: pq.FileMetaData, packed: int) -> None:
    """Raise :class:`OSError` for a file of ``packed`` bytes that takes too much by what its footer says."""
    stored = values = 0
    for group in map(footer.row_group, range(footer.num_row_groups)):
        for column in map(group.column, range(group.num_columns)):
            stored += column.total_uncompressed_size
            values += column.num_values
            if column.num_values > _LISTED * group.num_rows + LONG:
                raise OSError(f"{column.path_in_schema} has {column.num_values:,} values in {group.num_rows:,} rows")
    if max(stored, _CELL * values) > allowance(packed):
        raise too_much(packed)


def batches(place: Path | BytesIO, file: pq.ParquetFile, packed: int) -> Iterator[pa.RecordBatch]:
    """The rows of a file of ``packed`` bytes, texts written out. Raises :class:`OSError` where they are too much together."""
    encodings = _encodings(file.metadata)
    texts = [path for path in _texts(file) if encodings[path] <= _PLAIN and "." not in path]  # lists come in one piece only
    growing = any(GROWING in each for each in encodings.values())
    lean = pq.ParquetFile(
        place,
        metadata=file.metadata,
        read_dictionary=texts,
        buffer_size=_BUFFER,
        pre_buffer=False,  # what is buffered before stays in memory until the end
        page_checksum_verification=True,
    )
    left = allowance(packed)
    for batch in _read(lean, FEW if growing else _ROWS):
        left -= _size(batch)
        if left < 0:
            raise too_much(packed)
        for part in _parts(batch):
            columns = [each.dictionary_decode() if pa.types.is_dictionary(each.type) else each for each in part.columns]
            yield pa.RecordBatch.from_arrays(columns, names=part.schema.names)


def _read(file: pq.ParquetFile, rows: int) -> Iterator[pa.RecordBatch]:
    """Batches of ``rows``, by a new reader after :data:`_TOGETHER` of them: its dictionaries have all texts that it ever read."""
    groups: list[int] = []
    waiting = 0
    for group in range(file.num_row_groups):
        groups.append(group)
        waiting += file.metadata.row_group(group).num_rows
        if waiting >= _TOGETHER or group == file.num_row_groups - 1:
            yield from file.iter_batches(rows, row_groups=groups)
            groups, waiting = [], 0


def _texts(file: pq.ParquetFile) -> list[str]:
    every = map(file.schema.column, range(len(file.schema)))
    return [one.path for one in every if one.physical_type == "BYTE_ARRAY" and one.logical_type.type in _TEXTS]


def _encodings(footer: pq.FileMetaData) -> dict[str, set[str]]:
    """All encodings of each column."""
    result: dict[str, set[str]] = defaultdict(set)
    for group in map(footer.row_group, range(footer.num_row_groups)):
        for column in map(group.column, range(group.num_columns)):
            result[column.path_in_schema].update(column.encodings)
    return result


def _parts(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in halves, until each is small enough or one row."""
    if batch.num_rows < 2 or _size(batch) <= _BLOCK:
        yield batch
        return
    half = batch.num_rows // 2
    yield from _parts(batch.slice(0, half))
    yield from _parts(batch.slice(half))


def _size(batch: pa.RecordBatch) -> int:
    return sum(map(_bytes, batch.columns))


def _bytes(array: pa.Array) -> int:
    """Bytes of an array once its dictionaries are written out."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        lengths = pc.binary_length(array.dictionary).cast(pa.int64())  # `pc.fill_null` would import pandas
        return (pc.sum(lengths.take(array.indices)).as_py() or 0) + _CELL * len(array)
    return int(array.nbytes)
