"""Rows of a batch on their way into the lake: few in memory, many on its disk, in a file that nobody sees."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Self

import polars as pl
import pyarrow as pa

from recsys.lake import files
from recsys.tables import Table

IN_MEMORY = 262_144
"""Rows of a file that are not worth a file of their own."""


class Spool:
    """Rows of one table in order. From :data:`IN_MEMORY` rows on they go to a file without a name in the lake's folder, or in the
    one above where there is no lake yet: it is gone when the block ends, or the process, however that ends.

    Raises :class:`InputError` for a frame that does not fit the contract, :class:`LakeError` where the disk does not take it.
    """

    def __init__(self, table: Table, folder: Path) -> None:
        self.table, self.height = table, 0
        self._folder = next(place for place in (folder, *folder.parents) if place.is_dir())
        self._held: list[pl.DataFrame] = []
        self._file: IO[bytes] | None = None
        self._writer: pa.RecordBatchStreamWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, frame: pl.DataFrame) -> None:
        """Put rows after the others."""
        self._held.append(self.table.conform(frame))
        self.height += frame.height
        if sum(each.height for each in self._held) >= IN_MEMORY:
            with files.guard(self._folder):
                self._spill()

    def groups(self, size: int) -> Iterator[pl.DataFrame]:
        """The rows in frames of ``size``, the last of what is left; one empty frame of none. Nothing can be added afterwards."""
        waiting = self.table.empty()
        for frame in self._frames():
            waiting = pl.concat([waiting, frame])
            whole = waiting.height // size * size
            yield from waiting.head(whole).iter_slices(size) if whole else ()
            waiting = waiting.tail(waiting.height - whole)
        if waiting.height or not self.height:
            yield waiting

    def _frames(self) -> Iterator[pl.DataFrame]:
        if self._file is not None and self._writer is not None:
            with files.guard(self._folder, "read"):
                self._writer.close()
                self._file.seek(0)
                for batch in pa.ipc.open_stream(self._file):
                    yield self.table.shape(pl.DataFrame(batch))
        yield from self._held

    def _spill(self) -> None:
        rows = pl.concat(self._held).rechunk().to_arrow()
        self._held.clear()
        if self._writer is None:
            self._file = _unnamed(self._folder)
            self._writer = pa.ipc.new_stream(self._file, rows.schema, options=pa.ipc.IpcWriteOptions(compression="lz4"))
        self._writer.write_table(rows)


def _unnamed(folder: Path) -> IO[bytes]:
    """A file that no folder lists; in the system's own place where the folder may not be written."""
    writable = os.access(folder, os.W_OK)
    return TemporaryFile(dir=folder if writable else None)
