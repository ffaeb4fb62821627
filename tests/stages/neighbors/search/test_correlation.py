"""One exact correlation at a time, against numpy and by hand; all pairs are the business of ``test_neighbors``."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from recsys.stages.neighbors.search.correlation import (
    _LEAST,
    OneRow,
    Sparse,
    catalogue_correlation,
    clear,
    co_rated_pair,
    co_rated_row,
    constant,
    moments,
    pearson,
    snapped,
    sparse,
    spread,
)
from tests.support.rated import long_tail, matrix

RATING = st.sampled_from([-1.0, 0.0, 0.2, 0.45, 0.9, 1.0, 3.7])
ROWS = st.lists(st.dictionaries(st.integers(0, 5), RATING, max_size=6), min_size=2, max_size=4)


def pair(rows: Sparse, user: int, other: int, tracks: int = 6) -> tuple[float, int]:
    row = OneRow(np.zeros(tracks), np.empty(tracks + 1), np.empty(tracks + 1))
    spread(rows, user, row)
    result = co_rated_pair(row, other, rows)
    clear(rows, user, row)
    assert not row.ratings.any()
    return result


class TestSparse:
    def test_layout(self) -> None:
        rows = sparse(matrix([{2: 5.0, 0: 1.0}, {}], 3))
        assert (rows.indptr.tolist(), rows.indices.tolist(), rows.values.tolist()) == ([0, 2, 2], [0, 2], [1.0, 5.0])
        assert (rows.indptr.dtype, rows.indices.dtype, rows.values.dtype) == (np.uint64, np.uint32, np.float64)

    def test_untidy_rows_are_tidied_and_the_argument_stays(self) -> None:
        untidy = csr_array((np.array([5.0, 1.0, 2.0]), np.array([2, 0, 2]), np.array([0, 3])), shape=(1, 3))
        rows = sparse(untidy)
        assert (rows.indices.tolist(), rows.values.tolist()) == ([0, 2], [1.0, 7.0])
        assert untidy.nnz == 3


class TestMoments:
    @given(ROWS)
    def test_against_numpy(self, rows: list[dict[int, float]]) -> None:
        result, dense = moments(sparse(matrix(rows, 6)), 6), matrix(rows, 6).toarray()
        np.testing.assert_allclose(result.mean, dense.mean(axis=1), atol=1e-15)
        np.testing.assert_allclose(result.deviation, dense.std(axis=1), atol=1e-15)

    def test_constant_rows_have_exactly_none(self) -> None:
        assert moments(sparse(matrix([{}, dict.fromkeys(range(3), 0.1), {0: 0.1}], 3)), 3).deviation.tolist()[:2] == [0.0, 0.0]

    def test_no_tracks(self) -> None:
        assert moments(sparse(matrix([{}], 0)), 0).mean.tolist() == [0.0]


class TestPair:
    def test_by_hand(self) -> None:
        rows = sparse(matrix([{0: 1.0, 1: 2.0, 2: 3.0, 5: 9.0}, {0: 1.0, 1: 3.0, 2: 2.0, 4: 7.0}], 6))
        assert pair(rows, 0, 1) == (pytest.approx(0.5), 3)

    @given(ROWS)
    def test_against_numpy_and_the_whole_row(self, rows: list[dict[int, float]]) -> None:
        rated = matrix(rows, 6)
        one, columns, users = sparse(rated), sparse(rated.tocsc()), len(rows)
        overlap, similarity = np.zeros(users, np.int32), np.zeros(users)
        co_rated_row(0, one, columns, overlap, np.empty((users, 6)), similarity)
        for other in range(1, users):
            shared = sorted(rows[0].keys() & rows[other].keys())
            x, y = ([row[track] for track in shared] for row in (rows[0], rows[other]))
            varied = len(shared) > 1 and len(set(x)) > 1 and len(set(y)) > 1
            result = pair(one, 0, other)
            assert result == (pytest.approx(np.corrcoef(x, y)[0, 1] if varied else 0.0, abs=1e-12), len(shared))
            assert result == pair(one, other, 0) == (similarity[other], overlap[other])

    def test_zero_is_a_rating(self) -> None:
        assert pair(sparse(matrix([{0: 0.0, 1: 1.0}, {0: 0.0, 1: 2.0}], 6)), 0, 1) == (1.0, 2)
        assert _LEAST > 0


class TestCatalogue:
    @pytest.mark.parametrize("seed", range(3))
    def test_against_numpy(self, seed: int) -> None:
        rated = long_tail(6, 20, 50, seed=seed, disliked=0.2)
        known, dense = moments(sparse(rated), 20), rated.toarray()
        for user in range(6):
            for other in range(6):
                result = catalogue_correlation(float(dense[user] @ dense[other]), user, other, 20, known)
                assert result == pytest.approx(np.corrcoef(dense[user], dense[other])[0, 1], abs=1e-12)

    def test_a_constant_row_correlates_with_nobody(self) -> None:
        known = moments(sparse(matrix([{}, {0: 1.0}], 2)), 2)
        assert catalogue_correlation(0.0, 0, 1, 2, known) == 0.0


@pytest.mark.parametrize(
    ("correlation", "expected"),
    [(1e-13, 0.0), (-1e-13, 0.0), (1 - 1e-13, 1.0), (1.5, 1.0), (-1 + 1e-13, -1.0), (0.3, 0.3), (2e-12, 2e-12)],
)
def test_rounding_noise(correlation: float, expected: float) -> None:
    assert snapped(correlation) == expected


def test_two_tracks_are_all_or_nothing() -> None:
    assert pearson(1e-30, 3.0, 4.0, 2) == 1.0
    assert pearson(-1e-30, 3.0, 4.0, 2) == -1.0
    assert pearson(3.0, 9.0, 4.0, 3) == 0.5


@pytest.mark.parametrize(
    ("low", "high", "alike"),
    [(1.0, 1.0, True), (0.0, 1e-12, True), (0.0, 2e-12, False), (1e9, 1e9 + 1e-4, True), (1.0, 1.1, False)],
)
def test_alike_but_for_rounding(low: float, high: float, alike: bool) -> None:
    assert constant(low, high) is alike
