"""The right to write to a lake, held for as long as a block lasts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from recsys.lake import files, resume
from recsys.lake.home import STAGING
from recsys.lake.lock import Lock
from recsys.tables import INPUTS

PRIVATE = 0o700
"""Mode of a new lake's folder: what people listen to is nobody else's business. Widen it with chmod to share the lake."""


class Writer:
    """The writers of one :class:`~recsys.lake.Lake` object: their blocks may nest, and share one lock."""

    def __init__(self, root: Path, wait: float, refresh: Callable[[], None] = lambda: None) -> None:
        self.root = root
        self.refresh = refresh
        self.wait = wait
        self.lock = Lock(root / ".lock")
        self._blocks = 0
        self._mutex = threading.RLock()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the lock. The first block waits for it and clears what a dead writer left; the others look whether it is lost.

        What a run that was stopped had finished stays: its next run, or another one, decides about it.
        """
        with self._mutex:
            if self._blocks:
                self.require()
            else:
                files.make_folder(self.root, PRIVATE)
                self.lock.acquire(self.wait)
                self._recover()
            self._blocks += 1
        try:
            yield
        finally:
            with self._mutex:
                self._blocks -= 1
                if not self._blocks:
                    self.lock.release()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock, and keep the other threads of this process out as well."""
        with self.hold(), self._mutex:
            yield

    def require(self) -> None:
        """Look at the lock again, before a step that readers see. Raises :class:`LakeError` when it is lost."""
        self.lock.require()

    def _recover(self) -> None:
        tables = (self.root / "inputs" / table for table in INPUTS)
        try:
            staging = self.root / STAGING
            keep = {name for run_id in resume.unfinished(staging) for name in resume.staged_names(run_id)}
            files.sweep(staging, (self.root, self.root / "inputs", *tables, self.root / "runs"), keep)
            self.refresh()
        except BaseException:
            self.lock.release()
            raise
