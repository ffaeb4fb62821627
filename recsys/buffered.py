"""Work on threads whose results come in order and never pile up."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

Value = TypeVar("Value")
Result = TypeVar("Result")


def buffered_map(
    pool: Executor, function: Callable[[Value], Result], values: Iterable[Value], buffersize: int
) -> Iterator[Result]:
    """The result for each value, in order; at most ``buffersize`` of them are in the making or wait to be asked for.

    ``Executor.map`` of Python 3.14 with its argument of that name; before, ``map`` begins with all values at once.
    """
    begun = deque[Future[Result]]()
    for value in values:
        begun.append(pool.submit(function, value))
        if len(begun) >= buffersize:
            yield begun.popleft().result()
    while begun:
        yield begun.popleft().result()


def ahead(values: Generator[Value, None, None]) -> Generator[Value, None, None]:
    """The values, each made on a thread of its own while the one before is worked on."""
    with closing(values), ThreadPoolExecutor(1, "ahead") as pool:
        following = pool.submit(_following, values)
        while value := following.result():
            following = pool.submit(_following, values)
            yield value[0]


def _following(values: Iterator[Value]) -> tuple[Value] | None:
    """The next value; none at the end."""
    for value in values:
        return (value,)
    return None
