"""One lookup file, read by position: the index that was written with it says where a row lies, and only that is read."""

from __future__ import annotations

import fcntl
import os
import weakref
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from struct import Struct
from typing import Any, Literal, TypedDict

from isal.isal_zlib import crc32

from recsys.errors import LakeError
from recsys.lookup.names import CHECK

_KEPT = 2**20
"""Rows of a file up to which :meth:`Columns.keep` holds where they lie: 12 MiB."""
_BOUNDS = Struct("<qq")
_RESIDUE = 0x2144DF1C
"""CRC-32 of any bytes that end in their own CRC-32, little-endian: a property of the polynomial."""
_UNCHECKED = -CHECK.size
_pread = os.pread
_SIZES = {"i": 4, "q": 8, "f": 4}


def sealed(data: bytes) -> bytes:
    """The bytes and their checksum."""
    return data + CHECK.pack(crc32(data))


class Layout(TypedDict):
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
    process. :meth:`check` tells when the file was overwritten, and checksums when the disk lies. Every method raises
    :class:`LakeError` when the file is missing or damaged, or has become shorter.
    """

    def __init__(self, path: Path, offsets: Layout) -> None:
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
        self._kept: dict[str, tuple[array[int], array[int]]] = {}

    def __len__(self) -> int:
        return self._starts[-1]

    def check(self) -> None:
        """Raises :class:`LakeError` when the file was removed or changed since it was opened."""
        status = os.fstat(self._descriptor)
        if (status.st_size, status.st_mtime_ns, status.st_nlink) != self._state:
            raise self._changed()

    def keep(self, column: str) -> None:
        """Hold in memory where the rows of a column of bytes lie, so that each is read at once; not in a file of many rows."""
        if len(self) > _KEPT:
            return
        begins, sizes = array("q"), array("i")
        for (bounds, data), (first, last) in zip(self._texts[column], pairwise(self._starts), strict=True):
            ends = array("q", self.read(8 * (last - first + 1), bounds))
            begins.extend(data + begin for begin in ends[:-1])
            sizes.extend(end - begin for begin, end in pairwise(ends))
        self._kept[column] = begins, sizes

    def text(self, column: str, row: int) -> bytes:
        """One row of a column of bytes."""
        kept = self._kept.get(column)
        if kept is not None:
            return self.part(kept[1][row], kept[0][row])[:_UNCHECKED]
        batch = bisect_right(self._starts, row) - 1
        bounds, data = self._texts[column][batch]
        first, end = _BOUNDS.unpack(self.read(16, bounds + 8 * (row - self._starts[batch])))
        return self.part(end - first, data + first)[:_UNCHECKED]

    def part(self, count: int, first: int) -> bytes:
        """``count`` bytes from byte ``first`` of the file on, which end in their checksum, and it is theirs."""
        data = _pread(self._descriptor, count, first) if 0 <= count <= self._size and first >= 0 else b""
        if len(data) != count:
            raise self._changed()
        if crc32(data) != _RESIDUE:
            raise self.damaged()
        return data

    def two_parts(self, counts: tuple[int, int], first: int) -> tuple[memoryview, memoryview]:
        """The same of two parts that follow one another, read at once."""
        if min(counts) < 0:
            raise self._changed()
        data = memoryview(self.read(sum(counts), first))
        parts = data[: counts[0]], data[counts[0] :]
        if crc32(parts[0]) != _RESIDUE or crc32(parts[1]) != _RESIDUE:
            raise self.damaged()
        return parts

    def read(self, count: int, first: int) -> bytes:
        """``count`` bytes from byte ``first`` of the file on."""
        if 0 <= count <= self._size and first >= 0:
            data = os.pread(self._descriptor, count, first)
            if len(data) == count:
                return data
        raise self._changed()

    def numbers(self, columns: Sequence[str], first: int, count: int, checksum: int) -> list[list[Any]]:
        """``count`` rows of some columns from ``first`` on, all in one batch; ``checksum``: the CRC-32 of their bytes."""
        batch = bisect_right(self._starts, first) - 1
        data = [self._bytes(column, batch, first, count) for column in columns]
        if crc32(b"".join(data)) != checksum:
            raise self.damaged()
        return [memoryview(part).cast(self._numbers[column][0]).tolist() for column, part in zip(columns, data, strict=True)]

    def _bytes(self, column: str, batch: int, first: int, count: int) -> bytes:
        code, begins = self._numbers[column]
        size = _SIZES[code]
        return self.read(count * size, begins[batch] + (first - self._starts[batch]) * size)

    def place(self, column: str, key: bytes) -> int:
        """The number of the first row that is not below ``key``, in a file sorted by this column of bytes."""
        return bisect_left(range(len(self)), key, key=lambda row: self.text(column, row))

    def damaged(self) -> LakeError:
        """The error for bytes that are not those that were written."""
        return LakeError(f"{self.path} is damaged: a checksum is not that of its bytes; publish another run")

    def _changed(self) -> LakeError:
        return LakeError(f"{self.path} was removed or changed while it was in use; publish another run")

    def _found(self) -> tuple[int, int, int]:
        status = os.fstat(self._descriptor)
        return status.st_size, status.st_mtime_ns, status.st_nlink
