"""Neighbours' votes and latent scores on one scale, against plain sums."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from recsys.matrices.arrays import Votes
from recsys.stages.neighbors.kernels.blend import blend, shares
from tests.support.rated import long_tail, matrix

TRACKS = 12


def blended(
    near: tuple[np.ndarray, np.ndarray], votes: csr_array, share: float, latent: np.ndarray, far: np.ndarray
) -> np.ndarray:
    out = far.astype(np.float32).copy()
    cast = votes.indptr.astype(np.int64), votes.indices.astype(np.int32), votes.data.astype(np.float32)
    blend((near[0].astype(np.int32), near[1].astype(np.float32)), cast, share, latent.astype(np.float32), out)
    return out


def expected(
    near: tuple[np.ndarray, np.ndarray], votes: csr_array, share: float, latent: np.ndarray, far: np.ndarray
) -> np.ndarray:
    dense, scores = votes.toarray(), far.astype(np.float64).copy()
    for row, (indices, weights) in enumerate(zip(*near, strict=True)):
        for neighbor, weight in zip(indices, weights, strict=True):
            if neighbor >= 0:
                scores[row] += weight * dense[neighbor]
    return (1 - share) * _even(scores) + share * _even(latent)


def _even(scores: np.ndarray) -> np.ndarray:
    size = np.sqrt(np.square(scores).mean(axis=1, keepdims=True))
    return np.divide(scores, size, out=np.zeros_like(scores), where=size > 0)


def at_random(seed: int) -> tuple[tuple[np.ndarray, np.ndarray], csr_array, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    indices = np.sort(random.integers(-1, 6, (4, 3)))
    return (
        (indices, random.standard_normal((4, 3))), long_tail(6, TRACKS, 40, seed=seed, disliked=0.3),
        random.standard_normal((4, TRACKS)), random.standard_normal((4, TRACKS)),
    )  # fmt: skip


def test_by_hand() -> None:
    votes = matrix([{0: 1.0, 1: 2.0}, {1: 1.0}], 2)
    near = np.array([[0, 1], [-1, -1]]), np.array([[2.0, -4.0], [9.0, 9.0]])
    out = blended(near, votes, 0.5, np.array([[0.0, 3.0], [0.0, 0.0]]), np.array([[0.0, 1.0], [0.0, 2.0]]))
    # row 0: near is (2, 4 − 4 + 1), its root mean square √2.5; latent is (0, 3), its root mean square √4.5
    assert out[0] == pytest.approx([0.5 * 2 / 2.5**0.5, 0.5 * 1 / 2.5**0.5 + 0.5 * 3 / 4.5**0.5], rel=1e-6)
    assert out[1] == pytest.approx([0.0, 0.5 * 2**0.5], rel=1e-6)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_brute_force(seed: int, share: float) -> None:
    near, votes, latent, far = at_random(seed)
    result, wanted = (one(near, votes, share, latent, far) for one in (blended, expected))
    np.testing.assert_allclose(result, wanted, atol=1e-5)


@pytest.mark.parametrize("factor", [0.25, 8.0])
def test_neither_part_gains_by_being_loud(factor: float) -> None:
    near, votes, latent, far = at_random(1)
    louder = (near[0], factor * near[1])
    one, other = (
        blended(*parts) for parts in ((near, votes, 0.4, latent, far), (louder, votes, 0.4, latent / factor, factor * far))
    )
    np.testing.assert_allclose(one, other, atol=1e-5)


def test_no_tracks() -> None:
    nothing = np.empty((2, 0))
    assert blended((np.full((2, 1), -1), np.zeros((2, 1))), matrix([{}], 0), 0.5, nothing, nothing).shape == (2, 0)


def test_votes_are_shares_of_the_greatest_unheard() -> None:
    """Against the formula in double precision; a track stands for another, one listener has no evidence, one no score above 0."""
    random = np.random.default_rng(5)
    scores = random.standard_normal((5, TRACKS)).astype(np.float32)
    scores[3] = -1.0
    known, canonical = random.random((5, TRACKS + 2)) < 0.3, np.arange(TRACKS, dtype=np.int32)
    canonical[4] = 1
    rated = csr_array(known.astype(np.float64))
    most = np.array([0.9, 0.3, 0.0, 0.7, 1e-9])
    votes = Votes(np.full(scores.shape, 7, np.float32), np.full(5, 7.0), most)
    shares(scores, (rated.indptr.astype(np.int64), rated.indices.astype(np.int32)), canonical, votes)
    own = np.where(known[:, :TRACKS] | (scores < 0), 0.0, scores.astype(np.float64))
    greatest = own.max(axis=1, keepdims=True)
    wanted = np.divide(own, greatest, out=np.zeros_like(own), where=greatest > 0) * most[:, None]
    assert votes.values().tolist() == wanted[:, canonical].tolist()
    assert (votes.share[2] == 0).all()  # what reads shares alone sees no vote either
    both = votes.followed_by(Votes(*(column[:2] for column in votes)))
    assert both.values().tolist() == wanted[:, canonical][[0, 1, 2, 3, 4, 0, 1]].tolist()
