"""Tuning: how much to damp popular tracks, how far to trust the ALS vectors and the track side, how many neighbours count.

The ratings themselves say it: part of some listeners' liked tracks is hidden, the latest where times are known (:mod:`.hiding`),
everything is fitted on the rest, and each choice is judged by how well it finds the hidden part (NDCG@50). The test part of an
evaluation never enters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recsys.evaluation.splits import divided
from recsys.stages.neighbors.chance import Chance
from recsys.stages.neighbors.hiding import FEWEST, windows
from recsys.stages.neighbors.judging import Judging
from recsys.stages.neighbors.model import Parameters
from recsys.stages.neighbors.tasks import Here, Runner, matrix_arrays
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
_NEAR_RANKS = (0.5, 0.25)
"""Tried as multiples of the default number of low-rank factors: where tastes are few, more of them are noise."""
_NEAR_RIDGES = (0.4, 1.0, 4.0)
"""Tried as multiples of the default ridge of near and low rank, the least first: of those as good it reaches the most tracks."""
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
OUTCOME = ("tuned.parameters", "tuned.chance")
"""Arrays of what was chosen."""
LEAST_LIKED = 5
"""A listener with fewer liked tracks is not judged."""


class Tuned(NamedTuple):
    """The parameters chosen, and how likely what they score highest is to be liked; none where there is too little to judge."""

    parameters: Parameters
    chance: Chance | None

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """Named ``OUTCOME``, float64, which holds every number exactly but the seed."""
        chosen = [value for name, value in asdict(self.parameters).items() if name != "seed"]
        return dict(zip(OUTCOME, (np.array(chosen, np.float64), np.array(self.chance or (), np.float64)), strict=True))

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]], seed: int) -> Tuned:
        """What they hold."""
        kinds = {name: type(value) for name, value in asdict(Parameters()).items() if name != "seed"}
        chosen, chance = (arrays[name].tolist() for name in OUTCOME)
        parameters = {name: kind(value) for (name, kind), value in zip(kinds.items(), chosen, strict=True)}
        return cls(Parameters(**parameters, seed=seed), Chance(*chance) if chance else None)


def tune_votes(
    ratings: csr_array, parameters: Parameters = Parameters(), threads: int = 1, times: csr_array | None = None,  # noqa: B008
    runner: Runner | None = None,
) -> Tuned:  # fmt: skip
    """The parameters that the ratings themselves speak for: dampings, ALS share, rank and ridge, neighbours, their rank and
    ridge, track side.

    ``ratings`` are those of ``Collaborative.fit``; ``times``, with an entry for each of them, says when (any unit, NaN for
    unknown). The parameters come back unchanged when fewer than ``FEWEST`` listeners liked ``LEAST_LIKED`` tracks. ``runner``:
    who fits and judges, none = this process on its ``threads``; the same bits.
    """
    rated, when = cleaned(ratings), _times(ratings, times)
    order, judged, whole = _sample(rated, parameters.seed)
    if judged < FEWEST:
        return Tuned(parameters, None)
    rounds = min(ROUNDS, -(-JUDGED // judged)) if whole else 1
    runner = runner or Here(threads)
    sample, dated = rated[order], None if when is None else when[order].data
    del rated, when  # as large as the ratings themselves, and trials take a while
    runner.put(matrix_arrays("sample", sample) | ({} if dated is None else {"times": dated}))
    parts = windows(sample, dated, judged, rounds)
    own = [replace(parameters, seed=parameters.seed + at) for at in range(len(parts) or rounds)]
    judging = Judging(runner, own, judged, dated is not None, parts)
    chosen = _chosen(judging, parameters, whole)
    return Tuned(chosen, judging.chance(chosen))


def _chosen(judging: Judging, parameters: Parameters, whole: bool) -> Parameters:
    """One kind of choice after the other, each on top of those before."""
    chosen = judging.best([parameters, *(_damped(parameters, factor) for factor in DAMPINGS)])
    chosen = judging.best([chosen, *(replace(chosen, als_share=share) for share in _SHARES)])
    if chosen.als_share > 0.0:
        chosen = judging.best([chosen, *(replace(chosen, als_rank=int(chosen.als_rank * factor)) for factor in RANKS)])
        chosen = judging.best([chosen, *(replace(chosen, als_ridge=chosen.als_ridge * factor) for factor in _RIDGES)])
    if not whole:
        return chosen
    more = [count for count in _KEPT if count > chosen.kept]
    chosen = judging.best([chosen, *(replace(chosen, kept=count, pool=max(count, chosen.pool)) for count in more)])
    chosen = judging.surely_best(chosen, [replace(chosen, rank=int(chosen.rank * factor)) for factor in _NEAR_RANKS])
    chosen = judging.first_as_good([replace(chosen, ridge=chosen.ridge * factor) for factor in _NEAR_RIDGES])
    sides = [(share, two_hop) for share in TRACK_SHARES for two_hop in TWO_HOP_SHARES]
    return judging.surely_best(chosen, [replace(chosen, track_share=share, two_hop_share=two_hop) for share, two_hop in sides])


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
