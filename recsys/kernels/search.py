"""The k nearest users, exactly: float32 intervals choose whom to look at, float64 correlations rank them.

Every pair gets an interval that is sure to hold its exact correlation (:mod:`recsys.kernels.intervals`). Only pairs whose
upper end reaches the k-th greatest lower end, and exceeds the k-th greatest exact correlation so far, are computed exactly.
So the result, ties included, is that of computing every pair exactly; float32 only decides how many are. Users are taken
in ascending tiles, and once k correlations of 1 are found the remaining tiles are skipped: none is greater, and ties go to
the lower index.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.kernels.correlation import (
    Floats,
    Ints,
    Moments,
    Offsets,
    Row,
    Sparse,
    catalogue_correlation,
    clear,
    co_rated_pair,
    spread,
)
from recsys.kernels.intervals import FLOOR, NEVER, ONE, Layout, catalogue_interval, co_rated_intervals, doubted, lay_out
from recsys.kernels.shadow import GROUPS, Shadow, Singles

BISECTIONS = 20
"""Steps of bisection between 0 and 1, enough to tell most float32 numbers apart."""


class Found(NamedTuple):
    """The nearest of n users, (n, k) each, most similar first."""

    indices: Ints
    similarity: Floats
    overlap: Ints


class Scratch(NamedTuple):
    """What the search of one user needs, used again for the next.

    ``kept`` (1,): how many of ``indices``, ``similarity``, ``overlap`` (2k,) hold the nearest so far; more may follow, to be
    sorted in. ``best`` (groups,): the greatest end in each group of the tile's users; ``groups`` (groups + 1,): the groups
    worth a look.
    """

    row: Row
    layout: Layout
    kept: Offsets
    indices: Ints
    similarity: Floats
    overlap: Ints
    sums: Singles
    low: Singles
    high: Singles
    best: Singles
    groups: Ints


def scratch(rows: Sparse, shadow: Shadow, items: int, k: int) -> Scratch:
    """Scratch arrays for one thread's :func:`search`."""
    longest = 1 + int(np.diff(rows.indptr).max(initial=0))
    groups = GROUPS[0]
    while groups < shadow.tile and groups * groups < k * shadow.tile:
        groups *= 2
    groups = groups if shadow.tile % groups == 0 and groups >= 2 * k else shadow.tile
    return Scratch(
        Row(np.zeros(items), np.empty(longest), np.empty(longest)),
        Layout(
            np.empty(longest, np.int32),
            np.empty(longest, np.float32),
            np.empty(longest, np.float32),
            np.empty(longest, np.uint64),
            np.empty(longest, np.uint64),
            np.zeros(2, np.int64),
        ),
        np.zeros(1, np.int64),
        np.empty(2 * k, np.int32),
        np.empty(2 * k),
        np.empty(2 * k, np.int32),
        np.zeros((shadow.sums, shadow.offset.size), np.float32),
        np.empty(shadow.tile, np.float32),
        np.empty(shadow.tile, np.float32),
        np.empty(groups, np.float32),
        np.empty(groups + 1, np.int32),
    )


@njit(nogil=True, cache=True)
def search(rows: Sparse, known: Moments, shadow: Shadow, scratch: Scratch, k: int, first: int, found: Found) -> None:
    """Fills ``found``, (n, ≥ k) each, with the ``k`` nearest of the users ``first`` …"""
    for index in range(found.indices.shape[0]):
        user = first + index
        if shadow.indptr[user] == shadow.indptr[user + 1]:
            continue
        spread(rows, user, scratch.row)
        lay_out(shadow, user, scratch.layout)
        scratch.kept[0] = 0
        for begin in range(0, shadow.offset.size, shadow.tile):
            _search_tile(rows, known, shadow, user, begin, k, scratch)
            if scratch.kept[0] == k and scratch.similarity[k - 1] == 1.0:
                break
        clear(rows, user, scratch.row)
        for place in range(scratch.kept[0]):
            found.indices[index, place] = scratch.indices[place]
            found.similarity[index, place] = scratch.similarity[place]
            found.overlap[index, place] = scratch.overlap[place]


@njit(nogil=True, cache=True)
def _search_tile(rows: Sparse, known: Moments, shadow: Shadow, user: int, begin: int, k: int, scratch: Scratch) -> None:
    """Merges the users of one tile into the nearest of ``user``."""
    low, high, radius = scratch.low, scratch.high, 0.0
    if shadow.sums == 1:
        low = high = scratch.sums[0]
        radius = catalogue_interval(shadow, user, scratch.layout, high)
    else:
        co_rated_intervals(shadow, user, begin, scratch.layout, scratch.sums, low, high)
    if begin <= user < begin + shadow.tile:
        low[user - begin] = high[user - begin] = NEVER
    if shadow.sums == 1 and shadow.doubtful:
        low = scratch.low
        doubted(shadow, user, high, radius, low)
    _rank(rows, known, shadow.sums == 1, user, begin, (low, high, radius), k, scratch)


