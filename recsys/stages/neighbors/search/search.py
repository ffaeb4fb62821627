"""The k nearest of a user, exactly: float32 intervals choose whom to look at, float64 correlations rank them.

Every pair gets an interval that is sure to hold its exact correlation (:mod:`.intervals`). A user keeps the
others whose upper end reaches the k-th greatest lower end so far; those that remain in the end are computed exactly. So the
result, ties included, is that of computing every pair exactly; float32 only decides how many are. Users are met in ascending
tiles, and once k correlations of 1 are found the remaining tiles are skipped: none is greater, and ties go to the lower index.
For that, an interval that holds 1 is made exact at once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.matrices.arrays import LEAN, LEAN_INNER, Codes, Float32s, Floats, Ints, Offsets, aligned
from recsys.stages.neighbors.search.correlation import Moments, OneRow, Sparse, catalogue_pair, clear, co_rated_pair, spread
from recsys.stages.neighbors.search.intervals import FLOOR, ONE, catalogue_intervals, co_rated_intervals
from recsys.stages.neighbors.search.ranks import AtLeast, blank_hits, find_ranked, outranks, reached_by
from recsys.stages.neighbors.search.tiles import LOWEST, Tiles

_BLOCK = 128
"""Users that meet a tile while it stays in the cache."""
ROOM = 4
"""Others a user may keep at a time, in multiples of k."""
LEAST_ROOM = 64
UNKNOWN = -1
"""Overlap of a pair that is not yet computed exactly."""
LESS, _MORE = np.float32(1 - 2.0**-22), np.float32(1 + 2.0**-22)


class Nearest(NamedTuple):
    """The ``k`` nearest of each of n users, (n, k): most similar first, ties in ascending index.

    Rows with fewer than ``k`` neighbours are padded with index −1, similarity 0, overlap 0.
    """

    indices: Ints
    similarity: Floats
    overlap: Ints


class SearchTask(NamedTuple):
    """Among whom is searched, and for how many: the ``k`` nearest by the ``rows``, their ``moments`` and their ``tiles``."""

    rows: Sparse
    moments: Moments
    tiles: Tiles
    k: int


class Retained(NamedTuple):
    """Whom the users of a block retain: the first ``number`` (block,) of ``indices`` … ``overlap``, (block, room).

    ``ones`` (block,): how many of them surely have correlation 1. ``cut`` (block,): what an upper end must reach. ``chosen``
    (room,) is scratch.
    """

    number: Offsets
    ones: Offsets
    cut: Float32s
    indices: Ints
    low: Float32s
    high: Float32s
    similarity: Floats
    overlap: Ints
    chosen: Codes


class Scratch(NamedTuple):
    """What a search needs, used again for the next."""

    row: OneRow
    sums: Float32s
    low: Float32s
    high: Float32s
    hits: AtLeast
    retained: Retained


def scratch(rows: Sparse, tiles: Tiles, items: int, k: int) -> Scratch:
    """Scratch arrays for one thread's :func:`search`."""
    width = tiles.dense.shape[2]
    shape = (_BLOCK, max(ROOM * k, LEAST_ROOM))
    return Scratch(
        blank(rows, items),
        aligned(6 * width if tiles.sums == 6 else 0).reshape((6, -1)),
        aligned(width),
        aligned(width),
        blank_hits(width),
        Retained(
            np.zeros(_BLOCK, np.int64),
            np.zeros(_BLOCK, np.int64),
            np.zeros(_BLOCK, np.float32),
            np.empty(shape, np.int32),
            np.empty(shape, np.float32),
            np.empty(shape, np.float32),
            np.empty(shape),
            np.empty(shape, np.int32),
            np.empty(shape[1], np.uint8),
        ),
    )


def blank(rows: Sparse, items: int) -> OneRow:
    """A row without ratings."""
    longest = 1 + int(np.diff(rows.indptr).max(initial=0))
    return OneRow(np.zeros(items), np.empty(longest), np.empty(longest))


