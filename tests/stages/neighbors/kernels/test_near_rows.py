"""Rows of neighbours in numbers of their own, and vectors looked up side by side, against plain numpy."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.matrices.arrays import pattern
from recsys.stages.neighbors.kernels.interpolation import NeighborRows
from recsys.stages.neighbors.kernels.near_rows import columns_of, near_rows, products
from tests.support.rated import long_tail

RNG = np.random.default_rng(5)
RATED = long_tail(12, 40, 150, seed=2, disliked=0.2)
VECTORS = RNG.normal(size=(12, 3))
ROWS = NeighborRows(*pattern(RATED), RATED.data.astype(float), RNG.random(12), RNG.random(12))


@pytest.mark.parametrize("chosen", [[7], [2, 3, 9], list(range(12)), []], ids=["one", "some", "all", "nobody"])
def test_chosen_rows_stay_what_they_are_under_other_numbers(chosen: list[int]) -> None:
    votes, number = RNG.random(RATED.nnz).astype(np.float32), np.full(40, -1, np.int32)
    near = near_rows(ROWS, votes, VECTORS, np.array(chosen, np.int32), number)
    entries = np.concatenate([np.arange(RATED.indptr[row], RATED.indptr[row + 1]) for row in chosen] or [np.empty(0, int)])
    assert near.tracks.tolist() == list(dict.fromkeys(RATED.indices[entries].tolist()))  # each once, as they come first
    assert near.tracks[near.rows.indices].tolist() == RATED.indices[entries].tolist()
    assert np.diff(near.rows.indptr).tolist() == [RATED.indptr[row + 1] - RATED.indptr[row] for row in chosen]
    assert (near.rows.values.tolist(), near.votes.tolist()) == (RATED.data[entries].tolist(), votes[entries].tolist())
    assert near.rows.mean.tolist() == ROWS.mean[chosen].tolist() if chosen else near.rows.mean.size == 0
    assert near.rows.scale.tolist() == [ROWS.scale[row] for row in chosen]
    np.testing.assert_array_equal(near.vectors, VECTORS[np.array(chosen, int)])
    assert number[near.tracks].tolist() == list(range(len(near.tracks)))
    assert (np.delete(number, near.tracks) == -1).all()


@pytest.mark.parametrize("count", [0, 1, 7, 8, 63, 64, 65, 200])
def test_products_are_sums_in_order(count: int) -> None:
    vectors, rows = RNG.normal(size=(90, 13)).astype(np.float32), RNG.integers(0, 90, count).astype(np.int32)
    other, out = RNG.normal(size=13), np.full(count, np.nan)
    products(vectors, rows, other, out)
    assert out.tolist() == [
        sum((float(value) * factor for value, factor in zip(vectors[row], other, strict=True)), 0.0) for row in rows
    ]


@pytest.mark.parametrize("count", [0, 8, 24])
@pytest.mark.parametrize("rank", [0, 1, 9])
def test_rows_as_columns(rank: int, count: int) -> None:
    matrix, rows = RNG.normal(size=(50, rank)).astype(np.float32), RNG.integers(0, 50, count).astype(np.int32)
    out = np.full((rank, count), np.nan)
    columns_of(matrix, rows, out)
    np.testing.assert_array_equal(out, matrix[rows].T)
