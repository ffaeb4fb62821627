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

from recsys.matrices.arrays import LEAN, Codes, Float32s, Floats, Ints, Offsets
from recsys.stages.neighbors.search.correlation import Moments, Row, Sparse, catalogue_pair, clear, co_rated_pair, spread
from recsys.stages.neighbors.search.intervals import FLOOR, ONE, catalogue_intervals, co_rated_intervals
from recsys.stages.neighbors.search.ranks import Hits, before, blank_hits, find, reached_by
from recsys.stages.neighbors.search.tiles import NEVER, Tiles

BLOCK = 128
"""Users that meet a tile while it stays in the cache."""
ROOM = 4
"""Others a user may keep at a time, in multiples of k."""
LEAST_ROOM = 64
UNKNOWN = -1
"""Overlap of a pair that is not yet computed exactly."""
LESS, MORE = np.float32(1 - 2.0**-22), np.float32(1 + 2.0**-22)


class Found(NamedTuple):
    """The nearest of n users, (n, k) each, most similar first."""

    indices: Ints
    similarity: Floats
    overlap: Ints


class Kept(NamedTuple):
    """Whom the users of a block keep: the first ``number`` (block,) of ``indices`` … ``overlap``, (block, room).

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

    row: Row
    sums: Float32s
    low: Float32s
    high: Float32s
    hits: Hits
    kept: Kept


def scratch(rows: Sparse, tiles: Tiles, items: int, k: int) -> Scratch:
    """Scratch arrays for one thread's :func:`search`."""
    width = tiles.dense.shape[2]
    shape = (BLOCK, max(ROOM * k, LEAST_ROOM))
    return Scratch(
        blank(rows, items),
        np.zeros((6, width if tiles.sums == 6 else 0), np.float32),
        np.empty(width, np.float32),
        np.empty(width, np.float32),
        blank_hits(width),
        Kept(
            np.zeros(BLOCK, np.int64),
            np.zeros(BLOCK, np.int64),
            np.zeros(BLOCK, np.float32),
            np.empty(shape, np.int32),
            np.empty(shape, np.float32),
            np.empty(shape, np.float32),
            np.empty(shape),
            np.empty(shape, np.int32),
            np.empty(shape[1], np.uint8),
        ),
    )


def blank(rows: Sparse, items: int) -> Row:
    """A row without ratings."""
    longest = 1 + int(np.diff(rows.indptr).max(initial=0))
    return Row(np.zeros(items), np.empty(longest), np.empty(longest))


@njit(**LEAN)
def search(rows: Sparse, known: Moments, tiles: Tiles, scratch: Scratch, k: int, first: int, found: Found) -> None:
    """Fills ``found``, (n, ≥ k) each, with the ``k`` nearest of the users ``first`` …"""
    kept = scratch.kept
    for begin in range(0, found.indices.shape[0], kept.number.size):
        size = min(kept.number.size, found.indices.shape[0] - begin)
        kept.number[:], kept.ones[:], kept.cut[:] = 0, 0, FLOOR
        for at in range(size):
            user = first + begin + at
            kept.cut[at] = max(FLOOR, np.float32(tiles.radius[user] + tiles.floor[user]))
        for tile in range(tiles.dense.shape[0]):
            for at in range(size):
                user = first + begin + at
                if tiles.begin[user] < tiles.end[user] and kept.ones[at] < k:
                    _meet(rows, known, tiles, scratch, k, user, tile, at)
        for at in range(size):
            _finish(rows, known, scratch.row, first + begin + at, tiles.sums == 1, kept, at, k, found, begin + at)


@njit(**LEAN)
def _meet(rows: Sparse, known: Moments, tiles: Tiles, scratch: Scratch, k: int, user: int, tile: int, at: int) -> None:
    """Offers a user, who has the place ``at`` in the block, the users of a tile."""
    kept, low, high = scratch.kept, scratch.low, scratch.high
    begin, catalogue, room = tile * low.size, tiles.sums == 1, kept.indices.shape[1]
    if catalogue:
        catalogue_intervals(tiles, user, tile, low, high)
    else:
        co_rated_intervals(tiles, user, tile, scratch.sums, low, high)
    if begin <= user < begin + low.size:
        low[user - begin] = high[user - begin] = NEVER
    if kept.number[at] < k:
        kept.cut[at] = reached_by(low, k, kept.cut[at])
    places = scratch.hits.places[: _reach(high, kept.cut[at], scratch.hits)]
    if places.size == 0:
        return
    spread(rows, user, scratch.row)
    done = 0
    while done < places.size and kept.ones[at] < k:
        number = kept.number[at]
        done += _keep(kept, k, at, begin, places[done:], low, high, not catalogue)
        _make_exact(rows, known, scratch.row, user, catalogue, kept, at, number, ONE)
        if kept.number[at] > k:
            _narrow(kept, k, at)
        if kept.number[at] > room - k:
            _make_exact(rows, known, scratch.row, user, catalogue, kept, at, 0, NEVER)
            _resolve(kept, k, at)
    clear(rows, user, scratch.row)


