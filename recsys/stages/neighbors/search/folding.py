"""The fitted listeners most like listeners who are not among them: through the listeners of each track, one new row at a time."""

from __future__ import annotations

import numpy as np
from numba import njit

from recsys.matrices.arrays import INNER, Ints
from recsys.stages.neighbors.search.correlation import Moments, Sparse, snapped
from recsys.stages.neighbors.search.search import Nearest

SURE = 1.0 - 1e-9
"""A quotient is not computed where it stays below its bar by more than rounding."""


@njit(nogil=True, cache=True)
def nearest_fitted(
    new: tuple[Sparse, Moments, Ints], columns: Sparse, known: Moments, items: int, first: int, last: int, nearest: Nearest
) -> None:
    """Fills the rows ``first`` … ``last`` − 1 of ``nearest``, (n, k) each, as :func:`.nearest.nearest` does.

    ``new``: rows over ``items`` items, their moments, and per row the number of a fitted listener who is passed over, or −1.
    ``columns``: the fitted rows by item; ``known``: their moments. Products are summed in ascending order of items, so a
    correlation has the bits that the fit found.
    """
    rows, moments, own = new
    listeners, k = known.mean.size, nearest.indices.shape[1]
    product, overlap = np.zeros(listeners), np.zeros(listeners, np.int32)
    for row in range(first, last):
        for entry in range(rows.indptr[row], rows.indptr[row + 1]):
            item, mine = rows.indices[entry], rows.values[entry]
            for place in range(columns.indptr[item], columns.indptr[item + 1]):
                product[columns.indices[place]] += mine * columns.values[place]
                overlap[columns.indices[place]] += 1
        size = np.int64(0)  # typed: for a literal numba would compile the heap once more
        for other in range(listeners):
            if overlap[other] == 0:
                continue
            together = product[other] / items - moments.mean[row] * known.mean[other]
            norm = moments.deviation[row] * known.deviation[other]
            if other != own[row] and norm > 0.0 and together > 0.0:
                full = size == k
                # the least similar of the k is in front: what cannot beat it is not divided
                if not full or together > nearest.similarity[row, 0] * norm * SURE:
                    value = snapped(together / norm)
                    if not full and value > 0.0:
                        _push(nearest, row, size, value, other, overlap[other])
                        size += 1
                    elif full and value > nearest.similarity[row, 0]:
                        _replace(nearest, row, value, other, overlap[other])
            product[other], overlap[other] = 0.0, 0
        _sort(nearest, row, size)


@njit(**INNER)
def _worse(nearest: Nearest, row: int, one: int, other: int) -> bool:
    """Whether one place of the heap is less similar than another, or as similar and of a higher index."""
    a, b = nearest.similarity[row, one], nearest.similarity[row, other]
    return a < b or (a == b and nearest.indices[row, one] > nearest.indices[row, other])


@njit(**INNER)
def _swap(nearest: Nearest, row: int, a: int, b: int) -> None:
    indices, similarity, overlap = nearest.indices[row], nearest.similarity[row], nearest.overlap[row]
    indices[a], indices[b] = indices[b], indices[a]
    similarity[a], similarity[b] = similarity[b], similarity[a]
    overlap[a], overlap[b] = overlap[b], overlap[a]


@njit(**INNER)
def _push(nearest: Nearest, row: int, size: int, similarity: float, index: int, overlap: int) -> None:
    """Adds to a heap of ``size`` whose worst is in front."""
    nearest.similarity[row, size], nearest.indices[row, size], nearest.overlap[row, size] = similarity, index, overlap
    at = size
    while at > 0 and _worse(nearest, row, at, (at - 1) // 2):
        _swap(nearest, row, at, (at - 1) // 2)
        at = (at - 1) // 2


@njit(**INNER)
def _replace(nearest: Nearest, row: int, similarity: float, index: int, overlap: int) -> None:
    """Puts another in the place of a full heap's worst."""
    nearest.similarity[row, 0], nearest.indices[row, 0], nearest.overlap[row, 0] = similarity, index, overlap
    _sink(nearest, row, nearest.indices.shape[1])


@njit(**INNER)
def _sink(nearest: Nearest, row: int, size: int) -> None:
    """Moves the first of a heap of ``size`` down to its place."""
    at = np.int64(0)
    while 2 * at + 1 < size:
        worst = 2 * at + 1
        if worst + 1 < size and _worse(nearest, row, worst + 1, worst):
            worst += 1
        if not _worse(nearest, row, worst, at):
            break
        _swap(nearest, row, at, worst)
        at = worst


@njit(**INNER)
def _sort(nearest: Nearest, row: int, size: int) -> None:
    """Orders a heap, best in front: the worst goes to the end, again and again."""
    for end in range(size - 1, 0, -1):
        _swap(nearest, row, np.int64(0), end)
        _sink(nearest, row, end)
