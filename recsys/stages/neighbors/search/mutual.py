"""Candidates for the k nearest of every user, each pair of users being correlated once, in float32, for both of them.

Tiles of users (:mod:`.tiles`) meet two by two. A user keeps the others whose correlation, rounding allowed for, may be among
the k greatest so far; those that remain surely hold the k nearest. Nobody's candidates are written by two threads at a time:
in one round, no tile meets two others.

A correlation above 0 needs a co-rated item where no mean is below 0. The few users whose mean is below 0 (most of what they rated
they skipped) correlate with whom they share nothing: −offset·offset > 0. So for them it is looked up who shares an item, and the
others do not meet them but are met by them.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.matrices.arrays import LEAN, LEAN_INNER, Codes, Flags, Float32s, Floats, Ints, Offsets
from recsys.stages.neighbors.search.intervals import correlate, mark_co_rated
from recsys.stages.neighbors.search.ranks import AtLeast, blank_hits, find_ranked, reached_by
from recsys.stages.neighbors.search.search import LEAST_ROOM
from recsys.stages.neighbors.search.tiles import LOWEST, Tiles
from recsys.stages.neighbors.search.workers import WorkerPool

NONE = np.float32(np.inf)
"""What no correlation reaches."""
_ROOM = 2
"""Candidates a user may have at a time, in multiples of k. It is the memory of the search, 8 bytes each for all users; more
of it saves hardly any time."""


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

    def part(self, first: int, last: int) -> Candidates:
        """Those of the users ``first`` (inclusive) to ``last`` (exclusive), row by row; shares memory."""
        rows = slice(first, last)
        return self._replace(
            indices=self.indices[rows], middles=self.middles[rows], number=self.number[rows], crowded=self.crowded[rows]
        )


class Doubtful(NamedTuple):
    """Users with an offset below 0, tile by tile: those of tile ``t`` are ``users[starts[t]:starts[t + 1]]``."""

    starts: Offsets
    users: Ints


class Meeting(NamedTuple):
    """Scratch of one thread: correlations of a tile, the cut of nobody, who shares an item (width,), and who reaches a cut."""

    middle: Float32s
    nobody: Float32s
    co_rated: Codes
    hits: AtLeast


def gather_pairs(tiles: Tiles, k: int, pool: WorkerPool) -> Candidates:
    """Every user's candidates. Memory: 8 bytes × users × room, and a tile of scratch per thread."""
    users = tiles.begin.size
    room = min(max(_ROOM * k, LEAST_ROOM), users)
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

    doubtful = _doubtful(tiles)

    def worker() -> Callable[[tuple[int, int]], None]:
        width = tiles.dense.shape[2]
        scratch = Meeting(np.empty(width, np.float32), np.full(width, NONE), np.empty(width, np.uint8), blank_hits(width))
        return lambda pair: _meet_tiles(tiles, doubtful, candidates, scratch, *pair)

    for pairs in rounds:
        pool.share(pairs, worker)
    parts = np.linspace(0, users, 4 * pool.threads + 1).astype(np.int64)
    pool.share(pairwise(parts), lambda: lambda part: _narrow_all(candidates, *part))
    return candidates


def _doubtful(tiles: Tiles) -> Doubtful:
    users, width = tiles.begin.size, tiles.dense.shape[2]
    below = np.flatnonzero((tiles.offset[:users] < 0) & (tiles.begin < tiles.end)).astype(np.int32)
    return Doubtful(np.searchsorted(below, width * np.arange(len(tiles.dense) + 1)).astype(np.int64), below)


@njit(**LEAN)
def _meet_tiles(tiles: Tiles, doubtful: Doubtful, candidates: Candidates, scratch: Meeting, first: int, second: int) -> None:
    """Correlates the users of two tiles for both of them, or those of one tile with each other: every pair once.

    Of A users and a doubtful ones, B and b: A − a with B − b, a with B, and b with A − a.
    """
    width, users = scratch.middle.size, tiles.begin.size
    starts = doubtful.starts
    ours, theirs = doubtful.users[starts[first] : starts[first + 1]], doubtful.users[starts[second] : starts[second + 1]]
    for user in range(first * width, min((first + 1) * width, users)):
        if tiles.begin[user] < tiles.end[user] and tiles.offset[user] >= 0:
            _meet(tiles, candidates, scratch, user, second, theirs)
    for at in range(ours.size):
        # in one tile each sees those after it, and itself never
        unseen = ours[: at + 1] if first == second else ours[:0]
        _meet_doubtful(tiles, candidates, scratch, np.int64(ours[at]), second, unseen)  # typed as all users
    if first != second:
        for user in theirs:
            _meet_doubtful(tiles, candidates, scratch, np.int64(user), first, ours)


