"""Who is measured: the candidates whose points set the scale of a list."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.matrices.arrays import INNER, Codes, Flags, Floats, Ints, Names, Numbers, Offsets, Tracks
from recsys.matrices.order import ascending, nth_greatest, reaching

_LEAST = 1e-45
"""Any vote at all: as a single number it is the least there is above 0."""
_SAMPLE = 4096
"""Votes looked at to find out how many are great."""
DEPTH = 4
"""Great votes gathered, as a multiple of the tracks to be measured: filters drop some of them."""
LOVED = 4
"""One track in so many of those measured may be there for its artist alone."""


class TrackFacts(NamedTuple):
    """What the parts read of the catalogue beside :class:`Tracks`."""

    popularity: Floats
    """(tracks,) 0–1."""
    scaled: Floats
    """(tracks, 12) features in standard deviations of the catalogue."""
    by_artist_indptr: Offsets
    by_artist: Ints
    """Tracks of each artist; a track of several artists is among those of each."""
    doubtful: Floats
    """(tracks,) factor 0–1 for listeners without history: below 1 for noise, what hardly anyone finished, or nobody described."""


class Loving(NamedTuple):
    """Whom one listener loves."""

    familiar: Names
    """Of all subjects: artists, 0–1."""
    subject: int
    loves: Floats
    """(sets of artists,) 0–1: the greatest of a set's artists."""


class _Members(NamedTuple):
    """The tracks of artists: what one looks up of :class:`Tracks` and :class:`TrackFacts`; all of both would compile slowly."""

    by_artist_indptr: Offsets
    by_artist: Ints
    artist_of: Ints


class RowVotes(NamedTuple):
    """One row of :class:`recsys.matrices.arrays.Votes`."""

    share: Numbers
    """(tracks,)."""
    whole: float
    most: float


class Depth(NamedTuple):
    """How many tracks are looked at."""

    measured: int
    """With the most votes."""
    most: int
    """Best by score to return."""


