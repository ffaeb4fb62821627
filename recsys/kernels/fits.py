"""How well tracks fit a taste: content, distance and safety of (subject, track) pairs. Scoring rules sections 6 and 9."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.kernels.arrays import Bounds, Fits, Floats, Ints, Names, Subjects, Tracks


class Strengths(NamedTuple):
    """What one subject thinks of each set of names; ``alone`` is the affinity of a track when only that set is liked."""

    artist: Floats
    artist_alone: Floats
    bad_artist: Floats
    genre: Floats
    genre_alone: Floats
    bad_genre: Floats
    by_name: Floats


@njit(nogil=True, cache=True)
def fit(tracks: Tracks, subjects: Subjects, floor: float, out: Fits) -> None:
    """Fill ``out`` for every pair; ``floor`` is the least metadata affinity of a liked name."""
    found, width = strengths(tracks), len(tracks.audio)
    scratch = np.empty(width)
    for subject in range(len(subjects.audio)):
        opinions(tracks, subjects, subject, floor, found)
        one = (out.content[subject], out.distance[subject], out.safety[subject], scratch)
        span(tracks, subjects, subject, found, floor, 0, width, one)


@njit(nogil=True, cache=True)
def fit_pairs(
    tracks: Tracks, subjects: Subjects, floor: float, pairs: tuple[Ints, Ints], out: tuple[Floats, Floats, Floats]
) -> None:
    """The same for chosen pairs (subject, track), (n,) each: content, distance and safety into ``out``, the same bits.

    Fast when pairs of one subject follow each other.
    """
    found, scratch, last = strengths(tracks), np.empty(1), -1
    for at in range(len(pairs[0])):
        subject, track = pairs[0][at], pairs[1][at]
        if subject != last:
            opinions(tracks, subjects, subject, floor, found)
            last = subject
        one = (out[0][at : at + 1], out[1][at : at + 1], out[2][at : at + 1], scratch)
        span(tracks, subjects, subject, found, floor, track, track + 1, one)


@njit(nogil=True, cache=True)
def strengths(tracks: Tracks) -> Strengths:
    """Room for the opinions of one subject at a time."""
    artists, genres = len(tracks.artist_indptr), len(tracks.genre_indptr)
    names = max(_names(tracks.artist_members), _names(tracks.genre_members))
    return Strengths(
        np.empty(artists), np.empty(artists), np.empty(artists),
        np.empty(genres), np.empty(genres), np.empty(genres), np.empty(names),
    )  # fmt: skip


@njit(nogil=True, cache=True)
def opinions(tracks: Tracks, subjects: Subjects, subject: int, floor: float, out: Strengths) -> None:
    """Fill ``out`` with what ``subject`` thinks of the names."""
    by_name = out.by_name
    _strongest(tracks.artist_indptr, tracks.artist_members, subjects.artists, subject, by_name, out.artist)
    _strongest(tracks.artist_indptr, tracks.artist_members, subjects.disliked_artists, subject, by_name, out.bad_artist)
    _strongest(tracks.genre_indptr, tracks.genre_members, subjects.genres, subject, by_name, out.genre)
    _strongest(tracks.genre_indptr, tracks.genre_members, subjects.disliked_genres, subject, by_name, out.bad_genre)
    for group in range(len(out.artist)):
        out.artist_alone[group] = max(floor, 0.38 + 0.62 * out.artist[group])
    for group in range(len(out.genre)):
        out.genre_alone[group] = 0.42 if out.genre[group] == 0.0 else max(floor, 0.32 + 0.68 * out.genre[group])


@njit(nogil=True, cache=True)
def span(
    tracks: Tracks,
    subjects: Subjects,
    subject: int,
    found: Strengths,
    floor: float,
    begin: int,
    end: int,
    out: tuple[Floats, Floats, Floats, Floats],
) -> None:
    """Content, distance and safety of tracks ``begin`` … ``end`` − 1; the last array of ``out`` is scratch of that length."""
    # fields of a tuple are counted references: taken out once, they cost nothing inside the loop
    content, distance, safety, cosine = out
    artist, artist_alone, bad_artist = found.artist, found.artist_alone, found.bad_artist
    genre, genre_alone, bad_genre = found.genre, found.genre_alone, found.bad_genre
    artist_of, genre_of = tracks.artist_of[begin:end], tracks.genre_of[begin:end]
    quality, audio, heard = tracks.quality[begin:end], tracks.audio[begin:end], subjects.audio[subject]
    if heard:
        _cosines(tracks.features, subjects.taste[subject], subjects.counted[subject], begin, cosine)
    for track in range(end - begin):
        a, g = np.uint32(artist_of[track]), np.uint32(genre_of[track])
        dislike = max(0.9 * bad_artist[a], 0.7 * bad_genre[g])
        safety[track] = quality[track] * (1.0 - 0.52 * (dislike if dislike < 1.0 else 1.0))
        liked = artist_alone[a] if genre[g] == 0.0 else max(floor, 0.48 * artist[a] + 0.52 * genre[g])
        affinity = genre_alone[g] if artist[a] == 0.0 else liked
        content[track] = affinity
        distance[track] = np.nan
        if heard:
            blended = 0.78 * cosine[track] + 0.22 * affinity
            content[track] = (blended if blended < 1.0 else 1.0) if audio[track] else affinity
            distance[track] = 1.0 - cosine[track] if audio[track] else np.nan


@njit(nogil=True, cache=True)
def _strongest(indptr: Bounds, members: Ints, names: Names, subject: int, by_name: Floats, by_set: Floats) -> None:
    """Largest strength of each set of names, 0 for none."""
    by_set[:] = 0.0
    if names.indptr[subject] == names.indptr[subject + 1]:
        return
    by_name[:] = 0.0
    for at in range(names.indptr[subject], names.indptr[subject + 1]):
        by_name[names.indices[at]] = names.strength[at]
    for group in range(len(indptr) - 1):
        best = 0.0
        for at in range(indptr[group], indptr[group + 1]):
            best = max(best, by_name[members[at]])
        by_set[group] = best


@njit(nogil=True, cache=True)
def _cosines(features: Floats, taste: Floats, counted: Floats, begin: int, out: Floats) -> None:
    """Weighted cosine of the taste with every track, over the counted features. Feature by feature, so that it runs in step."""
    length = np.sqrt((taste * taste * counted).sum())
    out[:] = 0.0
    if length == 0.0:
        return
    for feature in range(12):
        share, row = taste[feature] * counted[feature] / length, features[feature, begin : begin + len(out)]
        for track in range(len(out)):
            out[track] += share * row[track]
    if counted.min() == 1.0:
        return
    square = np.zeros(len(out))
    for feature in range(12):
        if counted[feature] > 0.0:
            square += features[feature, begin : begin + len(out)] ** 2
    for track in range(len(out)):
        out[track] = out[track] / np.sqrt(square[track]) if square[track] > 0.0 else 0.0


@njit(nogil=True, cache=True)
def _names(members: Ints) -> int:
    return members.max() + 1 if len(members) else 0
