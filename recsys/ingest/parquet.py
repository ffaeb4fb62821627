"""Parquet as typed rows, one block per row group or million rows. Row numbers count from 1."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader, BytesIO
from pathlib import Path
from uuid import UUID

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from recsys.errors import InputError
from recsys.ingest import columns, values
from recsys.ingest.budget import batches, require_modest
from recsys.ingest.columns import Header
from recsys.ingest.files import Source
from recsys.ingest.rows import LINE, Fault, Rows, broken_rows
from recsys.ingest.validation import allowed
from recsys.tables import FEATURES, TRACKS, Table

_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_FIRST, _LAST = -62_135_596_800, 253_402_300_799  # seconds from 1970 to the years 1 and 9999


def read(source: Source, header: Header, seen: Callable[[float], None] = lambda _: None) -> Iterator[Rows]:
    """Blocks of a Parquet file; ``seen`` is told the share of rows read so far.

    Raises :class:`InputError` for a file that is not Parquet, and for a column that is not in the contract, is missing, or is of
    a type that can never be read.
    """
    with source.open() as stream:
        with _undamaged(source):
            place: Path | BytesIO = source.path if isinstance(stream, BufferedReader) else BytesIO(stream.read())
            file = pq.ParquetFile(place)  # its footer; pages are read, and their checksums verified, by batches
            require_modest(file.metadata, source.size)
        names = header.read(source.label, file.schema_arrow.names, nested=True)
        taken = [place for place, name in enumerate(names) if name not in header.dropped]
        schema = pa.schema([_plain(file.schema_arrow.field(place)) for place in taken])
        renamed = {file.schema_arrow.names[place]: names[place] for place in taken}
        _check_types(source, header.table, schema, renamed)
        start = 1
        for batch in _undamaged_batches(source, batches(place, file, source.size)):
            yield _block(_texts(batch.select(taken)), start, renamed, header.table)
            start += batch.num_rows
            seen((start - 1) / file.metadata.num_rows)


def _undamaged_batches(source: Source, read: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    with _undamaged(source):
        yield from read


@contextmanager
def _undamaged(source: Source) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        cause = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{source.label}: unreadable Parquet ({cause}); write the file again") from error


def _plain(field: pa.Field) -> pa.Field:
    """The field as it is read: bytes as text, a UUID as its text, an extension as what it stores, lists of words as of texts."""
    return field.with_type(_as_text(field.type))


def _as_text(kind: pa.DataType) -> pa.DataType:
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if pa.types.is_dictionary(kind):
        return _as_text(kind.value_type) if pa.types.is_binary(kind.value_type) else kind
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return pa.large_string()
    if _is_list_of_words(kind):
        return pa.large_list(pa.large_string())
    return pa.string() if kind == pa.binary(16) else kind


def _is_list_of_words(kind: pa.DataType) -> bool:
    """Whether it is a list of texts in a form of its own: of words from a dictionary, or always as many."""
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
        return False
    coded = pa.types.is_dictionary(kind.value_type)
    text = kind.value_type.value_type if coded else kind.value_type
    return (coded or pa.types.is_fixed_size_list(kind)) and (pa.types.is_string(text) or pa.types.is_large_string(text))


def _texts(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with bytes as text; whether they are UTF-8 is tested with all other texts."""
    columns = [_text(column) for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _text(array: pa.Array) -> pa.Array:
    if isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
    if pa.types.is_dictionary(array.type) and pa.types.is_binary(array.type.value_type):
        array = array.dictionary_decode()
    if array.type == pa.binary(16):
        return pa.array([None if value is None else str(UUID(bytes=value)) for value in array.to_pylist()], pa.string())
    kind = _as_text(array.type)
    if _is_list_of_words(array.type):
        return array.cast(kind)
    return array if kind == array.type else array.cast(pa.large_binary()).view(kind)


def _check_types(source: Source, table: Table, schema: pa.Schema, renamed: dict[str, str]) -> None:
    for field in schema:
        name = renamed.get(field.name, field.name)
        if name == columns.NESTED and name not in table.names:
            _check_features(source, table, field.type)
        elif not _readable(field.type) or not values.accepts(table[name], _polars(field.type)):
            raise InputError(
                f"{source.label}: column {field.name!r} is {field.type}; {allowed(table[name])}. See `recsys tables`"
            )


def _check_features(source: Source, table: Table, kind: pa.DataType) -> None:
    if not pa.types.is_struct(kind):
        raise InputError(f"{source.label}: column {columns.NESTED!r} is {kind}; allowed: a struct of audio features")
    for field in kind:
        if field.name not in FEATURES:
            raise InputError(f"{source.label}: in {columns.NESTED!r}, {columns.unknown(field.name, FEATURES)}")
        if not _readable(field.type) or not values.accepts(table[field.name], _polars(field.type)):
            raise InputError(f"{source.label}: {columns.NESTED}.{field.name} is {field.type}; {allowed(table[field.name])}")


def _readable(kind: pa.DataType) -> bool:
    """Whether Polars has the type: everything a contract column takes, and nothing exotic inside."""
    is_type = pa.types
    if is_type.is_dictionary(kind):
        return _readable(kind.value_type)
    if is_type.is_list(kind) or is_type.is_large_list(kind):
        return _readable(kind.value_type)
    if is_type.is_struct(kind):
        return all(_readable(field.type) for field in kind)
    text = is_type.is_string(kind) or is_type.is_large_string(kind) or is_type.is_string_view(kind)
    number = is_type.is_integer(kind) or is_type.is_floating(kind) or is_type.is_decimal128(kind)
    return (
        text or number or is_type.is_boolean(kind) or is_type.is_timestamp(kind) or is_type.is_date(kind) or is_type.is_null(kind)
    )


def _polars(kind: pa.DataType) -> pl.DataType:
    stored = _utc(kind.value_type if pa.types.is_dictionary(kind) else kind)
    return pl.Series(pa.nulls(0, stored)).dtype  # `pa.array` would import pandas


def _utc(kind: pa.DataType) -> pa.DataType:
    """The type with every zone named UTC: zoned times are stored as UTC, their zone is only how they are shown."""
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return pa.timestamp(kind.unit, "UTC")
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.large_list(_utc(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_utc(field.type)) for field in kind])
    return kind


