"""Who stands where among many: by counting, which fills vector registers, where sorting and selecting branch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.matrices.arrays import LEAN, LEAN_INNER, Codes, Float32s, Floats, Ints, Words
from recsys.matrices.order import WORD, marked

BISECTIONS = 20
"""Steps of bisection between 0 and 1, enough to tell most float32 numbers apart."""
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


@njit(fastmath={"reassoc"}, **LEAN_INNER)
def _count(values: Float32s, least: np.float32) -> int:
    """How many reach ``least``; at most 2²⁴. Counted in float32, which fills a vector register twice as well."""
    count = _ZERO
    for at in range(values.size):
        count += _ONE if values[at] >= least else _ZERO
    return int(count)
