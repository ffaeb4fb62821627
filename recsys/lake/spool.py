"""Rows of a batch on their way into the lake: few in memory, many as the batch's own Parquet file, which nobody sees yet."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, BinaryIO, Self

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from recsys.lake import files, parquet
from recsys.tables import Table

IN_MEMORY = 262_144
"""Rows of a file that are not worth a file of their own."""
_WAITING = 2
"""Row groups that may wait to be written."""
_CHUNK = 2**20


class Spool:
    """Rows of one table in order. From :data:`IN_MEMORY` rows on they are written, on a thread, to a file without a name in the
    lake's folder, or in the one above where there is no lake yet: it is gone when the block ends, or the process, however that
    ends.

    Raises :class:`InputError` for a frame that does not fit the contract, :class:`LakeError` where the disk does not take it.
    """

    def __init__(self, table: Table, folder: Path) -> None:
        self.table, self.height = table, 0
        self._folder = next(place for place in (folder, *folder.parents) if place.is_dir())
        self._held: list[pl.DataFrame] = []
        self._written: _Written | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._written is not None:
            self._written.close()

    def add(self, frame: pl.DataFrame) -> None:
        """Put rows after the others."""
        self._held.append(self.table.conform(frame))
        self.height += frame.height
        if self._written is None and self.height >= IN_MEMORY:
            with files.guard(self._folder):
                self._written = _Written(self.table, self._folder)
        if self._written is not None and sum(each.height for each in self._held) >= parquet.ROW_GROUP:
            self._hand_over(self._written)

    def groups(self, size: int, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """The rows in frames of ``size``, the last of what is left; one empty frame of none. Nothing can be added afterwards.

        ``columns``: those that are wanted; none = all.
        """
        names = self.table.names if columns is None else list(columns)
        waiting = self.table.empty().select(names)
        for frame in self._frames(names):
            waiting = pl.concat([waiting, frame])
            whole = waiting.height // size * size
            yield from waiting.head(whole).iter_slices(size) if whole else ()
            waiting = waiting.tail(waiting.height - whole)
        if waiting.height or not self.height:
            yield waiting

    def copy_to(self, handle: BinaryIO) -> bool:
        """Write the rows as a Parquet file of the lake; false where they are in memory still. Nothing can be added afterwards."""
        if self._written is None:
            return False
        with files.guard(self._folder):
            source = self._finished(self._written)
        shutil.copyfileobj(source, handle, _CHUNK)
        return True

    def _hand_over(self, written: _Written) -> None:
        """Give whole row groups to the writer."""
        rows = pl.concat(self._held)
        whole = rows.height // parquet.ROW_GROUP * parquet.ROW_GROUP
        with files.guard(self._folder):
            for group in rows.head(whole).iter_slices(parquet.ROW_GROUP):
                written.put(group)
        self._held = [rows.tail(rows.height - whole)]

    def _finished(self, written: _Written) -> IO[bytes]:
        if not written.whole:
            rows = pl.concat([self.table.empty(), *self._held])
            self._held.clear()
            if rows.height:
                written.put(rows)
            written.finish()
        written.file.seek(0)
        return written.file

    def _frames(self, names: list[str]) -> Iterator[pl.DataFrame]:
        if self._written is None:
            yield from (frame.select(names) for frame in self._held)
            return
        with files.guard(self._folder, "read"):
            file = pq.ParquetFile(self._finished(self._written), pre_buffer=False)  # buffered, it would be in memory as a whole
            for batch in file.iter_batches(parquet.ROW_GROUP, columns=names):
                yield pl.DataFrame(batch).select(pl.col(name).cast(self.table[name].dtype) for name in names)


class _Written:
    """A Parquet file that no folder lists; its row groups are encoded on a thread."""

    def __init__(self, table: Table, folder: Path) -> None:
        self.file = _unnamed(folder)
        self.whole = False
        self._writer = parquet.writer(self.file, table)
        self._pool = ThreadPoolExecutor(1, "spool")
        self._begun: deque[Future[None]] = deque()

    def put(self, group: pl.DataFrame) -> None:
        """Put a row group after the others. Raises what stopped one before it."""
        while len(self._begun) >= _WAITING:
            self._begun.popleft().result()
        self._begun.append(self._pool.submit(parquet.put, self._writer, group))

    def finish(self) -> None:
        """Write what is waiting, and the footer."""
        while self._begun:
            self._begun.popleft().result()
        self._writer.close()
        self.whole = True

    def close(self) -> None:
        """Let go of the file, finished or not."""
        self._pool.shutdown(cancel_futures=True)
        with contextlib.suppress(OSError, pa.ArrowException):  # the footer of a file that goes anyway
            self._writer.close()
        self.file.close()


def _unnamed(folder: Path) -> IO[bytes]:
    """A file that no folder lists; in the system's own place where the folder may not be written."""
    writable = os.access(folder, os.W_OK)
    return TemporaryFile(dir=folder if writable else None)
