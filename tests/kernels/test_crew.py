"""Every part is done once, by as many threads as there are."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from recsys.kernels.crew import Crew


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("parts", [0, 1, 2, 50])
def test_every_part_once(threads: int, parts: int) -> None:
    done: list[int] = []
    workers: list[str] = []

    def worker() -> Callable[[int], None]:
        workers.append(threading.current_thread().name)
        return done.append

    with Crew(threads) as crew:
        crew.share(range(parts), worker)
    assert sorted(done) == list(range(parts))
    assert len(workers) <= max(1, min(threads, parts))


def test_one_thread_is_the_callers() -> None:
    names: list[str] = []
    Crew(1).share([0], lambda: lambda _: names.append(threading.current_thread().name))
    assert names == [threading.current_thread().name]


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_is_raised(threads: int) -> None:
    with Crew(threads) as crew, pytest.raises(ZeroDivisionError):
        crew.share([1, 0, 2], lambda: lambda part: 1 // part)  # type: ignore[arg-type,return-value]
