"""How a plain function becomes a stage of a flow: a Prefect task with a time, a log line and no cache.

The lake is the record of what was done, so Prefect caches and stores nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from time import perf_counter
from typing import ParamSpec, TypeVar

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas import State
from prefect.logging import get_run_logger
from prefect.utilities.annotations import quote

from recsys.errors import LakeError, RecsysError
from recsys.pipeline import Progress

P = ParamSpec("P")
R = TypeVar("R")

SECONDS: ContextVar[dict[str, float]] = ContextVar("SECONDS")
"""Wall time per stage of the flow run that is going on."""
PROGRESS: ContextVar[Progress | None] = ContextVar("PROGRESS", default=None)
"""Who wants to know how far long work is."""


def stage(*, retries: int = 0, shown: bool = True) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function a stage; ``retries`` only where it reads or writes outside the process.

    ``shown``: :data:`PROGRESS` hears of its begin and end; not so for those called part by part.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        name = function.__name__

        @wraps(function)
        def timed(*args: P.args, **kwargs: P.kwargs) -> R:
            report = PROGRESS.get() if shown else None
            if report:
                report(name, 0, 0)
            started = perf_counter()
            result = function(*args, **kwargs)
            if report:
                report(name, 1, 1)
            seconds = perf_counter() - started
            SECONDS.get()[name] += seconds
            get_run_logger().info("stage=%s seconds=%.2f", name, seconds)
            return result

        delays = [2.0, 5.0, 15.0][:retries]
        step = task(
            name=name, retries=retries, retry_delay_seconds=delays, retry_condition_fn=_may_pass,
            cache_policy=NO_CACHE, persist_result=False,
        )(timed)  # fmt: skip

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            # frames and arrays go through as they are; Prefect must neither copy nor look into them
            opaque: Callable[..., R] = step
            return opaque(*map(quote, args), **{key: quote(value) for key, value in kwargs.items()})

        return call

    return decorate


def _may_pass(_task: object, _run: object, state: State[object]) -> bool:
    """Whether another try may help: not with a file or a setting that is wrong, which our own errors report."""
    error = state.result(raise_on_failure=False)
    return not isinstance(error, RecsysError) or isinstance(error, LakeError)


def stopwatch() -> dict[str, float]:
    """Start counting the seconds of a flow run's stages."""
    seconds: dict[str, float] = defaultdict(float)
    SECONDS.set(seconds)
    return seconds
