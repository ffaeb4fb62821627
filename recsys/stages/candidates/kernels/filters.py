"""Filters: the first rule that drops each track from a list. Scoring rules section 8."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.matrices.arrays import INNER, LEAN_INNER, Codes, Floats, Ints, Lists, Offsets, Tracks

EXPLICIT, _ARTIST, _GENRE, KNOWN_ARTIST, _FEATURES, _POPULARITY, VERSION = 3, 7, 8, 9, 10, 11, 12
"""Positions, from 1, of the rules in ``recsys.tables.DROP_RULES`` that the kernel applies itself."""
RULES = 13
"""All rules, and 0 for a candidate."""


class Narrow(NamedTuple):
    """What lists leave out by artists heard and by features, one row per list."""

    heard_indptr: Offsets
    heard: Ints
    """Artists whose tracks are left out."""
    by_artist_indptr: Offsets
    by_artist: Ints
    """Tracks of each artist."""
    bounded: Ints
    """Row of ``bounds``, −1 for none."""
    bounds: Floats
    """(n, 12, 2) least and greatest feature."""
    raw: Floats
    """(tracks, 12) features."""


@njit(nogil=True, cache=True)
def narrow(tracks: Tracks, narrower: Narrow, rules: Codes, counts: Offsets) -> None:
    """After :func:`drop`: what no other rule drops, or popularity alone, by artists heard and by bounds of features."""
    # fields of a tuple are counted references: taken out once, they cost nothing inside the loops
    heard_indptr, heard, by_artist_indptr, by_artist = (
        narrower.heard_indptr,
        narrower.heard,
        narrower.by_artist_indptr,
        narrower.by_artist,
    )
    audio, raw, bounded = tracks.audio, narrower.raw, narrower.bounded
    for row in range(len(rules)):
        own_rules, own_counts = rules[row], counts[row]
        for at in range(heard_indptr[row], heard_indptr[row + 1]):
            for own in range(by_artist_indptr[heard[at]], by_artist_indptr[heard[at] + 1]):
                _redrop(own_rules, own_counts, np.int64(by_artist[own]), np.int64(KNOWN_ARTIST))
        if bounded[row] >= 0:
            bounds = narrower.bounds[bounded[row]]
            for track in range(len(own_rules)):
                if not _within(audio[track], raw[track], bounds):
                    _redrop(own_rules, own_counts, track, np.int64(_FEATURES))


@njit(**LEAN_INNER)
def _redrop(rules: Codes, counts: Offsets, track: int, rule: int) -> None:
    if rules[track] == 0 or rules[track] == _POPULARITY:
        counts[rules[track]] -= 1
        rules[track] = rule
        counts[rule] += 1


@njit(**INNER)
def _within(audio: bool, features: Floats, bounds: Floats) -> bool:
    # no short cut: twelve comparisons fit into vectors, a branch would be guessed wrong
    inside = audio
    for feature in range(len(features)):
        inside &= (features[feature] >= bounds[feature, 0]) & (features[feature] <= bounds[feature, 1])
    return inside


@njit(nogil=True, cache=True)
def drop(tracks: Tracks, lists: Lists, rules: Codes, counts: Offsets) -> None:
    """``rules`` (lists, tracks): the first rule that drops the track, 0 for a candidate; ``counts`` (lists, RULES).

    A list that drops the same as the one before it, as lists of one listener mostly do, is a copy.
    """
    repeats = np.flatnonzero(tracks.canonical != np.arange(len(tracks.canonical)))
    shown = tracks.canonical.copy()  # once: each list puts its own in and takes them out again
    for row in range(len(rules)):
        if row and _alike(lists, row):
            _copy(rules[row - 1], rules[row])
            for rule in range(RULES):
                counts[row, rule] = counts[row - 1, rule]
            continue
        _by_track(tracks, repeats, lists, row, rules[row])
        excluded = lists.artists[lists.artist_indptr[row] : lists.artist_indptr[row + 1]]
        names = (tracks.barred_artist_of, tracks.barred_artist_indptr, tracks.barred_artist_members)
        _bar(names, excluded, np.int64(_ARTIST), rules[row])
        excluded = lists.genres[lists.genre_indptr[row] : lists.genre_indptr[row + 1]]
        names = (tracks.barred_genre_of, tracks.barred_genre_indptr, tracks.barred_genre_members)
        _bar(names, excluded, np.int64(_GENRE), rules[row])
        _bound(tracks, lists, row, rules[row])
        _count(rules[row], counts[row])  # before releases: they are many, and would end the passing over of eight tracks
        if len(tracks.releases):
            heard = lists.heard[lists.heard_indptr[row] : lists.heard_indptr[row + 1]]
            _one_release(tracks, heard, shown, rules[row], counts[row])


@njit(**INNER)
def _copy(one: Codes, other: Codes) -> None:
    for track in range(len(one)):
        other[track] = one[track]


@njit(**INNER)
def _alike(lists: Lists, row: int) -> bool:
    """Whether a list drops by the same ids, names, bounds and releases as the one before it."""
    one = row - 1
    same = lists.explicit_ok[one] == lists.explicit_ok[row]
    same &= (lists.least[one] == lists.least[row]) & (lists.most[one] == lists.most[row])
    return (
        same
        and _equal(lists.id_indptr, lists.id_rows, row)
        and _equal(lists.id_indptr, lists.id_rules, row)
        and _equal(lists.artist_indptr, lists.artists, row)
        and _equal(lists.genre_indptr, lists.genres, row)
        and _equal(lists.heard_indptr, lists.heard, row)
    )


@njit(**INNER)
def _equal(indptr: Offsets, numbers: Ints | Codes, row: int) -> bool:
    """Whether a row and the one before it hold the same numbers."""
    size, begin, before = indptr[row + 1] - indptr[row], indptr[row], indptr[row - 1]
    same = begin - before == size
    for at in range(size if same else 0):
        same &= numbers[before + at] == numbers[begin + at]
    return same


@njit(**INNER)
def _by_track(tracks: Tracks, repeats: Offsets, lists: Lists, row: int, rules: Codes) -> None:
    """Tracks dropped by id, then explicit ones, which come between the rules that go by id. ``repeats``: rows that others stand
    for."""
    canonical, explicit = tracks.canonical, tracks.explicit
    rules[:] = 0
    for at in range(lists.id_indptr[row], lists.id_indptr[row + 1]):
        rules[lists.id_rows[at]] = lists.id_rules[at]
    # what stands for others stands for itself, so its own rule is not overwritten on the way
    for repeat in repeats:
        rules[repeat] = rules[canonical[repeat]]
    if not lists.explicit_ok[row]:
        for track in range(len(rules)):
            if explicit[track] and (rules[track] == 0 or rules[track] > EXPLICIT):
                rules[track] = EXPLICIT


@njit(**INNER)
def _bar(names: tuple[Ints, Offsets, Ints], excluded: Ints, rule: int, rules: Codes) -> None:
    """Drop the tracks whose names hold an excluded one and that no earlier rule drops.

    ``names``: the set of names of each track, and the bounds and members of the sets.
    """
    of, indptr, members = names
    if len(excluded) == 0:
        return
    # by set of names, not by track: there are fewer, and most have one name
    barred = np.zeros(len(indptr) - 1, dtype=np.bool_)
    for group in range(len(barred)):
        for at in range(indptr[group], indptr[group + 1]):
            for name in excluded:
                barred[group] |= name == members[at]
    for track in range(len(rules)):
        if rules[track] == 0 and barred[of[track]]:
            rules[track] = rule


@njit(**INNER)
def _bound(tracks: Tracks, lists: Lists, row: int, rules: Codes) -> None:
    popularity, least, most = tracks.popularity, lists.least[row], lists.most[row]
    if least == -np.inf and most == np.inf:
        return
    for track in range(len(rules)):
        if rules[track] == 0 and (popularity[track] < least or popularity[track] > most):
            rules[track] = _POPULARITY


@njit(**INNER)
def _one_release(tracks: Tracks, heard: Ints, shown: Ints, rules: Codes, counts: Offsets) -> None:
    """Of the releases of a song, drop those beside the one the listener heard, else beside the main one, if that one passes.

    ``shown`` (tracks,): main releases, left as such. ``counts`` (rules,): what was dropped, of which these become a part.
    """
    canonical, releases, dropped = tracks.canonical, tracks.releases, 0
    for track in heard:
        shown[canonical[track]] = track
    for track in releases:
        best = shown[canonical[track]]
        if best != track and rules[track] == 0 and rules[best] == 0:
            rules[track] = VERSION
            dropped += 1
    counts[VERSION] += dropped
    counts[0] -= dropped
    for track in heard:
        shown[canonical[track]] = canonical[track]


@njit(**INNER)
def _count(rules: Codes, counts: Offsets) -> None:
    """How many tracks each rule dropped. Most are candidates, so eight at a time are passed over."""
    counts[:] = 0
    words = len(rules) // 8
    view = rules[: 8 * words].view(np.uint64)
    for word in range(words):
        # eight candidates are one word of 0
        if view[word]:
            for track in range(8 * word, 8 * word + 8):
                counts[rules[track]] += rules[track] > 0
    for track in range(8 * words, len(rules)):
        counts[rules[track]] += rules[track] > 0
    counts[0] = len(rules) - counts.sum()