@njit(**LEAN)
def search(task: SearchTask, scratch: Scratch, first: int, nearest: Nearest) -> None:
    """Fills ``nearest``, (n, ≥ k) each, with the ``k`` nearest of the users ``first`` …"""
    retained, tiles = scratch.retained, task.tiles
    for begin in range(0, nearest.indices.shape[0], retained.number.size):
        size = min(retained.number.size, nearest.indices.shape[0] - begin)
        for at in range(size):
            user = first + begin + at
            retained.number[at], retained.ones[at] = 0, 0
            retained.cut[at] = max(FLOOR, np.float32(tiles.radius[user] + tiles.floor[user]))
        # tile by tile, not user by user: a tile stays in the cache while the whole block meets it
        for tile in range(tiles.dense.shape[0]):
            for at in range(size):
                user = first + begin + at
                if tiles.begin[user] < tiles.end[user] and retained.ones[at] < task.k:
                    _meet(task, scratch, user, tile, at)
        for at in range(size):
            _finish(task, scratch, first + begin + at, at, nearest, begin + at)


@njit(**LEAN_INNER)
def _meet(task: SearchTask, scratch: Scratch, user: int, tile: int, at: int) -> None:
    """Offers a user, who has the place ``at`` in the block, the users of a tile."""
    retained, low, high, k = scratch.retained, scratch.low, scratch.high, task.k
    begin, room = tile * low.size, retained.indices.shape[1]
    if task.tiles.sums == 1:
        catalogue_intervals(task.tiles, user, tile, low, high)
    else:
        co_rated_intervals(task.tiles, user, tile, scratch.sums, low, high)
    if begin <= user < begin + low.size:
        low[user - begin] = high[user - begin] = LOWEST
    if retained.number[at] < k:
        # k users of this tile whose lower end reaches the cut are k who surely surpass whoever stays below it
        retained.cut[at] = reached_by(low, k, retained.cut[at])
    places = scratch.hits.places[: _reach(high, retained.cut[at], scratch.hits)]
    if places.size == 0:
        return
    spread(task.rows, user, scratch.row)
    done = 0
    while done < places.size and retained.ones[at] < k:
        number = retained.number[at]
        done += _retain(task, scratch, at, begin, places[done:])
        # an interval that holds 1 is made exact at once: k ones end the search
        _make_exact(task, scratch, user, at, number, ONE)
        if retained.number[at] > k:
            _narrow(retained, k, at)
        if retained.number[at] > room - k:
            _make_exact(task, scratch, user, at, np.int64(0), LOWEST)
            _resolve(retained, k, at)
    clear(task.rows, user, scratch.row)


@njit(**LEAN_INNER)
def _reach(high: Float32s, cut: np.float32, hits: AtLeast) -> int:
    for place in range(high.size):
        hits.mask[place] = high[place] >= cut
    return find_ranked(hits)


@njit(**LEAN_INNER)
def _retain(task: SearchTask, scratch: Scratch, at: int, begin: int, places: Ints) -> int:
    """Retains as many of the places of a tile, which starts at ``begin``, as there is room for; returns their number."""
    retained, low, high, sure = scratch.retained, scratch.low, scratch.high, task.tiles.sums != 1
    number, ones, done = retained.number[at], retained.ones[at], 0
    indices, lows, highs = retained.indices[at], retained.low[at], retained.high[at]
    similarities, overlaps = retained.similarity[at], retained.overlap[at]
    for place in places:
        if number == indices.size or ones == task.k:
            break
        # over co-rated items a lower end of 1 is exact: two items always correlate by ±1, and rounding cannot lift others to it
        one = sure and low[place] == ONE
        indices[number], lows[number], highs[number] = begin + place, low[place], high[place]
        similarities[number], overlaps[number] = (1.0, 2) if one else (0.0, UNKNOWN)
        number, ones, done = number + 1, ones + one, done + 1
    retained.number[at], retained.ones[at] = number, ones
    return done


