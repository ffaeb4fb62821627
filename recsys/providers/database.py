"""One SQLite file that several threads and processes share, opened when it is first needed."""

from __future__ import annotations

import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from recsys.errors import LakeError

_PATIENCE = 60.0
"""Seconds that a writer waits for another one."""


class Database:
    """The file, made with ``schema`` by its first writer. What is deleted is overwritten in the file."""

    def __init__(self, path: Path, schema: str) -> None:
        self.path, self._schema = path, schema
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.RLock()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """A connection to read with; none when there is no file yet, or none that this user can read."""
        with self._lock:
            try:
                connection = self._open() if self._connection or self.path.exists() else None
                if connection:
                    connection.execute("select count(*) from sqlite_schema").fetchone()
            except sqlite3.Error:
                connection = None
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, alone among all processes. Raises :class:`LakeError` when the file cannot be written."""
        with self._lock:
            try:
                connection = self._open()
                connection.execute("begin immediate")
            except (sqlite3.Error, OSError) as error:
                raise LakeError(f"{self.path}: {error}; if it is damaged, delete it: it is made anew") from None
            try:
                yield connection
            except BaseException:
                connection.execute("rollback")
                raise
            connection.execute("commit")

    def compact(self) -> None:
        """Leave nothing of what was deleted, in the file or beside it."""
        with self.reading() as connection:
            if connection:
                connection.execute("pragma wal_checkpoint(truncate)")

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # The lock above lets one thread at a time use it.
            connection = sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
            weakref.finalize(self, connection.close)
            _when_free(lambda: connection.execute("pragma journal_mode = wal"))
            connection.execute("pragma synchronous = normal")
            connection.execute("pragma secure_delete = on")
            connection.executescript(self._schema)
            self._connection = connection
        return self._connection


def _when_free(work: Callable[[], object]) -> None:
    """The change to another journal does not wait for other processes by itself."""
    for _ in range(100):
        try:
            work()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            time.sleep(0.02)
        else:
            return
