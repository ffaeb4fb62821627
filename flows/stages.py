"""How a plain function becomes a stage: a time, log lines, progress, retries; a task when Prefect runs the flow.

The lake is the record of what was done, so Prefect caches and stores nothing.
"""

from __future__ import annotations

import logging
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import wraps
from threading import Lock
from time import perf_counter
from typing import ParamSpec, TypeVar

import stamina

from flows.report import RecordedError
from recsys.errors import LakeError, RecsysError
from recsys.memory import release
from recsys.pipeline import Progress

P = ParamSpec("P")
R = TypeVar("R")

SECONDS: ContextVar[dict[str, float]] = ContextVar("SECONDS")
"""Wall time per stage of the run that is going on."""
RUN: ContextVar[list[str]] = ContextVar("RUN")
"""Id of the run that is going on, once it is known."""
ROWS: ContextVar[dict[str, int]] = ContextVar("ROWS")
"""Rows that the stage that is going on read and made: see :func:`count`."""
PROGRESS: ContextVar[Progress | None] = ContextVar("PROGRESS", default=None)
"""Who wants to know how far long work is."""
ATTEMPTS = 3
"""Of a stage that touches the disk."""


def stage(
    name: str | None = None, *, attempts: int = 1, shown: bool = True, logged: bool = True
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function a step of the stage ``name``, else of its own name.

    ``attempts``: more than one only where it reads or writes outside the process. ``shown``: :data:`PROGRESS` hears of its begin
    and end; not so for those called part by part, which also keep their own time. ``logged``: it has the stage's line in the log;
    one step of a stage does.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        stage_name = name or function.__name__

        @wraps(function)
        def timed(*args: P.args, **kwargs: P.kwargs) -> R:
            if not shown:
                return function(*args, **kwargs)
            with timing(stage_name, logged=logged):
                return retried(function, attempts)(*args, **kwargs)

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            return _as_task(stage_name, timed)(*args, **kwargs) if _in_flow() else timed(*args, **kwargs)

        return call

    return decorate


def retried(function: Callable[P, R], attempts: int = ATTEMPTS) -> Callable[P, R]:
    """The function, tried again where that may help."""
    return stamina.retry(on=_may_pass, attempts=attempts, timeout=None, wait_initial=2.0, wait_max=15.0)(function)


@contextmanager
def timing(name: str, *, logged: bool = True) -> Iterator[None]:
    """Time, progress and log line of a block of stage ``name``."""
    report = PROGRESS.get()
    if report:
        report(name, 0, 0)
    token = ROWS.set({})
    started = perf_counter()
    try:
        yield
    finally:
        rows = ROWS.get()
        ROWS.reset(token)
        release()
    seconds = perf_counter() - started
    if report:
        report(name, 1, 1)
    SECONDS.get()[name] += seconds
    log_stage(name, seconds, rows, level=logging.INFO if logged else logging.DEBUG)


def count(rows_in: int, rows_out: int) -> None:
    """Say how many rows the step that is going on read and made: they stand in its log line."""
    ROWS.get({}).update(rows_in=rows_in, rows_out=rows_out)


def log_stage(name: str, seconds: float, rows: Mapping[str, int], *, level: int = logging.INFO) -> None:
    """``stage=ratings run=2026-06-01-… rows_in=40000 rows_out=21000 seconds=0.08``; the run once it is known."""
    facts = [f"stage={name}", *(f"run={run}" for run in RUN.get([])), *(f"{what}={number}" for what, number in rows.items())]
    logger().log(level, "%s seconds=%.2f", " ".join(facts), seconds)


class ShardTimes:
    """How stages that take turns, block by block on many threads, share one wall time: in proportion to their own seconds."""

    def __init__(self) -> None:
        self._spent: dict[str, float] = defaultdict(float)
        self._lock = Lock()

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        started = perf_counter()
        yield
        with self._lock:
            self._spent[name] += perf_counter() - started

    def lap(self, seconds: float) -> dict[str, float]:
        """Stage → its share of ``seconds``, by what was spent since the last lap; they add up to it."""
        with self._lock:
            spent, self._spent = self._spent, defaultdict(float)
        whole = sum(spent.values()) or 1.0
        return {name: seconds * own / whole for name, own in spent.items()}


@contextmanager
def one_behind() -> Iterator[Callable[[Callable[[], None]], None]]:
    """A call that begins work which goes on beside what follows: one at a time, in the order of the calls.

    What the work raises is raised by the next call, or by the end of the block.
    """
    with ThreadPoolExecutor(1) as thread:
        running: list[Future[None]] = []

        def begin(work: Callable[[], None]) -> None:
            for each in running:
                each.result()
            running[:] = [thread.submit(copy_context().run, work)]

        yield begin
        for each in running:
            each.result()


def recorded() -> bool:
    """Whether Prefect keeps what is logged: then it must hold no ids and no rows."""
    return _in_flow()


def logger() -> logging.Logger | logging.LoggerAdapter[logging.Logger]:
    """Prefect's when it runs the flow, so that its server has the lines; else Python's own, ``recsys``."""
    if not _in_flow():
        return logging.getLogger("recsys")
    from prefect.logging import get_run_logger

    return get_run_logger()


def _in_flow() -> bool:
    if "prefect" not in sys.modules:
        return False
    from prefect.context import FlowRunContext

    return FlowRunContext.get() is not None


def _as_task(name: str, function: Callable[P, R]) -> Callable[P, R]:
    from prefect import task
    from prefect.cache_policies import NO_CACHE
    from prefect.utilities.annotations import quote

    @wraps(function)
    def silent(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            raise RecordedError(name, error) from None

    opaque: Callable[..., R] = task(name=name, cache_policy=NO_CACHE, persist_result=False)(silent)

    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        # frames and arrays go through as they are; Prefect must neither copy nor look into them
        try:
            return opaque(*map(quote, args), **{key: quote(value) for key, value in kwargs.items()})
        except RecordedError as error:
            raise error.cause from None

    return call


def _may_pass(error: Exception) -> bool:
    """Whether another try may help: not with a file or a setting that is wrong, which our own errors report."""
    return not isinstance(error, RecsysError) or isinstance(error, LakeError)


def stopwatch() -> dict[str, float]:
    """Start counting the seconds of a run's stages."""
    seconds: dict[str, float] = defaultdict(float)
    SECONDS.set(seconds)
    RUN.set([])
    return seconds
