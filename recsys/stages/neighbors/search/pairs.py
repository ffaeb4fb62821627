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

from recsys.matrices.arrays import LEAN, Floats, Ints, Offsets
from recsys.stages.neighbors.search.correlation import Moments, OneRow, Sparse, catalogue_pair, clear, spread
from recsys.stages.neighbors.search.mutual import OTHER, Candidates
from recsys.stages.neighbors.search.ranks import rank_all
from recsys.stages.neighbors.search.search import Nearest, blank
from recsys.stages.neighbors.search.workers import WorkerPool

_TASKS = 4
"""Parts per thread: enough that no thread waits long for the last one."""


class _Work(NamedTuple):
    """Results of the candidates of the n users of a block: row ``r``, of place ``places[r]``, has the slots ``indptr[r]:``…

    ``row`` (places,): row of a place, −1 for none. The user of a place is spread out for those of its own candidates who
    stand after it, and for those after it whose candidate it is: of these ``slots[starts[p]:starts[p + 1]]`` are the slots and
    ``listed`` the users. ``results`` (slots, 2): correlation and number of co-rated items.
    """

    places: Ints
    row: Ints
    indptr: Offsets
    starts: Offsets
    slots: Offsets
    listed: Ints
    results: Floats


class _Scratch(NamedTuple):
    """Of one thread: a user spread out, and by user, 1 + the slot of those already compared with that user, else 0."""

    row: OneRow
    known: Offsets


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
    # about as many pairs in every part: those of a place's own candidates, and those that list the place
    weight = work.starts[1:] + np.cumsum(np.where(work.row >= 0, candidates.number, 0))
    tasks, room = _TASKS * pool.threads, candidates.words.shape[1]
    bounds = np.searchsorted(weight, np.linspace(0, weight[-1] if weight.size else 0, tasks + 1))
    bounds[0], bounds[-1] = 0, weight.size

    def computer() -> Callable[[tuple[int, int]], None]:
        scratch = _Scratch(blank(rows, items), np.zeros(known.mean.size, np.int64))
        return lambda part: _compute(rows, known, candidates, scratch, work, *part)

    def ranker() -> Callable[[tuple[int, int]], None]:
        users, overlap, ranks, order = (np.empty(room, kind) for kind in (np.int32, np.int32, np.int64, np.int64))
        ranking = _Ranking(users, np.empty(room), overlap, ranks, order)
        return lambda part: _order(candidates, work, ranking, nearest, *part)

    pool.share(pairwise(bounds), computer)
    pool.share(pairwise(np.linspace(0, places.size, tasks + 1).astype(np.int64)), ranker)


def _grouped(candidates: Candidates, places: Ints) -> _Work:
    """The block's candidates, grouped by who is spread out."""
    count, there = candidates.order.size, places >= 0
    number = np.zeros(places.size, np.int64)
    number[there] = candidates.number[places[there]]
    indptr = np.zeros(places.size + 1, np.int64)
    np.cumsum(number, out=indptr[1:])
    row = np.full(count, -1, np.int32)
    row[places[there]] = np.flatnonzero(there)
    starts = np.zeros(count + 1, np.int64)
    _count_listing(candidates, places, starts)
    listing = int(starts[-1])
    slots, listed = np.empty(listing, np.int64), np.empty(listing, np.int32)
    work = _Work(places, row, indptr, starts, slots, listed, np.empty((int(indptr[-1]), 2)))
    _group(candidates, work)
    return work


@njit(**LEAN)
def _count_listing(candidates: Candidates, places: Ints, starts: Offsets) -> None:
    """Turns ``starts`` (places + 1), all 0, into where those begin who stand after a place and list it."""
    for place in places:
        if place >= 0:
            for word in candidates.words[place, : candidates.number[place]]:
                other = word & OTHER
                starts[other + np.uint64(1)] += np.int64(other) < place
    for place in range(1, starts.size):
        starts[place] += starts[place - 1]


@njit(**LEAN)
def _group(candidates: Candidates, work: _Work) -> None:
    starts = work.starts
    for row in range(work.places.size):
        place, slot = work.places[row], work.indptr[row]
        if place < 0:
            continue
        for word in candidates.words[place, : candidates.number[place]]:
            other = word & OTHER
            if np.int64(other) < place:
                at = starts[other]
                work.slots[at], work.listed[at] = slot, candidates.order[place]
                starts[other] = at + 1
            slot += 1
    for place in range(starts.size - 1, 0, -1):
        starts[place] = starts[place - 1]
    starts[0] = 0


@njit(**LEAN)
def _compute(rows: Sparse, known: Moments, candidates: Candidates, scratch: _Scratch, work: _Work, first: int, last: int) -> None:
    """Correlation and overlap of the pairs in which a user of the places ``first`` … ``last`` − 1 is spread out."""
    order, results = candidates.order, work.results
    for place in range(first, last):
        row, user = work.row[place], order[place]
        own = candidates.number[place] if row >= 0 else 0
        begin, end = work.starts[place], work.starts[place + 1]
        if own == 0 and begin == end:
            continue
        spread(rows, user, scratch.row)
        for at in range(own):
            other = candidates.words[place, at] & OTHER
            if np.int64(other) > place:
                slot = work.indptr[row] + at
                results[slot, 0], results[slot, 1] = catalogue_pair(scratch.row, user, order[other], rows, known)
                scratch.known[order[other]] = slot + 1
        for at in range(begin, end):
            slot, other_user = work.slots[at], work.listed[at]
            same = scratch.known[other_user] - 1
            if same >= 0:
                results[slot, 0], results[slot, 1] = results[same, 0], results[same, 1]
            else:
                results[slot, 0], results[slot, 1] = catalogue_pair(scratch.row, user, other_user, rows, known)
        for at in range(own):
            scratch.known[order[candidates.words[place, at] & OTHER]] = 0
        clear(rows, user, scratch.row)


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
