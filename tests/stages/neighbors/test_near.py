"""Neighbours and factor weights, against one dense ridge regression of every listener on all others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from recsys.stages.neighbors import near as module
from recsys.stages.neighbors.low_rank import Factors, factors, standardised
from recsys.stages.neighbors.near import Near, fit_near
from tests.support.rated import EDGES, Rows, dense_rows, groups, long_tail, matrix

RIDGE = 0.7


def fitted(rated: csr_array, rank: int, pool: int = 100, kept: int = 100, **more: Any) -> tuple[Near, Factors]:
    rows = standardised(rated)
    leading = factors(rows, rank)
    return fit_near(rows, leading, pool=pool, kept=kept, ridge=RIDGE, **more), leading


def weights(part: Near, leading: Factors) -> np.ndarray:
    """(listeners, listeners) what each one's vote counts, near and far together; the diagonal is that of the factors alone."""
    taken = part.indices >= 0
    out = part.low_rank @ leading.vectors.T
    np.add.at(out, (np.nonzero(taken)[0], part.indices[taken]), part.weight[taken])
    return out


def dense(rated: csr_array) -> np.ndarray:
    """−P / diag(P) with P = (C + λI)⁻¹: the ridge regression of each listener on all others."""
    unit = dense_rows(rated)
    inverse = np.linalg.inv(unit @ unit.T + RIDGE * np.eye(len(unit)))
    return -inverse / inverse.diagonal()[:, None]


def off_diagonal(square: np.ndarray) -> np.ndarray:
    return square[~np.eye(len(square), dtype=bool)]


def test_every_factor_kept_is_exact() -> None:
    rated = long_tail(40, 25, 400, disliked=0.2)
    np.testing.assert_allclose(off_diagonal(weights(*fitted(rated, 64))), off_diagonal(dense(rated)), atol=1e-8)


def test_every_listener_near_is_exact() -> None:
    """All correlate: everybody likes the first tracks, and some of the others."""
    random = np.random.default_rng(6)
    rows: Rows = [{**dict.fromkeys(range(8), 3.0), int(random.integers(8, 30)): 1.0} for _ in range(15)]
    rated = matrix(rows, 30)
    np.testing.assert_allclose(off_diagonal(weights(*fitted(rated, 0))), off_diagonal(dense(rated)), atol=1e-9)


@pytest.mark.parametrize("rank", [2, 6])
def test_formula(rank: int) -> None:
    """P = Q (d + λ)⁻¹ Qᵀ + (R + λI)⁻¹ on what Q leaves over, the second part among the nearest alone."""
    rated = groups(40, 30)
    part, leading = fitted(rated, rank, 12, 5)
    unit, vectors = dense_rows(rated), leading.vectors
    rest = unit @ unit.T - vectors * leading.values @ vectors.T
    for user in range(40):
        own = part.indices[user][part.indices[user] >= 0]
        local = np.zeros(40)
        solved = np.linalg.solve(rest[np.ix_(own, own)] + RIDGE * np.eye(len(own)), rest[own, user])
        local[user], local[own] = 1.0, -solved
        local /= rest[user, user] + RIDGE - rest[user, own] @ solved
        row = vectors @ (vectors[user] / (leading.values + RIDGE)) + local - vectors @ (vectors.T @ local)
        wanted = -row / row[user]
        np.testing.assert_allclose(np.delete(weights(part, leading)[user], user), np.delete(wanted, user), atol=1e-9)
        assert part.explained[user] == pytest.approx(np.clip(1 + RIDGE - 1 / row[user], 0, 1), abs=1e-9)


def test_nearest_by_hand() -> None:
    part, _ = fitted(matrix([{0: 1.0, 1: 1.0}, {0: 2.0, 1: 2.0}, {2: 1.0, 3: 1.0}], 4), 0, 5, 2)
    assert part.indices.tolist() == [[1, -1], [0, -1], [-1, -1]]
    assert part.similarity[0].tolist() == [1.0, 0.0]
    assert part.overlap[0].tolist() == [2, 0]
    assert part.weight[0].tolist() == [pytest.approx(1 / (1 + RIDGE)), 0.0]
    # correlation 1 with one other: the two explain 1 + λ − (1 + λ − 1 / (1 + λ)) of each other
    assert part.explained.tolist() == pytest.approx([1 / (1 + RIDGE)] * 2 + [0.0])


class TestProperties:
    rated = long_tail(90, 40, 1200, disliked=0.1)

    @pytest.mark.parametrize("threads", [2, 3])
    def test_same_bits_for_any_number_of_threads(self, threads: int) -> None:
        for one, other in zip(fitted(self.rated, 4, 9, 5)[0], fitted(self.rated, 4, 9, 5, threads=threads)[0], strict=True):
            assert one.tobytes() == other.tobytes()

    @pytest.mark.parametrize("last", [90, 37])
    def test_blocks_have_the_bits_of_the_whole(self, last: int, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = fitted(self.rated, 4, 9, 5)[0]
        monkeypatch.setattr(module, "_BLOCK", 11)
        for one, part in zip(whole, fitted(self.rated, 4, 9, 5, last=last)[0], strict=True):
            assert one[:last].tobytes() == part.tobytes()

    def test_order_of_listeners_does_not_matter(self) -> None:
        order = np.random.default_rng(2).permutation(90)
        one, other = weights(*fitted(self.rated, 0, 9, 5)), weights(*fitted(self.rated[order], 0, 9, 5))
        np.testing.assert_allclose(other, one[np.ix_(order, order)], atol=1e-12)

    def test_the_unit_of_a_rating_does_not_matter(self) -> None:
        one, other = weights(*fitted(self.rated, 4)), weights(*fitted(8.0 * self.rated, 4))
        np.testing.assert_allclose(other, one, atol=1e-10)

    def test_a_listener_without_overlap_is_nobodys_neighbour_and_one_without_ratings_changes_nobody(self) -> None:
        alone, _ = fitted(self.rated, 4, 9, 5)
        apart = csr_array(
            (np.r_[self.rated.data, 1.0], np.r_[self.rated.indices, 40], np.r_[self.rated.indptr, self.rated.nnz + 1]),
            shape=(91, 41),
        )
        empty = csr_array((self.rated.data, self.rated.indices, np.r_[self.rated.indptr, self.rated.nnz]), shape=(91, 40))
        assert 90 not in fitted(apart, 4, 9, 5)[0].indices
        for one, other in zip(alone, fitted(empty, 4, 9, 5)[0], strict=True):
            assert other[:90].tobytes() == one.tobytes()

    def test_explained_is_a_share(self) -> None:
        explained = fitted(self.rated, 4)[0].explained
        assert explained.min() >= 0
        assert explained.max() <= 1
        assert fitted(self.rated[[*range(90), 5]], 4)[0].explained[5] > explained[5]


@pytest.mark.parametrize("rank", [0, 64])
@pytest.mark.parametrize(("rows", "tracks"), EDGES.values(), ids=EDGES)
def test_edges(rank: int, rows: Rows, tracks: int) -> None:
    part, leading = fitted(matrix(rows, tracks), rank, 7, 5)
    assert part.indices.shape == part.weight.shape == part.overlap.shape == (len(rows), 5)
    for values in (part.weight, part.low_rank, part.explained):
        assert np.isfinite(values).all()
    assert ((part.explained >= 0) & (part.explained <= 1)).all()
    assert part.low_rank.shape == (len(rows), leading.values.size)
