"""Votes against a hand table, a brute-force reference and what must never have a vote."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from recsys.stages.neighbors.kernels.votes import votes

Rows = list[dict[int, float]]
"""Column → rating, or listener → weight."""


def run(
    ratings: Rows,
    near: Rows,
    *,
    first: int = 0,
    columns: int = 6,
    counted: int = 6,
    shrink: float = 0.0,
    canonical: str = "012345",
) -> np.ndarray:
    """Shares 0–1 for listeners ``first`` … , one row each."""
    rated, weights = (_csr(rows, width) for rows, width in ((ratings, columns), (near, len(ratings))))
    column_of = np.array([*map(int, canonical)], np.int32)
    out = np.full((len(near), len(column_of)), np.nan)
    voters, votes_of = ((one.indptr, one.indices, one.data) for one in (weights, rated))
    votes(first, voters, votes_of, (columns, counted), shrink, column_of, out)
    return out


def _csr(rows: list[dict[int, float]], width: int) -> csr_array:
    indptr = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    indices = np.array([column for row in rows for column in sorted(row)], np.int32)
    return csr_array(
        (np.array([row[c] for row in rows for c in sorted(row)], np.float64), indices, indptr), shape=(len(rows), width)
    )


def brute_force(ratings: Rows, near: Rows, first: int, counted: int, shrink: float) -> np.ndarray:
    sums = np.zeros((len(near), 6))
    for row, neighbors in enumerate(near):
        for column in set(range(6)) - set(ratings[first + row]):
            sums[row, column] = sum(weight * max(0.0, ratings[other].get(column, 0.0)) for other, weight in neighbors.items())
    top = sums[:, :counted].max(axis=1, keepdims=True)
    return np.where(top > 0, np.minimum(1, sums / np.where(top > 0, top + shrink, 1)), 0)


class TestHandTable:
    ratings = ({0: 1.0, 1: 0.0}, {0: 1.0, 1: 5.0, 2: 0.5, 3: -1.0}, {2: 2.0, 4: 1.0})
    near = ({1: 0.4, 2: 0.1}, {0: 0.4}, {})

    def test_sums_divided_by_the_largest(self) -> None:
        # track 2 gets 0.4 × 0.5 + 0.1 × 2, track 4 gets 0.1; what a listener has an entry for gets nothing
        assert run([*self.ratings], [*self.near]) == pytest.approx(np.array([[0, 0, 1, 0, 0.25, 0], [0] * 6, [0] * 6]))

    def test_shrunk(self) -> None:
        assert run([*self.ratings], [*self.near], shrink=0.6)[0] == pytest.approx([0, 0, 0.4, 0, 0.1, 0])

    def test_only_counted_columns_take_the_maximum(self) -> None:
        ratings = [{}, {0: 0.1, 5: 3.0}]
        assert run(ratings, [{1: 1.0}])[0] == pytest.approx([0.1 / 3, 0, 0, 0, 0, 1])
        assert run(ratings, [{1: 1.0}], counted=5, canonical="01234")[0] == pytest.approx([1, 0, 0, 0, 0])
        assert run(ratings, [{1: 1.0}], counted=5)[0, 5] == 1.0

    def test_tracks_of_one_id_share_its_votes(self) -> None:
        assert run([*self.ratings], [*self.near], canonical="442")[0] == pytest.approx([0.25, 0.25, 1])


rows = st.lists(
    st.dictionaries(st.integers(0, 5), st.sampled_from([-1.25, -0.55, 0.0, 0.2, 0.45, 3.0]), max_size=6), min_size=2, max_size=6
)


@given(rows, st.data(), st.integers(1, 6), st.sampled_from([0.0, 1.0]))
def test_brute_force(ratings: Rows, data: st.DataObject, counted: int, shrink: float) -> None:
    first = data.draw(st.integers(0, len(ratings) - 1))
    weights = st.dictionaries(st.integers(0, len(ratings) - 1), st.floats(0.01, 1), max_size=4)
    near = data.draw(st.lists(weights, min_size=1, max_size=len(ratings) - first))
    result = run(ratings, near, first=first, counted=counted, shrink=shrink)
    np.testing.assert_allclose(result, brute_force(ratings, near, first, counted, shrink), atol=1e-12)


def test_block_is_a_part_of_the_whole() -> None:
    ratings = [{0: 1.0}, {1: 2.0, 2: 1.0}, {0: 0.3, 2: 0.7}]
    near = [{1: 0.5, 2: 0.3}, {0: 0.5, 2: 0.9}, {0: 0.3, 1: 0.9}]
    assert run(ratings, near)[1:].tobytes() == run(ratings, near[1:], first=1).tobytes()
