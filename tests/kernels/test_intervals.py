"""Intervals hold the exact correlations, whatever the ratings: otherwise a neighbour could be missed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from recsys.kernels.correlation import moments, sparse
from recsys.kernels.intervals import NEVER, catalogue_interval, co_rated_intervals, doubted, lay_out
from recsys.kernels.search import scratch
from recsys.kernels.shadow import catalogue_shadow, co_rated_shadow
from tests.kernels.test_neighbors import brute_force
from tests.support.rated import long_tail, matrix

RATING = st.sampled_from([-1.0, 0.0, 0.2, 0.45, 0.45000001, 0.9, 1.0, 3.7, 1e6])
ROWS = st.lists(st.dictionaries(st.integers(0, 7), RATING, max_size=8), min_size=2, max_size=9)
WORLDS = [long_tail(60, 40, 900), long_tail(60, 40, 900, disliked=0.5), long_tail(120, 30, 1700), 1e6 * long_tail(40, 9, 300)]


def catalogue(rated: csr_array) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Per user: least and greatest possible correlation with everyone, and the least once doubted."""
    rows, tracks = sparse(rated), rated.shape[1]
    found = catalogue_shadow(rows, tracks, moments(rows, tracks))
    work = scratch(rows, found, tracks, 1)
    ends = []
    for user in range(rated.shape[0]):
        lay_out(found, user, work.layout)
        radius = catalogue_interval(found, user, work.layout, work.sums[0])
        doubted(found, user, work.sums[0], radius, work.low)
        middle = work.sums[0].astype(float)
        ends.append((middle - radius, middle + radius, work.low.copy()))
    return ends


def co_rated(rated: csr_array) -> list[tuple[np.ndarray, np.ndarray]]:
    rows, tracks = sparse(rated), rated.shape[1]
    found = co_rated_shadow(rows, tracks)
    work = scratch(rows, found, tracks, 1)
    ends = []
    for user in range(rated.shape[0]):
        lay_out(found, user, work.layout)
        parts = []
        for begin in range(0, found.offset.size, found.tile):
            co_rated_intervals(found, user, begin, work.layout, work.sums, work.low, work.high)
            parts.append((work.low.copy(), work.high.copy()))
        assert not work.sums.any()
        low, high = (np.concatenate(part) for part in zip(*parts, strict=True))
        ends.append((low, high))
    return ends


def assert_catalogue(rated: csr_array) -> None:
    exact, overlap = brute_force(rated, "catalogue")
    for user, (low, high, surely) in enumerate(catalogue(rated)):
        others = np.delete(np.arange(rated.shape[0]), user)
        real = others[exact[user, others] != 0]
        if rated.toarray()[user].any() and low.max() > NEVER + 1:
            assert (low[real] <= exact[user, real]).all()
            assert (exact[user, real] <= high[real]).all()
            assert (overlap[user, others[surely[others] > NEVER]] > 0).all()


def assert_co_rated(rated: csr_array) -> None:
    exact, _ = brute_force(rated, "co_rated")
    for user, (low, high) in enumerate(co_rated(rated)):
        for other in set(range(rated.shape[0])) - {user}:
            if exact[user, other] > 0:
                assert low[other] <= exact[user, other] <= high[other]
            if low[other] == 1:
                assert exact[user, other] == 1


@given(ROWS)
def test_any_ratings(rows: list[dict[int, float]]) -> None:
    assert_catalogue(matrix(rows, 8))
    assert_co_rated(matrix(rows, 8))


@pytest.mark.parametrize("rated", WORLDS, ids=["plain", "dislikes", "many", "large numbers"])
def test_long_tails(rated: csr_array) -> None:
    assert_catalogue(rated)
    assert_co_rated(rated)


def test_they_are_narrow() -> None:
    """Wide intervals would be right and useless."""
    rated = long_tail(300, 30, 4000)
    assert np.mean([high - low for low, high, _ in catalogue(rated)]) < 1e-4
    narrow = [(high - low)[(low > NEVER) & (high > low)] for low, high in co_rated(rated)]
    assert np.median(np.concatenate(narrow)) < 1e-4
