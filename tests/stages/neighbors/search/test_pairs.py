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
    """Everyone is everyone's candidate, in no order; places are in no order either, and some are nobody's."""
    random = np.random.default_rng(0)
    order = np.full(users + 5, -1, np.int32)
    order[np.sort(random.permutation(users + 5)[:users])] = random.permutation(users)
    words, number = np.zeros((users + 5, users), np.uint64), np.zeros(users + 5, np.int32)
    for place in np.flatnonzero(order >= 0):
        words[place, :-1] = random.permutation(np.setdiff1d(np.flatnonzero(order >= 0), [place]))
        number[place] = users - 1
    single = np.zeros(users + 5)
    return Candidates(order, words, number, single.astype(np.float32), single > 0, single, users - 1)


def settled(rated: object, some: Candidates, k: int, threads: int = 1, first: int = 0, last: int | None = None) -> Nearest:
    rows, users, tracks = sparse(rated), rated.shape[0], rated.shape[1]
    places = np.full(users, -1, np.int32)
    places[some.order[some.order >= 0]] = np.flatnonzero(some.order >= 0)
    shape = len(places[first:last]), k
    out = Nearest(np.full(shape, -1, np.int32), np.zeros(shape), np.zeros(shape, np.int32))
    with WorkerPool(threads) as workers:
        settle(rows, moments(rows, tracks), tracks, some, places[first:last], out, workers)
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
    some = everyone(4)
    some.number[:] = 0
    assert (settled(matrix([{0: 1.0}] * 4, 3), some, 2).indices == -1).all()


def test_a_block_is_a_part_of_the_whole() -> None:
    rated, some = long_tail(60, 40, 700), everyone(60)
    for whole, part in zip(settled(rated, some, 12), settled(rated, some, 12, 2, 17, 41), strict=True):
        assert whole[17:41].tobytes() == part.tobytes()


def test_who_has_no_place_has_no_neighbours() -> None:
    some = everyone(6)
    gone = int(some.order[some.order >= 0][2])
    some.number[some.order == gone] = 0
    for place in np.flatnonzero(some.order >= 0):
        row = some.words[place, : some.number[place]]
        row = row[some.order[row.astype(int)] != gone]
        some.words[place, : row.size], some.number[place] = row, row.size
    some.order[some.order == gone] = -1
    nearest = settled(matrix([{0: 1.0, 1: 2.0}] * 6, 3), some, 5)
    assert (nearest.indices[gone] == -1).all()
    assert all(sorted(nearest.indices[user]) == sorted({-1, *range(6)} - {user, gone}) for user in {*range(6)} - {gone})
