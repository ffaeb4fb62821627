"""Jointly derived weights against the normal equations written out densely."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.stages.neighbors import low_rank
from recsys.stages.neighbors.kernels.interpolation import (
    NeighborRows,
    cholesky,
    cholesky_solve,
    cholesky_solve_columns,
    interpolate,
    subtract,
)
from recsys.stages.neighbors.search.nearest import nearest
from tests.support.rated import dense_rows, groups, long_tail, matrix

RIDGE = 0.5


class Weights:
    """The kernel's answer for all listeners of a matrix."""

    def __init__(self, rated: np.ndarray, pool: int, kept: int, rank: int, ridge: float = RIDGE) -> None:
        self.rated, self.kept, self.ridge = rated, kept, ridge
        rows = low_rank.standardised(rated)
        self.factors = low_rank.factors(rows, rank)
        result = nearest(rated, pool)
        self.pool = result.indices.copy()
        self.indices, self.similarity, self.overlap = result
        self.weight, self.scale = np.full((len(self.pool), kept), np.nan), np.full(len(self.pool), np.nan)
        arrays = rated.indptr.astype(np.int64), rated.indices.astype(np.int32), rated.data, rows.mean, rows.scale
        near, out = (self.indices, self.similarity, self.overlap), (self.weight, self.scale)
        own = self.factors.vectors, rows.varied
        interpolate(NeighborRows(*arrays), rated.shape[1], self.factors[:2], ridge, own, near, out)

    def expected(self, user: int) -> tuple[list[int], np.ndarray, float]:
        """Neighbours kept, their weights and the inverse of what stays unexplained."""
        unit = dense_rows(self.rated)
        rest = unit @ unit.T - self.factors.vectors * self.factors.values @ self.factors.vectors.T
        least = -2.0 if len(unit) <= len(self.pool[user]) else 0.0  # where everyone is in the pool, everyone may take part
        mine = sorted(
            (other for other in self.pool[user] if other >= 0 and rest[user, other] > least), key=lambda v: -rest[user, v]
        )
        near = sorted(mine[: self.kept])
        left = rest[np.ix_(near, near)] + self.ridge * np.eye(len(near))
        weight = np.linalg.solve(left, rest[near, user])
        return near, weight, 1 / (max(rest[user, user], 0.0) + self.ridge - rest[user, near] @ weight)


@pytest.mark.parametrize(("pool", "kept"), [(5, 5), (12, 4), (40, 40)])
@pytest.mark.parametrize("rank", [0, 3])
def test_normal_equations(pool: int, kept: int, rank: int) -> None:
    weights = Weights(groups(30, 40), pool, kept, rank)
    for user in range(30):
        near, weight, scale = weights.expected(user)
        count = len(near)
        assert weights.indices[user].tolist() == [*near, *[-1] * (pool - count)]
        np.testing.assert_allclose(weights.weight[user], np.pad(weight, (0, kept - count)), atol=1e-10)
        assert weights.scale[user] == pytest.approx(scale, rel=1e-9)
        assert not weights.similarity[user, count:].any()
        assert not weights.overlap[user, count:].any()


def test_by_hand() -> None:
    # two of four tracks each: correlation 0 over one shared track, −1 over none, 1 over both
    weights = Weights(matrix([{0: 1.0, 1: 1.0}, {0: 2.0, 1: 2.0}, {1: 1.0, 2: 1.0}, {2: 1.0, 3: 1.0}], 4), 3, 3, 0)
    assert weights.indices.tolist()[:2] == [[1, -1, -1], [0, -1, -1]]
    assert weights.weight[0].tolist() == pytest.approx([1 / 1.5, 0, 0])
    assert weights.scale.tolist() == pytest.approx([1 / (1.5 - 1 / 1.5)] * 2 + [1 / 1.5] * 2)


