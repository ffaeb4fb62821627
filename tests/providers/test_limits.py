from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from recsys.providers import limits
from recsys.providers.database import Database
from recsys.providers.limits import INTERVALS, Limiter, SharedStarts, limiter
from tests.support.wire import Clock


class SharedClock(Clock):
    """A clock that several threads may move."""

    def __init__(self) -> None:
        super().__init__(0.0)
        self._lock = threading.Lock()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds


def test_four_threads_start_at_least_one_interval_apart() -> None:
    clock = SharedClock()
    limit = Limiter(1.05, clock, clock.sleep)
    with ThreadPoolExecutor(4) as pool:
        starts = sorted(pool.map(lambda _: limit.wait(), range(100)))
    assert all(later - earlier >= 1.0 for earlier, later in pairwise(starts))


@given(st.lists(st.floats(0, 5), min_size=1, max_size=20), st.floats(0.1, 3))
def test_starts_are_spaced_however_long_the_work_between_them_takes(work: list[float], interval: float) -> None:
    clock = Clock(0.0)
    limit = Limiter(interval, clock, clock.sleep)
    starts = []
    for seconds in work:
        limit.wait()
        starts.append(clock())
        clock.sleep(seconds)
    assert all(later - earlier >= interval - 1e-9 for earlier, later in pairwise(starts))


def test_a_pause_moves_every_later_start() -> None:
    clock = Clock(0.0)
    limit = Limiter(0.5, clock, clock.sleep)
    limit.wait()
    limit.pause(30)
    limit.wait()
    assert clock() >= 30
    limit.wait()
    assert clock() >= 30.5


def test_one_limiter_per_provider_for_the_whole_process(tmp_path: Path) -> None:
    assert limiter(tmp_path / "x", "musicbrainz") is limiter(tmp_path / "x", "musicbrainz")
    assert INTERVALS["musicbrainz"] >= 1.0


def shared(file: Path, clock: Clock) -> Limiter:
    """A limiter as a process of its own would have it."""
    return Limiter(1.0, clock, clock.sleep, SharedStarts(Database(file, limits._SCHEMA), "musicbrainz"))


def test_processes_that_use_the_same_file_keep_one_pace(tmp_path: Path) -> None:
    clock = Clock()
    one, other = shared(tmp_path / "limits", clock), shared(tmp_path / "limits", clock)
    starts = [limit.wait() for limit in (one, other, other, one)]
    assert all(later - earlier >= 1.0 for earlier, later in pairwise(starts))
    one.pause(30)
    assert other.wait() >= starts[-1] + 30


def test_a_clock_that_was_set_back_stops_nobody(tmp_path: Path) -> None:
    clock = Clock()
    limit = shared(tmp_path / "limits", clock)
    limit.wait()
    clock.now -= 86_400
    before = clock()
    limit.wait()
    assert clock() == before


def test_a_file_that_cannot_be_used_leaves_a_pace_of_this_process(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    clock = Clock()
    limit = shared(tmp_path / "file" / "limits", clock)
    assert limit.wait() + 1.0 <= limit.wait()
