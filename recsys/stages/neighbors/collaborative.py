"""What similar listeners say: near and low-rank votes and ALS preferences, blended; the collaborative part of preset `default`.

Three views of one sparse matrix of ratings: :mod:`.near` and :mod:`.low_rank` are one ridge regression of every listener on
all others, split into the nearest listeners and the leading factors; :mod:`.als` is a weighted matrix factorisation. They err
differently, so their blend beats each. Memory grows with ratings + (listeners + tracks) × rank + listeners × neighbours;
scores exist for one block of listeners at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from recsys.matrices.arrays import Float32s, Floats, pattern
from recsys.stages.neighbors import als, low_rank
from recsys.stages.neighbors.als import AlsFactors
from recsys.stages.neighbors.kernels.blend import blend
from recsys.stages.neighbors.kernels.dense import product
from recsys.stages.neighbors.low_rank import Factors, Standardised
from recsys.stages.neighbors.near import Near, fit_near

TILE = 64
"""Listeners scored at once."""
BLOCK = 8192
"""Listeners whose pools of neighbours are in memory at once."""
STRENGTH = 0.75
"""Share of a vote that follows the rating's strength; the rest is the same for every rated track."""
LENGTH = 0.25
"""A listener's votes are divided by this power of their length: who hears much says less with each track."""


@dataclass(frozen=True)
class Parameters:
    """What decides the scores; the defaults were chosen on validation parts of the data sets of bench/study.py."""

    pool: int = 100
    """Nearest listeners looked at."""
    kept: int = 50
    """Of them, those whose votes count: the ones the factors explain least."""
    ridge: float = 5.0
    """Ridge of near and low rank, in units of a listener's variance (1); 0 = none."""
    rank: int = 64
    """Low-rank factors; fewer where the data have fewer."""
    als_rank: int = 64
    """ALS factors, at most ``rank``."""
    als_ridge: float = 4.0
    """Ridge of the ALS vectors, in ratings of mean weight."""
    als_share: float = 0.5
    """Share of the ALS scores in the blend, 0–1."""
    popularity_damping: float = 0.25
    """Near and low-rank votes for a track with n listeners are divided by n to this power; 0 = not at all."""
    als_damping: float = 0.4
    """For the ALS vectors, a rating of a track with n listeners counts n to minus this power; 0 = all count alike."""
    seed: int = 0
    """Seed of the random start of the factors."""


@dataclass(frozen=True)
class Collaborative:
    """Fitted scores of all listeners for all tracks; made by :meth:`fit`."""

    near: Near
    """Neighbours, weights and explained share of every listener: what the table `neighbors` shows."""
    votes: csr_array
    """(listeners, tracks) votes, float32."""
    shared: Float32s
    """(r, tracks) votes of each factor."""
    listeners: Float32s
    """(listeners, r) ALS vectors."""
    tracks: Float32s
    """(r, tracks) ALS vectors."""
    share: float

    @classmethod
    def fit(cls, ratings: csr_array, parameters: Parameters = Parameters(), threads: int = 1) -> Collaborative:
        """From ``ratings`` (listeners × tracks): above 0 liked, below 0 disliked or skipped, the magnitude saying how much.

        Entries of 0 do not count. The same bits for any number of threads. Raises ``ValueError`` for NaN or infinity.
        """
        rated = cleaned(ratings)
        rows, factors = correlated(rated, parameters, threads)
        found = neighbors(rows, factors, parameters, threads)
        start = als.start(rows, factors, parameters.als_rank)
        preferences = als.factorize(rated, start, parameters.als_ridge, parameters.als_damping, threads=threads)
        return cls.of(rated, found, factors, preferences, parameters)

    @classmethod
    def of(
        cls, rated: csr_array, found: Near, factors: Factors, preferences: AlsFactors, parameters: Parameters
    ) -> Collaborative:
        """From fitted parts."""
        cast = votes(rated, parameters.popularity_damping)
        shared = np.ascontiguousarray((cast.T @ factors.vectors).T, np.float32)
        empty = np.empty((0, 0), np.float32)
        return cls(found, cast.astype(np.float32), shared, empty, empty, 0.0).blended(preferences, parameters.als_share)

    def blended(self, preferences: AlsFactors, share: float) -> Collaborative:
        """The same with other ALS preferences, or another share of them."""
        tracks = np.ascontiguousarray(preferences.tracks.T)
        return replace(self, listeners=preferences.listeners, tracks=tracks, share=share)

    def scores(self, first: int, last: int) -> Float32s:
        """(last − first, tracks) float32, unbounded: the higher, the more speaks for the track; 0 = nothing known.

        The listeners are ``first`` (inclusive) to ``last`` (exclusive). Tracks that a listener knows are scored like any other.
        """
        out = np.empty((last - first, self.votes.shape[1]), np.float32)
        scratch = np.empty((TILE, self.votes.shape[1]), np.float32)
        for begin in range(first, last, TILE):
            end = min(begin + TILE, last)
            self._fill(slice(begin, end), out[begin - first : end - first], scratch[: end - begin])
        return out

    def evidence(self, first: int, last: int) -> Floats:
        """(last − first,) share of each listener's ratings that others explain, 0–1: near 0 when nobody is really similar."""
        return self.near.explained[first:last]

    def _fill(self, rows: slice, out: Float32s, scratch: Float32s) -> None:
        """Scores of one tile; both arrays are (tile, tracks). New memory for each tile would take longer than the products."""
        product(self.near.low_rank[rows].astype(np.float32), self.shared, out)
        product(self.listeners[rows], self.tracks, scratch)
        cast = (*pattern(self.votes), self.votes.data)
        blend((self.near.indices[rows], self.near.weight[rows].astype(np.float32)), cast, self.share, scratch, out)


