"""Parts on one scale: values become points, and the points of a candidate its score.

Every part is divided by its spread among the candidates that set the scale: the standard deviation, at least a sixth of the
range, so that a part in which few candidates stand out cannot outweigh all others. What is least wanted of a part is 0 points,
and the points are scaled so that a candidate that is the best in every part has 100. A negative weight wants the opposite.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.matrices.arrays import INNER, Flags, Floats, Offsets
from recsys.matrices.order import nth_greatest

CONTENT, VOTES, POPULARITY, EXPLORATION, FAMILIARITY, TARGET = range(6)
SIZE = 6
"""Parts of a score, as in :data:`recsys.tables.PARTS`: a number of its own, so that the kernels stand on no other source."""
SAFETY, COMMERCIAL = 2 * SIZE, 2 * SIZE + 1
PART_COLUMNS = 2 * SIZE + 2
"""Per candidate: values of the parts, points of the parts, safety, commercial."""

FULL_POINTS = 100.0
"""Points of a candidate that is the best in every part."""
KNEE = 100
"""The vote of this rank is where log(1 + vote ÷ it) bends: above it counts by its logarithm, far below as good as nothing."""
WIDEST = 6.0
"""Standard deviations that a part's range may span."""
INSTEAD_CONTENT, INSTEAD_POPULARITY = 0.5, 0.1
"""Shares of the weight of votes that sound and popularity take over where votes say nothing."""


class LogVotes(NamedTuple):
    """The votes of one list's candidates as their part is measured."""

    base: Floats
    """(candidates,) log(1 + vote ÷ knee)."""
    strong: float
    """The greatest vote, 0–1."""


class _Scale(NamedTuple):
    """How the values of one list become points: (value − low) × rate, never below 0."""

    votes: Floats
    """(candidates,) log(1 + vote ÷ knee), what the part of the votes is measured by."""
    low: Floats
    """(parts,) the value of 0 points."""
    rate: Floats
    """(parts,) points per unit; 0 for a part that says nothing here, negative where the least is wanted."""


class Multipliers(NamedTuple):
    """What the sum of the points is multiplied by, and what is added, per candidate."""

    safety: Floats
    boost: Floats


@njit(nogil=True, cache=True)
def log_votes(own: Floats) -> LogVotes:
    """How ``own`` (candidates,), votes 0–1, are measured."""
    base, strong = np.zeros(len(own)), 0.0
    if len(own) == 0:
        return LogVotes(base, strong)
    knee = nth_greatest(own, min(KNEE, len(own)))
    for vote in own:
        strong = max(strong, vote)
    knee = knee if knee > 0.0 else strong
    if knee > 0.0:
        for at in range(len(own)):
            base[at] = np.log1p(own[at] / knee)
    return LogVotes(base, strong)


@njit(nogil=True, cache=True)
def scale_of(weight: Floats, votes: LogVotes, counted: Flags, values: Floats) -> _Scale:
    """The scale of one list. ``weight`` (parts,) signed; ``votes``: of :func:`log_votes`; ``values`` (parts, candidates).

    ``counted`` (candidates,): who sets the scale.
    """
    low, rate, base = np.zeros(SIZE), np.zeros(SIZE), votes.base
    heavy, whole = _heavy(weight, votes.strong), 0.0
    for part in range(SIZE):
        if heavy[part] == 0.0:
            continue
        least, most, unit = _spread(base if part == VOTES else values[part], counted)
        if unit > 0.0:
            low[part], rate[part] = least if heavy[part] > 0.0 else most, heavy[part] / unit
            whole += abs(heavy[part]) * (most - least) / unit
    for part in range(SIZE):
        # the best of every part together have 100 points
        rate[part] *= FULL_POINTS / whole if whole > 0.0 else 0.0
    return _Scale(base, low, rate)


@njit(nogil=True, cache=True)
def total_points(scale: _Scale, values: Floats, factors: Multipliers) -> Floats:
    """(candidates,) scores: all points times safety, plus promotion. ``values`` (parts, candidates)."""
    base, low, rate = scale
    totals = np.zeros(len(base))
    for part in range(SIZE):
        if rate[part] != 0.0:
            own = base if part == VOTES else values[part]
            for at in range(len(own)):
                totals[at] += _points(own, at, low[part], rate[part])
    for at in range(len(base)):
        totals[at] = totals[at] * factors.safety[at] + factors.boost[at]
    return totals


@njit(nogil=True, cache=True)
def fill_columns(scale: _Scale, values: Floats, factors: Multipliers, places: Offsets, out: Floats) -> None:
    """:data:`PART_COLUMNS` of the candidates at ``places``, into ``out`` (places, columns)."""
    base, low, rate = scale
    for at in range(len(places)):
        place = places[at]
        for part in range(SIZE):
            out[at, part] = values[part, place]
            out[at, SIZE + part] = _points(base if part == VOTES else values[part], place, low[part], rate[part])
        out[at, SAFETY], out[at, COMMERCIAL] = factors.safety[place], factors.boost[place]


@njit(nogil=True, cache=True)
def mean_points(columns: Floats, count: int, out: Floats) -> None:
    """``out`` (parts,): the mean points of each part of the first ``count`` candidates, by their :data:`PART_COLUMNS`."""
    for part in range(SIZE):
        out[part] = 0.0
    for at in range(count):
        for part in range(SIZE):
            out[part] += columns[at, SIZE + part]
    for part in range(SIZE):
        out[part] /= max(count, 1)


@njit(**INNER)
def _points(values: Floats, place: int, low: float, rate: float) -> float:
    """Points of one candidate's part, never below 0."""
    points = (values[place] - low) * rate
    return points if points > 0.0 else 0.0


@njit(**INNER)
def _heavy(weight: Floats, strong: float) -> Floats:
    """Weights of the parts when the greatest vote is ``strong`` (0–1): sound and popularity say a part of what votes cannot."""
    heavy = weight.copy()
    unsaid = weight[VOTES] * (1.0 - strong) ** 2
    heavy[VOTES] *= strong
    heavy[CONTENT] += INSTEAD_CONTENT * unsaid
    heavy[POPULARITY] += INSTEAD_POPULARITY * unsaid
    return heavy


@njit(**INNER)
def _spread(values: Floats, counted: Flags) -> tuple[float, float, float]:
    """Least, greatest, and the unit: the standard deviation, at least a sixth of the range; 0 where all are equal."""
    least, most, total, number = np.inf, -np.inf, 0.0, 0
    for at in range(len(values)):
        if counted[at]:
            least, most = min(least, values[at]), max(most, values[at])
            total += values[at]
            number += 1
    if not most > least:
        return least, most, 0.0
    mean, square = total / number, 0.0
    for at in range(len(values)):
        square += (values[at] - mean) ** 2 if counted[at] else 0.0
    return least, most, max(np.sqrt(square / number), (most - least) / WIDEST)