@njit(nogil=True, cache=True)
def great_votes(share: Numbers, measured: int) -> Ints:
    """Tracks with great votes, in order: some more than are to be measured, or all with votes where they are fewer.

    ``share`` (tracks,) of one row: the order of shares is that of votes.
    """
    least = _LEAST
    if len(share) > 2 * DEPTH * measured:
        step = (len(share) // _SAMPLE) | 1  # odd: catalogues are put together from equal parts more often than from odd ones
        least = max(least, nth_greatest(share[::step].astype(np.float64), max(1, DEPTH * measured // step)))
    return _with_at_least(share, least)


@njit(nogil=True, cache=True)
def vote_for(votes: RowVotes, track: int) -> float:
    """0–1."""
    return np.float64(votes.share[track]) / votes.whole * votes.most


@njit(**INNER)
def _with_at_least(share: Numbers, least: float) -> Ints:
    # as numbers of one type they are compared sixteen at a time
    return reaching(share, share.dtype.type(least), len(share))


@njit(nogil=True, cache=True)
def candidates_to_measure(
    catalog: tuple[Tracks, TrackFacts], loving: Loving, votes: RowVotes, rules: Codes, great: Ints, depth: Depth, mark: Codes
) -> tuple[Ints, Flags]:
    """Candidates to be measured, in order, and which of them set the scale. Where votes name too few, all candidates are.

    ``rules`` (tracks,): 0 for a candidate. ``great``: of :func:`great_votes`. ``mark`` (tracks,): zeros, left as zeros.
    """
    voted = _passing(great, rules)
    if len(voted) < depth.measured:
        voted = _passing(_with_at_least(votes.share, _LEAST), rules)
    if len(voted) < depth.measured:
        whole = _all_passing(rules)
        return whole, np.ones(len(whole), np.bool_)
    voted = _most_voted(voted, votes.share, depth.measured)
    tracks, facts = catalog
    members = _Members(facts.by_artist_indptr, facts.by_artist, tracks.artist_of)
    core = _merged(voted, _loved(members, loving, votes, rules, voted, depth.measured // LOVED, mark))
    if len(core) >= depth.most:
        return core, np.ones(len(core), np.bool_)
    whole = _all_passing(rules)
    return whole, _among(whole, core)


@njit(**INNER)
def _passing(numbers: Ints, rules: Codes) -> Ints:
    """Those of the tracks that no rule drops. In loops, here and below: masks and lists as indices take long to compile."""
    out, size = np.empty(len(numbers), np.int32), 0
    for number in numbers:
        # written in any case, kept when the next place is taken: no branch to guess
        out[size] = number
        size += rules[number] == 0
    return out[:size]


@njit(**INNER)
def _all_passing(rules: Codes) -> Ints:
    size = 0
    for track in range(len(rules)):
        size += rules[track] == 0
    out, size = np.empty(size + 1, np.int32), 0
    for track in range(len(rules)):
        out[size] = track
        size += rules[track] == 0
    return out[:size]


@njit(**INNER)
def _most_voted(voted: Ints, share: Numbers, most: int) -> Ints:
    """The ``most`` with the greatest votes, and those level with the last of them."""
    own, out, size = np.empty(len(voted)), np.empty(len(voted), np.int32), 0
    for at in range(len(voted)):
        own[at] = share[voted[at]]
    least = nth_greatest(own, most)
    for at in range(len(voted)):
        if own[at] >= least:
            out[size] = voted[at]
            size += 1
    return out[:size]


@njit(**INNER)
def _among(numbers: Ints, some: Ints) -> Flags:
    """Which of the ascending ``numbers`` are among ``some`` of them, ascending too."""
    out, at = np.zeros(len(numbers), np.bool_), 0
    for place in range(len(numbers)):
        if at < len(some) and numbers[place] == some[at]:
            out[place] = True
            at += 1
    return out


@njit(**INNER)
def _loved(members: _Members, loving: Loving, votes: RowVotes, rules: Codes, voted: Ints, most: int, mark: Codes) -> Ints:
    """At most ``most`` candidates by the artists the listener loves most, of equals those with most votes; without ``voted``."""
    for track in voted:
        mark[track] = 1
    loved, worth = _by_loved(members, loving, rules, mark)
    for track in voted:
        mark[track] = 0
    if len(loved) > most:
        for at in range(len(loved)):
            worth[at] += 1e-3 * vote_for(votes, loved[at])
        loved = _first_greatest(loved, worth, most)
    return _once(ascending(loved))


@njit(**INNER)
def _first_greatest(numbers: Ints, worth: Floats, most: int) -> Ints:
    """The ``most`` numbers that are worth most, of equals the first; they are far fewer than all, which are not put in order."""
    least, level, size = nth_greatest(worth, most) if most else np.inf, most, 0
    for one in worth:
        level -= one > least
    out = np.empty(most, np.int32)
    for at in range(len(numbers)):
        if worth[at] > least or (worth[at] == least and level > 0):
            level -= worth[at] == least
            out[size] = numbers[at]
            size += 1
    return out


@njit(**INNER)
def _once(numbers: Ints) -> Ints:
    """The ascending ``numbers`` without repetition: equal strengths of one track's artists bring it twice."""
    size = 0
    for number in numbers:
        if size == 0 or numbers[size - 1] != number:
            numbers[size] = number
            size += 1
    return numbers[:size]


@njit(**INNER)
def _by_loved(members: _Members, loving: Loving, rules: Codes, mark: Codes) -> tuple[Ints, Floats]:
    """Candidates by artists the listener loves that are not marked, and how much their artists are loved."""
    indptr, by_artist, artist_of = members
    familiar, subject, loves = loving
    begin, end, room, size = familiar.indptr[subject], familiar.indptr[subject + 1], 1, 0
    for at in range(begin, end):
        room += indptr[familiar.indices[at] + 1] - indptr[familiar.indices[at]]
    out, love = np.empty(room, np.int32), np.empty(room)
    for at in range(begin, end):
        name, strength = familiar.indices[at], familiar.strength[at]
        for track in by_artist[indptr[name] : indptr[name + 1]]:
            # written in any case, kept when the next place is taken: no branch to guess
            out[size], love[size] = track, strength
            # a track of several artists is there for the one that is loved most
            size += (rules[track] == 0) & (mark[track] == 0) & (loves[artist_of[track]] <= strength)
    return out[:size], love[:size]


@njit(**INNER)
def _merged(one: Ints, other: Ints) -> Ints:
    """Two ascending lists without common members as one."""
    out, left, right = np.empty(len(one) + len(other), np.int32), 0, 0
    for at in range(len(out)):
        if right == len(other) or (left < len(one) and one[left] < other[right]):
            out[at] = one[left]
            left += 1
        else:
            out[at] = other[right]
            right += 1
    return out
