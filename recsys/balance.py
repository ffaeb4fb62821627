"""Balance: how much to damp popular tracks, how far to trust the latent vectors, how long they are, how strongly to shrink them.

The ratings themselves say it: part of some listeners' liked tracks is hidden, everything is fitted on the rest, and each choice
is judged by how well it finds the hidden part (NDCG@50). The test part of an evaluation never enters.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recsys import latent
from recsys.collaborative import TILE, Collaborative, Parameters, cleaned, correlated, neighbors
from recsys.evaluation.metrics import ndcg, top
from recsys.evaluation.splits import divided, drawn
from recsys.latent import Latent

Floats = NDArray[np.float64]

DAMPINGS = (0.0, 0.5)
"""Tried as multiples of both dampings of popular tracks."""
RANKS = (0.5,)
"""Tried as multiples of the default number of latent factors."""
RIDGES = (0.5, 2.0)
"""Tried as multiples of the default ridge."""
SHARES = (0.0, 0.25, 0.75)
"""Tried beside the default share; never latent alone, so that neighbours always have a say."""
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


def balanced(ratings: csr_array, parameters: Parameters = Parameters(), threads: int = 1) -> Parameters:  # noqa: B008
    """The parameters with both dampings, ``latent_share``, ``latent_rank`` and ``latent_ridge`` fitted to ``ratings``.

    ``ratings`` are those of ``Collaborative.fit``. The parameters come back unchanged when fewer than ``FEWEST`` listeners
    liked ``LEAST_LIKED`` tracks. One kind of choice is made after the other, each on top of those before.
    """
    sample, judged = _sample(cleaned(ratings), parameters.seed)
    if judged < FEWEST:
        return parameters
    rounds = 1 if judged == JUDGED else ROUNDS
    trials = [_Trial(sample, judged, replace(parameters, seed=parameters.seed + at), threads) for at in range(rounds)]
    chosen = _best(trials, [parameters, *(_damped(parameters, factor) for factor in DAMPINGS)])
    chosen = _best(trials, [chosen, *(replace(chosen, latent_share=share) for share in SHARES)])
    if chosen.latent_share == 0.0:
        return chosen
    chosen = _best(trials, [chosen, *(replace(chosen, latent_rank=int(chosen.latent_rank * factor)) for factor in RANKS)])
    return _best(trials, [chosen, *(replace(chosen, latent_ridge=chosen.latent_ridge * factor) for factor in RIDGES)])


def _best(trials: list[_Trial], choices: list[Parameters]) -> Parameters:
    """The choice with the greatest mean gain; the first of equals."""

    def gain(choice: Parameters) -> float:
        return float(np.nanmean(np.concatenate([trial.gain(choice) for trial in trials])))

    return max(choices, key=gain)


def _damped(parameters: Parameters, factor: float) -> Parameters:
    near, preferences = parameters.popularity_damping * factor, parameters.latent_damping * factor
    return replace(parameters, popularity_damping=near, latent_damping=preferences)


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
        self.latents: dict[tuple[int, float, float], Latent] = {}
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
            self.models[damping] = Collaborative.of(self.train, self.near, self.factors, self.latent(parameters), parameters)
        return self.models[damping].blended(self.latent(parameters), parameters.latent_share)

    def latent(self, parameters: Parameters) -> Latent:
        key = (parameters.latent_rank, parameters.latent_ridge, parameters.latent_damping)
        if key not in self.latents:
            start = latent.start(self.rows, self.factors, parameters.latent_rank)
            self.latents[key] = latent.latent(self.train, start, *key[1:], threads=self.threads)
        return self.latents[key]

    def _gain(self, model: Collaborative, rows: slice) -> Floats:
        last = min(rows.stop, self.test.shape[0])
        lists = top(model.scores(rows.start, last), self.known[rows], LISTED)
        return ndcg(lists, self.test[rows], LISTED)
