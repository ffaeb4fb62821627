"""Who stands where among many: by counting, which fills vector registers, where sorting and selecting branch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.matrices.arrays import LEAN, LEAN_INNER, Codes, Float32s, Floats, Ints, Offsets, Words
from recsys.matrices.order import WORD, marked

BISECTIONS = 20
"""Steps of bisection between 0 and 1, enough to tell most float32 numbers apart."""
GROUPED = 8
"""Numbers of a group in :func:`group_maxima`."""
_ZERO, HALF, _ONE = (np.float32(number) for number in (0, 0.5, 1))


class AtLeast(NamedTuple):
    """Scratch: who of a tile reaches a cut, as a ``mask`` (width,), eight of them a word, and as ``places``."""

    mask: Codes
    words: Words
    places: Ints


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
def rank_all(similarities: Floats, indices: Ints, ranks: Offsets, order: Offsets) -> None:
    """Fills ``order`` (n,) with places of ``similarities``, most similar first, ties in ascending index; ``ranks`` is scratch.

    Everyone is compared with all at once, so that counts need not be added up across a register. Who are as similar as each
    other have the same rank, and stand from there on.
    """
    for at in range(ranks.size):
        ranks[at], order[at] = 0, -1
    for similarity in similarities:
        for at in range(ranks.size):
            ranks[at] += 1 if similarity > similarities[at] else 0
    for at in range(ranks.size):
        one, to = at, ranks[at]
        while order[to] >= 0:
            other = order[to]
            if indices[other] > indices[one]:
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
