"""Text in blocks of whole lines, each line with its number in the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import BinaryIO

import numpy as np
import polars as pl

from recsys.ingest.rows import LINE, Fault, broken_rows

_BLOCK = 8 * 2**20
"""Bytes read at once."""

_MOST = 200_000
"""Lines of a block: a short line may take more memory than a long one."""

LONGEST = 4 * 2**20
"""Bytes of the longest line, and of the longest CSV record, that is read."""

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Lines:
    """Lines of one block: Int64 ``line``, String ``text`` without line end; and those that are no text."""

    frame: pl.DataFrame
    broken: pl.DataFrame


@dataclass(frozen=True)
class Stretch:
    """Whole lines as they are in the file, and the number of the first."""

    first: int
    data: bytes

    @cached_property
    def count(self) -> int:
        """How many lines there are."""
        return self.data.count(b"\n") + (not self.data.endswith(b"\n"))

    def lines(self) -> Lines:
        """The lines one by one."""
        return _lines(self.data, self.first)


def blocks(stream: BinaryIO, seen: Callable[[], None] = lambda: None) -> Iterator[Lines]:
    """All lines of UTF-8 text. A byte-order mark is dropped, ``\\r\\n`` counts as ``\\n``, and so does ``\\r`` in a text that
    begins without ``\\n``; ``seen`` is called once per block."""
    return (stretch.lines() for stretch in stretches(stream, seen))


def stretches(stream: BinaryIO, seen: Callable[[], None] = lambda: None) -> Iterator[Stretch]:
    """:func:`blocks` before their lines are taken apart."""
    first = 1
    for data in _whole_lines(stream):
        for part in _parts(data):
            stretch = Stretch(first, part.removeprefix(_BOM) if first == 1 else part)
            yield stretch
            first += stretch.count
        seen()


def only_returns(head: bytes) -> bool:
    """Whether lines end as those of old Macs and of some spreadsheets on new ones do."""
    return b"\r" in head and b"\n" not in head


def _whole_lines(stream: BinaryIO) -> Iterator[bytes]:
    pending, returns = b"", None
    while chunk := stream.read(_BLOCK):
        if returns is None:
            returns = only_returns(chunk)
        pending += chunk.replace(b"\r", b"\n") if returns else chunk
        cut = pending.rfind(b"\n") + 1
        if cut:
            yield pending[:cut]
            pending = pending[cut:]
        elif len(pending) > LONGEST:  # the line is rejected anyway: no need to hold more of it
            pending = pending[: LONGEST + 1]
    if pending:
        yield pending


def _parts(data: bytes) -> Iterator[bytes]:
    """Whole lines in parts of at most :data:`MOST`."""
    if data.count(b"\n") <= _MOST:
        yield data
        return
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))[_MOST - 1 :: _MOST] + 1
    for start, end in pairwise([0, *ends.tolist(), len(data)]):
        if start < end:
            yield data[start:end]


def _lines(data: bytes, first: int) -> Lines:
    try:
        text = data.removesuffix(b"\n").decode()
    except UnicodeDecodeError:
        return _one_by_one(data.removesuffix(b"\n").split(b"\n"), first)
    texts = pl.Series("text", [text]).str.split("\n").explode(empty_as_null=False)
    if (texts.str.len_bytes() > LONGEST).any():
        return _one_by_one([line.encode() for line in texts], first)
    frame = pl.DataFrame({LINE: pl.int_range(first, first + len(texts), eager=True), "text": texts.str.strip_suffix("\r")})
    return Lines(frame, broken_rows(()))


def _one_by_one(lines: list[bytes], first: int) -> Lines:
    good: list[tuple[int, str]] = []
    faults: list[Fault] = []
    for number, line in enumerate(lines, first):
        if len(line) > LONGEST:
            reason = f"the line is longer than {LONGEST:,} bytes; split the row"
            faults.append((number, None, "overlong", reason, line[:2000].decode("utf-8", "replace")))
            continue
        try:
            good.append((number, line.decode().removesuffix("\r")))
        except UnicodeDecodeError as error:
            reason = f"byte {error.start + 1} of the line is not UTF-8; save the file as UTF-8"
            faults.append((number, None, "utf8", reason, line[:2000].decode("utf-8", "backslashreplace")))
    frame = pl.DataFrame(good, schema={LINE: pl.Int64, "text": pl.String}, orient="row")
    return Lines(frame, broken_rows(faults))
