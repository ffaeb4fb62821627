"""A run's lookup files as lists of one listener. Memory does not grow with the run: only what is asked for is read."""

from __future__ import annotations

from time import monotonic
from typing import Any, NamedTuple

import orjson
import pyarrow as pa
from isal.isal_zlib import crc32

from recsys.errors import LakeError, NotFoundError
from recsys.lake.run import Run
from recsys.lookup.columns import Columns
from recsys.lookup.languages import language_of
from recsys.lookup.names import CHECK, CODEC, DEFAULT_LIMIT, FILES, FORMAT, LENGTHS, OFFSETS, OLD_PARTS, SIZES, name

_STRANGER = b"*"
"""The listener whose lists everybody else gets."""
_SHOWN = 20
"""Listeners named at a time."""
_LOOK = 0.001
"""Seconds between two looks at whether the files are as they were."""
_decompress = pa.Codec(CODEC).decompress
_lengths, _sizes = LENGTHS.unpack_from, SIZES.unpack_from


class Listener(NamedTuple):
    """One listener's record; ``known`` is False when it is the stranger's, for want of one's own."""

    known: bool
    profile: bytes
    """JSON."""
    controls: bytes
    """JSON."""
    lists: bytes
    """JSON: name → the numbers of :class:`Listed`."""


class Listed(NamedTuple):
    """Where one list lies."""

    record: int
    """Row of ``lists``."""
    rows_count: int
    offset: int
    """First byte in ``rows``."""
    bytes: int
    first_bytes: int
    """Bytes to the end of the rows that are packed first."""
    pool_first: int
    """First row of ``pool``."""
    pool_count: int
    pool_sum: int
    """CRC-32 of those rows."""


