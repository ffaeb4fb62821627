"""The k nearest of each user of a block out of their candidates, exactly; two of a block who are each other's are computed once.

Of the two users of a pair, the one with fewer ratings is followed through the ratings of the other, spread over all items.
Sums run over items in ascending order, whoever is followed, so a correlation is the same bits however it was found.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.matrices.arrays import LEAN, LEAN_INNER, Floats, Ints, Offsets
from recsys.stages.neighbors.search.correlation import Moments, OneRow, Sparse, catalogue_pair, clear, spread
from recsys.stages.neighbors.search.mutual import Candidates
from recsys.stages.neighbors.search.ranks import outranks
from recsys.stages.neighbors.search.search import Nearest, blank
from recsys.stages.neighbors.search.workers import WorkerPool

_TASKS = 4
"""Parts per thread: enough that no thread waits long for the last one."""


class _Work(NamedTuple):
    """Pairs grouped by the user who is spread out, group ``s`` being ``starts[s]:starts[s + 1]``.

    Per pair: ``followed`` user, and ``place`` of the result. Row ``r`` of the candidates has the places ``indptr[r]:``…
    """

    indptr: Offsets
    starts: Offsets
    followed: Ints
    place: Offsets
    similarity: Floats
    overlap: Ints


def settle(
    rows: Sparse, known: Moments, items: int, candidates: Candidates, nearest: Nearest, pool: WorkerPool, first: int = 0
) -> None:
    """Fills ``nearest``, (n, k) each, for the n users ``first`` … whose ``candidates`` these are, all but the crowded."""
    users, size = known.mean.size, candidates.number.size
    indptr = np.zeros(size + 1, np.int64)
    np.cumsum(candidates.number, out=indptr[1:])
    total = indptr[-1]
    work = _Work(
        indptr,
        np.zeros(users + 1, np.int64),
        np.empty(total, np.int32),
        np.empty(total, np.int64),
        np.empty(total),
        np.empty(total, np.int32),
    )
    _group(rows, candidates, first, work)
    tasks = _TASKS * pool.threads
    bounds = np.searchsorted(work.starts, np.linspace(0, total, tasks + 1)).clip(0, users)
    bounds[0], bounds[-1] = 0, users

    def computer() -> Callable[[tuple[int, int]], None]:
        row = blank(rows, items)
        return lambda part: _compute(rows, known, row, work, *part)

    pool.share(pairwise(bounds), computer)
    even = np.linspace(0, size, tasks + 1).astype(np.int64)
    pool.share(pairwise(even), lambda: lambda part: _order(candidates, work, nearest, *part))


@njit(nogil=True, cache=True)
def _group(rows: Sparse, candidates: Candidates, first: int, work: _Work) -> None:
    """Sorts the candidates by the user of the pair with more ratings, of two with equally many the first, then by the other."""
    users, pairs = work.starts.size - 1, work.place.size
    long, short = np.empty(pairs, np.int32), np.empty(pairs, np.int32)
    place = 0
    for row in range(candidates.number.size):
        user = first + row
        mine = rows.indptr[user + 1] - rows.indptr[user]
        for other in candidates.indices[row, : candidates.number[row]]:
            theirs = rows.indptr[other + 1] - rows.indptr[other]
            # the longer row is spread out once, and the shorter ones walk along it
            followed = mine < theirs or (mine == theirs and other < user)
            long[place], short[place] = (other, user) if followed else (user, other)
            place += 1
    order, starts = np.arange(pairs), np.empty(users + 1, np.int64)
    middle = np.empty(pairs, np.int64)
    # two stable sorts, the second key first
    _distribute(short, order, starts, middle)
    _distribute(long, middle, work.starts, work.place)
    for at in range(pairs):
        work.followed[at] = short[work.place[at]]


@njit(**LEAN_INNER)
def _distribute(keys: Ints, order: Offsets, starts: Offsets, out: Offsets) -> None:
    """Counting sort: ``out`` is ``order`` by its keys, equal ones as they came; those of key ``s`` begin at ``starts[s]``."""
    starts[:] = 0
    for place in order:
        starts[keys[place] + 1] += 1
    for key in range(1, starts.size):
        starts[key] += starts[key - 1]
    for place in order:
        key = keys[place]
        out[starts[key]] = place
        starts[key] += 1
    for key in range(starts.size - 1, 0, -1):
        starts[key] = starts[key - 1]
    starts[0] = 0


@njit(**LEAN)
def _compute(rows: Sparse, known: Moments, row: OneRow, work: _Work, first: int, last: int) -> None:
    """Correlation and overlap of the pairs in the groups of the users ``first`` … ``last`` − 1."""
    for user in range(first, last):
        begin, end = work.starts[user], work.starts[user + 1]
        if begin == end:
            continue
        spread(rows, user, row)
        last_one, similarity, overlap = -1, 0.0, 0
        for at in range(begin, end):
            other, place = work.followed[at], work.place[at]
            if other != last_one:
                similarity, overlap = catalogue_pair(row, user, other, rows, known)
                last_one = other
            work.similarity[place], work.overlap[place] = similarity, overlap
        clear(rows, user, row)


@njit(**LEAN)
def _order(candidates: Candidates, work: _Work, nearest: Nearest, first: int, last: int) -> None:
    """Writes the nearest of the rows ``first`` … ``last`` − 1, most similar first, ties in ascending index."""
    k = nearest.indices.shape[1]
    for row in range(first, last):
        begin, end = work.indptr[row], work.indptr[row + 1]
        similarities, overlaps, indices = work.similarity[begin:end], work.overlap[begin:end], candidates.indices[row]
        for at in range(end - begin):
            similarity = similarities[at]
            if similarity > 0.0 and overlaps[at] > 0:
                rank = outranks(similarities, indices, similarity, indices[at])
                if rank < k:
                    nearest.indices[row, rank] = indices[at]
                    nearest.similarity[row, rank] = similarity
                    nearest.overlap[row, rank] = overlaps[at]
