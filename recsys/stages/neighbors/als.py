"""Latent: listeners and tracks as short vectors whose product is the preference, by weighted matrix factorisation.

Hu, Koren & Volinsky (2008), in the form of Rendle et al. (2022): minimise
Σ_rated c (p − u·v)² + α Σ_all (u·v)² + λ (Σ|u|² + Σ|v|²), with p = 1 for a liked and −1 for a disliked track. It sees what linear
weights do not: that *missing* is weaker evidence than *heard*.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recsys.matrices.arrays import Float32s, Floats, pattern
from recsys.stages.neighbors.kernels.dense import gram
from recsys.stages.neighbors.kernels.least_squares import solve_exactly, solve_rows
from recsys.stages.neighbors.low_rank import Factors, Standardised

Entries = tuple[NDArray[np.int64], NDArray[np.int32], Float32s, Float32s]

MISSING = 0.1
"""Weight α of "not heard", where 1 is the mean weight of a rating. 0.03–0.2 differ little."""
_SWEEPS = 6
_STEPS = 3
"""Conjugate gradients per row and sweep; each starts where the last sweep ended."""
FIRST_STEPS = 8
"""The same in the first half of the first sweep, which starts from nothing."""
_TASKS = 8


class AlsFactors(NamedTuple):
    """``listeners`` (listeners, r) and ``tracks`` (tracks, r), float32; their product is the preference, 1 = liked.

    The listeners' vectors are the exact least squares for the tracks' (:func:`solve`), so a listener can be added later.
    """

    listeners: Float32s
    tracks: Float32s


def start(rows: Standardised, factors: Factors, rank: int, threads: int = 1) -> Float32s:
    """Track vectors to start from, (tracks, r): the right singular vectors of the standardised ratings, mean square length 1.

    r = ``rank``, or fewer where there are fewer factors.
    """
    tracks = rows.transposed_times(factors.vectors[:, :rank] / np.maximum(factors.values[:rank], 1e-12) ** 0.25, threads)
    size = np.square(tracks).sum() / max(len(tracks), 1)
    return np.ascontiguousarray(tracks / np.sqrt(size) if size > 0.0 else tracks, np.float32)


def factorize(
    ratings: csr_array, tracks: Float32s, ridge: float, damping: float = 0.0, *, threads: int = 1, sweeps: int = _SWEEPS,
    last: int | None = None,
) -> AlsFactors:  # fmt: skip
    """Factors of ``ratings`` (listeners × tracks; sign = liked or not, magnitude = how sure), from the start ``tracks``.

    Listeners' vectors are those of the listeners up to ``last`` (exclusive), none = all: nobody asks for others in a trial.
    ``ridge`` λ > 0 in units of ratings of mean weight. A listener or track without ratings gets 0.
    A rating of a track with n listeners counts n^−``damping``: with 0 the vectors describe the most popular tracks best.
    """
    weights = confidence(ratings, damping)
    signed = _signed(ratings, weights)
    by_track, entries = _entries(signed.T.tocsr()), _entries(signed)
    del signed  # the entries have its pattern and its magnitudes
    als_factors = AlsFactors(np.zeros((ratings.shape[0], tracks.shape[1]), np.float32), tracks.copy())
    with ThreadPoolExecutor(threads) as workers:
        for sweep in range(sweeps):
            steps = _STEPS if sweep else FIRST_STEPS
            _half(workers, _TASKS * threads, entries, als_factors.tracks, als_factors.listeners, ridge, steps)
            _half(workers, _TASKS * threads, by_track, als_factors.listeners, als_factors.tracks, ridge, _STEPS)
    together = missing(als_factors.tracks)
    mine = entries[0][: als_factors.listeners[:last].shape[0] + 1], *entries[1:]
    return AlsFactors(_solved(mine, (als_factors.tracks, together), ridge, threads), als_factors.tracks)


def confidence(ratings: csr_array, damping: float) -> Floats:
    """(tracks,) confidence in a rating of e − 1: (listeners of the track)^−damping, such that all ratings have mean 1."""
    heard = np.bincount(ratings.indices, minlength=ratings.shape[1])
    weights = np.maximum(heard, 1.0) ** -damping
    sure = np.log1p(np.abs(ratings.data)) * weights[ratings.indices]
    return weights / max(sure.mean() if sure.size else 1.0, 1e-300)


def solve(ratings: csr_array, tracks: tuple[Float32s, Floats], weights: Floats, ridge: float, threads: int = 1) -> Float32s:
    """Vectors (listeners, r) of any listeners for fixed ``tracks``: their vectors (tracks, r) and :func:`missing` of these.

    ``weights`` (:func:`confidence`) and ``ridge`` are those of the fit.
    """
    return _solved(_entries(_signed(ratings, weights)), tracks, ridge, threads)


def _solved(entries: Entries, tracks: tuple[Float32s, Floats], ridge: float, threads: int) -> Float32s:
    out = np.zeros((len(entries[0]) - 1, tracks[0].shape[1]), np.float32)
    bounds = np.linspace(0, len(out), _TASKS * threads + 1).astype(np.int64)

    def fill(first: int, last: int) -> None:
        solve_exactly(entries, *tracks, ridge, first, last, out)

    with ThreadPoolExecutor(threads) as workers:
        list(workers.map(fill, bounds[:-1], bounds[1:]))
    return out


def missing(tracks: Float32s) -> Floats:
    """(r, r) what "not heard" adds to every listener's normal equations."""
    return MISSING * gram(tracks).astype(np.float64)


def _half(
    workers: ThreadPoolExecutor, tasks: int, entries: Entries, others: Float32s, own: Float32s, ridge: float, steps: int
) -> None:
    together = np.float32(MISSING) * gram(others)
    bounds = np.linspace(0, len(own), tasks + 1).astype(np.int64)

    def fill(first: int, last: int) -> None:
        solve_rows(entries, others, together, np.float32(ridge), steps, (first, last), own)

    list(workers.map(fill, bounds[:-1], bounds[1:]))


def _signed(ratings: csr_array, weights: Floats) -> csr_array:
    """Signed confidence: log(1 + |rating|) × the track's weight."""
    sure = np.sign(ratings.data) * np.log1p(np.abs(ratings.data)) * weights[ratings.indices]
    return csr_array((sure, ratings.indices, ratings.indptr), shape=ratings.shape)


def _entries(signed: csr_array) -> Entries:
    return *pattern(signed), np.abs(signed.data).astype(np.float32), np.sign(signed.data).astype(np.float32)
