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

from recsys.matrices.arrays import LEAN, LEAN_INNER, Floats, Ints, Offsets, Words
from recsys.matrices.prefetch import prefetch
from recsys.stages.neighbors.search.correlation import Moments, OneRow, Sparse, catalogue_pair, clear, spread
from recsys.stages.neighbors.search.mutual import OTHER, Candidates
from recsys.stages.neighbors.search.ranks import Ranks, blank_ranks, rank_all
from recsys.stages.neighbors.search.search import Nearest, blank
from recsys.stages.neighbors.search.workers import WorkerPool

_TASKS = 4
"""Parts per thread: enough that no thread waits long for the last one."""


_AHEAD = 8
"""Pairs from the one that is computed to the one whose ratings are fetched: rows of few ratings lie far apart in memory."""
_HALF, _FOLLOWED = np.uint64(32), np.uint64(2**32 - 1)
"""Bits of a slot and of a user, and the user in the word of a pair."""
_FETCHED = 32
"""Most ratings that are fetched ahead; what follows them comes by itself."""


class _Work(NamedTuple):
    """Results of the candidates of the n users of a block: row ``r``, of place ``places[r]``, has the slots ``indptr[r]:``…

    Of the two of a pair, the user of the first place is spread out, the other is followed: ``pairs[starts[p]:starts[p + 1]]``
    are those whose first place is ``p``, a word each: the slot, of fewer than 2³², and in the low half the user who is followed.
    ``results`` (slots, 2): correlation and co-rated items.
    """

    places: Ints
    indptr: Offsets
    starts: Offsets
    pairs: Words
    results: Floats


class _Scratch(NamedTuple):
    """Of one thread: a user spread out, and by user, 1 + the last of the ``pairs`` in which that user was followed, or 0."""

    row: OneRow
    known: Offsets


class _Ranking(NamedTuple):
    """Of one thread, (room,) each: a user's candidates, exactly, and their order."""

    users: Ints
    similarity: Floats
    overlap: Ints
    ranks: Ranks


def settle(
    rows: Sparse, known: Moments, items: int, candidates: Candidates, places: Ints, nearest: Nearest, pool: WorkerPool
) -> None:
    """Fills ``nearest``, (n, k) each, for the users who stand at ``places`` (n,), −1 for no place, all but the crowded."""
    work = _grouped(candidates, places, pool)
    tasks, room = _TASKS * pool.threads, candidates.words.shape[1]
    # as many pairs in every part
    bounds = np.searchsorted(work.starts, np.linspace(0, work.pairs.size, tasks + 1)).clip(0, candidates.order.size)
    bounds[0], bounds[-1] = 0, candidates.order.size

    def computer() -> Callable[[tuple[int, int]], None]:
        scratch = _Scratch(blank(rows, items), np.zeros(known.mean.size, np.int64))
        return lambda part: _compute(rows, known, scratch, candidates.order, work, *part)

    def ranker() -> Callable[[tuple[int, int]], None]:
        users, overlap = np.empty((2, room), np.int32)
        ranking = _Ranking(users, np.empty(room), overlap, blank_ranks(room))
        return lambda part: _order(candidates, work, ranking, nearest, *part)

    pool.share(pairwise(bounds), computer)
    pool.share(pairwise(np.linspace(0, places.size, tasks + 1).astype(np.int64)), ranker)


def _grouped(candidates: Candidates, places: Ints, pool: WorkerPool) -> _Work:
    """The block's candidates, grouped by who is spread out."""
    there = places >= 0
    number = np.zeros(places.size, np.int64)
    number[there] = candidates.number[places[there]]
    indptr = np.zeros(places.size + 1, np.int64)
    np.cumsum(number, out=indptr[1:])
    total, starts = int(indptr[-1]), np.zeros(candidates.order.size + 1, np.int64)
    work = _Work(places, indptr, starts, np.empty(total, np.uint64), np.empty((total, 2)))
    # every thread counts the pairs of a part of the rows, and writes them behind those of the parts before
    bounds = np.linspace(0, places.size, pool.threads + 1).astype(np.int64)
    parts = [(at, int(bounds[at]), int(bounds[at + 1])) for at in range(pool.threads)]
    counts = np.zeros((pool.threads, candidates.order.size), np.int64)
    pool.share(parts, lambda: lambda part: _count_pairs(candidates, work, counts[part[0]], *part[1:]))
    _start_pairs(counts, starts)
    pool.share(parts, lambda: lambda part: _group(candidates, work, counts[part[0]], *part[1:]))
    return work


