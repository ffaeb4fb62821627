"""Candidates are ranked by their exact correlations, whoever of a pair is followed."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.stages.neighbors.search.correlation import moments, sparse
from recsys.stages.neighbors.search.mutual import Candidates
from recsys.stages.neighbors.search.pairs import settle
from recsys.stages.neighbors.search.search import Nearest
from recsys.stages.neighbors.search.workers import WorkerPool
from tests.stages.neighbors.search.test_nearest import brute_force
from tests.support.rated import long_tail, matrix


def everyone(users: int) -> Candidates:
    """Everyone is everyone's candidate, in no order."""
    random = np.random.default_rng(0)
    indices = np.array([random.permutation(np.delete(np.arange(users), user)) for user in range(users)], np.int32)
    single = np.zeros(indices.shape, np.float32)
    return Candidates(
        indices, single, np.full(users, users - 1, np.int32), single[0], np.zeros(users, np.bool_), np.zeros(users), users - 1
    )


def settled(rated: object, some: Candidates, k: int, threads: int = 1) -> Nearest:
    rows, users, tracks = sparse(rated), rated.shape[0], rated.shape[1]
    out = Nearest(np.full((users, k), -1, np.int32), np.zeros((users, k)), np.zeros((users, k), np.int32))
    with WorkerPool(threads) as workers:
        settle(rows, moments(rows, tracks), tracks, some, out, workers)
    return out


@pytest.mark.parametrize("threads", [1, 3])
def test_order_and_values(threads: int) -> None:
    rated = long_tail(60, 40, 700)
    similarity, overlap = brute_force(rated, "catalogue")
    nearest = settled(rated, everyone(60), 12, threads)
    for user in range(60):
        order = np.lexsort((np.arange(60), -similarity[user]))[:12]
        real = similarity[user, order] > 0
        np.testing.assert_allclose(nearest.similarity[user][real], similarity[user, order][real], atol=1e-12)
        np.testing.assert_array_equal(nearest.overlap[user][real], overlap[user, nearest.indices[user][real]])


def test_both_of_a_pair_get_the_same_bits() -> None:
    rated = long_tail(40, 30, 500)
    nearest = settled(rated, everyone(40), 39)
    table = np.zeros((40, 40))
    for user in range(40):
        real = nearest.indices[user] >= 0
        table[user, nearest.indices[user][real]] = nearest.similarity[user][real]
    assert (table == table.T).all()


def test_ties_in_ascending_index() -> None:
    nearest = settled(matrix([{0: 1.0, 1: 2.0}] * 5, 3), everyone(5), 3)
    assert nearest.indices.tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2], [0, 1, 2]]


def test_nobody() -> None:
    some = everyone(4)._replace(number=np.zeros(4, np.int32))
    assert (settled(matrix([{0: 1.0}] * 4, 3), some, 2).indices == -1).all()
