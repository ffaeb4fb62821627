"""The lookup's Arrow files: their columns, and frames as batches of them. What they hold: :mod:`recsys.lookup.writer`."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from recsys.lookup.columns import sealed
from recsys.lookup.names import OLD_PARTS

_BYTES = pa.large_binary()
SCHEMAS = {
    "users": pa.schema({"users": _BYTES}),
    "names": pa.schema({"id": _BYTES, "recent": _BYTES}),
    "lists": pa.schema({"record": _BYTES}),
    "rows": pa.schema({"rows": _BYTES}),
    "pool": pa.schema({"track": pa.int32(), **dict.fromkeys(OLD_PARTS, pa.float32())}),
    "tracks": pa.schema({"id": _BYTES, "head": _BYTES, "more": _BYTES}),
}
"""File → its columns."""


def batch_of(file: str, frame: pl.DataFrame) -> pa.RecordBatch:
    """At least one row of a file as one batch. Each text is followed by its checksum; those of ``rows`` bring their own."""
    schema = SCHEMAS[file]
    texts = [] if file == "rows" else [field.name for field in schema if field.type == _BYTES]
    columns = (pl.Series(name, list(map(sealed, frame[name].cast(pl.Binary))), dtype=pl.Binary) for name in texts)
    rows = frame.with_columns(columns).select(schema.names)
    (batch,) = rows.rechunk().to_arrow().cast(schema).combine_chunks().to_batches()
    return batch
