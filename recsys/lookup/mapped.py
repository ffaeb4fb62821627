"""One lookup file, mapped: its rows are read where they lie, nothing is copied before it is asked for."""

from __future__ import annotations

import fcntl
import mmap
import os
import weakref
from bisect import bisect_left, bisect_right
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from recsys.errors import LakeError

Batch = dict[str, Any]
"""Column → how to read it: numbers as a memory view, bytes as :class:`Texts`."""


_CODES: dict[pa.DataType, Literal["i", "q", "f"]] = {pa.int32(): "i", pa.int64(): "q", pa.float32(): "f"}


class Mapped:
    """An Arrow IPC file. Rows have numbers in the whole file; a batch holds a contiguous range of them.

    A mapped file that shrinks kills the process that reads it, and one that is overwritten lies: :meth:`check` tells, and is
    to be called before every use. Raises :class:`LakeError` when the file is missing, damaged, or has changed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            weakref.finalize(self, os.close, self._descriptor)
            fcntl.flock(self._descriptor, fcntl.LOCK_SH)  # `recsys runs prune` leaves the run alone
            self._map = mmap.mmap(self._descriptor, 0, access=mmap.ACCESS_READ)
            self._state = self._found()
            reader = pa.ipc.open_file(pa.py_buffer(self._map))
            batches = [reader.get_batch(number) for number in range(reader.num_record_batches)]
        except (OSError, ValueError, pa.ArrowException) as error:
            raise LakeError(f"{path} is missing or damaged: {error}; publish another run") from error
        self._map.madvise(mmap.MADV_RANDOM)
        self.starts = [0]
        for batch in batches:
            self.starts.append(self.starts[-1] + batch.num_rows)
        self._batches: list[Batch] = [{name: _column(batch.column(name)) for name in batch.schema.names} for batch in batches]

    def __len__(self) -> int:
        return self.starts[-1]

    def check(self) -> None:
        """Raises :class:`LakeError` when the file was removed or changed since it was opened."""
        if self._found() != self._state:
            raise LakeError(f"{self.path} was removed or changed while it was in use; publish another run")

    def locate(self, row: int) -> tuple[Batch, int]:
        """The batch that holds a row, and the row's number in it."""
        number = bisect_right(self.starts, row) - 1
        return self._batches[number], row - self.starts[number]

    def find(self, key: bytes) -> int | None:
        """The number of the row whose ``id`` is ``key``, in a file sorted by id."""
        row = self.place(key)
        if row == len(self):
            return None
        batch, place = self.locate(row)
        return row if batch["id"](place) == key else None

    def place(self, key: bytes) -> int:
        """The number of the first row whose ``id`` is not below ``key``."""
        number = bisect_right(self._batches, key, key=_first_id) - 1
        if number < 0:
            return 0
        rows = range(self.starts[number + 1] - self.starts[number])
        return self.starts[number] + bisect_left(rows, key, key=self._batches[number]["id"])

    def whole(self, *columns: str) -> list[memoryview]:
        """Columns of numbers of a file with one batch at most."""
        return [self._batches[0][column] if self._batches else memoryview(b"") for column in columns]

    def release(self) -> None:
        """Give mapped pages back; the system keeps them at hand, but they no longer count as this process's memory."""
        self._map.madvise(mmap.MADV_DONTNEED)

    def _found(self) -> tuple[int, int, int]:
        found = os.fstat(self._descriptor)
        return found.st_size, found.st_mtime_ns, found.st_nlink


def _first_id(batch: Batch) -> bytes:
    first: bytes = batch["id"](0)
    return first


class Texts:
    """A column of bytes."""

    __slots__ = ("_data", "_ends")

    def __init__(self, ends: memoryview, data: memoryview) -> None:
        self._ends, self._data = ends, data

    def __call__(self, row: int) -> bytes:
        """One row."""
        return bytes(self._data[self._ends[row] : self._ends[row + 1]])

    def run(self, first: int, count: int) -> memoryview:
        """``count`` rows from ``first`` on, one after the other, where they lie."""
        return self._data[self._ends[first] : self._ends[first + count]]


def _column(column: pa.Array) -> memoryview[int] | memoryview[float] | Texts:
    if column.offset or column.null_count:
        raise ValueError("a column with an offset or without values")
    buffers = column.buffers()
    if not pa.types.is_large_binary(column.type):
        return memoryview(buffers[1]).cast("B").cast(_CODES[column.type])
    return Texts(memoryview(buffers[1]).cast("B").cast("q"), memoryview(buffers[2] or b"").cast("B"))
