"""Candidates for the k nearest of every user, each pair of users being correlated once, in float32, for both of them.

Bands of users (:mod:`.bands`) meet two by two. A user keeps the others whose correlation, rounding allowed for, may be among
the k greatest so far; those that remain surely hold the k nearest. Nobody's candidates are written by two threads at a time:
no band meets two others at once. Bands of users with many ratings come first, and of two that meet it is the users with fewer
ratings who are followed: few entries each, along long lists of raters.

A correlation above 0 needs a co-rated item where no mean is below 0. The few users whose mean is below 0 (most of what they rated
they skipped) correlate with whom they share nothing: −offset·offset > 0. So for them it is looked up who shares an item. They
stand in the last bands, and so it is always they who meet the others.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.matrices.arrays import LEAN, LEAN_INNER, Codes, Flags, Float32s, Floats, Ints, Unsigned, Words, aligned
from recsys.matrices.prefetch import prefetch
from recsys.stages.neighbors.search.bands import Bands
from recsys.stages.neighbors.search.bits import BITS, at_least_either, lowest
from recsys.stages.neighbors.search.ranks import GROUPED, group_maxima, reached_by
from recsys.stages.neighbors.search.scan import mark_sharers, scan_band
from recsys.stages.neighbors.search.search import LEAST_ROOM
from recsys.stages.neighbors.search.tiles import LOWEST
from recsys.stages.neighbors.search.workers import WorkerPool

NONE = np.float32(np.inf)
"""What no correlation reaches."""
_ROOM = 2
"""Candidates a user may have at a time, in multiples of k. It is the memory of the search, 8 bytes each for all users; more
of it saves hardly any time."""

_AHEAD = np.uint64(8)
"""Users from the one who is given a candidate to the one whose candidates are fetched."""
_HALF = np.uint64(32)
"""Bits of a place, and of a correlation."""
OTHER = np.uint64(2**32 - 1)
"""A candidate's place, in its word."""


class Candidates(NamedTuple):
    """Users by place, place ``p`` being that of user ``order[p]``: :class:`.bands.Bands`.

    Row ``p`` of ``words`` (places, room) holds ``number[p]`` candidates: a float32 correlation, and in the low half the other's
    place; together, because what is far apart in memory is fetched twice. A candidate reaches ``cut[p]``. ``crowded`` users had
    more of them than there was room for, all as similar as each other, and have none.
    """

    order: Ints
    words: Words
    number: Ints
    cut: Float32s
    crowded: Flags
    radius: Floats
    """(places,) how far a correlation in float32 may be from the exact one."""
    k: int


class Meeting(NamedTuple):
    """Scratch of one thread: correlations with a band, and their ``bits``, the same memory; greatest of each group; the cut of
    nobody; who shares an item; correlations of candidates; ``blocks`` of the band in which somebody reaches a cut, and who does,
    as bits, ``inside``; all who do, ``reaching``; those of them whose own cut it is, ``others``.
    """

    middle: Float32s
    bits: Unsigned
    greatest: Float32s
    nobody: Float32s
    sharers: Codes
    narrowed: Float32s
    blocks: Unsigned
    inside: Words
    reaching: Unsigned
    others: Unsigned


