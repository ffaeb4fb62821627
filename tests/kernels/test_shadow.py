"""Shadows say the same as the ratings they stand for, to float32."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.kernels import shadow
from recsys.kernels.correlation import moments, sparse
from recsys.kernels.shadow import Shadow, catalogue_shadow, co_rated_shadow
from tests.support.rated import EDGES, Rows, long_tail, matrix

RATED = long_tail(70, 40, 900, disliked=0.1)


def both(rated: np.ndarray) -> list[Shadow]:
    rows, tracks = sparse(rated), rated.shape[1]
    return [catalogue_shadow(rows, tracks, moments(rows, tracks)), co_rated_shadow(rows, tracks)]


def by_rows(found: Shadow, tracks: int) -> np.ndarray:
    dense = np.zeros((len(found.indptr) - 1, tracks))
    for user, (begin, end) in enumerate(zip(found.indptr[:-1], found.indptr[1:], strict=True)):
        dense[user, found.indices[begin:end]] = found.values[begin:end]
    return dense


@pytest.mark.parametrize("kind", [0, 1], ids=["catalogue", "co-rated"])
class TestLayout:
    def test_columns_and_dense_rows_hold_what_rows_hold(self, kind: int) -> None:
        found = both(RATED)[kind]
        rows, columns = by_rows(found, 40), np.zeros((40, found.offset.size))
        for track, (begin, end) in enumerate(zip(found.starts[:-1], found.starts[1:], strict=True)):
            columns[track, found.raters[begin:end]] = found.ratings[begin:end]
        assert (rows == columns[:, :70].T).all()
        chosen = np.flatnonzero(found.dense_row >= 0)
        assert 0 < chosen.size < 40
        assert (found.dense[found.dense_row[chosen]] == columns[chosen]).all()

    def test_whole_tiles(self, kind: int) -> None:
        found = both(RATED)[kind]
        assert found.offset.size % found.tile == 0
        assert found.tile % shadow.GROUPS[0] == 0
        assert set(range(70, found.offset.size)) <= set(found.idle.tolist())

    @pytest.mark.parametrize(("rows", "tracks"), EDGES.values(), ids=EDGES)
    def test_edges(self, kind: int, rows: Rows, tracks: int) -> None:
        found = both(matrix(rows, tracks))[kind]
        assert np.isfinite(found.values).all()
        assert (found.values != 0).all()

    def test_whose_ratings_are_alike_has_no_entries(self, kind: int) -> None:
        found = both(matrix([{}, dict.fromkeys(range(3), 0.3), {0: 0.3, 1: 0.4}], 3))[kind]
        assert found.indptr.tolist() == [0, 0, 0, 2]
        assert found.idle.tolist()[:2] == [0, 1]


def test_catalogue_correlations() -> None:
    found, dense = both(RATED)[0], by_rows(both(RATED)[0], 40)
    offset = found.offset[:70].astype(float)
    np.testing.assert_allclose(dense @ dense.T - np.outer(offset, offset), np.corrcoef(RATED.toarray()), atol=1e-5)
    np.testing.assert_allclose(found.spread[:70], np.linalg.norm(dense, axis=1), rtol=1e-5)
    assert found.widest == pytest.approx(found.spread.max())
    assert found.doubtful == bool((RATED.toarray().mean(axis=1) < 0).any())


def test_co_rated_by_hand() -> None:
    found = both(matrix([{0: 1.0, 1: 2.0, 2: 4.0}, {0: 0.0, 2: 6.0}], 3))[1]
    # the mean of 1, 2, 4 lies between 2 and 4: centre 3, greatest distance 2
    assert found.values.tolist() == [-1.0, -0.5, 0.5, -1.0, 1.0]
    assert found.spread[:2].tolist() == pytest.approx([(1 / 2) ** 2, (1 / 3) ** 2])


def test_co_rated_values_are_shifted_and_scaled() -> None:
    found, dense = both(RATED)[1], by_rows(both(RATED)[1], 40)
    assert np.abs(dense).max() <= 1
    for mine, given in zip(dense, RATED.toarray(), strict=True):
        on = given != 0
        if on.sum() > 2 and mine.any():
            assert np.corrcoef(mine[on], given[on])[0, 1] == pytest.approx(1.0, abs=1e-5)
    least = np.diff(np.unique(RATED.data)).min()
    scale = np.array(
        [np.ptp(row[row != 0]) / np.ptp(mine[mine != 0]) for row, mine in zip(RATED.toarray(), dense, strict=True) if mine.any()]
    )
    np.testing.assert_allclose(np.sqrt(found.spread[:70][dense.any(axis=1)]), least / scale, rtol=1e-3)


def test_ratings_that_cannot_be_told_apart_have_no_least_difference() -> None:
    crowded = matrix([{track: 1 + track * 1e-13 for track in range(12)} | {12: 5.0}], 13)
    assert not both(crowded)[1].spread.any()
