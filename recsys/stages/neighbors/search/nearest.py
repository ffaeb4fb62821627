"""Similar listeners: Pearson correlation between the rows of a sparse rating matrix.

Input is a (users × items) ``scipy.sparse.csr_array``; a stored entry is a rating even when its value is 0. Two
correlations exist:

- *co-rated*: over the items both users rated, means over the same items. 0 with fewer than two of them, and 0 when
  one of the two rated them all alike (range at most 1e-12 of the larger of 1 and the greatest absolute rating).
- *catalogue*: over all items, a missing rating counting as 0: (Σxy/I − μₓμᵧ) / (σₓσᵧ). 0 for a user whose row is constant.

Both are exact in the sense of :mod:`.correlation`, and no number of threads changes a bit of a result.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from recsys.matrices.arrays import Floats, Ints, Offsets
from recsys.stages.neighbors.search.correlation import Moments, Sparse, co_rated_row, moments, sparse
from recsys.stages.neighbors.search.mutual import candidates
from recsys.stages.neighbors.search.pairs import settle
from recsys.stages.neighbors.search.search import Found, scratch, search
from recsys.stages.neighbors.search.tiles import Tiles, catalogue_tiles, co_rated_tiles
from recsys.stages.neighbors.search.workers import WorkerPool

Method = Literal["catalogue", "co_rated"]

TASKS = 8
"""Blocks of users per thread: enough that no thread waits long for the last one."""
LEAST_TASK = 128
"""Users worth a block of their own."""


class Neighbors(NamedTuple):
    """All neighbours of the users of one block, in ascending index; row ``r`` is ``indptr[r]:indptr[r + 1]``.

    ``indptr`` (block + 1), then per neighbour: ``indices``, ``similarity`` in (0, 1], ``overlap`` = co-rated items.
    """

    indptr: Offsets
    indices: Ints
    similarity: Floats
    overlap: Ints


class Nearest(NamedTuple):
    """The ``k`` nearest of each user, (n, k): most similar first, ties in ascending index.

    Rows with fewer than ``k`` neighbours are padded with index −1, similarity 0, overlap 0.
    """

    indices: Ints
    similarity: Floats
    overlap: Ints


def co_rated(ratings: csr_array, columns: csc_array, first: int, last: int) -> Neighbors:
    """Every neighbour with a positive co-rated correlation, for users ``first`` (inclusive) to ``last`` (exclusive).

    ``columns`` is ``ratings.tocsc()``, made once by the caller. Beside the result it takes 60 bytes per user.
    """
    rows, by_item = sparse(ratings), sparse(columns)
    users = ratings.shape[0]
    items = rows.indices[rows.indptr[first] : rows.indptr[last]]
    most = min((last - first) * users, int(np.diff(by_item.indptr)[items].sum()))
    indptr = np.zeros(last - first + 1, np.int64)
    found = np.empty(most, np.int32), np.empty(most), np.empty(most, np.int32)
    _fill_co_rated(rows, by_item, np.zeros(users, np.int32), np.zeros(users), np.empty((users, 6)), first, indptr, *found)
    return Neighbors(indptr, *(column[: indptr[-1]].copy() for column in found))


def nearest(
    ratings: csr_array,
    k: int,
    method: Method = "catalogue",
    threads: int = 1,
    first: int = 0,
    last: int | None = None,
) -> Nearest:
    """The ``k`` users most similar to each of the users ``first`` (inclusive) to ``last`` (exclusive; none = all).

    A neighbour is another user with a positive correlation and a co-rated item (users without one correlate only where
    ratings below 0 are). The values are correlated as they are: weighting (logarithm, idf) is the caller's. Raises
    ``ValueError`` for ``k`` < 1.
    """
    if k < 1:
        raise ValueError(f"k is {k}; a neighbourhood has at least one neighbour")
    users, items = ratings.shape
    last = users if last is None else last
    shape = (last - first, k)
    found = Nearest(np.full(shape, -1, np.int32), np.zeros(shape), np.zeros(shape, np.int32))
    if last == first or not items:
        return found
    kept, catalogue = max(1, min(k, users - 1)), method == "catalogue"
    rows = sparse(ratings)
    known = moments(rows, items)
    with WorkerPool(threads) as workers:
        tiles = catalogue_tiles(rows, items, known, workers) if catalogue else co_rated_tiles(rows, items, workers)
        left = np.arange(last - first)
        if catalogue and last - first == users and not tiles.doubtful:
            close = candidates(tiles, kept, workers)
            settle(rows, items, known, close, Found(*found), workers)
            left = np.flatnonzero(close.crowded)
        if left.size:
            worker = partial(_searcher, rows, known, tiles, items, kept, first, Found(*found))
            workers.share(np.array_split(left, _tasks(left.size, threads)), worker)
    return found


def _searcher(
    rows: Sparse, known: Moments, tiles: Tiles, items: int, k: int, first: int, found: Found
) -> Callable[[NDArray[np.int64]], None]:
    """Searches for users, given by their rows of ``found``, with scratch of its own."""
    tools = scratch(rows, tiles, items, k)

    def fill(part: NDArray[np.int64]) -> None:
        for run in np.split(part, np.flatnonzero(np.diff(part) != 1) + 1):
            begin, end = run[0], run[-1] + 1
            spot = Found(found.indices[begin:end], found.similarity[begin:end], found.overlap[begin:end])
            search(rows, known, tiles, tools, k, first + begin, spot)

    return fill


def _tasks(users: int, threads: int) -> int:
    """How many blocks to make of the users."""
    return min(users, max(threads, min(TASKS * threads, users // LEAST_TASK)))


@njit(nogil=True, cache=True)
def _fill_co_rated(
    rows: Sparse,
    columns: Sparse,
    overlap: Ints,
    similarity: Floats,
    sums: Floats,
    first: int,
    indptr: Offsets,
    indices: Ints,
    similarities: Floats,
    overlaps: Ints,
) -> None:
    for row in range(indptr.size - 1):
        co_rated_row(first + row, rows, columns, overlap, sums, similarity)
        size = indptr[row]
        for other in range(overlap.size):
            if similarity[other] > 0.0:
                indices[size], similarities[size], overlaps[size] = other, similarity[other], overlap[other]
                size += 1
        indptr[row + 1] = size
