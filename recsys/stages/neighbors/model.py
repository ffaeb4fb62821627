"""The fitted neighbour model on the side of the tracks, and what it knows of listeners: fitted ones and any others.

*Fold-in*: a row of ratings that was not in the fit (seeds of a list, a new listener, a history with a day more) is placed among
the fitted listeners by the fit's own formulas: its nearest fitted listeners and their ridge weights, its projection on the
factors, its least squares on the fixed track vectors. Nothing is fitted anew. A row of the fit, folded in as itself, gives its
fitted scores back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from recsys.matrices.arrays import Float32s, Floats, Ints, Offsets, pattern
from recsys.stages.neighbors.als import missing, solve
from recsys.stages.neighbors.kernels.blend import blend, mix
from recsys.stages.neighbors.kernels.dense import product
from recsys.stages.neighbors.kernels.two_hop import own_sums
from recsys.stages.neighbors.low_rank import Factors, Standardised, standardised
from recsys.stages.neighbors.near import Near, OwnRatings, weighed
from recsys.stages.neighbors.search.correlation import Moments, Sparse, moments, sparse
from recsys.stages.neighbors.search.folding import nearest_fitted
from recsys.stages.neighbors.search.search import Nearest
from recsys.stages.neighbors.weighting import TrackWeights, cleaned, strength, weighted_votes

TILE = 64
"""Listeners scored at once."""
_TASKS = 4
"""Blocks of new listeners per thread."""


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
    """ALS factors."""
    als_ridge: float = 4.0
    """Ridge of the ALS vectors, in ratings of mean weight."""
    als_share: float = 0.5
    """Share of the ALS scores in the blend, 0–1."""
    popularity_damping: float = 0.25
    """Near and low-rank votes for a track with n listeners are divided by n to this power; 0 = not at all."""
    als_damping: float = 0.4
    """For the ALS vectors, a rating of a track with n listeners counts n to minus this power; 0 = all count alike."""
    track_share: float = 0.0
    """Share of the track side in the blend, 0–1; 0 = it is not fitted."""
    two_hop_share: float = 0.5
    """Share of the two-hop weights in the track side, the rest is the ridge regression of tracks on tracks."""
    seed: int = 0
    """Seed of the random start of the factors."""


class Listeners(NamedTuple):
    """All that the model knows of n listeners: neighbours and weights, (n, r) ALS vectors, and own votes (n, tracks), float32."""

    near: Near
    als: Float32s
    votes: csr_array

    def part(self, first: int, last: int) -> Listeners:
        """The listeners ``first`` (inclusive) to ``last`` (exclusive)."""
        return Listeners(self.near.part(first, last), self.als[first:last], self.votes[first:last])


@dataclass(frozen=True)
class Model:
    """What scores are computed from, beside a listener's own :class:`Listeners` row."""

    parameters: Parameters
    weights: TrackWeights
    rows: Standardised
    """The standardised ratings of the fitted listeners."""
    factors: Factors
    votes: csr_array
    """(listeners, tracks) votes, float32."""
    factor_votes: Float32s
    """(r, tracks) votes of each factor."""
    tracks: Float32s
    """(r, tracks) ALS vectors."""
    track_side: csr_array
    """(tracks, tracks) float32, what an own vote for one says about another; without entries where it has no share."""

    def listeners(self, ratings: csr_array, own: Ints | None = None, threads: int = 1) -> Listeners:
        """Folds in rows of ratings (n, tracks), of the unit of the fit's: above 0 liked, below 0 disliked.

        ``own`` (n,) int32: the number of the fitted listener whose row this is or continues, who then is no neighbour of
        itself; −1, or none for all, for somebody new. The same bits in any company and for any number of threads; an unchanged
        row of the fit gives the fitted row, scores to 1e-5 of their greatest. Raises ``ValueError`` for NaN, infinity, another
        number of tracks, or an ``own`` that is no listener.
        """
        rated, own = self._checked(ratings, own)
        rows = self.standardised(rated)
        place = OwnRatings(rows.times(self.factors.tracks), rows.varied, own >= 0)
        nearest = self._nearest(rows.weights, own, threads)
        kept, ridge = self.parameters.kept, self.parameters.ridge
        near = weighed(self.rows, self.factors, nearest, place, kept=kept, ridge=ridge, threads=threads)
        vectors = solve(rated, self.als, self.weights.confidence, self.parameters.als_ridge, threads)
        return Listeners(near, vectors, weighted_votes(rated, self.weights.damping).astype(np.float32))

    def standardised(self, ratings: csr_array) -> Standardised:
        """Rows of ratings (n, tracks) without zeros and repeats, as the model correlates them."""
        return standardised(strength(ratings, self.weights.rarity))

    def scores(self, listeners: Listeners, threads: int = 1) -> Float32s:
        """(n, tracks) float32, unbounded: the higher, the more speaks for the track; 0 = nothing known.

        Tracks that a listener knows are scored like any other.
        """
        out = np.empty((len(listeners.als), self.votes.shape[1]), np.float32)
        parts = [(first, min(first + TILE, len(out))) for first in range(0, len(out), TILE)]

        def fill(share: Sequence[tuple[int, int]]) -> None:
            scratch = np.empty((min(TILE, len(out)), out.shape[1]), np.float32)
            for first, last in share:
                self.fill(listeners.part(first, last), out[first:last], scratch[: last - first])

        if threads > 1:
            with ThreadPoolExecutor(threads) as workers:
                list(workers.map(fill, [[part] for part in parts]))
        else:
            fill(parts)
        return out

    def fold_in(self, ratings: csr_array, own: Ints | None = None, threads: int = 1) -> Float32s:
        """(n, tracks) float32 scores of rows of ratings: :meth:`scores` of :meth:`listeners`."""
        return self.scores(self.listeners(ratings, own, threads), threads)

    def save(self, folder: Path) -> None:
        """Writes the model into an existing folder: one .npy file an array, and parameters.json."""
        for name, array in self._arrays():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)
        (folder / "parameters.json").write_text(json.dumps(asdict(self.parameters), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Model:
        """Opens a saved model; arrays are mapped, so only what is used is read. Raises ``OSError`` or ``ValueError``."""

        def array(name: str) -> NDArray[Any]:
            # copy on write: kernels are compiled for arrays that may be written to
            mapped = np.load(folder / f"{name}.npy", mmap_mode="c", allow_pickle=False)
            return np.asarray(mapped)

        parameters = Parameters(**json.loads((folder / "parameters.json").read_text(encoding="utf-8")))
        bounds, columns = array("bounds"), array("columns")
        shape = len(bounds) - 1, len(array("rarity"))
        weights, cast = (csr_array((array(name), columns, bounds), shape=shape) for name in ("strength", "votes"))
        rows = Standardised(weights, array("mean"), array("scale"))
        factors = Factors(array("factor_listeners"), array("factor_values"), array("factor_tracks"))
        of_tracks = TrackWeights(array("rarity"), array("confidence"), array("damping"))
        side = array("side_weights"), array("side_columns"), array("side_bounds")
        side_matrix = csr_array(side, shape=(shape[1], shape[1]))
        return cls(parameters, of_tracks, rows, factors, cast, array("factor_votes"), array("als_tracks"), side_matrix)

    def _arrays(self) -> Iterator[tuple[str, NDArray[np.generic]]]:
        bounds, columns = pattern(self.votes)
        yield from (("bounds", bounds), ("columns", columns), ("votes", self.votes.data), ("strength", self.rows.weights.data))
        yield from (("mean", self.rows.mean), ("scale", self.rows.scale))
        yield from zip(("rarity", "confidence", "damping"), self.weights, strict=True)
        yield from zip(("factor_listeners", "factor_values", "factor_tracks"), self.factors, strict=True)
        yield from (("factor_votes", self.factor_votes), ("als_tracks", self.tracks))
        yield from zip(("side_bounds", "side_columns", "side_weights"), sparse_arrays(self.track_side), strict=True)

    @cached_property
    def _columns(self) -> tuple[Sparse, Moments]:
        """The fitted rows by track, and their moments."""
        by_track: csc_array = self.rows.weights.tocsc()
        return sparse(by_track), moments(sparse(self.rows.weights), self.votes.shape[1])

    @cached_property
    def _votes(self) -> tuple[Offsets, Ints, Float32s]:
        """``votes`` as the kernels read them, once: wider offsets of all listeners are not copied for every tile."""
        return sparse_arrays(self.votes)

    @cached_property
    def _side(self) -> tuple[Offsets, Ints, Float32s]:
        """``track_side`` as the kernels read it."""
        return sparse_arrays(self.track_side)

    @cached_property
    def als(self) -> tuple[Float32s, Floats]:
        """The ALS vectors by track, and what "not heard" adds."""
        tracks = np.ascontiguousarray(self.tracks.T)
        return tracks, missing(tracks)

    def _checked(self, ratings: csr_array, own: Ints | None) -> tuple[csr_array, Ints]:
        users, items = self.votes.shape
        if ratings.shape[1] != items:
            raise ValueError(f"ratings have {ratings.shape[1]:,} tracks, the model has {items:,}")
        chosen = np.full(ratings.shape[0], -1, np.int32) if own is None else np.asarray(own, np.int32)
        if chosen.shape != (ratings.shape[0],) or ((chosen < -1) | (chosen >= users)).any():
            raise ValueError(f"own must hold {ratings.shape[0]} numbers of fitted listeners, −1 … {users - 1}")
        return cleaned(ratings), chosen

    def _nearest(self, rows: csr_array, own: Ints, threads: int) -> Nearest:
        columns, known = self._columns
        users, items = self.votes.shape
        shape = (rows.shape[0], self.parameters.pool)
        nearest = Nearest(np.full(shape, -1, np.int32), np.zeros(shape), np.zeros(shape, np.int32))
        if not users or not items:
            return nearest
        new = sparse(rows)
        everything = (new, moments(new, items), own)
        bounds = np.linspace(0, shape[0], _TASKS * threads + 1).astype(np.int64)

        def fill(first: int, last: int) -> None:
            nearest_fitted(everything, columns, known, items, first, last, nearest)

        with ThreadPoolExecutor(threads) as workers:
            list(workers.map(fill, bounds[:-1], bounds[1:]))
        return nearest

    def fill(self, listeners: Listeners, out: Float32s, scratch: Float32s) -> None:
        """Scores of at most :data:`TILE` listeners into ``out``; ``scratch`` is of its shape."""
        near = listeners.near
        product(near.low_rank.astype(np.float32), self.factor_votes, out)
        product(listeners.als, self.tracks, scratch)
        weighed = near.indices, near.weight.astype(np.float32)
        blend(weighed, self._votes, self.parameters.als_share, scratch, out)
        if self.parameters.track_share > 0.0:
            own_sums(sparse_arrays(listeners.votes), self._side, scratch)
            mix(out, self.parameters.track_share, scratch)


def sparse_arrays(matrix: csr_array) -> tuple[Offsets, Ints, Float32s]:
    """A float32 matrix as the kernels read it."""
    return *pattern(matrix), matrix.data
