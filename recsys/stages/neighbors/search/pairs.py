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

from recsys.matrices.arrays import LEAN, LEAN_INNER, Floats, Ints, Offsets, Unsigned
from recsys.matrices.prefetch import prefetch
from recsys.stages.neighbors.search.correlation import Moments, OneRow, Sparse, catalogue_pair, clear, spread
from recsys.stages.neighbors.search.mutual import OTHER, Candidates
from recsys.stages.neighbors.search.ranks import rank_all
from recsys.stages.neighbors.search.search import Nearest, blank
from recsys.stages.neighbors.search.workers import WorkerPool

_TASKS = 4
"""Parts per thread: enough that no thread waits long for the last one."""


_AHEAD = 8
"""Pairs from the one that is computed to the one whose ratings are fetched: rows of few ratings lie far apart in memory."""
_FETCHED = 32
"""Most ratings that are fetched ahead; what follows them comes by itself."""


class _Work(NamedTuple):
    """Results of the candidates of the n users of a block: row ``r``, of place ``places[r]``, has the slots ``indptr[r]:``…

    Of the two of a pair, the user of the first place is spread out: in ``starts[p]:starts[p + 1]`` are the ``slots`` of the
    pairs whose first place is ``p``, and the users ``followed``. ``results`` (slots, 2): correlation and co-rated items.
    """

    places: Ints
    indptr: Offsets
    starts: Offsets
    slots: Offsets
    followed: Ints
    results: Floats


class _Scratch(NamedTuple):
    """Of one thread: a user spread out, and by user, 1 + the slot of those already compared with that user, else 0."""

    row: OneRow
    known: Unsigned


class _Ranking(NamedTuple):
    """Of one thread, (room,) each: a user's candidates, exactly, and their order."""

    users: Ints
    similarity: Floats
    overlap: Ints
    ranks: Offsets
    order: Offsets


def settle(
    rows: Sparse, known: Moments, items: int, candidates: Candidates, places: Ints, nearest: Nearest, pool: WorkerPool
) -> None:
    """Fills ``nearest``, (n, k) each, for the users who stand at ``places`` (n,), −1 for no place, all but the crowded."""
    work = _grouped(candidates, places)
    tasks, room = _TASKS * pool.threads, candidates.words.shape[1]
    # as many pairs in every part
    bounds = np.searchsorted(work.starts, np.linspace(0, work.slots.size, tasks + 1)).clip(0, candidates.order.size)
    bounds[0], bounds[-1] = 0, candidates.order.size

    def computer() -> Callable[[tuple[int, int]], None]:
        scratch = _Scratch(blank(rows, items), np.zeros(known.mean.size, np.uint32))
        return lambda part: _compute(rows, known, candidates, scratch, work, *part)

    def ranker() -> Callable[[tuple[int, int]], None]:
        (users, overlap), (ranks, order) = np.empty((2, room), np.int32), np.empty((2, room), np.int64)
        ranking = _Ranking(users, np.empty(room), overlap, ranks, order)
        return lambda part: _order(candidates, work, ranking, nearest, *part)

    pool.share(pairwise(bounds), computer)
    pool.share(pairwise(np.linspace(0, places.size, tasks + 1).astype(np.int64)), ranker)


def _grouped(candidates: Candidates, places: Ints) -> _Work:
    """The block's candidates, grouped by who is spread out."""
    there = places >= 0
    number = np.zeros(places.size, np.int64)
    number[there] = candidates.number[places[there]]
    indptr = np.zeros(places.size + 1, np.int64)
    np.cumsum(number, out=indptr[1:])
    total, starts = int(indptr[-1]), np.zeros(candidates.order.size + 1, np.int64)
    work = _Work(places, indptr, starts, np.empty(total, np.int64), np.empty(total, np.int32), np.empty((total, 2)))
    _group(candidates, work)
    return work


@njit(**LEAN)
def _group(candidates: Candidates, work: _Work) -> None:
    """Sorts the pairs by their first place, by counting."""
    starts, one = work.starts, np.uint64(1)
    for row in range(work.places.size):
        place = np.uint64(max(work.places[row], 0))
        for at in range(work.indptr[row + 1] - work.indptr[row]):
            starts[min(place, candidates.words[place, at] & OTHER) + one] += 1
    for at in range(1, starts.size):
        starts[at] += starts[at - 1]
    for row in range(work.places.size):
        place, slot = np.uint64(max(work.places[row], 0)), work.indptr[row]
        for at in range(work.indptr[row + 1] - slot):
            other = candidates.words[place, at] & OTHER
            first, second = min(place, other), max(place, other)
            to = starts[first]
            work.slots[to], work.followed[to] = slot + at, candidates.order[second]
            starts[first] = to + 1
    for at in range(starts.size - 1, 0, -1):
        starts[at] = starts[at - 1]
    starts[0] = 0


@njit(**LEAN)
def _compute(rows: Sparse, known: Moments, candidates: Candidates, scratch: _Scratch, work: _Work, first: int, last: int) -> None:
    """Correlation and overlap of the pairs whose first place is ``first`` … ``last`` − 1."""
    results = work.results
    for place in range(first, last):
        user, begin, end = candidates.order[place], work.starts[place], work.starts[place + 1]
        if begin == end:
            continue
        spread(rows, user, scratch.row)
        for at in range(begin, end):
            slot, other = work.slots[at], work.followed[at]
            if at + _AHEAD < end:
                _fetch(rows, work.followed[at + _AHEAD])
                prefetch(results, 2 * int(work.slots[at + _AHEAD]), 2)
            same = np.int64(scratch.known[other]) - 1
            if same >= 0:
                results[slot, 0], results[slot, 1] = results[same, 0], results[same, 1]
            else:
                results[slot, 0], results[slot, 1] = catalogue_pair(scratch.row, user, other, rows, known)
                scratch.known[other] = slot + 1
        for at in range(begin, end):
            scratch.known[work.followed[at]] = 0
        clear(rows, user, scratch.row)


@njit(**LEAN_INNER)
def _fetch(rows: Sparse, user: int) -> None:
    begin = int(rows.indptr[user])
    size = min(int(rows.indptr[user + 1]) - begin, _FETCHED)
    prefetch(rows.indices, begin, size)
    prefetch(rows.values, begin, size)


@njit(**LEAN)
def _order(candidates: Candidates, work: _Work, ranking: _Ranking, nearest: Nearest, first: int, last: int) -> None:
    """Writes the nearest of the rows ``first`` … ``last`` − 1, most similar first, ties in ascending index."""
    users, similarity, overlap, ranks, ordered = ranking
    for row in range(first, last):
        begin, number = work.indptr[row], 0
        for slot in range(begin, work.indptr[row + 1]):
            other = candidates.words[work.places[row], slot - begin] & OTHER
            users[number], similarity[number] = candidates.order[other], work.results[slot, 0]
            overlap[number] = work.results[slot, 1]
            number += similarity[number] > 0.0 and overlap[number] > 0
        rank_all(similarity[:number], users[:number], ranks[:number], ordered[:number])
        for rank in range(min(number, nearest.indices.shape[1])):
            at = ordered[rank]
            nearest.indices[row, rank], nearest.similarity[row, rank] = users[at], similarity[at]
            nearest.overlap[row, rank] = overlap[at]