@njit(nogil=True, cache=True)
def _rank(
    rows: Sparse,
    known: Moments,
    catalogue: bool,
    user: int,
    begin: int,
    ends: tuple[Singles, Singles, float],
    k: int,
    scratch: Scratch,
) -> None:
    """Merges a tile of intervals, ``low`` − radius to ``high`` + radius, into the nearest."""
    low, high, radius = ends
    ratings, indptr, indices, values = scratch.row.ratings, rows.indptr, rows.indices, rows.values
    kept = scratch.kept[0]
    floor = scratch.similarity[k - 1] if kept == k else 0.0
    reach, groups = _shortlist(ends, k, floor, scratch)
    for start in range(0, high.size, scratch.best.size):
        for group in scratch.groups[:groups]:
            at = start + group
            if high[at] < reach or min(high[at] + radius, 1.0) <= floor:
                continue
            other, similarity, overlap = begin + at, 0.0, 0
            if catalogue:
                for entry in range(indptr[other], indptr[other + 1]):
                    mine = ratings[indices[entry]]
                    similarity += mine * values[entry]
                    overlap += mine != 0.0
                similarity = catalogue_correlation(similarity, user, other, ratings.size, known)
            elif low[at] == ONE:
                similarity, overlap = 1.0, 2
            else:
                similarity, overlap = co_rated_pair(scratch.row, other, rows)
            if similarity > floor and overlap > 0:
                scratch.indices[kept], scratch.similarity[kept], scratch.overlap[kept] = other, similarity, overlap
                kept += 1
                if kept == 2 * k:
                    scratch.kept[0] = kept
                    _settle(k, scratch)
                    kept, floor = k, scratch.similarity[k - 1]
    scratch.kept[0] = kept
    _settle(k, scratch)


@njit(nogil=True, cache=True)
def _settle(k: int, scratch: Scratch) -> None:
    """Sorts the users found, most similar first and ties as they came, and keeps the first ``k``."""
    similarities, indices, overlaps = scratch.similarity, scratch.indices, scratch.overlap
    for at in range(1, scratch.kept[0]):
        similarity, index, overlap, place = similarities[at], indices[at], overlaps[at], at
        while place > 0 and similarities[place - 1] < similarity:
            similarities[place] = similarities[place - 1]
            indices[place] = indices[place - 1]
            overlaps[place] = overlaps[place - 1]
            place -= 1
        similarities[place], indices[place], overlaps[place] = similarity, index, overlap
    scratch.kept[0] = min(scratch.kept[0], k)


@njit(nogil=True, cache=True)
def _shortlist(ends: tuple[Singles, Singles, float], k: int, floor: float, scratch: Scratch) -> tuple[np.float32, int]:
    """What ``high`` must reach, and in how many of ``scratch.groups`` it does.

    ``high`` + radius must be above 0 and ``floor``, and not below the k-th greatest ``low`` − radius. Group g holds every
    step-th user from g on; the k-th greatest of the groups' best is a bound for the k-th greatest of all.
    """
    low, high, radius = ends
    best = scratch.best
    _best_of_groups(low, best)
    least: np.float32 = np.float32(max(float(floor + radius), float(FLOOR)))
    reach = np.float32(_reached_by(best, k, least) - 2.0 * radius)
    _best_of_groups(high, best)
    groups = 0
    for group in range(best.size):
        scratch.groups[groups] = group
        groups += best[group] >= reach
    return reach, groups


@njit(nogil=True, cache=True)
def _reached_by(values: Singles, k: int, least: np.float32) -> np.float32:
    """A bound not below ``least`` that at least ``k`` values reach and few more, by bisection; ``least`` when fewer do.

    Counting has no branches to mispredict, which makes it faster here than a selection.
    """
    low, high = least, np.float32(1.0)
    count = _count(values, low)
    for _ in range(BISECTIONS):
        if count <= k + k // 16:
            break
        middle = (low + high) * np.float32(0.5)
        reached = _count(values, middle)
        if reached >= k:
            low, count = middle, reached
        else:
            high = middle
    return low


@njit(nogil=True, cache=True)
def _count(values: Singles, least: np.float32) -> int:
    count = 0
    for at in range(values.size):
        count += values[at] >= least
    return count


@njit(nogil=True, cache=True)
def _best_of_groups(values: Singles, best: Singles) -> None:
    """The greatest of each group of ``values``; the size of ``values`` is a multiple of the number of groups."""
    step = best.size
    for group in range(step):
        best[group] = values[group]
    for start in range(step, values.size, step):
        part = values[start : start + step]
        for group in range(step):
            best[group] = part[group] if part[group] > best[group] else best[group]
