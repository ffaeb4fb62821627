"""The fitted listeners most like listeners who are not among them: through the listeners of each track, one new row at a time."""

from __future__ import annotations

import numpy as np
from numba import njit

from recsys.matrices.arrays import Ints
from recsys.stages.neighbors.search.correlation import Moments, Sparse, snapped
from recsys.stages.neighbors.search.search import Nearest

SURE = 1.0 - 1e-9
"""A quotient is not computed where it stays below its bar by more than rounding."""


@njit(nogil=True, cache=True)
def nearest_fitted(
    new: tuple[Sparse, Moments, Ints], columns: Sparse, known: Moments, items: int, first: int, last: int, found: Nearest
) -> None:
    """Fills the rows ``first`` … ``last`` − 1 of ``found``, (n, k) each, as :func:`.nearest.nearest` does.

    ``new``: rows over ``items`` items, their moments, and per row the number of a fitted listener who is passed over, or −1.
    ``columns``: the fitted rows by item; ``known``: their moments. Products are summed in ascending order of items, so a
    correlation has the bits that the fit found.
    """
    rows, moments, own = new
    listeners, k = known.mean.size, found.indices.shape[1]
    product, overlap = np.zeros(listeners), np.zeros(listeners, np.int32)
    for row in range(first, last):
        for entry in range(rows.indptr[row], rows.indptr[row + 1]):
            item, mine = rows.indices[entry], rows.values[entry]
            for place in range(columns.indptr[item], columns.indptr[item + 1]):
                product[columns.indices[place]] += mine * columns.values[place]
                overlap[columns.indices[place]] += 1
        size = 0
        for other in range(listeners):
            if overlap[other] == 0:
                continue
            together = product[other] / items - moments.mean[row] * known.mean[other]
            norm = moments.deviation[row] * known.deviation[other]
            if other != own[row] and norm > 0.0 and together > 0.0:
                full = size == k
                if not full or together > found.similarity[row, 0] * norm * SURE:
                    value = snapped(together / norm)
                    if not full and value > 0.0:
                        _push(found, row, size, value, other, overlap[other])
                        size += 1
                    elif full and value > found.similarity[row, 0]:
                        _replace(found, row, value, other, overlap[other])
            product[other], overlap[other] = 0.0, 0
        _sort(found, row, size)


@njit(nogil=True, cache=True)
def _worse(found: Nearest, row: int, one: int, other: int) -> bool:
    """Whether one place of the heap is less similar than another, or as similar and of a higher index."""
    a, b = found.similarity[row, one], found.similarity[row, other]
    return a < b or (a == b and found.indices[row, one] > found.indices[row, other])


@njit(nogil=True, cache=True)
def _swap(found: Nearest, row: int, a: int, b: int) -> None:
    indices, similarity, overlap = found.indices[row], found.similarity[row], found.overlap[row]
    indices[a], indices[b] = indices[b], indices[a]
    similarity[a], similarity[b] = similarity[b], similarity[a]
    overlap[a], overlap[b] = overlap[b], overlap[a]


@njit(nogil=True, cache=True)
def _push(found: Nearest, row: int, size: int, similarity: float, index: int, overlap: int) -> None:
    """Adds to a heap of ``size`` whose worst is in front."""
    found.similarity[row, size], found.indices[row, size], found.overlap[row, size] = similarity, index, overlap
    at = size
    while at > 0 and _worse(found, row, at, (at - 1) // 2):
        _swap(found, row, at, (at - 1) // 2)
        at = (at - 1) // 2


@njit(nogil=True, cache=True)
def _replace(found: Nearest, row: int, similarity: float, index: int, overlap: int) -> None:
    """Puts another in the place of a full heap's worst."""
    found.similarity[row, 0], found.indices[row, 0], found.overlap[row, 0] = similarity, index, overlap
    _sink(found, row, found.indices.shape[1])


@njit(nogil=True, cache=True)
def _sink(found: Nearest, row: int, size: int) -> None:
    """Moves the first of a heap of ``size`` down to its place."""
    at = 0
    while 2 * at + 1 < size:
        worst = 2 * at + 1
        if worst + 1 < size and _worse(found, row, worst + 1, worst):
            worst += 1
        if not _worse(found, row, worst, at):
            break
        _swap(found, row, at, worst)
        at = worst


@njit(nogil=True, cache=True)
def _sort(found: Nearest, row: int, size: int) -> None:
    """Orders a heap, best in front: the worst goes to the end, again and again."""
    for end in range(size - 1, 0, -1):
        _swap(found, row, 0, end)
        _sink(found, row, end)
