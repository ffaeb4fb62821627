"""Threads that share work, each with scratch of its own that serves one part after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Condition
from types import TracebackType
from typing import TypeVar

Part = TypeVar("Part")


class WorkerPool:
    """``threads`` threads for a ``with`` block; one thread is the caller's own."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._pool:
            self._pool.shutdown()

    def share(self, parts: Iterable[Part], worker: Callable[[], Callable[[Part], None]]) -> None:
        """Calls ``worker`` in every thread, and what it returns with one part after another, whichever thread is free.

        Returns when all parts are done. Raises what a part raises.
        """
        queue = list(parts)
        left = iter(queue)

        def work(_: int) -> None:
            do = worker()
            for part in left:
                do(part)

        if self._pool and len(queue) > 1:
            list(self._pool.map(work, range(min(self.threads, len(queue)))))
        else:
            work(0)

    def share_apart(self, pairs: Iterable[tuple[int, int]], worker: Callable[[], Callable[[tuple[int, int]], None]]) -> None:
        """The same for pairs of numbers, of which no two with a number in common are worked on at a time.

        Whoever is free gets the first pair of those left whose numbers are free.
        """
        left, busy, freed = list(pairs), set[int](), Condition()

        def following() -> tuple[int, int] | None:
            with freed:
                while left:
                    pair = next((each for each in left if busy.isdisjoint(each)), None)
                    if pair is not None:
                        left.remove(pair)
                        busy.update(pair)
                        return pair
                    freed.wait()
            return None

        def work(_: int) -> None:
            do = worker()
            while (pair := following()) is not None:
                try:
                    do(pair)
                finally:
                    with freed:
                        busy.difference_update(pair)
                        freed.notify_all()

        if self._pool and len(left) > 1:
            list(self._pool.map(work, range(min(self.threads, len(left)))))
        else:
            work(0)
