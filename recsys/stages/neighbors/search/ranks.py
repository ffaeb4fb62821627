"""Who stands where among many: by counting, which fills vector registers, where sorting and selecting branch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.matrices.arrays import LEAN, LEAN_INNER, Codes, Float32s, Floats, Ints, Words, aligned
from recsys.matrices.order import WORD, marked

BISECTIONS = 20
"""Steps of bisection between 0 and 1, enough to tell most float32 numbers apart."""
GROUPED = 8
"""Numbers of a group in :func:`group_maxima`."""
RANKED_AT_ONCE = 32
"""Numbers that :func:`rank_all` compares at a time: no rest of fewer, which would be compared one by one."""
_ZERO, HALF, _ONE = (np.float32(number) for number in (0, 0.5, 1))


class AtLeast(NamedTuple):
    """Scratch: who of a tile reaches a cut, as a ``mask`` (width,), eight of them a word, and as ``places``."""

    mask: Codes
    words: Words
    places: Ints


class Ranks(NamedTuple):
    """Scratch of :func:`rank_all`, (room,) each: similarities in float32, how many are greater, places in their order."""

    singles: Float32s
    ranks: Ints
    order: Ints


def blank_ranks(most: int) -> Ranks:
    """For ranking up to ``most``."""
    room = most + -most % RANKED_AT_ONCE
    return Ranks(aligned(room), aligned(room, np.int32), np.empty(room, np.int32))


def blank_hits(width: int) -> AtLeast:
    """Hits of nobody."""
    mask = np.zeros(width, np.uint8)
    return AtLeast(mask, mask.view(np.uint64), np.empty(width + WORD, np.int32))


@njit(**LEAN)
def find_ranked(hits: AtLeast) -> int:
    """Writes down the places that are set in the mask, and returns their number."""
    return marked(hits.mask, hits.words, hits.places)


@njit(fastmath={"reassoc"}, **LEAN)
def outranks(similarities: Floats, indices: Ints, similarity: float, index: int) -> int:
    """How many are more similar, or as similar and of a lower index. Counting fills vector registers, where sorting branches."""
    greater, equal = 0.0, 0.0
    for at in range(similarities.size):
        greater += 1.0 if similarities[at] > similarity else 0.0
        equal += 1.0 if similarities[at] == similarity else 0.0
    rank = int(greater)
    if equal > 1.0:
        for at in range(similarities.size):
            rank += similarities[at] == similarity and indices[at] < index
    return rank


@njit(**LEAN)
def rank_all(similarities: Floats, indices: Ints, scratch: Ranks, number: int) -> None:
    """Fills the first ``number`` of ``scratch.order`` with the places of as many ``similarities`` ≥ 0, most similar first.

    Ties in ascending index. Everyone is compared with all at once, so that counts need not be added up across a register, and in
    float32, of which a register holds twice as many. Who are as similar as each other there have the same rank, and stand from
    there on.
    """
    singles, ranks, order = scratch
    size = number + -number % RANKED_AT_ONCE
    for at in range(number):
        singles[at] = similarities[at]
    for at in range(number, size):
        singles[at] = -_ONE
    for at in range(size):
        ranks[at], order[at] = 0, -1
    for four in range(0, size, 4):
        a, b, c, d = singles[four], singles[four + 1], singles[four + 2], singles[four + 3]
        for at in range(size):
            own = singles[at]
            less = (np.int32(own < a) + np.int32(own < b)) + (np.int32(own < c) + np.int32(own < d))
            ranks[at] += less
    for at in range(number):
        one, to = np.int32(at), ranks[at]
        while order[to] >= 0:
            other = order[to]
            nearer, equal = similarities[one] > similarities[other], similarities[one] == similarities[other]
            if nearer or (equal and indices[one] < indices[other]):
                order[to], one = one, other
            to += 1
        order[to] = one


@njit(**LEAN)
def reached_by(values: Float32s, k: int, least: np.float32) -> np.float32:
    """A bound not below ``least`` that at least ``k`` values reach and few more, by bisection; ``least`` when fewer do.

    Counting has no branches to mispredict, which makes it faster here than a selection.
    """
    low, high = least, _ONE
    count = _count(values, low)
    for _ in range(BISECTIONS):
        if count <= k + k // 16:
            break
        middle = (low + high) * HALF
        reached = _count(values, middle)
        if reached >= k:
            low, count = middle, reached
        else:
            high = middle
    return low


@njit(**LEAN)
def group_maxima(values: Float32s, greatest: Float32s) -> None:
    """Fills ``greatest`` (n,) with the greatest of each group of eight: group ``g`` is every n-th of ``values`` (8n,) from g."""
    size = greatest.size
    a, b, c, d = values[:size], values[size : 2 * size], values[2 * size : 3 * size], values[3 * size : 4 * size]
    e, f, g, h = values[4 * size : 5 * size], values[5 * size : 6 * size], values[6 * size : 7 * size], values[7 * size :]
    for at in range(size):
        low, high = max(max(a[at], b[at]), max(c[at], d[at])), max(max(e[at], f[at]), max(g[at], h[at]))
        greatest[at] = max(low, high)


@njit(fastmath={"reassoc"}, **LEAN_INNER)
def _count(values: Float32s, least: np.float32) -> int:
    """How many reach ``least``; at most 2²⁴. Counted in float32, which fills a vector register twice as well."""
    count = _ZERO
    for at in range(values.size):
        count += _ONE if values[at] >= least else _ZERO
    return int(count)