@njit(**LEAN)
def _count_pairs(candidates: Candidates, work: _Work, counts: Offsets, first: int, last: int) -> None:
    """Counts the pairs of the rows ``first`` … ``last`` − 1 by their first place."""
    for row in range(first, last):
        place = np.uint64(max(work.places[row], 0))
        for at in range(work.indptr[row + 1] - work.indptr[row]):
            counts[min(place, candidates.words[place, at] & OTHER)] += 1


@njit(**LEAN)
def _start_pairs(counts: Offsets, starts: Offsets) -> None:
    """Turns counts (parts, places) into where the pairs of each part begin, and fills ``starts``."""
    total = np.int64(0)
    for place in range(counts.shape[1]):
        starts[place] = total
        for part in range(counts.shape[0]):
            begin, total = total, total + counts[part, place]
            counts[part, place] = begin
    starts[counts.shape[1]] = total


@njit(**LEAN)
def _group(candidates: Candidates, work: _Work, begin: Offsets, first: int, last: int) -> None:
    """Writes the pairs of the rows ``first`` … ``last`` − 1, by their first place, from ``begin`` (places,) on."""
    for row in range(first, last):
        place, slot = np.uint64(max(work.places[row], 0)), work.indptr[row]
        for at in range(work.indptr[row + 1] - slot):
            other = candidates.words[place, at] & OTHER
            spread_out = min(place, other)
            to = begin[spread_out]
            work.pairs[to] = (np.uint64(slot + at) << _HALF) | np.uint64(candidates.order[max(place, other)])
            begin[spread_out] = to + 1


@njit(**LEAN)
def _compute(rows: Sparse, known: Moments, scratch: _Scratch, order: Ints, work: _Work, first: int, last: int) -> None:
    """Correlation and overlap of the pairs whose first place, of ``order`` (places,), is ``first`` … ``last`` − 1."""
    results, pairs = work.results, work.pairs
    for place in range(first, last):
        user, begin, end = order[place], work.starts[place], work.starts[place + 1]
        if begin == end:
            continue
        spread(rows, user, scratch.row)
        for at in range(begin, end):
            slot, other = pairs[at] >> _HALF, pairs[at] & _FOLLOWED
            if at + _AHEAD < end:
                _fetch(rows, int(np.int64(pairs[at + _AHEAD] & _FOLLOWED)))
                prefetch(results, 2 * int(np.int64(pairs[at + _AHEAD] >> _HALF)), 2)
            # a pair of another place says nothing of this one's user
            same = scratch.known[other] - 1
            if begin <= same < at:
                before = pairs[same] >> _HALF
                results[slot, 0], results[slot, 1] = results[before, 0], results[before, 1]
            else:
                results[slot, 0], results[slot, 1] = catalogue_pair(scratch.row, user, other, rows, known)
                scratch.known[other] = at + 1
        clear(rows, user, scratch.row)


@njit(**LEAN_INNER)
def _fetch(rows: Sparse, user: int) -> None:
    begin = int(np.int64(rows.indptr[user]))
    size = min(int(np.int64(rows.indptr[user + 1])) - begin, _FETCHED)
    prefetch(rows.indices, begin, size)
    prefetch(rows.values, begin, size)


@njit(**LEAN)
def _order(candidates: Candidates, work: _Work, ranking: _Ranking, nearest: Nearest, first: int, last: int) -> None:
    """Writes the nearest of the rows ``first`` … ``last`` − 1, most similar first, ties in ascending index."""
    users, similarity, overlap, ranks = ranking
    for row in range(first, last):
        begin, number = work.indptr[row], np.int64(0)
        for slot in range(begin, work.indptr[row + 1]):
            other = candidates.words[work.places[row], slot - begin] & OTHER
            correlation, co_rated = work.results[slot, 0], work.results[slot, 1]
            # written in any case, kept when the next place is taken: no branch to guess
            users[number], similarity[number], overlap[number] = candidates.order[other], correlation, co_rated
            number += np.int64((correlation > 0.0) & (co_rated > 0.0))
        rank_all(similarity, users, ranks, number)
        for rank in range(min(number, nearest.indices.shape[1])):
            at = ranks.order[rank]
            nearest.indices[row, rank], nearest.similarity[row, rank] = users[at], similarity[at]
            nearest.overlap[row, rank] = overlap[at]
