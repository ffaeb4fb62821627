"""Leading factors of the correlation between listeners, against dense numpy."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.stages.neighbors.low_rank import Products, factors, standardised
from tests.support.rated import EDGES, Rows, dense_rows, groups, long_tail, matrix

RATED = long_tail(50, 30, 600, disliked=0.2)


def correlation(rated: np.ndarray) -> np.ndarray:
    unit = dense_rows(rated)
    return unit @ unit.T


class TestStandardised:
    def test_by_hand(self) -> None:
        rows = standardised(matrix([{0: 2.0}, {0: 1.0, 1: 1.0}, {}], 2))
        assert rows.mean.tolist() == [1.0, 1.0, 0.0]
        assert rows.scale.tolist() == pytest.approx([1 / np.sqrt(2), 0.0, 0.0])
        assert Products(rows, 1).down(np.eye(2)).tolist() == [pytest.approx([0.5**0.5, -(0.5**0.5)]), [0.0, 0.0], [0.0, 0.0]]

    def test_products_are_those_of_the_dense_rows(self) -> None:
        random, rows, unit = np.random.default_rng(1), standardised(RATED), dense_rows(RATED)
        right, left = random.standard_normal((30, 4)), random.standard_normal((50, 3))
        np.testing.assert_allclose(Products(rows, 2).down(right), unit @ right, atol=1e-12)
        np.testing.assert_allclose(Products(rows, 2).up(left), unit.T @ left, atol=1e-12)

    def test_the_unit_of_a_rating_does_not_count(self) -> None:
        one, other = (Products(standardised(factor * RATED), 1).down(np.eye(30)) for factor in (1.0, 1e-8))
        np.testing.assert_allclose(one, other, atol=1e-12)


class TestFactors:
    @pytest.mark.parametrize("rank", [1, 5, 25])
    def test_against_numpy(self, rank: int) -> None:
        """A leading part of a long spectrum is found approximately, strong and separate directions exactly."""
        rated = groups(60, 40)
        result, exact = factors(standardised(rated), rank), np.linalg.eigvalsh(correlation(rated))[::-1]
        np.testing.assert_allclose(result.values, exact[:rank], rtol=0.02)
        np.testing.assert_allclose(result.values[:3], exact[: min(rank, 3)], rtol=1e-6)
        np.testing.assert_allclose(result.vectors.T @ result.vectors, np.eye(rank), atol=1e-10)

    def test_all_directions_are_exact(self) -> None:
        result = factors(standardised(RATED), 64)
        assert result.values.size == 29  # 30 tracks less the mean
        np.testing.assert_allclose(result.vectors * result.values @ result.vectors.T, correlation(RATED), atol=1e-9)

    def test_greatest_first_and_signed(self) -> None:
        result = factors(standardised(RATED), 12)
        assert (np.diff(result.values) <= 0).all()
        peaks = np.abs(result.vectors).argmax(axis=0)
        assert (result.vectors[peaks, np.arange(12)] > 0).all()

    def test_the_leading_ones(self) -> None:
        whole = factors(standardised(RATED), 12)
        part = whole.leading(5)
        assert all(np.array_equal(few, many[..., :5]) and few.flags.c_contiguous for few, many in zip(part, whole, strict=True))
        assert whole.leading(12) is whole
        assert whole.leading(99) is whole

    def test_same_seed_same_bits(self) -> None:
        one, two = (factors(standardised(RATED), 8, seed=3, threads=threads) for threads in (1, 3))
        assert one.vectors.tobytes() == two.vectors.tobytes()
        other = factors(standardised(RATED), 8, seed=4)
        np.testing.assert_allclose(one.values, other.values, rtol=0.02)

    def test_order_of_listeners_only_orders_the_rows(self) -> None:
        order = np.random.default_rng(2).permutation(50)
        one, other = factors(standardised(RATED), 3), factors(standardised(RATED[order]), 3)
        np.testing.assert_allclose(other.values, one.values, rtol=1e-3)
        whole, moved = (result.vectors * result.values @ result.vectors.T for result in (one, other))
        np.testing.assert_allclose(moved, whole[np.ix_(order, order)], atol=0.02)

    def test_a_listener_without_ratings_changes_nobody(self) -> None:
        more = factors(standardised(matrix_with_empty_row()), 5)
        alone = factors(standardised(RATED), 5)
        assert more.values.tobytes() == alone.values.tobytes()
        assert more.vectors[:50].tobytes() == alone.vectors.tobytes()
        assert not more.vectors[50].any()

    @pytest.mark.parametrize("rank", [0, 1, 64])
    @pytest.mark.parametrize(("rows", "tracks"), EDGES.values(), ids=EDGES)
    def test_edges(self, rank: int, rows: Rows, tracks: int) -> None:
        result = factors(standardised(matrix(rows, tracks)), rank)
        assert result.vectors.shape == (len(rows), result.values.size)
        assert result.values.size <= min(rank, len(rows), tracks)
        assert np.isfinite(result.vectors).all()
        assert (result.values > 0).all()


def matrix_with_empty_row() -> np.ndarray:
    indptr = np.append(RATED.indptr, RATED.indptr[-1])
    return type(RATED)((RATED.data, RATED.indices, indptr), shape=(51, 30))
