"""What similar listeners say: near and low-rank votes and ALS preferences, blended; the collaborative part of preset `default`.

Three views of one sparse matrix of ratings: :mod:`.near` and :mod:`.low_rank` are one ridge regression of every listener on
all others, split into the nearest listeners and the leading factors; :mod:`.als` is a weighted matrix factorisation. They err
differently, so their blend beats each. Memory grows with ratings + (listeners + tracks) × rank + listeners × neighbours;
scores exist for one block of listeners at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from recsys.matrices.arrays import Float32s, Floats, Ints
from recsys.stages.neighbors import als
from recsys.stages.neighbors.als import AlsFactors
from recsys.stages.neighbors.fitting import (
    LEARNED,
    Learned,
    als_name,
    correlated,
    fits,
    learned,
    learned_arrays,
    near_name,
    side_name,
    sides,
)
from recsys.stages.neighbors.model import Listeners, Model, Parameters
from recsys.stages.neighbors.near import Near
from recsys.stages.neighbors.tasks import Here, Runner
from recsys.stages.neighbors.track_side import none
from recsys.stages.neighbors.weighting import TrackWeights, cleaned, damping, rarity, weighted_votes

FIT = "fit"
"""Name of the arrays that a model is fitted from."""


@dataclass(frozen=True)
class Collaborative:
    """The model and fitted listeners: all of them when made by :meth:`fit`, some where a stored model is opened."""

    model: Model
    fitted: Listeners
    first: int = 0
    """Number of the first listener in ``fitted``."""

    @classmethod
    def fit(
        cls, ratings: csr_array, parameters: Parameters | None = None, threads: int = 1, runner: Runner | None = None,
        last: int | None = None,
    ) -> Collaborative:  # fmt: skip
        """From ``ratings`` (listeners × tracks): above 0 liked, below 0 disliked, the magnitude saying how much.

        Entries of 0 do not count. The same bits for any number of threads, and whoever the ``runner`` is, none = this process.
        Neighbours are those of the listeners up to ``last`` (exclusive), none = all; 0 where others open the model and find them.
        Raises ``ValueError`` for NaN or infinity.
        """
        parameters, runner = parameters or Parameters(), runner or Here(threads)
        if not runner.store.has(f"{FIT}.{name}" for name in LEARNED):
            arrays = learned_arrays(correlated(cleaned(ratings), parameters, threads))
            runner.put({f"{FIT}.{name}": array for name, array in arrays.items()})
            del arrays  # from here on they are where the runner has them
        last = ratings.shape[0] if last is None else last
        runner.run([*fits(FIT, parameters, last)])
        runner.run([*sides(FIT, parameters)])
        near = runner.store.columns(Near, near_name(FIT, parameters, last), Near._fields)
        preferences = runner.store.columns(AlsFactors, als_name(FIT, parameters, last), AlsFactors._fields)
        side = runner.store.matrix(side_name(FIT, parameters)) if parameters.track_share > 0.0 else None
        return cls.of(learned(runner.store, FIT), near, preferences, parameters, side)

    @classmethod
    def of(
        cls, learned: Learned, near: Near, preferences: AlsFactors, parameters: Parameters, side: csr_array | None = None
    ) -> Collaborative:
        """From fitted parts; none for a ``side`` without share."""
        rated, rows, factors = learned.rated, learned.rows, learned.factors.leading(parameters.rank)
        damped = damping(rated, parameters.popularity_damping)
        weights = TrackWeights(rarity(rated), als.confidence(rated, parameters.als_damping), damped)
        cast = weighted_votes(rated, damped)
        # of the ratings' own pattern: `astype` of the matrix would copy that, too
        votes = csr_array((cast.data.astype(np.float32), cast.indices, cast.indptr), shape=cast.shape)
        shared = np.ascontiguousarray((cast.T @ factors.vectors).T, np.float32)
        empty = np.empty((0, 0), np.float32)
        del cast  # its values alone are twice as wide
        model = Model(parameters, weights, rows, factors, votes, shared, empty, none(rated.shape[1]))
        return cls(model, Listeners(near, empty, model.votes)).blended(preferences, parameters, side)

    def blended(self, preferences: AlsFactors, parameters: Parameters, side: csr_array | None = None) -> Collaborative:
        """The same with other ALS preferences, track side or shares of them; what else ``parameters`` say must be the same."""
        tracks = np.ascontiguousarray(preferences.tracks.T)
        model = replace(self.model, tracks=tracks, parameters=parameters)
        if side is not None:
            # own votes are damped by popularity, and there it is not wanted
            model = replace(model, track_side=_rows_times(side, 1.0 / model.weights.damping))
        return Collaborative(model, self.fitted._replace(als=preferences.listeners))

    @property
    def near(self) -> Near:
        """Neighbours, weights and explained share of every listener: what the table `neighbors` shows."""
        return self.fitted.near

    @property
    def last(self) -> int:
        """Number past the last listener in ``fitted``."""
        return self.first + len(self.fitted.als)

    def listeners(self, first: int, last: int) -> Listeners:
        """The fitted listeners ``first`` (inclusive) to ``last`` (exclusive)."""
        return self.fitted.part(first - self.first, last - self.first)

    def rows(self, listeners: Ints) -> Listeners:
        """Fitted listeners by number, (n,) int32."""
        at = listeners - self.first
        near: list[Any] = [column[at] for column in self.fitted.near]
        return Listeners(Near(*near), self.fitted.als[at], self.fitted.votes[at])

    def scores(self, first: int, last: int) -> Float32s:
        """(last − first, tracks) float32 of the listeners ``first`` (inclusive) to ``last`` (exclusive); see `Model.scores`."""
        return self.model.scores(self.listeners(first, last))

    def evidence(self, first: int, last: int) -> Floats:
        """(last − first,) share of each listener's ratings that others explain, 0–1: near 0 when nobody is really similar."""
        return self.listeners(first, last).near.explained


def _rows_times(matrix: csr_array, factors: Floats) -> csr_array:
    data = matrix.data * np.repeat(factors, np.diff(matrix.indptr)).astype(np.float32)
    return csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)
