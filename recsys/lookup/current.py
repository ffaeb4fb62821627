"""Which run is served: the published one, followed as it changes."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import orjson

from recsys.errors import LakeError
from recsys.lake import pointer
from recsys.lake.run import Run
from recsys.lookup.before import Before
from recsys.lookup.gateway import Ready
from recsys.lookup.reader import Reader

_PAUSE = 1.0
"""Seconds between two tries to open a run that cannot be read."""


class Published(NamedTuple):
    """A run that is being served."""

    reader: Reader
    record: bytes
    """The run as answers name it, in JSON."""
    tag: bytes
    """What all ETags of this publication begin with."""
    before: Before
    """The run that readers had earlier."""
    answers: dict[bytes, Ready]
    """Answers given last, by what :mod:`recsys.lookup.stored` names them."""


class Current:
    """Follows ``CURRENT``. Requests that began on the former run end on it: its files stay open until they do."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._path = str(root / pointer.CURRENT)
        self._seen: tuple[int, ...] | None = None
        self._published: Published | None = None
        self._error = LakeError("no run was opened yet")
        self._next_try = 0.0

    def get(self) -> Published:
        """The published run. Raises :class:`LakeError` when there is none, it cannot be read, or its files have changed."""
        seen = self._state()
        if seen != self._seen or (self._published is None and time.monotonic() >= self._next_try):
            self._open(seen)
        if self._published is None:
            raise LakeError(str(self._error))
        try:
            self._published.reader.check()
        except LakeError as error:
            self.drop(error)
            raise
        return self._published

    def drop(self, error: LakeError) -> None:
        """Stop serving a run that turned out to be damaged; it is tried again later."""
        self._published, self._error = None, error
        self._next_try = time.monotonic() + _PAUSE

    def _state(self) -> tuple[int, ...] | None:
        try:
            status = os.stat(self._path)  # noqa: PTH116  half the time of Path.stat, and this is asked with every request
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino, status.st_size

    def _open(self, seen: tuple[int, ...] | None) -> None:
        self._seen = seen
        try:
            self._published = self._read(seen)
        except LakeError as error:
            self.drop(error)
        except OSError as error:
            self.drop(LakeError(f"lake {self._root} cannot be read: {error.strerror}"))

    def _read(self, seen: tuple[int, ...] | None) -> Published:
        target = pointer.read(Path(self._path))
        if target is None or seen is None:
            raise LakeError(f"lake {self._root} has no published run; `recsys run` builds one")
        run = Run.open(self._root / "runs" / target.run)
        if run.digest != target.digest:
            raise LakeError(f"run {run.id}: its manifest changed since it was published; publish another run")
        moment = datetime.fromtimestamp(seen[0] / 1e9, UTC)
        record = {"id": run.id, "as_of": _text(run.manifest.as_of), "published_at": _text(moment), "weights": weights(run)}
        earlier = Before(self._root, list(dict.fromkeys(entry.run for entry in target.log if entry.run != run.id)))
        return Published(Reader(run), orjson.dumps(record), f"{run.digest[:16]}-{seen[0]:x}".encode(), earlier, {})


def weights(run: Run) -> dict[str, float]:
    """Points for a perfect fit, by part of the score."""
    settings = run.manifest.settings
    names = {"content": "content", "collab": "collaborative", "popularity": "popularity", "exploration": "exploration"}
    return {part: float(settings.get(f"{name}_weight", 0.0)) for name, part in names.items()}


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
