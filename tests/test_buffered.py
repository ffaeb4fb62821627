"""Results come in order, errors where they belong, and no more is begun than may wait."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from recsys.buffered import ahead, buffered_map


@pytest.mark.parametrize("buffersize", [1, 2, 5, 50])
def test_in_order_and_no_more_begun_than_may_wait(buffersize: int) -> None:
    taken = list[int]()

    def values() -> Iterator[int]:
        for value in range(20):
            taken.append(value)
            yield value

    with ThreadPoolExecutor(3) as pool:
        for number, result in enumerate(buffered_map(pool, lambda value: value * value, values(), buffersize)):
            assert result == number * number
            assert len(taken) <= number + buffersize
    assert taken == [*range(20)]


def test_nothing_and_an_error_in_its_turn() -> None:
    with ThreadPoolExecutor(2) as pool:
        assert list(buffered_map(pool, abs, [], 4)) == []
        results = buffered_map(pool, lambda value: 1 // value, [1, 1, 0, 1], 4)
        assert [next(results), next(results)] == [1, 1]
        with pytest.raises(ZeroDivisionError):
            next(results)


def test_one_value_is_made_ahead_and_no_more() -> None:
    taken = list[int]()

    def values() -> Generator[int, None, None]:
        for value in range(5):
            taken.append(value)
            yield value

    for number, value in enumerate(ahead(values())):
        assert value == number
        assert len(taken) <= number + 2
    assert taken == [*range(5)]


def test_an_error_ahead_comes_after_the_values_before_it() -> None:
    def values() -> Generator[int, None, None]:
        yield 1
        raise ValueError("two")

    results = ahead(values())
    assert next(results) == 1
    with pytest.raises(ValueError, match="two"):
        next(results)


def test_who_stops_listening_closes_the_source() -> None:
    closed = list[bool]()

    def values() -> Generator[int, None, None]:
        try:
            yield from range(100)
        finally:
            closed.append(True)

    results = ahead(values())
    assert next(results) == 0
    results.close()
    assert closed == [True]
