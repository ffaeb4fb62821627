"""Buckets against numpy's sorts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.matrices.order import CROWD, ascending, greatest_first, most_greatest, nth_greatest, reaching

FINITE = st.floats(-1e6, 1e6, allow_nan=False)
SCORES = st.lists(st.one_of(FINITE, st.sampled_from([0.0, -0.0, 0.5, 5e-324, 1e-310])), min_size=1, max_size=40).map(np.array)


def test_hand_table() -> None:
    scores = np.array([0.2, 0.9, -1.0, 0.9, 0.3])
    assert greatest_first(scores).tolist() == [1, 3, 4, 0, 2]
    assert [nth_greatest(scores, nth) for nth in range(1, 6)] == [0.9, 0.9, 0.3, 0.2, -1.0]
    assert most_greatest(scores, 1).tolist() == [1]  # one of five: not all are put in order
    assert [most_greatest(scores, most).tolist() for most in (0, 2, 9)] == [[], [1, 3], [1, 3, 4, 0, 2]]


@given(scores=SCORES, nth=st.integers(1, 40))
def test_brute_force(scores: np.ndarray, nth: int) -> None:
    assert greatest_first(scores).tolist() == sorted(range(len(scores)), key=lambda at: (-scores[at], at))
    assert nth_greatest(scores, min(nth, len(scores))) == np.sort(scores)[-min(nth, len(scores))]
    assert most_greatest(scores, nth).tolist() == greatest_first(scores)[:nth].tolist()


@pytest.mark.parametrize("spread", [1, 3, 10**9], ids=["all equal", "many ties", "few ties"])
@pytest.mark.parametrize("outlier", [0.0, 1e9], ids=["even", "crowded"])
def test_many(spread: int, outlier: float) -> None:
    """With one score far from the others, these all fall into one bucket."""
    rng = np.random.default_rng(spread)
    scores = rng.integers(0, spread, 20 * CROWD) / spread
    scores[7] += outlier
    assert greatest_first(scores).tolist() == np.argsort(-scores, kind="stable").tolist()
    for nth in (1, 2, 500, len(scores)):
        assert nth_greatest(scores, nth) == np.sort(scores)[-nth]
        assert most_greatest(scores, nth).tolist() == greatest_first(scores)[:nth].tolist()


@given(scores=SCORES, least=FINITE, most=st.integers(0, 50))
def test_reaching(scores: np.ndarray, least: float, most: int) -> None:
    assert reaching(scores, least, most).tolist() == np.flatnonzero(scores >= least)[:most].tolist()


@given(numbers=st.lists(st.integers(-(2**31) + 1, 2**31 - 1), max_size=300))
def test_ascending(numbers: list[int]) -> None:
    assert ascending(np.array(numbers, np.int32)).tolist() == sorted(numbers)


@pytest.mark.parametrize("size", [CROWD + 1, 200, 1000])
def test_one_far_from_the_others(size: int) -> None:
    numbers = np.random.default_rng(size).integers(0, size, size, np.int32)
    numbers[3] = 2**31 - 1
    assert ascending(numbers).tolist() == np.sort(numbers).tolist()


def test_nothing() -> None:
    assert greatest_first(np.empty(0)).size == 0