def _block(batch: pa.RecordBatch, start: int, renamed: dict[str, str], table: Table) -> Rows:
    lines = pl.int_range(start, start + batch.num_rows, eager=True).alias(LINE)
    faults: list[Fault] = []
    if _damage(batch):
        damages = [_damage(batch.slice(row, 1)) for row in range(batch.num_rows)]
        faults = [(start + row, None, *damage, None) for row, damage in enumerate(damages) if damage]
        good = [row for row, damage in enumerate(damages) if not damage]
        batch, lines = batch.take(pa.array(good, pa.int64())), lines.gather(good)
    schema = pa.schema([field.with_type(_utc(field.type)) for field in batch.schema])
    frame = pl.DataFrame(pa.Table.from_batches([batch]).cast(schema)).rename(renamed)
    if columns.NESTED in frame.columns and table is TRACKS:
        frame = frame.unnest(columns.NESTED)
    return Rows(frame.with_columns(lines), None, broken_rows(faults))


def _damage(batch: pa.RecordBatch) -> tuple[str, str] | None:
    """Code and reason when a batch holds something that must not even be looked at."""
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid:
        return "utf8", "a text in the row is not UTF-8; write it again as UTF-8"
    if any(_wild(column) for column in batch.columns):
        return "time_range", "a time in the row is outside the years 1 to 9999; leave it empty when it is not known"
    return None


def _wild(array: pa.Array) -> bool:
    """Whether times are so far away that no calendar has them."""
    kind = array.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _wild(array.flatten())
    if pa.types.is_struct(kind):
        return any(_wild(child) for child in array.flatten())
    if not pa.types.is_timestamp(kind) and not pa.types.is_date(kind):
        return False
    per_second = _PER_SECOND[kind.unit] if pa.types.is_timestamp(kind) else 1000 if pa.types.is_date64(kind) else 1 / 86_400
    bounds = pc.min_max(array.cast(pa.int32() if pa.types.is_date32(kind) else pa.int64()))
    low, high = bounds["min"].as_py(), bounds["max"].as_py()
    return low is not None and (low < _FIRST * per_second or high > _LAST * per_second)