def test_two_that_say_the_same_share_one_vote() -> None:
    rated = long_tail(20, 15, 120)
    alone = Weights(rated, 30, 30, 0)
    twice = Weights(rated[[*range(20), 7]], 30, 30, 0)
    for user in set(range(20)) - {7}:
        one, two = (dict(zip(w.indices[user], w.weight[user], strict=False)) for w in (alone, twice))
        if 7 in one:
            assert two[7] == pytest.approx(two[20], abs=1e-9)
            assert abs(one[7]) - 1e-9 <= abs(two[7] + two[20]) <= abs(one[7]) * 2 + 1e-9


@pytest.mark.parametrize("size", [1, 2, 7])
def test_cholesky_solve(size: int) -> None:
    random = np.random.default_rng(size)
    half = random.standard_normal((9, 9))
    whole = half @ half.T + 0.1 * np.eye(9)
    wanted = np.linalg.solve(whole[:size, :size], np.arange(1.0, size + 1))
    upper, right = np.triu(whole) + np.tril(np.full((9, 9), np.nan), -1), np.arange(1.0, 10.0)
    cholesky_solve(upper, size, right)
    np.testing.assert_allclose(right[:size], wanted, rtol=1e-9)
    assert right[size:].tolist() == [*np.arange(size + 1.0, 10.0)]


def test_a_direction_without_variance_takes_no_part() -> None:
    right = np.array([1.0, 2.0, 3.0])
    cholesky_solve(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 2.0]]), 3, right)
    assert right.tolist() == pytest.approx([1.0, 0.0, 1.5])


def test_without_ridge_nothing_is_infinite() -> None:
    weights = Weights(matrix([{0: 1.0, 1: 2.0}] * 4 + [{2: 5.0, 3: 5.0, 4: 5.0, 5: 5.0}], 6), 5, 5, 0, ridge=0.0)
    assert np.isfinite(weights.weight).all()
    assert np.isfinite(weights.scale).all()


@pytest.mark.parametrize("size", [1, 15, 16, 17, 35])
@pytest.mark.parametrize("rank", [0, 3, 4, 9])
def test_factors_come_off_one_after_the_other_to_the_bit(size: int, rank: int) -> None:
    random = np.random.default_rng(100 * size + rank)
    vectors, values, chosen = random.normal(size=(40, rank)), random.random(rank), random.permutation(40)[:size].astype(np.int32)
    matrix = np.triu(random.normal(size=(size, size)))
    wanted = matrix.copy()
    for a in range(size):
        for factor in range(rank):
            mine = values[factor] * vectors[chosen[a], factor]
            for b in range(a, size):
                wanted[a, b] -= mine * vectors[chosen[b], factor]
        wanted[a, a] = max(wanted[a, a], 0.0) + RIDGE
    subtract(vectors, values, chosen, matrix, RIDGE)
    assert np.triu(matrix).tobytes() == np.triu(wanted).tobytes()


@pytest.mark.parametrize("size", [1, 4, 6, 11])
@pytest.mark.parametrize("columns", [1, 37])
def test_many_right_sides_at_once(size: int, columns: int) -> None:
    random = np.random.default_rng(size)
    half = random.standard_normal((size, size))
    whole = half @ half.T + 0.1 * np.eye(size)
    right = random.standard_normal((size, columns))
    wanted = np.linalg.solve(whole, right)
    upper = np.triu(whole)
    cholesky(upper, size)
    cholesky_solve_columns(upper, right)
    np.testing.assert_allclose(right, wanted, rtol=1e-9, atol=1e-12)


def test_of_many_right_sides_too_a_direction_without_variance_takes_no_part() -> None:
    upper, right = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 2.0]]), np.array([[1.0, 2.0], [2.0, 2.0], [3.0, 4.0]])
    cholesky(upper, 3)
    cholesky_solve_columns(upper, right)
    np.testing.assert_allclose(right, [[1.0, 2.0], [0.0, 0.0], [1.5, 2.0]], rtol=1e-12)
