"""Similar listeners: Pearson correlation between the rows of a sparse rating matrix.

Input is a (users × items) ``scipy.sparse.csr_array``; a stored entry is a rating even when its value is 0. Two
correlations exist:

- *co-rated*: over the items both users rated, means over the same items. 0 with fewer than two of them, and 0 when
  one of the two rated them all alike (range at most 1e-12 of the larger of 1 and the greatest absolute rating).
- *catalogue*: over all items, a missing rating counting as 0: (Σxy/I − μₓμᵧ) / (σₓσᵧ). 0 for a user whose row is constant.

Both are exact in the sense of :mod:`recsys.kernels.correlation`, and no number of threads changes a bit of a result.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Literal, NamedTuple

import numpy as np
from numba import njit
from scipy.sparse import csc_array, csr_array

from recsys.kernels.correlation import Floats, Ints, Offsets, Sparse, co_rated_row, moments, sparse
from recsys.kernels.search import Found, scratch, search
from recsys.kernels.shadow import catalogue_shadow, co_rated_shadow

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

    A neighbour is another user with a positive correlation; of the ``k`` most similar, those without a co-rated item are
    left out (they exist only where ratings below 0 do). The values are correlated as they are: weighting (logarithm,
    idf) is the caller's. Raises ``ValueError`` for ``k`` < 1.
    """
    if k < 1:
        raise ValueError(f"k is {k}; a neighbourhood has at least one neighbour")
    users, items = ratings.shape
    last = users if last is None else last
    kept = max(1, min(k, users - 1))
    rows, catalogue = sparse(ratings), method == "catalogue"
    known = moments(rows, items)
    shadow = catalogue_shadow(rows, items, known) if catalogue else co_rated_shadow(rows, items)
    shape = (last - first, k)
    found = Nearest(np.full(shape, -1, np.int32), np.zeros(shape), np.zeros(shape, np.int32))

    def fill(begin: int, end: int) -> None:
        part = Found(found.indices[begin:end], found.similarity[begin:end], found.overlap[begin:end])
        search(rows, known, shadow, scratch(rows, shadow, items, kept), kept, first + begin, part)

    if last == first or not items:
        return found
    tasks = max(threads, min(TASKS * threads, (last - first) // LEAST_TASK))
    bounds = np.linspace(0, last - first, tasks + 1).astype(np.int64)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(fill, bounds[:-1], bounds[1:]))
    return found


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
