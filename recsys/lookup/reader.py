"""A run's lookup files as lists of one listener. Memory does not grow with the run: its files are mapped."""

from __future__ import annotations

import os
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson

from recsys.errors import LakeError, NotFoundError
from recsys.lake import Run
from recsys.lookup.mapped import Batch, Mapped
from recsys.lookup.names import FILES, PARTS, name

STRANGER = b"*"
"""The listener whose lists everybody else gets."""
RESIDENT = 180 * 2**20
"""Resident bytes of the process above which mapped pages are given back."""
SHOWN = 20
"""Listeners named at a time."""
_LOOK = 32
"""Look-ups between two looks at the resident memory."""
_STATM = Path("/proc/self/statm")
_RANGES = ("rows_first", "rows_count", "pool_first", "pool_count")
_BEFORE = len(b',{"track":')
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Listener:
    """One listener's row of the index; ``known`` is False when it is the stranger's, for want of one's own."""

    known: bool
    lists_first: int
    lists_count: int
    _texts: tuple[Batch, int]

    @property
    def profile(self) -> bytes:
        """JSON."""
        batch, place = self._texts
        return batch["profile"](place)

    @property
    def controls(self) -> bytes:
        """JSON."""
        batch, place = self._texts
        return batch["controls"](place)


@dataclass(frozen=True, slots=True)
class Listed:
    """Where the rows of one list lie, in ``rows`` and in ``pool``."""

    rows_first: int
    rows_count: int
    pool_first: int
    pool_count: int
    _text: tuple[Batch, int]

    @property
    def record(self) -> bytes:
        """The row of the table `lists`, JSON."""
        batch, place = self._text
        return batch["record"](place)


class Reader:
    """The lookup of one run. Every method raises :class:`LakeError` when the run's files were removed or changed meanwhile."""

    def __init__(self, run: Run) -> None:
        self.run = run
        try:
            self._files = {file: Mapped(run.file(name(file))) for file in FILES}
        except NotFoundError as error:
            raise LakeError(f"run {run.id} has no lookup files; build a new one with `recsys run`") from error
        index, self._users, self._lists, self._rows, self._pool, self._tracks = (self._files[file] for file in FILES)
        self._index, self._hashes, self._numbers = index, *index.whole("hash", "user")
        self._count = 0

    def listener(self, user_id: str) -> Listener:
        """The listener, or the stranger. Raises :class:`NotFoundError` when the run has neither."""
        self._index.check()
        self._users.check()
        row = self._find(user_id.encode())
        known = row is not None
        if row is None:
            row = self._find(STRANGER)
        if row is None:
            raise NotFoundError(f"no listener {user_id!r}, and run {self.run.id} has no lists for new listeners")
        batch, place = self._users.locate(row)
        return Listener(known, batch["lists_first"][place], batch["lists_count"][place], (batch, place))

    def check(self) -> None:
        """Raises :class:`LakeError` when the run's lists were removed or changed."""
        self._rows.check()

    def users(self, prefix: str) -> list[str]:
        """The first listeners whose id begins with ``prefix``, in order, without the stranger."""
        self._users.check()
        key = prefix.encode()
        first = self._users.place(key)
        found = (self._users.locate(row) for row in range(first, min(first + SHOWN + 1, len(self._users))))
        ids = [batch["id"](place) for batch, place in found]
        return [name.decode() for name in ids if name.startswith(key) and name != STRANGER][:SHOWN]

    def lists(self, listener: Listener) -> dict[str, Listed]:
        """Every list of a listener by name."""
        self._lists.check()
        found = (self._lists.locate(row) for row in range(listener.lists_first, listener.lists_first + listener.lists_count))
        return {batch["name"](place).decode(): _listed(batch, place) for batch, place in found}

    def find_list(self, listener: Listener, wanted: str) -> Listed:
        """One list. Raises :class:`NotFoundError` naming those there are."""
        self._lists.check()
        key = wanted.encode()
        for row in range(listener.lists_first, listener.lists_first + listener.lists_count):
            batch, place = self._lists.locate(row)
            if batch["name"](place) == key:
                return _listed(batch, place)
        raise NotFoundError(f"no list {wanted!r}; lists: {', '.join(self.lists(listener))}")

    def rows(self, listed: Listed, first: int, count: int) -> memoryview | bytes:
        """The list's ranking rows from number ``first`` (0 = the best) on, as the inside of a JSON array, where they lie."""
        self._rows.check()
        self._rest()
        count = min(count, listed.rows_count - first)
        if count <= 0:
            return b""
        batch, place = self._rows.locate(listed.rows_first + first)
        return batch["row"].run(place, count)[1:]

    def ranked(self, listed: Listed) -> list[int]:
        """The numbers of the list's tracks, best first."""
        self._rows.check()
        if not listed.rows_count:
            return []
        batch, place = self._rows.locate(listed.rows_first)
        numbers: list[int] = batch["track"][place : place + listed.rows_count].tolist()
        return numbers

    def pool(self, listed: Listed) -> list[tuple[int, tuple[float, ...]]]:
        """The list's candidates, best first: number of the track, and the parts of its score."""
        self._pool.check()
        if not listed.pool_count:
            return []
        batch, place = self._pool.locate(listed.pool_first)
        rows = slice(place, place + listed.pool_count)
        return list(zip(batch["track"][rows], zip(*(batch[part][rows] for part in PARTS), strict=True), strict=True))

    def track(self, number: int) -> dict[str, Any]:
        """A track of the snapshot, as it stands in lists."""
        self._tracks.check()
        batch, place = self._tracks.locate(number)
        return orjson.loads(batch["head"](place)[_BEFORE:-1])

    def find_track(self, track_id: str) -> int:
        """The number of a track. Raises :class:`NotFoundError`."""
        self._tracks.check()
        row = self._tracks.find(track_id.encode())
        if row is None:
            raise NotFoundError(f"no track {track_id!r} in the catalogue of run {self.run.id}")
        return row

    def whole_track(self, number: int) -> bytes:
        """Everything the snapshot knows of a track, as JSON."""
        self._tracks.check()
        batch, place = self._tracks.locate(number)
        return batch["head"](place)[_BEFORE:-2] + b"," + batch["more"](place)

    def _find(self, key: bytes) -> int | None:
        """The row of a listener in ``users``."""
        wanted = crc32(key)
        for place in range(bisect_left(self._hashes, wanted), len(self._hashes)):
            if self._hashes[place] != wanted:
                return None
            row: int = self._numbers[place]
            batch, own = self._users.locate(row)
            if batch["id"](own) == key:
                return row
        return None

    def _rest(self) -> None:
        """Now and then, give mapped pages back when there are many: those of the tracks last, every list needs them."""
        self._count += 1
        if self._count % _LOOK == 0:
            for file in (self._rows, self._pool, self._lists, self._users, self._tracks):
                if _resident() <= RESIDENT:
                    return
                file.release()


def _resident() -> int:
    return int(_STATM.read_bytes().split()[1]) * _PAGE


def _listed(batch: dict[str, Any], place: int) -> Listed:
    rows_first, rows_count, pool_first, pool_count = (batch[column][place] for column in _RANGES)
    return Listed(rows_first, rows_count, pool_first, pool_count, (batch, place))
