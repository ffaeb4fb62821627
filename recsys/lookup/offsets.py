"""Where the columns of an Arrow file lie in it, as a reader without Arrow needs to know."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pyarrow as pa

from recsys.lookup.columns import Layout

_CODES: dict[pa.DataType, Literal["i", "q", "f"]] = {pa.int32(): "i", pa.int64(): "q", pa.float32(): "f"}


def offsets(path: Path) -> Layout:
    """Offsets of an uncompressed file without nulls, whose columns are numbers or bytes."""
    with pa.memory_map(str(path)) as file:
        start = file.read_buffer().address
        size = file.size()
        reader = pa.ipc.open_file(file)
        batches = [reader.get_batch(number) for number in range(reader.num_record_batches)]
        ends = Layout(bytes=size, starts=[0], numbers={}, texts={})
        for field in reader.schema:
            columns = [
                [buffer.address - start if buffer else 0 for buffer in batch.column(field.name).buffers()] for batch in batches
            ]
            if pa.types.is_large_binary(field.type):
                ends["texts"][field.name] = [(bounds, data) for _, bounds, data in columns]
            else:
                ends["numbers"][field.name] = _CODES[field.type], [data for _, data in columns]
        for batch in batches:
            ends["starts"].append(ends["starts"][-1] + batch.num_rows)
    return ends
