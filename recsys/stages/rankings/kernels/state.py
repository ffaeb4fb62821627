"""What is known about the picks of a list so far: which pick was the first with a name, and what the artist cap counts.

A track without audio is at one of three distances from every pick, and so is every track from a pick without audio. No
comparison is needed then: the nearest such pick is the first with the same artist, else the first with a common genre, else
the first of all. A turn is the number of a pick, from 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.matrices.arrays import INNER, LEAN, Flags, Floats, Ints, Items, Offsets

SAME_ARTIST, SAME_GENRE, UNRELATED = 0.12, 0.38, 0.78
"""Distances when one of two tracks has no audio."""

NEVER = 2**31 - 1
"""Turn of a pick that does not exist."""

ANY_LIST, SILENT, HEARD = 0, 1, 2
"""Kinds of picks: all, those without audio, those with audio."""


class PickState(NamedTuple):
    """The picks of one list, with room for the longest.

    ``turns`` (3,): turn of the first of all picks and of the first without audio, number of picks with audio. ``heard`` and
    ``unit`` (12 wide): turn and vector of each pick with audio. ``artist`` (2, artists + 1) and ``genre`` (2, genres): turn of
    the first pick with that name, of all picks and of those without audio; the last artist, which −1 finds, is nobody.
    ``credits``: picks of each artist that the cap counts. ``song``: songs picked.
    """

    turns: Ints
    heard: Ints
    unit: Floats
    artist: Ints
    genre: Ints
    credits: Ints
    song: Flags


@njit(nogil=True, cache=True)
def empty_state(items: Items, longest: int | np.int64) -> PickState:
    """An empty one, for at most ``longest`` picks."""
    turns = np.full(3, NEVER, np.int32)
    turns[HEARD] = 0
    return PickState(
        turns,
        np.empty(longest, np.int32),
        np.empty((longest, 12)),
        np.full((2, _ids(items.artist) + 1), NEVER, np.int32),
        np.full((2, _ids(items.genres_indices)), NEVER, np.int32),
        np.zeros(_ids(items.credits_indices), np.int32),
        np.zeros(_ids(items.song), np.bool_),
    )


@njit(**INNER)
def _ids(ids: Ints) -> int:
    return 1 + ids.max() if len(ids) else 0


@njit(**LEAN)
def enter(items: Items, track: int, turn: int | np.int64, varied: bool, state: PickState) -> None:
    """Enter a pick; when distances do not count (not ``varied``), only for the artist cap and the songs."""
    for at in range(items.credits_indptr[track], items.credits_indptr[track + 1]):
        state.credits[items.credits_indices[at]] += 1
    if items.song[track] >= 0:
        state.song[items.song[track]] = True
    if not varied:
        return
    if items.audio[track]:
        state.heard[state.turns[HEARD]] = turn
        for feature in range(12):
            state.unit[state.turns[HEARD], feature] = items.unit[track, feature]
        state.turns[HEARD] += 1
    # every pick counts for tracks without audio, those without audio for all tracks
    for kind in range(SILENT if items.audio[track] else HEARD):
        state.turns[kind] = min(state.turns[kind], turn)
        if items.artist[track] >= 0:
            state.artist[kind, items.artist[track]] = min(state.artist[kind, items.artist[track]], turn)
        for at in range(items.genres_indptr[track], items.genres_indptr[track + 1]):
            state.genre[kind, items.genres_indices[at]] = min(state.genre[kind, items.genres_indices[at]], turn)


@njit(**LEAN)
def clear(items: Items, tracks: Ints, picks: Ints, state: PickState) -> None:
    """Empty again, after ``picks`` among ``tracks``."""
    state.turns[ANY_LIST], state.turns[SILENT], state.turns[HEARD] = NEVER, NEVER, 0
    # only what the picks touched: it is as long as the catalogue
    for pick in picks:
        track = tracks[pick]
        for kind in range(HEARD):
            state.artist[kind, items.artist[track]] = NEVER
        for at in range(items.credits_indptr[track], items.credits_indptr[track + 1]):
            state.credits[items.credits_indices[at]] = 0
        for at in range(items.genres_indptr[track], items.genres_indptr[track + 1]):
            for kind in range(HEARD):
                state.genre[kind, items.genres_indices[at]] = NEVER
        if items.song[track] >= 0:
            state.song[items.song[track]] = False


@njit(**LEAN)
def allow_more(items: Items, tracks: Ints, more: int | np.int64, state: PickState) -> None:
    """Every artist may have so many ``more`` picks than the cap says for each of ``tracks``: picks count from below 0.

    The same with −``more``, after :func:`clear`, takes it back: artists that were picked count from 0 already.
    """
    for track in tracks:
        for at in range(items.credits_indptr[track], items.credits_indptr[track + 1]):
            artist = items.credits_indices[at]
            state.credits[artist] = min(0, state.credits[artist] - more)


@njit(**LEAN)
def full(track: int, cap: int, indptr: Offsets, indices: Ints, counts: Ints) -> bool:
    """Whether a credited artist has all the picks it may have; the arrays are those of ``Items`` and the state."""
    capped = False
    for at in range(indptr[track], indptr[track + 1]):
        capped |= counts[indices[at]] >= cap
    return capped


@njit(**LEAN)
def first_with(
    track: int, kind: int, artist: Ints, artists: Ints, indptr: Offsets, indices: Ints, genres: Ints
) -> tuple[int, int]:
    """Turns of the first picks of a kind with the same artist and with a common genre; arrays as for :func:`full`."""
    common = NEVER
    for at in range(indptr[track], indptr[track + 1]):
        turn = genres[kind, indices[at]]
        common = turn if turn < common else common
    return artists[kind, artist[track]], common


@njit(**LEAN)
def by_names(by_artist: int, by_genre: int, first: int, scale: float) -> tuple[float, int]:
    """Distance to the nearest of the picks that go by names, and its turn; ``first``: the first of them."""
    if by_artist < NEVER:
        return SAME_ARTIST * scale, by_artist
    if by_genre < NEVER:
        return SAME_GENRE * scale, by_genre
    return UNRELATED * scale, first
