"""Every part is done once, by as many threads as there are."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from recsys.stages.neighbors.search.workers import WorkerPool


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("parts", [0, 1, 2, 50])
def test_every_part_once(threads: int, parts: int) -> None:
    done: list[int] = []
    called: list[str] = []

    def worker() -> Callable[[int], None]:
        called.append(threading.current_thread().name)
        return done.append

    with WorkerPool(threads) as workers:
        workers.share(range(parts), worker)
    assert sorted(done) == list(range(parts))
    assert len(called) <= max(1, min(threads, parts))


def test_one_thread_is_the_callers() -> None:
    names: list[str] = []
    WorkerPool(1).share([0], lambda: lambda _: names.append(threading.current_thread().name))
    assert names == [threading.current_thread().name]


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_is_raised(threads: int) -> None:
    with WorkerPool(threads) as workers, pytest.raises(ZeroDivisionError):
        workers.share([1, 0, 2], lambda: lambda part: 1 // part)  # type: ignore[arg-type,return-value]


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_pairs_with_a_number_in_common_are_apart(threads: int) -> None:
    pairs = [(first, second) for second in range(6) for first in range(second + 1)]
    lock, busy, done, clashes = threading.Lock(), list[int](), list[tuple[int, int]](), list[tuple[int, int]]()

    def do(pair: tuple[int, int]) -> None:
        with lock:
            clashes.extend([pair] * (not set(pair).isdisjoint(busy)))
            busy.extend(pair)
        threading.Event().wait(0.001)
        with lock:
            done.append(pair)
            for number in pair:
                busy.remove(number)

    with WorkerPool(threads) as workers:
        workers.share_apart(pairs, lambda: do)
    assert sorted(done) == sorted(pairs)
    assert clashes == []
    assert threads > 1 or done == pairs


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_in_a_pair_is_raised_and_stops_nobody(threads: int) -> None:
    done: list[int] = []

    def do(pair: tuple[int, int]) -> None:
        done.append(1 // pair[0])

    with WorkerPool(threads) as workers, pytest.raises(ZeroDivisionError):
        workers.share_apart([(1, 1), (0, 1), (1, 2), (1, 3)], lambda: do)
    assert len(done) == (3 if threads > 1 else 1)
