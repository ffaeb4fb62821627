"""How fast a provider may be asked: one limiter per provider for the whole process, shared by all threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Limiter:
    """Spaces the *starts* of requests at least ``interval`` seconds apart, over all threads.

    ``pause`` moves every later start back, so one thread's 429 slows all of them. ``clock`` (monotonic seconds) and ``sleep``
    are arguments so that a test can run on a clock of its own.
    """

    def __init__(
        self,
        interval: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.interval = interval
        self._clock, self._sleep = clock, sleep
        self._next = float("-inf")
        self._lock = threading.Lock()

    def wait(self) -> float:
        """Returns when the caller may start one request: the moment of that start."""
        while True:
            with self._lock:
                now = self._clock()
                if now >= self._next:
                    self._next = now + self.interval
                    return now
                delay = self._next - now
            self._sleep(delay)

    def pause(self, seconds: float) -> None:
        """No request starts within the next ``seconds``."""
        with self._lock:
            self._next = max(self._next, self._clock() + seconds)


INTERVALS = {
    "spotify": 0.01,
    "webplayer": 0.2,
    "musicbrainz": 1.05,
    "listenbrainz": 0.2,
    "reccobeats": 0.2,
    "songlink": 6.0,
}
"""Least seconds between request starts. MusicBrainz allows 1 a second, Song.link 10 a minute; the others publish no number."""

_limiters: dict[str, Limiter] = {}
_lock = threading.Lock()


def limiter(provider: str) -> Limiter:
    """The process-wide limiter of one provider."""
    with _lock:
        return _limiters.setdefault(provider, Limiter(INTERVALS[provider]))
