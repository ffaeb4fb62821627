"""Threads that share work, each with scratch of its own that serves one part after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
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
