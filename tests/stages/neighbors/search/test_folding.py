"""Neighbours of listeners outside the fit: by hand, against dense correlations, and against the search among fitted ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, vstack

from recsys.stages.neighbors.search.correlation import moments, sparse
from recsys.stages.neighbors.search.folding import nearest_fitted
from recsys.stages.neighbors.search.nearest import nearest
from recsys.stages.neighbors.search.search import Nearest
from tests.support.rated import dense_rows, long_tail, matrix

TRACKS = 6
ROWS = st.lists(
    st.dictionaries(st.integers(0, TRACKS - 1), st.sampled_from([-1.0, 0.2, 0.45, 1.0, 3.7]), max_size=TRACKS),
    min_size=1,
    max_size=12,
)


def fold(new: csr_array, fitted: csr_array, k: int, own: list[int] | None = None, part: tuple[int, int] | None = None) -> Nearest:
    """The ``k`` fitted rows most like each new one; rows outside ``part`` stay empty."""
    items, (first, last) = new.shape[1], part or (0, new.shape[0])
    out = Nearest(*(np.full((new.shape[0], k), fill, kind) for fill, kind in ((-1, np.int32), (0, np.float64), (0, np.int32))))
    rows = sparse(new)
    passed = np.array(own or [-1] * new.shape[0], np.int32)
    known = moments(sparse(fitted), items)
    nearest_fitted((rows, moments(rows, items), passed), sparse(fitted.tocsc()), known, items, first, last, out)
    return out


def test_by_hand() -> None:
    """Of 4 tracks: alike in all, in one of two (1/√3 as each has one or two of four), in none, and without a track."""
    fitted = matrix([{0: 1.0, 1: 1.0}, {0: 2.0}, {2: 1.0, 3: 1.0}, {}], 4)
    result = fold(matrix([{0: 5.0, 1: 5.0}], 4), fitted, 3)
    assert result.indices.tolist() == [[0, 1, -1]]
    np.testing.assert_allclose(result.similarity, [[1.0, 1 / np.sqrt(3), 0.0]], atol=1e-12)
    assert result.overlap.tolist() == [[2, 1, 0]]


def test_of_equals_the_lowest_and_not_oneself() -> None:
    same = matrix([{0: 1.0, 1: 3.0}] * 6, 3)
    assert fold(same[[0]], same, 3).indices.tolist() == [[0, 1, 2]]
    assert fold(same[[0]], same, 3, [1]).indices.tolist() == [[0, 2, 3]]


@pytest.mark.slow
@settings(max_examples=150)
@given(new=ROWS, fitted=ROWS, k=st.integers(1, 9))
def test_brute_force(new: list[dict[int, float]], fitted: list[dict[int, float]], k: int) -> None:
    mine, theirs = matrix(new, TRACKS), matrix(fitted, TRACKS)
    result = fold(mine, theirs, k)
    similar = dense_rows(mine) @ dense_rows(theirs).T
    together = (mine.toarray() != 0).astype(int) @ (theirs.toarray() != 0).astype(int).T
    similar = np.where((together > 0) & (similar > 1e-12), similar, 0.0)
    wanted = -np.sort(-np.pad(similar, ((0, 0), (0, k))), axis=1)[:, :k]
    np.testing.assert_allclose(result.similarity, wanted, atol=1e-9)
    for row, (indices, values) in enumerate(zip(result.indices, result.similarity, strict=True)):
        named = indices >= 0
        assert len(set(indices[named])) == named.sum()
        np.testing.assert_allclose(similar[row, indices[named]], values[named], atol=1e-9)
        assert result.overlap[row][named].tolist() == together[row, indices[named]].tolist()
        assert not result.overlap[row][~named].any()
        order = [(-value, index) for value, index in zip(values[named].tolist(), indices[named].tolist(), strict=True)]
        assert order == sorted(order)


@pytest.mark.parametrize("k", [1, 4, 30])
def test_a_fitted_row_folded_in_is_what_the_search_among_the_fitted_says(k: int) -> None:
    rated = long_tail(80, 40, 900, disliked=0.1)
    wanted, result = nearest(rated, k), fold(rated, rated, k, list(range(80)))
    for one, other in zip(result, wanted, strict=True):
        assert one.tolist() == other.tolist()


def test_company_and_parts_change_nothing() -> None:
    new, fitted = long_tail(20, 40, 200, seed=9), long_tail(50, 40, 600)
    whole = fold(new, fitted, 7)
    doubled = fold(vstack([new, new], format="csr"), fitted, 7)
    part = fold(new, fitted, 7, part=(5, 11))
    for one, two, three in zip(whole, doubled, part, strict=True):
        assert two[:20].tobytes() == two[20:].tobytes() == one.tobytes()
        assert three[5:11].tobytes() == one[5:11].tobytes()
    assert (part.indices[np.r_[:5, 11:20]] == -1).all()