def cleaned(ratings: csr_array) -> csr_array:
    """Float64 copy without zeros and repeats, indices ascending."""
    if not np.isfinite(ratings.data).all():
        raise ValueError("ratings must be finite: NaN or infinity found")
    rated = csr_array(ratings, dtype=np.float64, copy=True)
    rated.sum_duplicates()
    rated.eliminate_zeros()
    return rated


def correlated(rated: csr_array, parameters: Parameters, threads: int = 1) -> tuple[Standardised, Factors]:
    """The standardised ratings ± log(1 + |rating|) · idf, idf = log(1 + listeners / listeners of the track), and their factors.

    The 1 keeps what every listener heard from counting nothing: in a small circle that is most of what they share. On the data
    sets of bench/study.py it changes NDCG@10 by -.0019 and +.0025.
    """
    heard = np.bincount(rated.indices, minlength=rated.shape[1])
    listeners = np.count_nonzero(np.diff(rated.indptr))
    rarity = np.log1p(listeners / np.maximum(heard, 1))[rated.indices]
    strength = np.sign(rated.data) * np.log1p(np.abs(rated.data)) * rarity
    rows = low_rank.standardised(csr_array((strength, rated.indices, rated.indptr), shape=rated.shape))
    return rows, low_rank.factors(rows, parameters.rank, parameters.seed, threads)


def neighbors(rows: Standardised, factors: Factors, parameters: Parameters, threads: int = 1, last: int | None = None) -> Near:
    """Neighbours of the listeners up to ``last`` (exclusive; none = all), a block at a time."""
    last = rows.weights.shape[0] if last is None else last
    pool, kept, ridge = parameters.pool, parameters.kept, parameters.ridge

    def block(begin: int, end: int) -> Near:
        return fit_near(rows, factors, pool=pool, kept=kept, ridge=ridge, threads=threads, first=begin, last=end)

    parts = [block(begin, min(begin + BLOCK, last)) for begin in range(0, max(last, 1), BLOCK)]
    return Near(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def votes(rated: csr_array, popularity_damping: float) -> csr_array:
    """(listeners, tracks): ± the part of a vote that every rating has plus the part that follows its strength, damped."""
    heard = np.bincount(rated.indices, minlength=rated.shape[1])
    filled = np.diff(rated.indptr)
    strength = np.log1p(np.abs(rated.data))
    magnitude = csr_array((strength, rated.indices, rated.indptr), shape=rated.shape)
    greatest = np.asarray(magnitude.max(axis=1).toarray()).ravel() if rated.shape[1] else np.zeros(rated.shape[0])
    vote = np.sign(rated.data) * (1.0 - STRENGTH + STRENGTH * strength / np.repeat(greatest, filled))
    squares = csr_array((vote**2, rated.indices, rated.indptr), shape=rated.shape).sum(axis=1)
    vote /= np.repeat(np.asarray(squares).ravel(), filled) ** (LENGTH / 2.0)
    vote *= np.maximum(heard, 1.0)[rated.indices] ** -popularity_damping
    return csr_array((vote, rated.indices, rated.indptr), shape=rated.shape)