@njit(**LEAN_INNER)
def _meet(tiles: Tiles, candidates: Candidates, scratch: Meeting, user: int, tile: int, unseen: Ints) -> None:
    """Correlates a user with those of a tile but the ``unseen``."""
    middle = scratch.middle
    begin, last = tile * middle.size, (tile + 1) * middle.size
    correlate(tiles, user, tile, middle)
    for other in unseen:
        middle[other - begin] = LOWEST
    same = begin <= user < last
    if same:
        middle[user - begin] = LOWEST
        candidates.cut[user] = _cut(middle, candidates.k, candidates.cut[user], tiles.radius[user])
    # within one tile every pair is met from both sides, so the other side is not offered again
    cut = scratch.nobody if same else candidates.cut[begin:last]
    places = scratch.hits.places[: _reach(candidates.cut[user], cut, scratch)]
    _offer(candidates, user, begin, middle, places, np.int64(1 if same else 2))


@njit(**LEAN_INNER)
def _meet_doubtful(tiles: Tiles, candidates: Candidates, scratch: Meeting, user: int, tile: int, unseen: Ints) -> None:
    """The same for a doubtful user, on behalf of both: only who shares an item with the user correlates."""
    middle, co_rated = scratch.middle, scratch.co_rated
    begin, last = tile * middle.size, (tile + 1) * middle.size
    correlate(tiles, user, tile, middle)
    mark_co_rated(tiles, user, tile, co_rated)
    for at in range(middle.size):
        middle[at] = middle[at] if co_rated[at] else LOWEST
    for other in unseen:
        middle[other - begin] = LOWEST
    if begin <= user < last:
        candidates.cut[user] = _cut(middle, candidates.k, candidates.cut[user], tiles.radius[user])
    places = scratch.hits.places[: _reach(candidates.cut[user], candidates.cut[begin:last], scratch)]
    _offer(candidates, user, begin, middle, places, np.int64(2))


@njit(**LEAN_INNER)
def _reach(own: np.float32, cut: Float32s, scratch: Meeting) -> int:
    """Notes in ``scratch.hits`` who of a tile reaches the user's own cut or has a cut that the user reaches; how many."""
    middle, hits = scratch.middle, scratch.hits
    mask = hits.mask
    for at in range(middle.size):
        mask[at] = (middle[at] >= own) | (middle[at] >= cut[at])
    return find_ranked(hits)


@njit(**LEAN_INNER)
def _offer(candidates: Candidates, user: int, begin: int, middle: Float32s, places: Ints, sides: int) -> None:
    """Offers the users from ``begin`` on to ``user``, and ``user`` to them: ``sides`` is 1 or 2.

    Everyone is written down and only those who reach the cut are counted: there is no branch to mispredict.
    """
    room = candidates.indices.shape[1]
    for at in places:
        value, one, other = middle[at], user, begin + at
        for _ in range(sides):
            place = candidates.number[one]
            candidates.indices[one, place], candidates.middles[one, place] = other, value
            place += value >= candidates.cut[one]
            candidates.number[one] = place
            if place == room:
                _narrow(candidates, one)
                if candidates.number[one] > room - room // 4:
                    candidates.crowded[one], candidates.number[one], candidates.cut[one] = True, 0, NONE
            one, other = other, one


@njit(**LEAN_INNER)
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


@njit(**LEAN_INNER)
def _cut(middles: Float32s, k: int, cut: np.float32, radius: float) -> np.float32:
    """What a correlation must reach to be among the ``k`` greatest, at least ``cut``.

    The k-th greatest is off by at most the radius, and so is the one that is compared with it: twice the radius is allowed for.
    """
    return max(np.float32(reached_by(middles, k, cut) - 2.0 * radius), cut)
