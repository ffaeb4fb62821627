"""Order and selection by buckets: most scores find their place without being compared with another.

A bucket is a linear function of the score, so of two scores the greater is never in a later bucket, however rounding goes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numba import njit

from recsys import compiled
from recsys.matrices import KERNELS
from recsys.matrices.arrays import INNER, LEAN, Codes, Floats, Ints, Numbers, Offsets, Words

compiled.cached(Path(__file__).parent, *KERNELS)

CROWD = 64
"""Scores in one bucket from which on sorting by merging is quicker."""
WORD = 8
"""Flags, of a byte each, in a machine word."""
_MANY = 4
"""Times as many scores as wanted from which on only the greatest are put in order."""
MOST_RATE = 1e300
"""Keeps products of the rate finite where scores hardly differ."""


@njit(nogil=True, cache=True)
def greatest_first(scores: Floats) -> Offsets:
    """Places of ``scores`` (n,), greatest first, equal scores in their order; scores are finite."""
    order = np.arange(len(scores))
    low, high = _ends(scores)
    if low == high:
        return order
    starts, rate = _counted(scores, low, high)
    place, crowded = 0, False
    for bucket in range(len(starts)):
        crowded |= starts[bucket] > CROWD
        # a count becomes the place where its bucket begins
        starts[bucket], place = place, place + starts[bucket]
    if crowded:
        return _merged(scores, order)
    for at in range(len(scores)):
        bucket = int((high - scores[at]) * rate)
        order[starts[bucket]] = at
        starts[bucket] += 1
    # buckets stand in order already, so insertion moves each place a few steps at most
    for at in range(1, len(order)):
        place, to = order[at], at
        while to > 0 and scores[order[to - 1]] < scores[place]:
            order[to] = order[to - 1]
            to -= 1
        order[to] = place
    return order


@njit(nogil=True, cache=True)
def most_greatest(scores: Floats, most: int) -> Offsets:
    """Places of the ``most`` greatest ``scores`` (n,), greatest first, equal scores in their order; scores are finite."""
    if len(scores) <= _MANY * most:
        return greatest_first(scores)[:most]
    # of many only those that can be among them are put in order
    places = reaching(scores, nth_greatest(scores, max(most, 1)), len(scores))
    own, out = np.empty(len(places)), np.empty(min(most, len(places)), np.int64)
    for at in range(len(places)):
        own[at] = scores[places[at]]
    order = greatest_first(own)
    for at in range(len(out)):
        out[at] = places[order[at]]
    return out


@njit(nogil=True, cache=True)
def nth_greatest(scores: Floats, nth: int) -> float:
    """The ``nth`` greatest of ``scores``, from 1."""
    low, high = _ends(scores)
    if low == high:
        return low
    counts, rate = _counted(scores, low, high)
    bucket = 0
    while counts[bucket] < nth:
        nth -= counts[bucket]
        bucket += 1
    # only the bucket that holds it is sorted
    inside, filled = np.empty(counts[bucket]), 0
    for score in scores:
        if int((high - score) * rate) == bucket:
            inside[filled] = score
            filled += 1
    return inside[greatest_first(inside)[nth - 1]]


@njit(nogil=True, cache=True)
def ascending(numbers: Ints) -> Ints:
    """``numbers`` sorted."""
    scores, out = np.empty(len(numbers)), np.empty(len(numbers), np.int32)
    for at in range(len(numbers)):
        scores[at] = -numbers[at]
    order = greatest_first(scores)
    for at in range(len(numbers)):
        out[at] = numbers[order[at]]
    return out


@njit(nogil=True, cache=True)
def reaching(scores: Numbers, least: float, most: int) -> Ints:
    """Places of the first ``most`` scores of ``least`` or more."""
    flags = np.zeros((len(scores) + WORD - 1) // WORD * WORD, np.uint8)
    for at in range(len(scores)):
        flags[at] = scores[at] >= least
    places = np.empty(len(flags) + WORD, np.int32)
    return places[: min(marked(flags, flags.view(np.uint64), places), most)]


@njit(**LEAN)
def marked(flags: Codes, words: Words, places: Ints) -> int:
    """Writes down the places whose flag is 1, and returns their number; ``words`` are the same bytes, ``places`` ``WORD`` longer.

    Within a word they are hard to foresee: every place is written down and only those set are counted, so that there is no
    branch to mispredict.
    """
    number = 0
    for word in range(words.size):
        if words[word] != 0:
            for at in range(WORD * word, WORD * word + WORD):
                places[number] = at
                number += flags[at]
    return number


@njit(**INNER)
def _merged(scores: Floats, order: Offsets) -> Offsets:
    """``order`` by score, merged from runs of growing length: numpy's sorts take seconds to compile."""
    other, run = np.empty_like(order), 1
    while run < len(order):
        for begin in range(0, len(order), 2 * run):
            middle, end = min(begin + run, len(order)), min(begin + 2 * run, len(order))
            left, right = begin, middle
            for to in range(begin, end):
                if right == end or (left < middle and scores[order[left]] >= scores[order[right]]):
                    other[to] = order[left]
                    left += 1
                else:
                    other[to] = order[right]
                    right += 1
        order, other, run = other, order, 2 * run
    return order


@njit(**INNER)
def _ends(scores: Floats) -> tuple[float, float]:
    low, high = np.inf, -np.inf
    for score in scores:
        low = score if score < low else low
        high = score if score > high else high
    return low, high


@njit(**INNER)
def _counted(scores: Floats, low: float, high: float) -> tuple[Offsets, float]:
    """How many scores are in each bucket, the greatest first, about two buckets a score; and the buckets per unit of score."""
    counts = np.zeros(2 * len(scores) + 2, np.int64)
    # one bucket more than the rate needs: rounding may lift the least score over its end
    rate = min((len(counts) - 2) / (high - low), MOST_RATE)
    for score in scores:
        counts[int((high - score) * rate)] += 1
    return counts, rate
