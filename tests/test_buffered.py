"""Results come in order, errors where they belong, and no more is begun than may wait."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from recsys.buffered import buffered_map


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