def _scratch(width: int, room: int) -> Meeting:
    single, nobody, count = aligned(width), aligned(width), width // BITS + 1
    nobody[:] = NONE
    return Meeting(
        middle=single,
        bits=single.view(np.uint32),
        greatest=aligned(width // GROUPED),
        nobody=nobody,
        sharers=np.empty(width, np.uint8),
        narrowed=aligned(room),
        blocks=np.empty(count, np.uint32),
        inside=np.empty(count, np.uint64),
        reaching=np.empty(width + 1, np.uint32),
        others=np.empty(width + 1, np.uint32),
    )


def gather_pairs(bands: Bands, k: int, pool: WorkerPool) -> Candidates:
    """Every user's candidates. Memory: 8 bytes × places × room, and a band of scratch per thread."""
    places, count = bands.order.size, bands.users.size
    room, cut = max(_ROOM * k, LEAST_ROOM), aligned(places)
    cut[:] = np.where(bands.order >= 0, bands.floor, NONE)
    candidates = Candidates(
        bands.order,
        np.empty((places, room), np.uint64),
        np.zeros(places, np.int32),
        cut,
        np.zeros(places, np.bool_),
        bands.radius,
        k,
    )

    def worker() -> Callable[[tuple[int, int]], None]:
        scratch = _scratch(int(np.diff(bands.first).max(initial=0)), room)
        return lambda pair: _meet_bands(bands, candidates, scratch, *pair)

    pool.share_apart(_meetings(count), worker)
    parts = np.linspace(0, places, 4 * pool.threads + 1).astype(np.int64)

    def last() -> Callable[[tuple[int, int]], None]:
        narrowed = np.empty(room, np.float32)
        return lambda part: _narrow_all(candidates, narrowed, *part)

    pool.share(pairwise(parts), last)
    return candidates


def _meetings(count: int) -> list[tuple[int, int]]:
    """Pairs of bands, so that each meets the first before the second, and the second before the third."""
    pairs = [(first, second) for second in range(count) for first in range(second + 1)]
    return sorted(pairs, key=lambda pair: (sum(pair), pair[0]))


@njit(**LEAN)
def _meet_bands(bands: Bands, candidates: Candidates, scratch: Meeting, first: int, second: int) -> None:
    """Correlates the users of the ``second`` band with those of the ``first`` for both, or those of one with each other."""
    begin, width, same = bands.first[first], bands.first[first + 1] - bands.first[first], first == second
    middle, sharers = scratch.middle[:width], scratch.sharers[:width]
    # within one band every pair is met from both sides, so the other side is not offered again
    cuts = scratch.nobody[:width] if same else candidates.cut[begin : begin + width]
    for place in range(bands.first[second], bands.first[second] + bands.users[second]):
        _fetch(candidates, np.uint64(place + 1))
        scan_band(bands, place, first, middle)
        if second >= bands.doubtful:
            mark_sharers(bands, place, first, sharers)
            for at in range(width):
                middle[at] = middle[at] if sharers[at] else LOWEST
        if same:
            middle[place - begin] = LOWEST
        if candidates.number[place] < candidates.k:
            _raise_cut(candidates, place, middle, scratch.greatest[: width // GROUPED])
        _offer(candidates, scratch, np.uint64(place), np.uint64(begin), cuts)


@njit(**LEAN_INNER)
def _raise_cut(candidates: Candidates, place: int, middle: Float32s, greatest: Float32s) -> None:
    """Raises the cut to what the k-th greatest of ``middle`` surely is, or, faster, the k-th greatest of its groups' greatest.

    The greatest of a group is a number of the group, so k groups whose greatest reach a bound hold k numbers that do: the
    k-th greatest of all is no less than the k-th greatest of those.
    """
    k = candidates.k
    if 2 * k > greatest.size:
        candidates.cut[place] = _cut(middle, k, candidates.cut[place], candidates.radius[place])
    else:
        group_maxima(middle, greatest)
        candidates.cut[place] = _cut(greatest, k, candidates.cut[place], candidates.radius[place])


@njit(**LEAN_INNER)
def _offer(candidates: Candidates, scratch: Meeting, place: np.uint64, begin: np.uint64, cuts: Float32s) -> None:
    """Offers the user the places from ``begin`` on that reach the user's cut, and the user to those whose cuts are reached."""
    middle, bits, reaching, others = scratch.middle, scratch.bits, scratch.reaching, scratch.others
    number, cut, room = np.uint64(candidates.number[place]), candidates.cut[place], np.uint64(candidates.words.shape[1])
    words, offered = candidates.words[place], np.uint64(0)
    for hit in range(_find_reaching(scratch, cut, cuts)):
        at = np.uint64(reaching[hit])
        # written in any case and counted when a cut is reached: no branch to mispredict
        words[number] = (np.uint64(bits[at]) << _HALF) | (begin + at)
        number += np.uint64(middle[at] >= cut)
        others[offered] = at
        offered += np.uint64(middle[at] >= cuts[at])
        if number == room:
            candidates.number[place] = number
            _make_room(candidates, scratch, place)
            number, cut = np.uint64(candidates.number[place]), candidates.cut[place]
    candidates.number[place] = number
    for hit in range(offered):
        if hit + _AHEAD < offered:
            _fetch(candidates, begin + others[hit + _AHEAD])
        at = np.uint64(others[hit])
        _add(candidates, scratch, begin + at, (np.uint64(bits[at]) << _HALF) | place)


@njit(**LEAN_INNER)
def _find_reaching(scratch: Meeting, cut: np.float32, cuts: Float32s) -> int:
    """Writes down who of ``middle`` reaches the cut or the own one of ``cuts``, and returns how many.

    Few do, who is hard to foresee: words of nobody are passed over, and two of a word written down, without a branch.
    """
    blocks, inside, reaching = scratch.blocks, scratch.inside, scratch.reaching
    words, number, one = np.uint64(0), np.uint64(0), np.uint64(1)
    for block in range(0, cuts.size, BITS):
        word = at_least_either(scratch.middle, block, cut, cuts)
        blocks[words], inside[words] = block, word
        words += np.uint64(word != 0)
    for at in range(words):
        block, word = blocks[at], inside[at]
        rest = word & (word - one)
        reaching[number] = block + lowest(word)
        reaching[number + one] = block + lowest(rest)
        number += one + np.uint64(rest != 0)
        rest &= max(rest, one) - one
        while rest != 0:
            reaching[number] = block + lowest(rest)
            number += one
            rest &= rest - one
    return int(number)


@njit(**LEAN_INNER)
def _fetch(candidates: Candidates, place: np.uint64) -> None:
    """Fetches where the next candidate of a user will be written."""
    if place < candidates.number.size:
        prefetch(candidates.words, int(np.int64(place)) * candidates.words.shape[1] + int(candidates.number[place]), 1)


@njit(**LEAN_INNER)
def _add(candidates: Candidates, scratch: Meeting, place: np.uint64, word: np.uint64) -> None:
    number = np.uint64(candidates.number[place])
    candidates.words[place, number] = word
    candidates.number[place] = number + np.uint64(1)
    if candidates.number[place] == candidates.words.shape[1]:
        _make_room(candidates, scratch, place)


@njit(**LEAN_INNER)
def _make_room(candidates: Candidates, scratch: Meeting, place: np.uint64) -> None:
    """Narrows the candidates of a user who has no room for more; those of a crowded user are given up."""
    _narrow(candidates, scratch.narrowed, place)
    if candidates.number[place] == candidates.words.shape[1]:
        candidates.crowded[place], candidates.number[place], candidates.cut[place] = True, 0, NONE


@njit(**LEAN_INNER)
def _narrow(candidates: Candidates, narrowed: Float32s, place: np.uint64) -> None:
    """Drops the candidates that are surely not among the ``k`` greatest."""
    number = candidates.number[place]
    words, middles = candidates.words[place, :number], narrowed[:number]
    for at in range(number):
        middles[at] = np.uint32(words[at] >> _HALF).view(np.float32)
    cut = _cut(middles, candidates.k, candidates.cut[place], candidates.radius[place])
    left = np.uint64(0)
    for at in range(number):
        # written in any case and counted when it stays: no branch to mispredict
        words[left] = words[at]
        left += np.uint64(middles[at] >= cut)
    candidates.number[place], candidates.cut[place] = left, cut


@njit(**LEAN)
def _narrow_all(candidates: Candidates, narrowed: Float32s, first: int, last: int) -> None:
    for place in range(first, last):
        if candidates.number[place] > candidates.k:
            _narrow(candidates, narrowed, np.uint64(place))


@njit(**LEAN_INNER)
def _cut(middles: Float32s, k: int, cut: np.float32, radius: float) -> np.float32:
    """What a correlation must reach to be among the ``k`` greatest, at least ``cut``.

    The k-th greatest is off by at most the radius, and so is the one that is compared with it: twice the radius is allowed for.
    """
    return max(np.float32(reached_by(middles, k, cut) - 2.0 * radius), cut)
