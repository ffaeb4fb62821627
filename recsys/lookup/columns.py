"""One lookup file, read by position: the index that was written with it says where a row lies, and only that is read."""

from __future__ import annotations

import fcntl
import os
import weakref
from array import array
from bisect import bisect_left, bisect_right
from itertools import pairwise
from pathlib import Path
from struct import Struct
from typing import Literal, TypedDict

from recsys.errors import LakeError

KEPT = 2**20
"""Rows of a file up to which :meth:`Columns.keep` holds their offsets: 8 MiB."""
_BOUNDS = Struct("<qq")
_SIZES = {"i": 4, "q": 8, "f": 4}


class Offsets(TypedDict):
    """Where the columns of one file lie. A batch holds a contiguous range of the file's rows."""

    bytes: int
    """Size of the file."""
    starts: list[int]
    """First row of each batch, then the number of rows."""
    numbers: dict[str, tuple[Literal["i", "q", "f"], list[int]]]
    """Column → code of its type as in :mod:`struct`, first byte per batch."""
    texts: dict[str, list[tuple[int, int]]]
    """Column → per batch the first byte of its offsets (int64, one more than rows) and of its bytes."""


class Columns:
    """The columns of an Arrow IPC file.

    Bytes are read, not mapped: a mapped file that shrinks kills the process that reads it, and its pages count as memory of the
    process. One that is overwritten lies: :meth:`check` tells. Every method raises :class:`LakeError` when the file is
    missing or damaged, or has become shorter.
    """

    def __init__(self, path: Path, offsets: Offsets) -> None:
        self.path = path
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            weakref.finalize(self, os.close, self._descriptor)
            fcntl.flock(self._descriptor, fcntl.LOCK_SH)  # `recsys runs prune` leaves the run alone
            self._state = self._found()
        except OSError as error:
            raise LakeError(f"{path} is missing or damaged: {error}; publish another run") from error
        self._size = offsets["bytes"]
        if self._state[0] != self._size:
            raise LakeError(f"{path} is missing or damaged: its size is not {offsets['bytes']:,} bytes; publish another run")
        self._starts, self._numbers, self._texts = offsets["starts"], offsets["numbers"], offsets["texts"]
        self._kept: dict[str, list[array[int]]] = {}

    def __len__(self) -> int:
        return self._starts[-1]

    def check(self) -> None:
        """Raises :class:`LakeError` when the file was removed or changed since it was opened."""
        found = os.fstat(self._descriptor)
        if (found.st_size, found.st_mtime_ns, found.st_nlink) != self._state:
            raise self._changed()

    def keep(self, column: str) -> None:
        """Hold in memory where the rows of a column of bytes lie, so that each is read at once; not in a file of many rows."""
        if len(self) <= KEPT:
            ranges = zip(self._texts[column], pairwise(self._starts), strict=True)
            self._kept[column] = [array("q", self.read(8 * (last - first + 1), bounds)) for (bounds, _), (first, last) in ranges]

    def text(self, column: str, row: int) -> bytes:
        """One row of a column of bytes."""
        batch = bisect_right(self._starts, row) - 1
        at = row - self._starts[batch]
        bounds, data = self._texts[column][batch]
        kept = self._kept.get(column)
        if kept is None:
            first, end = _BOUNDS.unpack(self.read(16, bounds + 8 * at))
        else:
            first, end = kept[batch][at], kept[batch][at + 1]
        return self.read(end - first, data + first)

    def read(self, count: int, first: int) -> bytes:
        """``count`` bytes from byte ``first`` of the file on."""
        if 0 <= count <= self._size and first >= 0:
            found = os.pread(self._descriptor, count, first)
            if len(found) == count:
                return found
        raise self._changed()

    def numbers(self, column: str, first: int, count: int) -> list[int] | list[float]:
        """``count`` rows from ``first`` on, all in one batch."""
        batch = bisect_right(self._starts, first) - 1
        code, begins = self._numbers[column]
        size = _SIZES[code]
        data = self.read(count * size, begins[batch] + (first - self._starts[batch]) * size)
        found: list[int] | list[float] = memoryview(data).cast(code).tolist()
        return found

    def place(self, column: str, key: bytes) -> int:
        """The number of the first row that is not below ``key``, in a file sorted by this column of bytes."""
        return bisect_left(range(len(self)), key, key=lambda row: self.text(column, row))

    def _changed(self) -> LakeError:
        return LakeError(f"{self.path} was removed or changed while it was in use; publish another run")

    def _found(self) -> tuple[int, int, int]:
        found = os.fstat(self._descriptor)
        return found.st_size, found.st_mtime_ns, found.st_nlink
