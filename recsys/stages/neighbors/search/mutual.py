"""Candidates for the k nearest of every user, each pair of users being correlated once, in float32, for both of them.

Tiles of users (:mod:`.tiles`) meet two by two. A user keeps the others whose correlation, rounding allowed for, may be among
the k greatest so far; those that remain surely hold the k nearest. Nobody's candidates are written by two threads at a time:
in one round, no tile meets two others.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.matrices.arrays import LEAN, Flags, Float32s, Floats, Ints
from recsys.stages.neighbors.search.intervals import correlate
from recsys.stages.neighbors.search.ranks import Hits, blank_hits, find, reached_by
from recsys.stages.neighbors.search.search import LEAST_ROOM, ROOM
from recsys.stages.neighbors.search.tiles import NEVER, Tiles
from recsys.stages.neighbors.search.workers import WorkerPool

NONE = np.float32(np.inf)
"""What no correlation reaches."""


class Candidates(NamedTuple):
    """Row ``u`` of ``indices`` and ``middles`` (float32 correlations), (users, room), holds ``number[u]`` candidates.

    A candidate reaches ``cut[u]``, (width of all tiles,). ``crowded`` users had more of them than there was room for, nearly
    as similar as each other, and have none.
    """

    indices: Ints
    middles: Float32s
    number: Ints
    cut: Float32s
    crowded: Flags


def candidates(tiles: Tiles, k: int, pool: WorkerPool) -> Candidates:
    """Every user's candidates. No offset may be below 0: users without a co-rated item would correlate."""
    users = tiles.begin.size
    room = min(max(ROOM * k, LEAST_ROOM), users)
    cut = np.full(tiles.offset.size, NONE)
    cut[:users] = np.where(tiles.bar[:users] == 0, tiles.floor, NONE)
    found = Candidates(
        np.empty((users, room), np.int32),
        np.empty((users, room), np.float32),
        np.zeros(users, np.int32),
        cut,
        np.zeros(users, np.bool_),
    )
    count = len(tiles.dense)
    rounds = [[(tile, tile) for tile in range(count)]]
    for at in range(count):
        rounds.append([(tile, (at - tile) % count) for tile in range(count) if tile < (at - tile) % count])

    def worker() -> Callable[[tuple[int, int]], None]:
        width = tiles.dense.shape[2]
        middle, nobody, hits = np.empty(width, np.float32), np.full(width, NONE), blank_hits(width)
        return lambda pair: _meet(tiles, found, k, middle, nobody, hits, *pair)

    for pairs in rounds:
        pool.share(pairs, worker)
    parts = np.linspace(0, users, 4 * pool.threads + 1).astype(np.int64)
    pool.share(pairwise(parts), lambda: lambda part: _narrow_all(found, tiles.radius, k, *part))
    return found


@njit(**LEAN)
def _meet(
    tiles: Tiles, found: Candidates, k: int, middle: Float32s, nobody: Float32s, hits: Hits, first: int, second: int
) -> None:
    """Correlates the users of two tiles for both of them, or those of one tile with each other."""
    width, users = middle.size, tiles.begin.size
    begin, same, mask = second * width, first == second, hits.mask
    cut = nobody if same else found.cut[begin : begin + width]
    for user in range(first * width, min((first + 1) * width, users)):
        if tiles.begin[user] == tiles.end[user]:
            continue
        correlate(tiles, user, second, middle)
        if same:
            middle[user - begin] = NEVER
            found.cut[user] = _cut(middle, k, found.cut[user], tiles.radius[user])
        own = found.cut[user]
        for at in range(width):
            mask[at] = (middle[at] >= own) | (middle[at] >= cut[at])
        places = hits.places[: find(hits)]
        _offer(found, tiles.radius, k, user, begin, middle, places, 1 if same else 2)


@njit(**LEAN)
def _offer(found: Candidates, radius: Floats, k: int, user: int, begin: int, middle: Float32s, places: Ints, sides: int) -> None:
    """Offers the users from ``begin`` on to ``user``, and ``user`` to them: ``sides`` is 1 or 2.

    Everyone is written down and only those who reach the cut are counted: there is no branch to mispredict.
    """
    room = found.indices.shape[1]
    for at in places:
        value, one, other = middle[at], user, begin + at
        for _ in range(sides):
            place = found.number[one]
            found.indices[one, place], found.middles[one, place] = other, value
            place += value >= found.cut[one]
            found.number[one] = place
            if place == room:
                _narrow(found, radius[one], k, one)
                if found.number[one] > room - k:
                    found.crowded[one], found.number[one], found.cut[one] = True, 0, NONE
            one, other = other, one


@njit(**LEAN)
def _narrow(found: Candidates, radius: float, k: int, user: int) -> None:
    """Drops the candidates that are surely not among the ``k`` greatest."""
    indices, middles = found.indices[user, : found.number[user]], found.middles[user, : found.number[user]]
    cut = _cut(middles, k, found.cut[user], radius)
    kept = 0
    for at in range(middles.size):
        indices[kept], middles[kept] = indices[at], middles[at]
        kept += middles[at] >= cut
    found.number[user], found.cut[user] = kept, cut


@njit(**LEAN)
def _narrow_all(found: Candidates, radius: Floats, k: int, first: int, last: int) -> None:
    for user in range(first, last):
        if found.number[user] > k:
            _narrow(found, radius[user], k, user)


@njit(**LEAN)
def _cut(middles: Float32s, k: int, cut: np.float32, radius: float) -> np.float32:
    """What a correlation must reach to be among the ``k`` greatest, at least ``cut``."""
    return max(np.float32(reached_by(middles, k, cut) - 2.0 * radius), cut)