class Reader:
    """The lookup of one run. Whoever asks it calls :meth:`check` first, for files may be removed or changed under it.

    Every method raises :class:`LakeError` when a file turns out to be shorter than it was, or damaged.
    """

    def __init__(self, run: Run) -> None:
        self.run, self.language = run, language_of(run)
        files = _files(run)
        self._files, self._next_look = tuple(files.values()), 0.0
        self._users, self._names, self._lists, self._rows, self._pool, self._tracks = (files[file] for file in FILES)
        self._buckets = len(self._users)
        self._users.keep("users")

    def listener(self, user_id: str) -> Listener:
        """The listener, or the stranger. Raises :class:`NotFoundError` when the run has neither."""
        record = self._find(user_id.encode())
        if record is not None:
            return Listener(True, *record.split(b"\n"))
        record = self._find(_STRANGER)
        if record is None:
            raise NotFoundError(f"no listener {user_id!r}, and run {self.run.id} has no lists for new listeners")
        return Listener(False, *record.split(b"\n"))

    def check(self) -> None:
        """Raises :class:`LakeError` when a file was removed or changed. It is called so often that it looks once in ``LOOK``."""
        now = monotonic()
        if now >= self._next_look:
            for file in self._files:
                file.check()
            self._next_look = now + _LOOK

    def users(self, prefix: str) -> list[str]:
        """The first listeners whose id begins with ``prefix``, in order, without the stranger."""
        key = prefix.encode()
        first = self._names.place("id", key)
        ids = [self._names.text("id", row) for row in range(first, min(first + _SHOWN + 1, len(self._names)))]
        return [name.decode() for name in ids if name.startswith(key) and name != _STRANGER][:_SHOWN]

    def recent(self, user_id: str) -> bytes:
        """The songs that a listener heard last, newest first, JSON; none for one the run does not know."""
        key = user_id.encode()
        row = self._names.place("id", key)
        known = row < len(self._names) and self._names.text("id", row) == key
        return self._names.text("recent", row) if known else b"[]"

    def lists(self, listener: Listener) -> dict[str, Listed]:
        """Every list of a listener by name."""
        return {name: Listed(*numbers) for name, numbers in orjson.loads(listener.lists).items()}

    def find_list(self, listener: Listener, wanted: str) -> Listed:
        """One list. Raises :class:`NotFoundError` naming those there are."""
        lists = orjson.loads(listener.lists)
        numbers = lists.get(wanted)
        if numbers is None:
            raise NotFoundError(f"no list {wanted!r}; lists: {', '.join(lists)}")
        return Listed(*numbers)

    def record(self, listed: Listed) -> bytes:
        """The row of the table `lists`, JSON."""
        return self._lists.text("record", listed.record)

    def rows(self, listed: Listed, first: int, count: int) -> bytes:
        """The list's ranking rows from number ``first`` (0 = the best) on, as the inside of a JSON array."""
        total = listed.rows_count
        last = min(first + count, total)
        if last <= first:
            return b""
        data, others = self._packed(listed, more=last > DEFAULT_LIMIT)
        text = _unpacked(data, total, others)
        if first == 0 and last in (total, DEFAULT_LIMIT):
            return text
        ends = data[SIZES.size : SIZES.size + 4 * total].cast("i")
        return text[ends[first - 1] + 1 if first else 0 : ends[last - 1]]

    def ranked(self, listed: Listed) -> list[int]:
        """The numbers of the list's tracks, best first."""
        if not listed.rows_count:
            return []
        size = 4 * listed.rows_count + CHECK.size
        data = self._rows.part(size, listed.offset + listed.bytes - size)
        numbers: list[int] = memoryview(data)[: -CHECK.size].cast("i").tolist()
        return numbers

    def pool(self, listed: Listed) -> list[tuple[int, tuple[float, ...]]]:
        """The list's candidates, best first: number of the track, and the parts of its score."""
        if not listed.pool_count:
            return []
        tracks, *parts = self._pool.numbers(("track", *OLD_PARTS), listed.pool_first, listed.pool_count, listed.pool_sum)
        return list(zip(tracks, zip(*parts, strict=True), strict=True))

    def track(self, number: int) -> dict[str, Any]:
        """A track of the snapshot, as it stands in lists."""
        return orjson.loads(self._tracks.text("head", number))

    def track_id(self, number: int) -> str:
        """The id of a track."""
        return self._tracks.text("id", number).decode()

    def find_track(self, track_id: str) -> int:
        """The number of a track. Raises :class:`NotFoundError`."""
        key = track_id.encode()
        row = self._tracks.place("id", key)
        if row == len(self._tracks) or self._tracks.text("id", row) != key:
            raise NotFoundError(f"no track {track_id!r} in the catalogue of run {self.run.id}")
        return row

    def whole_track(self, number: int) -> bytes:
        """Everything the snapshot knows of a track, as JSON."""
        return self._tracks.text("head", number)[:-1] + b"," + self._tracks.text("more", number)

    def _packed(self, listed: Listed, *, more: bool) -> tuple[memoryview, memoryview | None]:
        """What lies before the numbers of the tracks: the first rows with all sizes, and the others where ``more`` are wanted."""
        if not more:
            return memoryview(self._rows.part(listed.first_bytes, listed.offset)), None
        size = listed.bytes - listed.first_bytes - 4 * listed.rows_count - CHECK.size
        data, others = self._rows.two_parts((listed.first_bytes, size), listed.offset)
        return data, others[: -CHECK.size]

    def _find(self, key: bytes) -> bytes | None:
        """The record of a listener: profile, controls and lists, a line each."""
        if not self._buckets:
            return None
        bucket = self._users.text("users", crc32(key) % self._buckets)
        at, end = 0, len(bucket)
        while at < end:
            id_length, length = _lengths(bucket, at)
            begin = at + 8 + id_length
            if id_length == len(key) and bucket.startswith(key, at + 8):
                return bucket[begin : begin + length]
            at = begin + length
        return None


def _unpacked(data: memoryview, total: int, others: memoryview | None) -> bytes:
    """The text of a list's first rows, and of the others. Raises :class:`LakeError` when they are damaged."""
    packed, size, others_size = _sizes(data)
    begin = SIZES.size + 4 * total
    try:
        text: bytes = _decompress(data[begin : begin + packed], size, asbytes=True)
        return text if others is None else text + _decompress(others, others_size, asbytes=True)
    except (OSError, ValueError, MemoryError) as error:
        raise LakeError(f"rows of a list are damaged: {error}; publish another run") from error


def _files(run: Run) -> dict[str, Columns]:
    """The lookup files, opened where their index says. Raises :class:`LakeError` when they are missing, old or damaged."""
    try:
        index = run.read_file(OFFSETS)
        paths = {file: run.file(name(file)) for file in FILES}
    except NotFoundError as error:
        raise LakeError(f"run {run.id} has no lookup files that this version reads; build a new one with `recsys run`") from error
    try:
        offsets = orjson.loads(index)
        if offsets["format"] != FORMAT:
            raise LakeError(f"run {run.id}: its lookup files have another format; build a new run with `recsys run`")
        return {file: Columns(path, offsets["files"][file]) for file, path in paths.items()}
    except (ValueError, TypeError, LookupError) as error:
        raise LakeError(f"run {run.id}: {OFFSETS} is damaged: {error!r}; publish another run") from error
