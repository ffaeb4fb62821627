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
from recsys.stages.neighbors.search.ranks import AtLeast, blank_hits, find_ranked, reached_by
from recsys.stages.neighbors.search.search import LEAST_ROOM, ROOM
from recsys.stages.neighbors.search.tiles import LOWEST, Tiles
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
    radius: Floats
    """(users,) how far a correlation in float32 may be from the exact one."""
    k: int


class Meeting(NamedTuple):
    """Scratch of one thread: correlations of a tile, the cut of nobody (width,), and who reaches a cut."""

    middle: Float32s
    nobody: Float32s
    hits: AtLeast


def gather_pairs(tiles: Tiles, k: int, pool: WorkerPool) -> Candidates:
    """Every user's candidates. No offset may be below 0: users without a co-rated item would correlate."""
    users = tiles.begin.size
    room = min(max(ROOM * k, LEAST_ROOM), users)
    cut = np.full(tiles.offset.size, NONE)
    cut[:users] = np.where(tiles.bar[:users] == 0, tiles.floor, NONE)
    candidates = Candidates(
        np.empty((users, room), np.int32),
        np.empty((users, room), np.float32),
        np.zeros(users, np.int32),
        cut,
        np.zeros(users, np.bool_),
        tiles.radius,
        k,
    )
    count = len(tiles.dense)
    rounds = [[(tile, tile) for tile in range(count)]]
    for at in range(count):
        rounds.append([(tile, (at - tile) % count) for tile in range(count) if tile < (at - tile) % count])

    def worker() -> Callable[[tuple[int, int]], None]:
        width = tiles.dense.shape[2]
        scratch = Meeting(np.empty(width, np.float32), np.full(width, NONE), blank_hits(width))
        return lambda pair: _meet(tiles, candidates, scratch, *pair)

    for pairs in rounds:
        pool.share(pairs, worker)
    parts = np.linspace(0, users, 4 * pool.threads + 1).astype(np.int64)
    pool.share(pairwise(parts), lambda: lambda part: _narrow_all(candidates, *part))
    return candidates


@njit(**LEAN)
def _meet(tiles: Tiles, candidates: Candidates, scratch: Meeting, first: int, second: int) -> None:
    """Correlates the users of two tiles for both of them, or those of one tile with each other."""
    middle, hits = scratch.middle, scratch.hits
    width, users = middle.size, tiles.begin.size
    begin, same, mask = second * width, first == second, hits.mask
    # within one tile every pair is met from both sides, so the other side is not offered again
    cut = scratch.nobody if same else candidates.cut[begin : begin + width]
    for user in range(first * width, min((first + 1) * width, users)):
        if tiles.begin[user] == tiles.end[user]:
            continue
        correlate(tiles, user, second, middle)
        if same:
            middle[user - begin] = LOWEST
            candidates.cut[user] = _cut(middle, candidates.k, candidates.cut[user], tiles.radius[user])
        own = candidates.cut[user]
        for at in range(width):
            mask[at] = (middle[at] >= own) | (middle[at] >= cut[at])
        places = hits.places[: find_ranked(hits)]
        _offer(candidates, user, begin, middle, places, 1 if same else 2)


@njit(**LEAN)
def _offer(candidates: Candidates, user: int, begin: int, middle: Float32s, places: Ints, sides: int) -> None:
    """Offers the users from ``begin`` on to ``user``, and ``user`` to them: ``sides`` is 1 or 2.

    Everyone is written down and only those who reach the cut are counted: there is no branch to mispredict.
    """
    room, k = candidates.indices.shape[1], candidates.k
    for at in places:
        value, one, other = middle[at], user, begin + at
        for _ in range(sides):
            place = candidates.number[one]
            candidates.indices[one, place], candidates.middles[one, place] = other, value
            place += value >= candidates.cut[one]
            candidates.number[one] = place
            if place == room:
                _narrow(candidates, one)
                if candidates.number[one] > room - k:
                    candidates.crowded[one], candidates.number[one], candidates.cut[one] = True, 0, NONE
            one, other = other, one


@njit(**LEAN)
def _narrow(candidates: Candidates, user: int) -> None:
    """Drops the candidates that are surely not among the ``k`` greatest."""
    number = candidates.number[user]
    indices, middles = candidates.indices[user, :number], candidates.middles[user, :number]
    cut = _cut(middles, candidates.k, candidates.cut[user], candidates.radius[user])
    left = 0
    for at in range(middles.size):
        indices[left], middles[left] = indices[at], middles[at]
        left += middles[at] >= cut
    candidates.number[user], candidates.cut[user] = left, cut


@njit(**LEAN)
def _narrow_all(candidates: Candidates, first: int, last: int) -> None:
    for user in range(first, last):
        if candidates.number[user] > candidates.k:
            _narrow(candidates, user)


@njit(**LEAN)
def _cut(middles: Float32s, k: int, cut: np.float32, radius: float) -> np.float32:
    """What a correlation must reach to be among the ``k`` greatest, at least ``cut``.

    The k-th greatest is off by at most the radius, and so is the one that is compared with it: twice the radius is allowed for.
    """
    return max(np.float32(reached_by(middles, k, cut) - 2.0 * radius), cut)