@njit(**LEAN_INNER)
def _make_exact(task: SearchTask, scratch: Scratch, user: int, at: int, begin: int, least: np.float32) -> None:
    """Computes those retained from ``begin`` on whose correlation may reach ``least``; it is 0 without a co-rated item."""
    retained = scratch.retained
    for place in range(begin, retained.number[at]):
        if retained.overlap[at, place] != UNKNOWN or retained.high[at, place] < least:
            continue
        other = retained.indices[at, place]
        if task.tiles.sums == 1:
            similarity, overlap = catalogue_pair(scratch.row, user, other, task.rows, task.moments)
        else:
            similarity, overlap = co_rated_pair(scratch.row, other, task.rows)
        similarity = similarity if overlap > 0 else 0.0
        retained.similarity[at, place], retained.overlap[at, place] = similarity, overlap
        # the exact value as an interval in float32: one step of rounding to either side
        retained.low[at, place] = np.float32(similarity) * LESS if similarity < 1.0 else ONE
        retained.high[at, place] = np.float32(similarity) * _MORE if similarity > 0.0 else LOWEST
        retained.ones[at] += similarity == 1.0


@njit(**LEAN_INNER)
def _narrow(retained: Retained, k: int, at: int) -> None:
    """Drops whom ``k`` others surely surpass."""
    number, highs = retained.number[at], retained.high[at]
    cut = reached_by(retained.low[at, :number], k, retained.cut[at])
    for place in range(number):
        retained.chosen[place] = highs[place] >= cut
    _leave(retained, at)
    retained.cut[at] = cut


@njit(**LEAN_INNER)
def _resolve(retained: Retained, k: int, at: int) -> None:
    """Leaves the ``k`` nearest of those retained, all exact: too many are as similar as each other."""
    number = retained.number[at]
    similarities, indices = retained.similarity[at, :number], retained.indices[at, :number]
    for place in range(number):
        similarity = similarities[place]
        retained.chosen[place] = similarity > 0.0 and outranks(similarities, indices, similarity, indices[place]) < k
    _leave(retained, at)
    if retained.number[at] == k:
        retained.cut[at] = max(retained.cut[at], reached_by(retained.low[at, :k], k, retained.cut[at]))


@njit(**LEAN_INNER)
def _leave(retained: Retained, at: int) -> None:
    """Drops all but the chosen."""
    indices, lows, highs, chosen = retained.indices[at], retained.low[at], retained.high[at], retained.chosen
    similarities, overlaps, left = retained.similarity[at], retained.overlap[at], 0
    for place in range(retained.number[at]):
        # written in any case and counted when chosen: no branch to mispredict
        indices[left], lows[left], highs[left] = indices[place], lows[place], highs[place]
        similarities[left], overlaps[left] = similarities[place], overlaps[place]
        left += chosen[place]
    retained.number[at] = left


@njit(**LEAN_INNER)
def _finish(task: SearchTask, scratch: Scratch, user: int, at: int, nearest: Nearest, to: int) -> None:
    """Computes those retained, and writes the nearest."""
    retained, k = scratch.retained, task.k
    number = retained.number[at]
    if retained.ones[at] < k:
        spread(task.rows, user, scratch.row)
        _make_exact(task, scratch, user, at, np.int64(0), LOWEST)
        clear(task.rows, user, scratch.row)
    similarities, indices = retained.similarity[at, :number], retained.indices[at, :number]
    for place in range(number):
        if similarities[place] > 0.0:
            # the rank is how many come before: every neighbour is written to its place, nothing is sorted
            rank = outranks(similarities, indices, similarities[place], indices[place])
            if rank < k:
                nearest.indices[to, rank], nearest.similarity[to, rank] = indices[place], similarities[place]
                nearest.overlap[to, rank] = retained.overlap[at, place]
