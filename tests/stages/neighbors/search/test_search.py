"""The search finds, to the bit and in the same order, what comparing everybody exactly finds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from recsys.stages.neighbors.search.correlation import (
    OneRow,
    Sparse,
    catalogue_correlation,
    clear,
    co_rated_pair,
    moments,
    sparse,
    spread,
)
from recsys.stages.neighbors.search.search import Nearest, SearchTask, scratch, search
from recsys.stages.neighbors.search.tiles import Tiles, catalogue_tiles, co_rated_tiles
from recsys.stages.neighbors.search.workers import WorkerPool
from tests.support.rated import long_tail, matrix

CATALOGUE, CO_RATED = "catalogue", "co_rated"
FEW = np.random.default_rng(3).integers(0, 2600, 12).tolist()
MANY = long_tail(2600, 50, 40_000)
"""Users of three tiles."""
WORDS = csr_array((np.rint(MANY.data) + 1, MANY.indices, MANY.indptr), shape=MANY.shape)
"""The same with few different ratings: full of ties."""


def tiles_of(rows: Sparse, tracks: int, method: str) -> Tiles:
    pool = WorkerPool(1)
    return (
        catalogue_tiles(rows, tracks, moments(rows, tracks), pool) if method == CATALOGUE else co_rated_tiles(rows, tracks, pool)
    )


def searched(rated: csr_array, k: int, method: str, first: int = 0, count: int | None = None) -> Nearest:
    rows, tracks = sparse(rated), rated.shape[1]
    tiles = tiles_of(rows, tracks, method)
    shape = (rated.shape[0] if count is None else count, k)
    out = Nearest(np.full(shape, -1, np.int32), np.zeros(shape), np.zeros(shape, np.int32))
    search(SearchTask(rows, moments(rows, tracks), tiles, k), scratch(rows, tiles, tracks, k), first, out)
    return out


def exact(rated: csr_array, user: int, k: int, method: str) -> list[tuple[int, float, int]]:
    """The k greatest of all correlations above 0 over a shared track, ties by index."""
    rows, tracks = sparse(rated), rated.shape[1]
    known, dense = moments(rows, tracks), rated[[user]].toarray()[0]
    row = OneRow(np.zeros(tracks), np.empty(tracks + 1), np.empty(tracks + 1))
    spread(rows, user, row)
    every = []
    for other in set(range(rated.shape[0])) - {user}:
        similarity, overlap = co_rated_pair(row, other, rows)
        if method == CATALOGUE:
            part = slice(int(rows.indptr[other]), int(rows.indptr[other + 1]))
            product = 0.0
            for track, value in zip(rows.indices[part], rows.values[part], strict=True):
                product += dense[track] * value
            similarity = catalogue_correlation(product, user, other, tracks, known)
        if similarity > 0 and overlap > 0:
            every.append((other, similarity, overlap))
    clear(rows, user, row)
    return sorted(every, key=lambda one: (-one[1], one[0]))[:k]


def as_rows(one: Nearest, index: int) -> list[tuple[int, float, int]]:
    real = one.indices[index] >= 0
    return list(zip(*(part[index][real].tolist() for part in one), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("method", [CATALOGUE, CO_RATED])
@pytest.mark.parametrize("rated", [MANY, WORDS], ids=["few ties", "many ties"])
@pytest.mark.parametrize("k", [1, 7, 150])
def test_several_tiles(method: str, rated: csr_array, k: int) -> None:
    for user in FEW:
        assert as_rows(searched(rated, k, method, user, 1), 0) == exact(rated, user, k, method)


@pytest.mark.parametrize("method", [CATALOGUE, CO_RATED])
def test_there_are_several_tiles(method: str) -> None:
    assert len(tiles_of(sparse(MANY), 50, method).dense) > 2


@pytest.mark.parametrize("method", [CATALOGUE, CO_RATED])
def test_greatest_possible_similarity_ends_the_search_with_the_lowest_indices(method: str) -> None:
    rated = matrix([{0: 1.0, 1: 2.0, 2: 4.0}] * 2600, 5)
    assert searched(rated, 3, method, 2000, 1).indices.tolist() == [[0, 1, 2]]
    assert searched(rated, 3, method, 1, 1).indices.tolist() == [[0, 2, 3]]


@pytest.mark.parametrize("method", [CATALOGUE, CO_RATED])
def test_scratch_may_be_used_again(method: str) -> None:
    whole = searched(MANY[:300], 5, method)
    for user in (0, 17, 299):
        assert as_rows(whole, user) == as_rows(searched(MANY[:300], 5, method, user, 1), 0)


@pytest.mark.parametrize("method", [CATALOGUE, CO_RATED])
def test_dislikes_never_make_neighbours_of_strangers(method: str) -> None:
    # one has a mean below 0, the other above: they correlate without a shared track
    rated = matrix([{0: -1.0}, {1: 1.0}, {0: -1.0, 2: -2.0}, {3: 1.0}], 4)
    assert all(overlap > 0 for row in range(4) for _, _, overlap in as_rows(searched(rated, 2, method), row))


@pytest.mark.parametrize("method", [CATALOGUE, CO_RATED])
def test_more_equals_than_there_is_room_for(method: str) -> None:
    # everyone is as similar to the first as to each other, below 1: who comes first is kept
    rated = matrix([{0: 1.0, 1: 2.0, 2: 4.0}] + [{0: 1.0, 1: 3.0, 2: 4.0, 3: 2.0}] * 700, 6)
    assert searched(rated, 4, method, 0, 1).indices.tolist() == [[1, 2, 3, 4]]
    assert as_rows(searched(rated, 4, method, 0, 1), 0) == exact(rated, 0, 4, method)
    assert 0 < searched(rated, 4, method, 0, 1).similarity[0, 0] < 1
