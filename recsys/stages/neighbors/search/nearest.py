"""Similar listeners: Pearson correlation between the rows of a sparse rating matrix.

Input is a (users × items) ``scipy.sparse.csr_array``; a stored entry is a rating even when its value is 0. Two
correlations exist:

- *co-rated*: over the items both users rated, means over the same items. 0 with fewer than two of them, and 0 when
  one of the two rated them all alike (range at most 1e-12 of the larger of 1 and the greatest absolute rating).
- *catalogue*: over all items, a missing rating counting as 0: (Σxy/I − μₓμᵧ) / (σₓσᵧ). 0 for a user whose row is constant.

Both are exact in the sense of :mod:`.correlation`, and no number of threads changes a bit of a result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, partial
from typing import Literal, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from recsys.matrices.arrays import Floats, Ints, Offsets
from recsys.stages.neighbors.search.bands import by_popularity, in_bands
from recsys.stages.neighbors.search.correlation import Moments, Sparse, co_rated_row, moments, sparse
from recsys.stages.neighbors.search.mutual import Candidates, gather_pairs
from recsys.stages.neighbors.search.pairs import settle
from recsys.stages.neighbors.search.search import Nearest, SearchTask, scratch, search
from recsys.stages.neighbors.search.tiles import catalogue_tiles, co_rated_tiles
from recsys.stages.neighbors.search.workers import WorkerPool

Method = Literal["catalogue", "co_rated"]

_TASKS = 8
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


class CoRatedRow(NamedTuple):
    """Scratch of one user's correlations with everyone: ``overlap`` and ``similarity`` (users,), ``sums`` (users, 6)."""

    overlap: Ints
    similarity: Floats
    sums: Floats


def co_rated(ratings: csr_array, columns: csc_array, first: int, last: int) -> Neighbors:
    """Every neighbour with a positive co-rated correlation, for users ``first`` (inclusive) to ``last`` (exclusive).

    ``columns`` is ``ratings.tocsc()``, made once by the caller. Beside the result it takes 60 bytes per user.
    """
    rows, by_item = sparse(ratings), sparse(columns)
    users = ratings.shape[0]
    items = rows.indices[rows.indptr[first] : rows.indptr[last]]
    most = min((last - first) * users, int(np.diff(by_item.indptr)[items].sum()))
    indptr = np.zeros(last - first + 1, np.int64)
    out = Neighbors(indptr, np.empty(most, np.int32), np.empty(most), np.empty(most, np.int32))
    _fill_co_rated(rows, by_item, CoRatedRow(np.zeros(users, np.int32), np.zeros(users), np.empty((users, 6))), first, out)
    size = indptr[-1]
    return Neighbors(indptr, out.indices[:size].copy(), out.similarity[:size].copy(), out.overlap[:size].copy())


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
    last = ratings.shape[0] if last is None else last
    return next(nearest_blocks(ratings, k, method, threads, (first, last), max(last - first, 1)))


def nearest_blocks(
    ratings: csr_array, k: int, method: Method, threads: int, part: tuple[int, int], block: int
) -> Iterator[Nearest]:
    """The same of the users ``part[0]`` (inclusive) to ``part[1]`` (exclusive), ``block`` of them at a time.

    What is compared is built once for all blocks, and of most users' pairs each is correlated once: memory of 8 bytes × 2k for
    every user, beside the block's own. The bits do not depend on ``block``.
    """
    if k < 1:
        raise ValueError(f"k is {k}; a neighbourhood has at least one neighbour")
    (users, items), (first, last) = ratings.shape, part
    if last == first or not items:
        yield _nobody(last - first, k)
        return
    others = max(1, min(k, users - 1))
    rows = sparse(ratings)
    known = moments(rows, items)
    # a pair counts for both of its users, so all pairs cost less than those of more than half of the users
    mutual = method == "catalogue" and 2 * (last - first) > users
    rows = by_popularity(rows, items) if mutual else rows
    with WorkerPool(threads) as workers:
        candidates = gather_pairs(in_bands(rows, items, known, workers), others, workers) if mutual else None
        search_one = _Searching(rows, known, items, others, method, workers)
        for begin in range(first, last, block):
            yield _block(search_one, candidates, (begin, min(begin + block, last)), k)


class _Searching:
    """Searches for users one by one; their tiles are made when there is the first such user."""

    def __init__(self, rows: Sparse, known: Moments, items: int, others: int, method: Method, workers: WorkerPool) -> None:
        self.rows, self.known, self.items, self.workers = rows, known, items, workers
        self._others, self._method = others, method

    @cached_property
    def task(self) -> SearchTask:
        rows, known, items, workers = self.rows, self.known, self.items, self.workers
        catalogue = self._method == "catalogue"
        tiles = catalogue_tiles(rows, items, known, workers) if catalogue else co_rated_tiles(rows, items, workers)
        return SearchTask(rows, known, tiles, self._others)


def _block(searching: _Searching, candidates: Candidates | None, part: tuple[int, int], k: int) -> Nearest:
    """The nearest of a block: out of their candidates, or searched for one by one where there are none."""
    (first, last), left = part, np.arange(part[1] - part[0])
    closest, workers, items = _nobody(last - first, k), searching.workers, searching.items
    if candidates is not None:
        places = _places(candidates, searching.known.mean.size)[first:last]
        settle(searching.rows, searching.known, items, candidates, places, closest, workers)
        left = left[(places >= 0) & candidates.crowded[places]] if candidates.order.size else left[:0]
    if left.size:
        worker = partial(_searcher, searching.task, items, first, closest)
        workers.share(np.array_split(left, _tasks(left.size, workers.threads)), worker)
    return closest


def _places(candidates: Candidates, users: int) -> Ints:
    """Place of each of the users, −1 for none."""
    places, there = np.full(users, -1, np.int32), np.flatnonzero(candidates.order >= 0)
    places[candidates.order[there]] = there
    return places


def _nobody(users: int, k: int) -> Nearest:
    shape = (users, k)
    return Nearest(np.full(shape, -1, np.int32), np.zeros(shape), np.zeros(shape, np.int32))


def _searcher(task: SearchTask, items: int, first: int, closest: Nearest) -> Callable[[NDArray[np.int64]], None]:
    """Searches for users, by their rows of ``closest``, with scratch of its own."""
    tools = scratch(task.rows, task.tiles, items, task.k)

    def fill(numbers: NDArray[np.int64]) -> None:
        for run in np.split(numbers, np.flatnonzero(np.diff(numbers) != 1) + 1):
            begin, end = run[0], run[-1] + 1
            part = Nearest(closest.indices[begin:end], closest.similarity[begin:end], closest.overlap[begin:end])
            search(task, tools, first + begin, part)

    return fill


def _tasks(users: int, threads: int) -> int:
    """How many blocks to make of the users."""
    return min(users, max(threads, min(_TASKS * threads, users // LEAST_TASK)))


@njit(nogil=True, cache=True)
def _fill_co_rated(rows: Sparse, columns: Sparse, scratch: CoRatedRow, first: int, out: Neighbors) -> None:
    overlap, similarity = scratch.overlap, scratch.similarity
    for row in range(out.indptr.size - 1):
        co_rated_row(first + row, rows, columns, overlap, scratch.sums, similarity)
        size = out.indptr[row]
        for other in range(overlap.size):
            if similarity[other] > 0.0:
                out.indices[size], out.similarity[size], out.overlap[size] = other, similarity[other], overlap[other]
                size += 1
        out.indptr[row + 1] = size
