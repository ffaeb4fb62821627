"""Words of 64 comparisons say what the comparisons say, compiled and as plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from recsys.stages.neighbors.search.bits import BITS, at_least_either, lowest

RANDOM = np.random.default_rng(2)
VALUES, BARS = RANDOM.random(3 * BITS).astype(np.float32), RANDOM.random(3 * BITS).astype(np.float32)


@njit
def word_of(values: np.ndarray, first: int, bar: np.float32, bars: np.ndarray) -> np.uint64:
    return at_least_either(values, first, bar, bars)


@njit
def lowest_of(word: np.uint64) -> np.uint64:
    return lowest(word)


def places(word: int) -> list[int]:
    return [place for place in range(BITS) if int(word) >> place & 1]


@pytest.mark.parametrize("call", [word_of, word_of.py_func], ids=["compiled", "plain"])
@pytest.mark.parametrize("first", [0, BITS, 2 * BITS, 5])
@pytest.mark.parametrize("bar", [-1.0, 0.3, 0.9, float(VALUES[70]), 2.0, np.inf])
def test_who_reaches_a_bar(call: object, first: int, bar: float) -> None:
    part = slice(first, first + BITS)
    expected = np.flatnonzero((VALUES[part] >= np.float32(bar)) | (VALUES[part] >= BARS[part]))
    assert places(call(VALUES, first, np.float32(bar), BARS)) == expected.tolist()  # type: ignore[operator]


@pytest.mark.parametrize("call", [lowest_of, lowest_of.py_func], ids=["compiled", "plain"])
@pytest.mark.parametrize("word", [1, 2, 12, 2**63, 2**64 - 1, 5 << 40])
def test_lowest(call: object, word: int) -> None:
    assert call(np.uint64(word)) == places(word)[0]  # type: ignore[operator]


@pytest.mark.parametrize("call", [lowest_of, lowest_of.py_func], ids=["compiled", "plain"])
def test_lowest_of_none(call: object) -> None:
    assert call(np.uint64(0)) == BITS  # type: ignore[operator]
