"""Tuning: how much to damp popular tracks, how far to trust the ALS vectors, how long they are, how strongly to shrink them.

The ratings themselves say it: part of some listeners' liked tracks is hidden, everything is fitted on the rest, and each choice
is judged by how well it finds the hidden part (NDCG@50). The test part of an evaluation never enters.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array

from recsys.evaluation.metrics import ndcg, top
from recsys.evaluation.splits import divided, drawn
from recsys.matrices.arrays import Floats
from recsys.stages.neighbors import als
from recsys.stages.neighbors.als import AlsFactors
from recsys.stages.neighbors.collaborative import Collaborative, correlated, neighbors
from recsys.stages.neighbors.model import TILE, Parameters
from recsys.stages.neighbors.weighting import cleaned

DAMPINGS = (0.0, 0.5)
"""Tried as multiples of both dampings of popular tracks."""
RANKS = (0.5,)
"""Tried as multiples of the default number of ALS factors."""
RIDGES = (0.5, 2.0)
"""Tried as multiples of the default ridge."""
SHARES = (0.0, 0.25, 0.75)
"""Tried beside the default share; never ALS alone, so that neighbours always have a say."""
FITTED = 10_000
"""Most listeners that take part: bounds the time on large data."""
JUDGED = 1_000
"""Most listeners whose tracks are hidden and looked for."""
ROUNDS = 3
"""Different hidden parts tried when there are fewer listeners to judge than ``JUDGED``: chance weighs less."""
FEWEST = 100
"""Fewer listeners to judge than this would decide by chance: the defaults stay."""
LEAST_LIKED = 5
"""A listener with fewer liked tracks is not judged."""
HIDDEN = 0.2
LISTED = 50
"""Tracks looked at when a choice is judged: more than a listener sees, because ten say too little to tell choices apart."""


def tune(ratings: csr_array, parameters: Parameters = Parameters(), threads: int = 1) -> Parameters:  # noqa: B008
    """The parameters with both dampings, ``als_share``, ``als_rank`` and ``als_ridge`` fitted to ``ratings``.

    ``ratings`` are those of ``Collaborative.fit``. The parameters come back unchanged when fewer than ``FEWEST`` listeners
    liked ``LEAST_LIKED`` tracks. One kind of choice is made after the other, each on top of those before.
    """
    sample, judged = _sample(cleaned(ratings), parameters.seed)
    if judged < FEWEST:
        return parameters
    rounds = 1 if judged == JUDGED else ROUNDS
    trials = [_Trial(sample, judged, replace(parameters, seed=parameters.seed + at), threads) for at in range(rounds)]
    chosen = _best(trials, [parameters, *(_damped(parameters, factor) for factor in DAMPINGS)])
    chosen = _best(trials, [chosen, *(replace(chosen, als_share=share) for share in SHARES)])
    if chosen.als_share == 0.0:
        return chosen
    chosen = _best(trials, [chosen, *(replace(chosen, als_rank=int(chosen.als_rank * factor)) for factor in RANKS)])
    return _best(trials, [chosen, *(replace(chosen, als_ridge=chosen.als_ridge * factor) for factor in RIDGES)])


def _best(trials: list[_Trial], choices: list[Parameters]) -> Parameters:
    """The choice with the greatest mean gain; the first of equals."""

    def gain(choice: Parameters) -> float:
        return float(np.nanmean(np.concatenate([trial.gain(choice) for trial in trials])))

    return max(choices, key=gain)


def _damped(parameters: Parameters, factor: float) -> Parameters:
    near, preferences = parameters.popularity_damping * factor, parameters.als_damping * factor
    return replace(parameters, popularity_damping=near, als_damping=preferences)


def _sample(rated: csr_array, seed: int) -> tuple[csr_array, int]:
    """At most ``FITTED`` listeners in random order, those to judge in front, and how many these are."""
    order = np.random.Generator(np.random.PCG64(seed)).permutation(rated.shape[0])[:FITTED]
    liked = np.asarray(csr_array((rated.data > 0.0, rated.indices, rated.indptr), shape=rated.shape).sum(axis=1)).ravel()
    enough = liked[order] >= LEAST_LIKED
    return rated[np.r_[order[enough], order[~enough]]], min(int(enough.sum()), JUDGED)


class _Trial:
    """Everything fitted without one hidden part, once."""

    def __init__(self, sample: csr_array, judged: int, parameters: Parameters, threads: int) -> None:
        of = np.repeat(np.arange(sample.shape[0]), np.diff(sample.indptr))
        hidden = drawn(sample, HIDDEN, parameters.seed) & (of < judged) & (sample.data > 0.0)
        self.train, test = divided(sample, hidden)
        self.test, self.known, self.threads = test[:judged], self.train[:judged], threads
        self.rows, self.factors = correlated(self.train, parameters, threads)
        self.near = neighbors(self.rows, self.factors, parameters, threads, judged)
        self.als_factors: dict[tuple[int, float, float], AlsFactors] = {}
        self.models: dict[float, Collaborative] = {}
        self.gains: dict[Parameters, Floats] = {}

    def gain(self, parameters: Parameters) -> Floats:
        """NDCG@50 of each judged listener, NaN without a hidden track."""
        if parameters not in self.gains:
            model = self.model(parameters)
            tiles = range(0, self.test.shape[0], TILE)
            with ThreadPoolExecutor(self.threads) as workers:
                found = workers.map(lambda first: self._gain(model, slice(first, first + TILE)), tiles)
                self.gains[parameters] = np.concatenate(list(found))
        return self.gains[parameters]

    def model(self, parameters: Parameters) -> Collaborative:
        damping = parameters.popularity_damping
        if damping not in self.models:
            fitted = self.rows, self.factors
            self.models[damping] = Collaborative.of(self.train, fitted, self.near, self.factorized(parameters), parameters)
        return self.models[damping].blended(self.factorized(parameters), parameters)

    def factorized(self, parameters: Parameters) -> AlsFactors:
        key = (parameters.als_rank, parameters.als_ridge, parameters.als_damping)
        if key not in self.als_factors:
            start = als.start(self.rows, self.factors, parameters.als_rank)
            self.als_factors[key] = als.factorize(self.train, start, *key[1:], threads=self.threads)
        return self.als_factors[key]

    def _gain(self, model: Collaborative, rows: slice) -> Floats:
        last = min(rows.stop, self.test.shape[0])
        lists = top(model.scores(rows.start, last), self.known[rows], LISTED)
        return ndcg(lists, self.test[rows], LISTED)
