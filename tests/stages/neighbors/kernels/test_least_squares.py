"""Weighted least squares against the normal equations solved by numpy, and what a step may not do."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from recsys.stages.neighbors.kernels.least_squares import normal_equations, solve_rows
from tests.support.rated import Rows, long_tail, matrix

RANK = 5


def solved(
    ratings: csr_array, others: np.ndarray, gram: np.ndarray, ridge: float, steps: int, start: np.ndarray | None = None
) -> np.ndarray:
    """Rows by the kernel; confidence is the rating's magnitude, preference its sign."""
    own = np.zeros((ratings.shape[0], others.shape[1]), np.float32) if start is None else start.astype(np.float32)
    data = np.abs(ratings.data).astype(np.float32), np.sign(ratings.data).astype(np.float32)
    entries = (ratings.indptr.astype(np.int64), ratings.indices.astype(np.int32), *data)
    solve_rows(entries, others.astype(np.float32), gram.astype(np.float32), np.float32(ridge), steps, (0, len(own)), own)
    return own


def exact(ratings: csr_array, others: np.ndarray, gram: np.ndarray, ridge: float) -> np.ndarray:
    """The minimum of Σ c (p − x·y)² + xᵀ gram x + ridge |x|², one row after another."""
    dense = ratings.toarray()
    left = [gram + ridge * np.eye(len(gram)) + (others.T * np.abs(row)) @ others for row in dense]
    return np.array([np.linalg.solve(one, others.T @ row) for one, row in zip(left, dense, strict=True)])


def problem(seed: int = 4) -> tuple[csr_array, np.ndarray, np.ndarray]:
    ratings = long_tail(9, 14, 60, seed=seed, disliked=0.2)
    others = np.random.default_rng(seed).standard_normal((14, RANK))
    return ratings, others, 0.1 * others.T @ others


def loss(x: np.ndarray, row: np.ndarray, others: np.ndarray, gram: np.ndarray, ridge: float) -> float:
    return float(np.abs(row) @ (np.sign(row) - others @ x) ** 2 + x @ gram @ x + ridge * x @ x)


def test_by_hand() -> None:
    # (1 + 0.5 + 2 · 3²) x = 2 · 3
    x = solved(matrix([{0: 2.0}], 1), np.array([[3.0]]), np.array([[1.0]]), 0.5, 1)
    assert x[0, 0] == pytest.approx(6 / 19.5)


@pytest.mark.parametrize("ridge", [0.3, 4.0])
@pytest.mark.parametrize("seed", range(3))
def test_enough_steps_are_exact(ridge: float, seed: int) -> None:
    ratings, others, gram = problem(seed)
    np.testing.assert_allclose(solved(ratings, others, gram, ridge, 3 * RANK), exact(ratings, others, gram, ridge), atol=1e-4)


def test_every_step_lowers_the_loss() -> None:
    ratings, others, gram = problem()
    rows = [solved(ratings, others, gram, 0.5, steps) for steps in range(1, RANK + 1)]
    losses = np.array([[loss(x, row, others, gram, 0.5) for x, row in zip(xs, ratings.toarray(), strict=True)] for xs in rows])
    assert (np.diff(losses, axis=0) <= 1e-5).all()
    assert (losses[-1] < losses[0]).any()


def test_the_solution_stays() -> None:
    ratings, others, gram = problem()
    best = exact(ratings, others, gram, 0.5)
    np.testing.assert_allclose(solved(ratings, others, gram, 0.5, 3, best), best, atol=1e-5)


def test_dislikes_turn_it_round() -> None:
    ratings, others, gram = problem()
    assert (solved(ratings, others, gram, 0.5, 3) == -solved(-ratings, others, gram, 0.5, 3)).all()


@pytest.mark.parametrize("row", [{}, {1: 0.0}], ids=["nothing rated", "no confidence"])
def test_nothing_known_is_zero_whatever_was_there(row: dict[int, float]) -> None:
    rows: Rows = [row]
    assert not solved(matrix(rows, 3), np.ones((3, 2)), np.eye(2), 1.0, 3, np.ones((1, 2))).any()


def test_only_the_rows_asked_for() -> None:
    ratings, others, gram = (problem()[0], problem()[1].astype(np.float32), problem()[2].astype(np.float32))
    data = np.abs(ratings.data).astype(np.float32), np.sign(ratings.data).astype(np.float32)
    entries = (ratings.indptr.astype(np.int64), ratings.indices.astype(np.int32), *data)
    whole, part = np.zeros((9, RANK), np.float32), np.full((9, RANK), 7.0, np.float32)
    solve_rows(entries, others, gram, np.float32(1), 3, (0, 9), whole)
    part[2:5] = 0
    solve_rows(entries, others, gram, np.float32(1), 3, (2, 5), part)
    assert part[2:5].tobytes() == whole[2:5].tobytes()
    assert (part[[0, 1, 5, 6, 7, 8]] == 7.0).all()


@pytest.mark.parametrize("count", [0, 1, 4, 7, 12])
@pytest.mark.parametrize("rank", [1, 8, 11])
def test_normal_equations_to_the_bit_whatever_is_added_together(rank: int, count: int) -> None:
    rng = np.random.default_rng(count)
    others, sure, gram = rng.normal(size=(20, rank)).astype(np.float32), rng.random(count).astype(np.float32), np.eye(rank)
    indices, whole = rng.integers(0, 20, count).astype(np.int32), np.full((rank, rank), np.nan)
    normal_equations(indices, sure, others, gram, 0.5, whole)
    upper, chosen = np.triu_indices(rank), others[indices].astype(float)
    np.testing.assert_allclose(whole[upper], (gram * 1.5 + (chosen.T * sure) @ chosen)[upper], rtol=1e-12)
    one_by_one = gram * 1.5
    for at in range(count):
        before = one_by_one.copy()
        normal_equations(indices[at : at + 1], sure[at : at + 1], others, before, 0.0, one_by_one)
    assert whole[upper].tobytes() == one_by_one[upper].tobytes()
