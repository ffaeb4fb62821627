"""Latent preferences against alternating least squares written out densely."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from recsys.stages.neighbors.als import _STEPS, MISSING, AlsFactors, factorize, start
from recsys.stages.neighbors.low_rank import factors, standardised
from tests.support.rated import EDGES, Rows, groups, long_tail, matrix

RANK = _STEPS
"""As many unknowns as conjugate gradients: every half-sweep is exact."""


def begin(tracks: int, rank: int = RANK, seed: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((tracks, rank)).astype(np.float32)


def half(signed: np.ndarray, others: np.ndarray, ridge: float) -> np.ndarray:
    """One exact half-sweep: argmin Σ c (p − x·y)² + α Σ_all (x·y)² + λ|x|² for every row."""
    together = MISSING * others.T @ others + ridge * np.eye(others.shape[1])
    rows = [np.linalg.solve(together + (others.T * np.abs(row)) @ others, others.T @ row) for row in signed]
    return np.where(np.abs(signed).sum(axis=1, keepdims=True) > 0, np.array(rows), 0.0)


def confidence(ratings: csr_array, damping: float) -> np.ndarray:
    """Signed, mean magnitude 1, dense."""
    dense = ratings.toarray()
    sure = np.log1p(np.abs(dense)) * np.maximum((dense != 0).sum(axis=0), 1.0) ** -damping
    return np.sign(dense) * sure / sure[dense != 0].mean()


@pytest.mark.parametrize("damping", [0.0, 0.4])
def test_one_half_sweep(damping: float) -> None:
    ratings, tracks = long_tail(20, 15, 120, disliked=0.2), begin(15)
    als_factors = factorize(ratings, tracks, 2.0, damping, sweeps=0)
    np.testing.assert_allclose(als_factors.listeners, half(confidence(ratings, damping), tracks, 2.0), atol=1e-5)
    assert als_factors.tracks.tobytes() == tracks.tobytes()


@pytest.mark.parametrize("sweeps", [1, 4])
def test_sweeps(sweeps: int) -> None:
    ratings, tracks = long_tail(20, 15, 120, disliked=0.2), begin(15)
    signed, wanted = confidence(ratings, 0.4), tracks.astype(float)
    for _ in range(sweeps):
        wanted = half(signed.T, half(signed, wanted, 2.0), 2.0)
    als_factors = factorize(ratings, tracks, 2.0, 0.4, sweeps=sweeps)
    np.testing.assert_allclose(als_factors.tracks, wanted, atol=2e-4)
    np.testing.assert_allclose(als_factors.listeners, half(signed, wanted, 2.0), atol=2e-4)


def loss(als_factors: AlsFactors, signed: np.ndarray, ridge: float) -> float:
    u, v = als_factors.listeners.astype(float), als_factors.tracks.astype(float)
    errors = np.abs(signed) * (np.sign(signed) - u @ v.T) ** 2
    return float(errors.sum() + MISSING * np.square(u @ v.T).sum() + ridge * (np.square(u).sum() + np.square(v).sum()))


def test_every_sweep_lowers_the_loss() -> None:
    ratings, tracks = groups(50, 40), begin(40, 8)
    losses = [loss(factorize(ratings, tracks, 1.0, sweeps=sweeps), confidence(ratings, 0.0), 1.0) for sweeps in range(6)]
    assert losses == sorted(losses, reverse=True)


def test_it_finds_the_groups() -> None:
    ratings = groups(80, 40)
    als_factors = factorize(ratings, start(standardised(ratings), factors(standardised(ratings), 4), 4), 1.0)
    scores = als_factors.listeners @ als_factors.tracks.T
    own = np.arange(80)[:, None] % 4 == np.arange(40) % 4
    assert scores[own].mean() > 5 * scores[~own].mean()


def test_a_disliked_track_is_below_nothing_known() -> None:
    ratings = groups(60, 20)
    taken = ratings.toarray()
    taken[:, 7] = np.where(taken[:, 7] > 0, -3.0, 0.0)
    scores = factorize(csr_array(taken), begin(20, 6), 1.0)
    assert (scores.listeners @ scores.tracks[7])[7 % 4 :: 4].mean() < 0


class TestProperties:
    ratings = long_tail(70, 40, 900, disliked=0.1)

    @pytest.mark.parametrize("threads", [2, 3])
    def test_same_bits_for_any_number_of_threads(self, threads: int) -> None:
        one, other = (factorize(self.ratings, begin(40, 9), 2.0, threads=count) for count in (1, threads))
        assert one.listeners.tobytes() == other.listeners.tobytes()
        assert one.tracks.tobytes() == other.tracks.tobytes()

    @pytest.mark.parametrize("last", [0, 1, 33, 70])
    def test_vectors_of_some_listeners_are_those_of_all(self, last: int) -> None:
        whole, part = (factorize(self.ratings, begin(40, 9), 2.0, last=count) for count in (None, last))
        assert part.listeners.tobytes() == whole.listeners[:last].tobytes()
        assert part.tracks.tobytes() == whole.tracks.tobytes()

    def test_order_of_listeners_does_not_matter(self) -> None:
        order = np.random.default_rng(2).permutation(70)
        one, other = (factorize(rated, begin(40, 9), 2.0) for rated in (self.ratings, self.ratings[order]))
        np.testing.assert_allclose(other.listeners, one.listeners[order], atol=1e-3)

    def test_the_start_stays(self) -> None:
        tracks = begin(40, 9)
        before = tracks.copy()
        factorize(self.ratings, tracks, 2.0)
        assert tracks.tobytes() == before.tobytes()


class TestStart:
    def test_right_singular_vectors_of_mean_square_length_one(self) -> None:
        rows = standardised(groups(60, 40))
        result = start(rows, factors(rows, 8), 5)
        assert (result.dtype, result.shape) == (np.float32, (40, 5))
        assert np.square(result).sum(axis=1).mean() == pytest.approx(1.0, rel=1e-5)
        apart = result.T @ result
        np.testing.assert_allclose(apart - np.diag(np.diag(apart)), 0, atol=1e-2)

    def test_nothing_to_start_from(self) -> None:
        rows = standardised(matrix([{}], 3))
        assert start(rows, factors(rows, 5), 5).shape == (3, 0)


@pytest.mark.parametrize("damping", [0.0, 0.4])
@pytest.mark.parametrize(("rows", "tracks"), EDGES.values(), ids=EDGES)
def test_edges(damping: float, rows: Rows, tracks: int) -> None:
    ratings = matrix(rows, tracks)
    als_factors = factorize(ratings, begin(tracks, 64), 4.0, damping)
    assert np.isfinite(als_factors.listeners).all()
    assert np.isfinite(als_factors.tracks).all()
    assert not als_factors.listeners[np.diff(ratings.indptr) == 0].any()