@njit(**LEAN)
def _reach(high: Float32s, cut: np.float32, hits: Hits) -> int:
    for place in range(high.size):
        hits.mask[place] = high[place] >= cut
    return find(hits)


@njit(**LEAN)
def _keep(kept: Kept, k: int, at: int, begin: int, places: Ints, low: Float32s, high: Float32s, sure: bool) -> int:
    """Keeps as many of the places of a tile as there is room for, and returns their number; ``sure``: a ``low`` of 1 is exact."""
    number, ones, done = kept.number[at], kept.ones[at], 0
    indices, lows, highs = kept.indices[at], kept.low[at], kept.high[at]
    similarities, overlaps = kept.similarity[at], kept.overlap[at]
    for place in places:
        if number == indices.size or ones == k:
            break
        one = sure and low[place] == ONE
        indices[number], lows[number], highs[number] = begin + place, low[place], high[place]
        similarities[number], overlaps[number] = (1.0, 2) if one else (0.0, UNKNOWN)
        number, ones, done = number + 1, ones + one, done + 1
    kept.number[at], kept.ones[at] = number, ones
    return done


@njit(**LEAN)
def _make_exact(
    rows: Sparse, known: Moments, row: Row, user: int, catalogue: bool, kept: Kept, at: int, begin: int, least: np.float32
) -> None:
    """Computes those kept from ``begin`` on whose correlation may reach ``least``; it is 0 without a co-rated item."""
    for place in range(begin, kept.number[at]):
        if kept.overlap[at, place] != UNKNOWN or kept.high[at, place] < least:
            continue
        other = kept.indices[at, place]
        if catalogue:
            similarity, overlap = catalogue_pair(row, user, other, rows, known)
        else:
            similarity, overlap = co_rated_pair(row, other, rows)
        similarity = similarity if overlap > 0 else 0.0
        kept.similarity[at, place], kept.overlap[at, place] = similarity, overlap
        kept.low[at, place] = np.float32(similarity) * LESS if similarity < 1.0 else ONE
        kept.high[at, place] = np.float32(similarity) * MORE if similarity > 0.0 else NEVER
        kept.ones[at] += similarity == 1.0


@njit(**LEAN)
def _narrow(kept: Kept, k: int, at: int) -> None:
    """Drops whom ``k`` others surely surpass."""
    number, highs = kept.number[at], kept.high[at]
    cut = reached_by(kept.low[at, :number], k, kept.cut[at])
    for place in range(number):
        kept.chosen[place] = highs[place] >= cut
    _leave(kept, at)
    kept.cut[at] = cut


@njit(**LEAN)
def _resolve(kept: Kept, k: int, at: int) -> None:
    """Keeps the ``k`` nearest of those kept, all exact: too many are as similar as each other."""
    number = kept.number[at]
    similarities, indices = kept.similarity[at, :number], kept.indices[at, :number]
    for place in range(number):
        similarity = similarities[place]
        kept.chosen[place] = similarity > 0.0 and before(similarities, indices, similarity, indices[place]) < k
    _leave(kept, at)
    if kept.number[at] == k:
        kept.cut[at] = max(kept.cut[at], reached_by(kept.low[at, :k], k, kept.cut[at]))


@njit(**LEAN)
def _leave(kept: Kept, at: int) -> None:
    """Drops all but the chosen."""
    indices, lows, highs, chosen = kept.indices[at], kept.low[at], kept.high[at], kept.chosen
    similarities, overlaps, left = kept.similarity[at], kept.overlap[at], 0
    for place in range(kept.number[at]):
        indices[left], lows[left], highs[left] = indices[place], lows[place], highs[place]
        similarities[left], overlaps[left] = similarities[place], overlaps[place]
        left += chosen[place]
    kept.number[at] = left


@njit(**LEAN)
def _finish(
    rows: Sparse, known: Moments, row: Row, user: int, catalogue: bool, kept: Kept, at: int, k: int, found: Found, to: int
) -> None:
    """Computes those kept, and writes the nearest."""
    number = kept.number[at]
    if kept.ones[at] < k:
        spread(rows, user, row)
        _make_exact(rows, known, row, user, catalogue, kept, at, 0, NEVER)
        clear(rows, user, row)
    similarities, indices = kept.similarity[at, :number], kept.indices[at, :number]
    for place in range(number):
        if similarities[place] > 0.0:
            rank = before(similarities, indices, similarities[place], indices[place])
            if rank < k:
                found.indices[to, rank], found.similarity[to, rank] = indices[place], similarities[place]
                found.overlap[to, rank] = kept.overlap[at, place]
