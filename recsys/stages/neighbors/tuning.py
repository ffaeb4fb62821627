"""Tuning: how much to damp popular tracks, how far to trust the ALS vectors and the track side, how many neighbours count.

The ratings themselves say it: part of some listeners' liked tracks is hidden, the latest where times are known, everything is
fitted on the rest, and each choice is judged by how well it finds the hidden part (NDCG@50). The test part of an evaluation
never enters.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recsys.evaluation.metrics import hits, ndcg, top
from recsys.evaluation.splits import divided, drawn
from recsys.matrices.arrays import Floats
from recsys.stages.neighbors import als
from recsys.stages.neighbors.als import AlsFactors
from recsys.stages.neighbors.chance import Chance, fit_chance
from recsys.stages.neighbors.collaborative import Collaborative, correlated, fitted_track_side, neighbors
from recsys.stages.neighbors.model import TILE, Parameters
from recsys.stages.neighbors.near import Near
from recsys.stages.neighbors.weighting import cleaned

DAMPINGS = (0.0, 0.5)
"""Tried as multiples of both dampings of popular tracks."""
RANKS = (0.5,)
"""Tried as multiples of the default number of ALS factors."""
_RIDGES = (0.5, 2.0)
"""Tried as multiples of the default ridge."""
_SHARES = (0.0, 0.25, 0.75)
"""Tried beside the default share; never ALS alone, so that neighbours always have a say."""
_KEPT = (100, 200)
"""Tried beside the default number of neighbours: 50 starve sparse data."""
TRACK_SHARES = (0.15, 0.3)
"""Tried beside none, each with every one of ``TWO_HOP_SHARES``."""
TWO_HOP_SHARES = (0.0, 0.5, 1.0)
_FITTED = 1_000_000
"""Most ratings that take part: bounds the time on large data. With more, a sample of the listeners is taken, and there the number
of neighbours and the track side stay as they are: among fewer listeners neighbours are further away than they will be."""
JUDGED = 2_000
"""Most listeners whose tracks are hidden and looked for; half of them on a sample."""
ROUNDS = 3
"""Most rounds with different hidden parts, where there are fewer listeners to judge than ``JUDGED``: chance weighs less."""
_FEWEST = 100
"""Fewer listeners to judge than this would decide by chance: the defaults stay."""
LEAST_LIKED = 5
"""A listener with fewer liked tracks is not judged."""
_HIDDEN = 0.1
"""Share of a judged listener's ratings: as little as can be judged by, for what is left has to resemble the whole."""
_LISTED = 50
"""Tracks looked at when a choice is judged: more than a listener sees, because ten say too little to tell choices apart."""


class Tuned(NamedTuple):
    """The parameters chosen, and how likely what they score highest is to be liked; none where there is too little to judge."""

    parameters: Parameters
    chance: Chance | None


