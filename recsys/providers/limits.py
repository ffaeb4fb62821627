"""How fast a provider may be asked: one pace per provider and machine, shared by all threads and processes of a user."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from recsys.errors import LakeError
from recsys.providers.database import Database

_LONGEST = 3600.0
"""Seconds ahead beyond which the moment of the next start is taken for a clock that was set back."""
_SCHEMA = "create table if not exists starts (provider text primary key, next real) without rowid;"


class Starts(Protocol):
    """The moment before which no request may start."""

    def claim(self, now: float, interval: float) -> float:
        """Seconds to wait; 0 = the caller may start now, and the next one ``interval`` seconds later."""

    def postpone(self, until: float) -> None:
        """No request starts before ``until``."""


class OwnStarts:
    """Of this process alone."""

    def __init__(self) -> None:
        self._next = float("-inf")
        self._lock = threading.Lock()

    def claim(self, now: float, interval: float) -> float:
        with self._lock:
            delay = _delay(self._next, now)
            self._next = self._next if delay else now + interval
            return delay

    def postpone(self, until: float) -> None:
        with self._lock:
            self._next = max(self._next, until)


class SharedStarts:
    """Of all processes that use the same file; where it cannot be used, of this process alone."""

    def __init__(self, database: Database, provider: str) -> None:
        self._database, self._provider = database, provider
        self._own = OwnStarts()

    def claim(self, now: float, interval: float) -> float:
        try:
            with self._database.writing() as connection:
                delay = _delay(self._read(connection), now)
                if not delay:
                    self._write(connection, now + interval)
                return delay
        except (LakeError, sqlite3.Error):
            return self._own.claim(now, interval)

    def postpone(self, until: float) -> None:
        self._own.postpone(until)
        try:
            with self._database.writing() as connection:
                self._write(connection, max(self._read(connection), until))
        except (LakeError, sqlite3.Error):
            return

    def _read(self, connection: sqlite3.Connection) -> float:
        row = connection.execute("select next from starts where provider = ?", (self._provider,)).fetchone()
        return row[0] if row else float("-inf")

    def _write(self, connection: sqlite3.Connection, moment: float) -> None:
        connection.execute("insert or replace into starts values (?, ?)", (self._provider, moment))


class Limiter:
    """Spaces the *starts* of requests at least ``interval`` seconds apart.

    ``pause`` moves every later start back, so one thread's 429 slows all of them. ``clock`` (UTC seconds, which all processes
    agree on) and ``sleep`` are arguments so that a test can run on a clock of its own.
    """

    def __init__(
        self,
        interval: float,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        starts: Starts | None = None,
    ) -> None:
        self.interval = interval
        self._clock, self._sleep = clock, sleep
        self._starts = starts or OwnStarts()

    def wait(self) -> float:
        """Returns when the caller may start one request: the moment of that start."""
        while True:
            now = self._clock()
            delay = self._starts.claim(now, self.interval)
            if not delay:
                return now
            self._sleep(delay)

    def pause(self, seconds: float) -> None:
        """No request starts within the next ``seconds``."""
        self._starts.postpone(self._clock() + seconds)


INTERVALS = {
    "spotify": 0.01,
    "webplayer": 0.2,
    "musicbrainz": 1.05,
    "listenbrainz": 0.2,
    "reccobeats": 0.2,
    "songlink": 6.0,
    "lastfm": 0.25,
    "deezer": 0.12,
    "subsonic": 0.0,
    "jellyfin": 0.0,
}
"""Least seconds between request starts. MusicBrainz allows 1 a second, Song.link 10 a minute, Last.fm 5 and Deezer 10 a second;
the others publish no number."""

_limiters: dict[tuple[Path, str], Limiter] = {}
_databases: dict[Path, Database] = {}
_lock = threading.Lock()


def limiter(file: Path, provider: str) -> Limiter:
    """The limiter of one provider; processes that use the same file keep one pace."""
    file = file.expanduser()
    with _lock:
        database = _databases.setdefault(file, Database(file, _SCHEMA))
        return _limiters.setdefault((file, provider), Limiter(INTERVALS[provider], starts=SharedStarts(database, provider)))


def _delay(following: float, now: float) -> float:
    """Seconds from now to the next start; 0 when it has come, or when a clock that was set back makes it seem far away."""
    delay = following - now
    return delay if 0 < delay <= _LONGEST else 0.0
