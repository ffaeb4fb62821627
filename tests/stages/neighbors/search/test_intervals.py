"""Intervals hold the exact correlations, whatever the ratings: otherwise a neighbour could be missed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from recsys.stages.neighbors.search.correlation import moments, sparse
from recsys.stages.neighbors.search.intervals import catalogue_intervals, co_rated_intervals, correlate
from recsys.stages.neighbors.search.tiles import LOWEST, Tiles, catalogue_tiles, co_rated_tiles
from recsys.stages.neighbors.search.workers import WorkerPool
from tests.stages.neighbors.search.test_nearest import brute_force
from tests.support.rated import long_tail, matrix

RATING = st.sampled_from([-1.0, 0.0, 0.2, 0.45, 0.45000001, 0.9, 1.0, 3.7, 1e6])
ROWS = st.lists(st.dictionaries(st.integers(0, 7), RATING, max_size=8), min_size=2, max_size=9)
WORLDS = [long_tail(60, 40, 900), long_tail(60, 40, 900, disliked=0.5), long_tail(120, 30, 1700), 1e6 * long_tail(40, 9, 300)]


def ends_of(tiles: Tiles, user: int) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest possible correlation of a user with everyone."""
    width = tiles.dense.shape[2]
    parts, sums = [], np.zeros((6, width), np.float32)
    for tile in range(len(tiles.dense)):
        low, high = np.empty(width, np.float32), np.empty(width, np.float32)
        if tiles.sums == 1:
            catalogue_intervals(tiles, user, tile, low, high)
        else:
            co_rated_intervals(tiles, user, tile, sums, low, high)
        parts.append((low, high))
    assert not sums.any()
    low, high = (np.concatenate(part) for part in zip(*parts, strict=True))
    return low, high


def catalogue(rated: csr_array) -> tuple[Tiles, list[tuple[np.ndarray, np.ndarray]]]:
    rows, tracks = sparse(rated), rated.shape[1]
    tiles = catalogue_tiles(rows, tracks, moments(rows, tracks), WorkerPool(1))
    return tiles, [ends_of(tiles, user) for user in range(rated.shape[0])]


def co_rated(rated: csr_array) -> list[tuple[np.ndarray, np.ndarray]]:
    tiles = co_rated_tiles(sparse(rated), rated.shape[1], WorkerPool(1))
    return [ends_of(tiles, user) for user in range(rated.shape[0])]


def assert_catalogue(rated: csr_array) -> None:
    exact, overlap = brute_force(rated, "catalogue")
    tiles, ends = catalogue(rated)
    middle = np.empty(tiles.dense.shape[2], np.float32)
    for user, (low, high) in enumerate(ends):
        others = np.delete(np.arange(rated.shape[0]), user)
        real = others[exact[user, others] != 0]
        surely = others[low[others] > LOWEST]
        if tiles.begin[user] < tiles.end[user]:
            assert (low[real] <= exact[user, real]).all()
            assert (exact[user, real] <= high[real]).all()
        if tiles.doubtful:
            assert (overlap[user, surely[low[surely] > 0]] > 0).all()
        for tile in range(len(tiles.dense)):
            correlate(tiles, user, tile, middle)
            above = real[(exact[user, real] > 0) & (real // middle.size == tile)]
            assert (middle[above % middle.size] >= np.float32(tiles.floor[user])).all()


def assert_co_rated(rated: csr_array) -> None:
    exact, _ = brute_force(rated, "co_rated")
    for user, (low, high) in enumerate(co_rated(rated)):
        for other in set(range(rated.shape[0])) - {user}:
            if exact[user, other] > 0:
                assert low[other] <= exact[user, other] <= high[other]
            if low[other] == 1:
                assert exact[user, other] == 1


@pytest.mark.slow
@given(ROWS)
def test_any_ratings(rows: list[dict[int, float]]) -> None:
    assert_catalogue(matrix(rows, 8))
    assert_co_rated(matrix(rows, 8))


@pytest.mark.slow
@pytest.mark.parametrize("rated", WORLDS, ids=["plain", "dislikes", "many", "large numbers"])
def test_long_tails(rated: csr_array) -> None:
    assert_catalogue(rated)
    assert_co_rated(rated)


def test_they_are_narrow() -> None:
    """Wide intervals would be right and useless."""
    rated = long_tail(300, 30, 4000)
    assert np.mean([high - low for low, high in catalogue(rated)[1]]) < 1e-4
    narrow = [(high - low)[(low > LOWEST) & (high > low)] for low, high in co_rated(rated)]
    assert np.median(np.concatenate(narrow)) < 1e-4


def test_strangers_stay_below_the_floor() -> None:
    """Even where everyone rated one of very many tracks, so that strangers correlate by almost nothing."""
    rated = matrix([{user: 1.0 + user} for user in range(40)], 2_000_000)
    tiles = catalogue(rated)[0]
    middle = np.empty(tiles.dense.shape[2], np.float32)
    correlate(tiles, 3, 0, middle)
    assert (np.delete(middle[:32], 3) < np.float32(tiles.floor[3])).all()
    assert middle[3] == pytest.approx(1.0)
