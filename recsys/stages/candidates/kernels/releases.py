"""The release of each song that the listeners who count play most."""

from __future__ import annotations

import numpy as np
from numba import njit

from recsys.matrices.arrays import INNER, Floats, Ints, Offsets
from recsys.matrices.order import ascending


@njit(nogil=True, cache=True)
def most_played(voters: tuple[Offsets, Ints, Floats], heard: tuple[Offsets, Ints], canonical: Ints) -> tuple[Offsets, Ints]:
    """Of each list the releases with the most votes that are not the main one of their song, in track order: bounds and tracks.

    ``voters``: per list who counts, and how much; ``heard``: one release of a song per listener; ``canonical`` (tracks,): the
    main release of each. Of releases with as many votes the main one wins, then the first.
    """
    indptr, listeners, weights = voters
    votes, best = np.zeros(len(canonical)), np.full(len(canonical), -1, np.int32)
    room, ends = 0, np.zeros(len(indptr), np.int64)
    for listener in listeners:
        room += heard[0][listener + 1] - heard[0][listener]
    voted, out = np.empty(room + 1, np.int32), np.empty(room, np.int32)
    for row in range(len(indptr) - 1):
        own = slice(indptr[row], indptr[row + 1])
        size = _count(listeners[own], weights[own], heard, votes, voted)
        shown = ascending(_best(voted[:size], votes, canonical, best))
        for at in range(len(shown)):
            out[ends[row] + at] = shown[at]
        ends[row + 1] = ends[row] + len(shown)
        for track in voted[:size]:
            votes[track] = 0.0
    return ends, out[: ends[-1]]


@njit(**INNER)
def _count(listeners: Ints, weights: Floats, heard: tuple[Offsets, Ints], votes: Floats, voted: Ints) -> int:
    """Adds up ``votes`` (tracks,) of those that count, in their order; ``voted`` gets the tracks, whose number is returned."""
    (bounds, releases), size = heard, 0
    for at in range(len(listeners)):
        for place in range(bounds[listeners[at]], bounds[listeners[at] + 1] if weights[at] > 0.0 else 0):
            track = releases[place]
            # written in any case, kept when the next place is taken: no branch to guess
            voted[size] = track
            size += votes[track] == 0.0
            votes[track] += weights[at]
    return size


@njit(**INNER)
def _best(voted: Ints, votes: Floats, canonical: Ints, best: Ints) -> Ints:
    """The best releases of songs where it is not the main one; ``best`` (tracks,): −1, left as such."""
    out, size = np.empty(len(voted), np.int32), 0
    for track in voted:
        song = canonical[track]
        if best[song] < 0 or _before(votes, track, best[song], song):
            best[song] = track
    for track in voted:
        song = canonical[track]
        if best[song] >= 0 and best[song] != song:
            out[size] = best[song]
            size += 1
        best[song] = -1
    return out[:size]


@njit(**INNER)
def _before(votes: Floats, one: int, other: int, song: int) -> bool:
    """Whether a release of a song wins against another."""
    level = one == song or (other != song and one < other)
    return votes[one] > votes[other] or (votes[one] == votes[other] and level)
