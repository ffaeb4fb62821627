"""Order and selection by buckets: most scores find their place without being compared with another.

A bucket is a linear function of the score, so of two scores the greater is never in a later bucket, however rounding goes.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recsys.kernels.arrays import Bounds, Floats

CROWD = 64
"""Scores in one bucket from which on an ordinary sort is quicker."""


@njit(nogil=True, cache=True)
def greatest_first(scores: Floats) -> Bounds:
    """Places of ``scores`` (n,), greatest first, equal scores in their order; scores are finite."""
    order = np.arange(len(scores))
    low, high = _ends(scores)
    if low == high:
        return order
    starts = _counted(scores, low, high)
    if starts.max() > CROWD:
        return np.argsort(-scores, kind="mergesort")
    place = 0
    for bucket in range(len(starts)):
        starts[bucket], place = place, place + starts[bucket]
    for at in range(len(scores)):
        bucket = _bucket(scores[at], low, high, len(starts))
        order[starts[bucket]] = at
        starts[bucket] += 1
    for at in range(1, len(order)):
        place, to = order[at], at
        while to > 0 and scores[order[to - 1]] < scores[place]:
            order[to] = order[to - 1]
            to -= 1
        order[to] = place
    return order


@njit(nogil=True, cache=True)
def nth_greatest(scores: Floats, nth: int) -> float:
    """The ``nth`` greatest of ``scores``, from 1."""
    low, high = _ends(scores)
    if low == high:
        return low
    counts = _counted(scores, low, high)
    bucket = 0
    while counts[bucket] < nth:
        nth -= counts[bucket]
        bucket += 1
    inside, found = np.empty(counts[bucket]), 0
    for score in scores:
        if _bucket(score, low, high, len(counts)) == bucket:
            inside[found] = score
            found += 1
    inside.sort()
    return inside[found - nth]


@njit(nogil=True, cache=True)
def _ends(scores: Floats) -> tuple[float, float]:
    low, high = np.inf, -np.inf
    for score in scores:
        low = score if score < low else low
        high = score if score > high else high
    return low, high


@njit(nogil=True, cache=True)
def _counted(scores: Floats, low: float, high: float) -> Bounds:
    """How many scores are in each bucket, the greatest first; about two buckets a score."""
    counts = np.zeros(2 * len(scores) + 1, np.int64)
    for score in scores:
        counts[_bucket(score, low, high, len(counts))] += 1
    return counts


@njit(nogil=True, cache=True)
def _bucket(score: float, low: float, high: float, buckets: int) -> int:
    return int((high - score) / (high - low) * (buckets - 1))