def tune_votes(
    ratings: csr_array, parameters: Parameters = Parameters(), threads: int = 1, times: csr_array | None = None,  # noqa: B008
) -> Tuned:  # fmt: skip
    """The parameters that the ratings themselves speak for: dampings, ALS share, rank and ridge, neighbours kept, track side.

    ``ratings`` are those of ``Collaborative.fit``; ``times``, with an entry for each of them, says when (any unit, NaN for
    unknown). The parameters come back unchanged when fewer than ``FEWEST`` listeners liked ``LEAST_LIKED`` tracks.
    """
    rated, when = cleaned(ratings), _times(ratings, times)
    order, judged, whole = _sample(rated, parameters.seed)
    if judged < _FEWEST:
        return Tuned(parameters, None)
    sample = rated[order], None if when is None else when[order].data
    rounds = min(ROUNDS, -(-JUDGED // judged)) if whole else 1
    trials = [_Trial(*sample, judged, replace(parameters, seed=parameters.seed + at), threads) for at in range(rounds)]
    chosen = _chosen(trials, parameters, whole)
    return Tuned(chosen, trials[0].chance(chosen))


def _chosen(trials: list[_Trial], parameters: Parameters, whole: bool) -> Parameters:
    """One kind of choice after the other, each on top of those before."""
    chosen = _best(trials, [parameters, *(_damped(parameters, factor) for factor in DAMPINGS)])
    chosen = _best(trials, [chosen, *(replace(chosen, als_share=share) for share in _SHARES)])
    if chosen.als_share > 0.0:
        chosen = _best(trials, [chosen, *(replace(chosen, als_rank=int(chosen.als_rank * factor)) for factor in RANKS)])
        chosen = _best(trials, [chosen, *(replace(chosen, als_ridge=chosen.als_ridge * factor) for factor in _RIDGES)])
    if not whole:
        return chosen
    more = [count for count in _KEPT if count > chosen.kept]
    chosen = _best(trials, [chosen, *(replace(chosen, kept=count, pool=max(count, chosen.pool)) for count in more)])
    sides = [(share, two_hop) for share in TRACK_SHARES for two_hop in TWO_HOP_SHARES]
    best = _best(trials, [chosen, *(replace(chosen, track_share=share, two_hop_share=two_hop) for share, two_hop in sides)])
    return best if _surely(trials, chosen, best) else chosen


def _best(trials: list[_Trial], choices: list[Parameters]) -> Parameters:
    """The choice with the greatest mean gain; the first of equals."""

    def gain(choice: Parameters) -> float:
        return float(np.nanmean(np.concatenate([trial.gain(choice) for trial in trials])))

    best = max(choices, key=gain)
    for trial in trials:
        trial.forget_all_but(best)
    return best


def _surely(trials: list[_Trial], before: Parameters, after: Parameters) -> bool:
    """Whether the mean gain grows by more than its standard error: a track side costs time, and a wrong one hurts."""
    apart = np.concatenate([trial.gain(after) - trial.gain(before) for trial in trials])
    apart = apart[~np.isnan(apart)]
    return bool(apart.mean() > apart.std() / np.sqrt(apart.size))


def _damped(parameters: Parameters, factor: float) -> Parameters:
    near, preferences = parameters.popularity_damping * factor, parameters.als_damping * factor
    return replace(parameters, popularity_damping=near, als_damping=preferences)


def _times(ratings: csr_array, times: csr_array | None) -> csr_array | None:
    """Times with the pattern of the cleaned ratings."""
    if times is None or np.isnan(times.data).all():
        return None
    told = ratings.data != 0.0
    return divided(csr_array((times.data, ratings.indices, ratings.indptr), shape=ratings.shape), ~told).train


def _sample(rated: csr_array, seed: int) -> tuple[NDArray[np.int64], int, bool]:
    """Listeners in random order, those to judge in front, how many these are, and whether the listeners are all there are."""
    order = np.random.Generator(np.random.PCG64(seed)).permutation(rated.shape[0])
    count = int(np.searchsorted(np.cumsum(np.diff(rated.indptr)[order]), _FITTED, "right"))
    order = order[: max(count, 1)]
    liked = np.asarray(csr_array((rated.data > 0.0, rated.indices, rated.indptr), shape=rated.shape).sum(axis=1)).ravel()
    enough = liked[order] >= LEAST_LIKED
    whole = len(order) == rated.shape[0]
    return np.r_[order[enough], order[~enough]], min(int(enough.sum()), JUDGED if whole else JUDGED // 2), whole


def _als_key(parameters: Parameters) -> tuple[int, float, float]:
    return parameters.als_rank, parameters.als_ridge, parameters.als_damping


def _model_key(parameters: Parameters) -> tuple[float, int]:
    return parameters.popularity_damping, parameters.kept


class _Trial:
    """Everything fitted without one hidden part, once."""

    def __init__(self, sample: csr_array, times: Floats | None, judged: int, parameters: Parameters, threads: int) -> None:
        of = np.repeat(np.arange(sample.shape[0]), np.diff(sample.indptr))
        hidden = drawn(sample, _HIDDEN, parameters.seed, times) & (of < judged) & (sample.data > 0.0)
        self.train, test = divided(sample, hidden)
        self.test, self.known, self.threads = test[:judged], self.train[:judged], threads
        self.rows, self.factors = correlated(self.train, parameters, threads)
        self.nears: dict[int, Near] = {}
        self.sides: dict[tuple[int, float], csr_array] = {}
        self.als_factors: dict[tuple[int, float, float], AlsFactors] = {}
        self.models: dict[tuple[float, int], Collaborative] = {}
        self.gains: dict[Parameters, Floats] = {}

    def gain(self, parameters: Parameters) -> Floats:
        """NDCG@50 of each judged listener, NaN without a hidden track."""
        if parameters not in self.gains:
            model = self.model(parameters)
            tiles = range(0, self.test.shape[0], TILE)
            with ThreadPoolExecutor(self.threads) as workers:
                parts = workers.map(lambda first: self._gain(model, slice(first, first + TILE)), tiles)
                self.gains[parameters] = np.concatenate(list(parts))
        return self.gains[parameters]

    def forget_all_but(self, chosen: Parameters) -> None:
        """Leaves of what was fitted what further choices on top of ``chosen`` build on: a variant of the ALS factors has as many
        bytes as all ratings of a trial."""
        self.als_factors = {_als_key(chosen): self.factorized(chosen)}
        self.models = {_model_key(chosen): self.models[_model_key(chosen)]}
        self.nears = {chosen.kept: self.near(chosen)}

    def chance(self, parameters: Parameters) -> Chance:
        """Of the ``LISTED`` best tracks of each judged listener, which were hidden."""
        model, scores, lists = self.model(parameters), [], []
        for first in range(0, self.test.shape[0], TILE):
            last = min(first + TILE, self.test.shape[0])
            values = model.scores(first, last)
            lists.append(top(values, self.known[first:last], _LISTED))
            scores.append(np.take_along_axis(values, np.maximum(lists[-1], 0), axis=1).astype(np.float64))
        listed, raw = np.concatenate(lists), np.concatenate(scores)
        sizes = np.repeat(np.diff(self.known.indptr), _LISTED)
        return fit_chance(np.where(listed < 0, 0.0, raw).ravel(), sizes, hits(listed, self.test).ravel())

    def model(self, parameters: Parameters) -> Collaborative:
        key = _model_key(parameters)
        if key not in self.models:
            fitted = self.rows, self.factors
            near = self.near(parameters)
            self.models[key] = Collaborative.of(self.train, fitted, near, self.factorized(parameters), parameters)
        side = self.side(parameters) if parameters.track_share > 0.0 else None
        return self.models[key].blended(self.factorized(parameters), parameters, side)

    def near(self, parameters: Parameters) -> Near:
        if parameters.kept not in self.nears:
            self.nears[parameters.kept] = neighbors(self.rows, self.factors, parameters, self.threads, self.test.shape[0])
        return self.nears[parameters.kept]

    def side(self, parameters: Parameters) -> csr_array:
        key = parameters.kept, parameters.two_hop_share
        if key not in self.sides:
            self.sides[key] = fitted_track_side(self.train, parameters, self.threads)
        return self.sides[key]

    def factorized(self, parameters: Parameters) -> AlsFactors:
        key = _als_key(parameters)
        if key not in self.als_factors:
            start = als.start(self.rows, self.factors, parameters.als_rank)
            self.als_factors[key] = als.factorize(self.train, start, *key[1:], threads=self.threads)
        return self.als_factors[key]

    def _gain(self, model: Collaborative, rows: slice) -> Floats:
        last = min(rows.stop, self.test.shape[0])
        lists = top(model.scores(rows.start, last), self.known[rows], _LISTED)
        return ndcg(lists, self.test[rows], _LISTED)
