"""How a rating counts: cleaned, by the rarity of its track and its strength, by hand and by property."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from recsys.stages.neighbors.weighting import LENGTH, STRENGTH, cleaned, damping, rarity, strength, weighted_votes
from tests.support.rated import EDGES, Rows, long_tail, matrix

RATED = long_tail(30, 20, 200, disliked=0.2)


def test_cleaned() -> None:
    untidy = csr_array((np.array([1.0, 0.0, 2.0, 3.0]), np.array([2, 1, 0, 2]), np.array([0, 4])), shape=(1, 3))
    result = cleaned(untidy)
    assert (result.indices.tolist(), result.data.tolist()) == ([0, 2], [2.0, 4.0])
    assert untidy.nnz == 4


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_cleaned_ratings_are_finite(wrong: float) -> None:
    with pytest.raises(ValueError, match="must be finite"):
        cleaned(matrix([{0: wrong}], 2))


def test_rarity_by_hand() -> None:
    """Three of four listeners rated anything: all three track 0, one track 1, nobody track 2 (as if one had)."""
    rated = matrix([{0: 1.0, 1: -1.0}, {0: 2.0}, {0: 0.5}, {}], 3)
    assert rarity(rated) == pytest.approx(np.log([2, 4, 4]))


def test_strength_keeps_the_sign_and_grows_with_the_logarithm() -> None:
    rated = matrix([{0: np.e - 1, 1: -(np.e**2 - 1)}], 2)
    assert strength(rated, np.array([0.5, 3.0])).toarray() == pytest.approx(np.array([[0.5, -6.0]]))


@pytest.mark.parametrize(("power", "wanted"), [(0.0, [1, 1, 1]), (0.5, [0.5, 1, 1]), (1.0, [0.25, 1, 1])])
def test_damping_by_the_number_of_listeners(power: float, wanted: list[float]) -> None:
    assert damping(matrix([{0: 1.0}, {0: 1.0}, {0: 1.0, 1: 1.0}, {0: -1.0}], 3), power) == pytest.approx(wanted)


def test_votes_by_hand() -> None:
    cast = weighted_votes(matrix([{0: np.e - 1, 1: -(np.e**0.5 - 1)}, {0: 7.0}], 2), np.array([2**-0.5, 1.0])).toarray()
    # strengths 1 and 0.5 of a greatest 1: votes 1 and −0.25 − 0.75 / 2, their squares 1 + 0.390625
    length = 1.390625**0.125
    assert cast[0] == pytest.approx([1 / length / 2**0.5, -0.625 / length])
    assert cast[1] == pytest.approx([1 / 2**0.5, 0])


def test_votes_by_the_formula() -> None:
    dense, damped = RATED.toarray(), damping(RATED, 0.3)
    size = np.log1p(np.abs(dense))
    votes = np.sign(dense) * (1 - STRENGTH + STRENGTH * size / np.maximum(size.max(axis=1, keepdims=True), 1e-300))
    length = (votes**2).sum(axis=1, keepdims=True)
    votes = np.divide(votes, length ** (LENGTH / 2), out=np.zeros_like(votes), where=length > 0) * damped
    np.testing.assert_allclose(weighted_votes(RATED, damped).toarray(), votes, atol=1e-12)


def test_votes_depend_on_shares_of_the_greatest_alone() -> None:
    """Twice as strong a habit (in logarithms) casts the same votes."""
    doubled = csr_array((np.sign(RATED.data) * np.expm1(2 * np.log1p(np.abs(RATED.data))), RATED.indices, RATED.indptr))
    one, other = (weighted_votes(csr_array(rated, shape=RATED.shape), np.ones(20)) for rated in (RATED, doubled))
    np.testing.assert_allclose(one.data, other.data, atol=1e-12)


@pytest.mark.parametrize(("rows", "tracks"), EDGES.values(), ids=EDGES)
def test_edges(rows: Rows, tracks: int) -> None:
    rated = cleaned(matrix(rows, tracks))
    idf = rarity(rated)
    for one in (strength(rated, idf), weighted_votes(rated, damping(rated, 0.5))):
        assert one.shape == (len(rows), tracks)
        assert np.isfinite(one.data).all()
    assert (idf > 0).all() or not rated.nnz
