"""What own tracks and neighbours say for a ranked track: the nearest in sound, how many by its artists, how many like it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.matrices.arrays import INNER, Flags, Floats, Ints, Offsets, Ragged


class Described(NamedTuple):
    """What is compared: ``unit`` (tracks, 12) features of length 1, ``audio`` (tracks,) whether known, ``artists`` of each track
    as ``artists_indptr`` (tracks + 1) and ids."""

    unit: Floats
    audio: Flags
    artists_indptr: Offsets
    artists: Ints


class Compared(NamedTuple):
    """Per pair: the own track nearest in sound, −1 for none, and its cosine; of the track's artists the one by whom the listener
    likes most tracks, −1 for none, how many, and the one of these that is nearest in sound, the first where none sounds."""

    nearest: Ints
    cosine: Floats
    artist: Ints
    by_artist: Ints
    theirs: Ints


@njit(nogil=True, cache=True)
def compare_own(own: Ragged, pairs: Ragged, described: Described, artists: int, out: Compared) -> None:
    """Fills ``out`` for all ``pairs``: per listener the tracks asked about, none twice.

    ``own``: the tracks each listener likes; ``artists``: how many there are. The earlier own track, or artist, wins a tie.
    """
    bounds, names = described.artists_indptr, described.artists
    by_artist = np.zeros(artists, np.int32)
    for user in range(len(own.indptr) - 1):
        liked = own.numbers[own.indptr[user] : own.indptr[user + 1]]
        sounds, cosines = _sounds(described.unit, liked), np.empty(len(liked))
        for track in liked:
            for name in names[bounds[track] : bounds[track + 1]]:
                by_artist[name] += 1
        for at in range(pairs.indptr[user], pairs.indptr[user + 1]):
            track = pairs.numbers[at]
            out.artist[at], out.by_artist[at] = -1, 0
            for name in names[bounds[track] : bounds[track + 1]]:
                if by_artist[name] > out.by_artist[at]:
                    out.artist[at], out.by_artist[at] = name, by_artist[name]
            _compare(described.unit[track], sounds, cosines)
            out.nearest[at], out.cosine[at] = _nearest(described, liked, cosines, track, np.int32(-1))
            out.theirs[at] = _nearest(described, liked, cosines, track, out.artist[at])[0] if out.by_artist[at] else -1
        for track in liked:
            for name in names[bounds[track] : bounds[track + 1]]:
                by_artist[name] = 0


@njit(**INNER)
def _sounds(unit: Floats, liked: Ints) -> Floats:
    """(12, liked) the features of some tracks, each in a row: many tracks are compared at once."""
    out = np.empty((unit.shape[1], len(liked)))
    for at in range(len(liked)):
        for feature in range(unit.shape[1]):
            out[feature, at] = unit[liked[at], feature]
    return out


@njit(**INNER)
def _compare(sound: Floats, sounds: Floats, out: Floats) -> None:
    """The cosines of one track with others, each summed up feature after feature."""
    for at in range(len(out)):
        out[at] = 0.0
    for feature in range(len(sound)):
        value, own = sound[feature], sounds[feature]
        for at in range(len(out)):
            out[at] += value * own[at]


@njit(**INNER)
def _nearest(described: Described, liked: Ints, cosines: Floats, track: int, artist: int) -> tuple[int, float]:
    """The liked track of the greatest of the ``cosines``, and the cosine; with ``artist`` ≥ 0 only of those by that artist, with
    or without audio."""
    audio, best, closest = described.audio, -1, -2.0
    if not audio[track] and artist < 0:
        return best, -1.0
    for at in range(len(liked)):
        other = liked[at]
        heard = audio[track] and audio[other]
        # a track without sound is farther than any with it
        cosine = cosines[at] if heard else -1.5
        if cosine > closest and other != track and (heard if artist < 0 else _by(described, other, artist)):
            best, closest = other, cosine
    return best, max(closest, -1.0)


@njit(**INNER)
def _by(described: Described, track: int, artist: int) -> bool:
    for at in range(described.artists_indptr[track], described.artists_indptr[track + 1]):
        if described.artists[at] == artist:
            return True
    return False


@njit(nogil=True, cache=True)
def count_supporters(neighbors: Ragged, liked: Ragged, pairs: Ragged, tracks: int, out: Ints) -> None:
    """How many of each listener's neighbours like the track of each pair.

    ``neighbors``: their numbers, per listener; ``liked``: the tracks that every listener of the run likes.
    """
    votes = np.zeros(tracks, np.int32)
    for user in range(len(neighbors.indptr) - 1):
        others = neighbors.numbers[neighbors.indptr[user] : neighbors.indptr[user + 1]]
        for other in others:
            for at in range(liked.indptr[other], liked.indptr[other + 1]):
                votes[liked.numbers[at]] += 1
        for at in range(pairs.indptr[user], pairs.indptr[user + 1]):
            out[at] = votes[pairs.numbers[at]]
        # only what was counted is cleared: a catalogue is far longer than what 50 neighbours like
        for other in others:
            for at in range(liked.indptr[other], liked.indptr[other + 1]):
                votes[liked.numbers[at]] = 0


@njit(nogil=True, cache=True)
def shared_sounds(deviations: Floats, worded: Flags, pairs: tuple[Ints, Ints], least: float, out: Offsets) -> None:
    """``out`` (n, 2): the features in which both tracks of each pair stand out most in the same direction, by at least ``least``
    standard deviations: twice the feature, one more below the mean; −1 for none.

    ``deviations`` (tracks, 12); ``worded`` (12, 2): whether there is a word for a feature above the mean and below it;
    ``pairs``: (n,) tracks, and others, −1 for none.
    """
    tracks, others = pairs
    for at in range(len(tracks)):
        out[at, 0], out[at, 1] = -1, -1
        most, second = 0.0, 0.0
        for feature in range(deviations.shape[1] if others[at] >= 0 else 0):
            one, other = deviations[tracks[at], feature], deviations[others[at], feature]
            size, below = min(abs(one), abs(other)), int(one < 0.0)
            if one * other > 0.0 and size >= least and worded[feature, below]:
                if size > most:
                    out[at, 1], second = out[at, 0], most
                    out[at, 0], most = 2 * feature + below, size
                elif size > second:
                    out[at, 1], second = 2 * feature + below, size
