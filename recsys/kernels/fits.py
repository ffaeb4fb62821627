"""How well tracks fit a taste: content, distance and safety of (subject, track) pairs. Scoring rules sections 6 and 9."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.kernels.arrays import Bounds, Fits, Floats, Ints, Names, Subjects, Tracks


class Strengths(NamedTuple):
    """What one subject thinks of each set of names, 0–1."""

    artist: Floats
    bad_artist: Floats
    genre: Floats
    bad_genre: Floats
    genre_alone: Floats
    """Affinity of a track of which no artist is liked."""
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
    contents, distances, safeties = out
    features, artist_of, genre_of, quality, audio = (
        tracks.features,
        tracks.artist_of,
        tracks.genre_of,
        tracks.quality,
        tracks.audio,
    )
    found, shares, last = strengths(tracks), np.empty(12), -1
    for at in range(len(pairs[0])):
        subject, track = pairs[0][at], pairs[1][at]
        if subject != last:
            opinions(tracks, subjects, subject, floor, found)
            counted, heard = subjects.counted[subject], subjects.audio[subject]
            partial = _shares(subjects.taste[subject], counted, shares)
            last = subject
        cosine = 0.0
        for feature in range(12):
            cosine += shares[feature] * features[feature, track]
        if partial:
            cosine = _over_counted(features, counted, track, cosine)
        sounds = heard and audio[track]
        a, g = np.uint32(artist_of[track]), np.uint32(genre_of[track])
        affinity = _affinity(found.artist[a], found.genre[g], found.genre_alone[g], floor)
        contents[at] = _content(cosine, affinity) if sounds else affinity
        distances[at] = 1.0 - cosine if sounds else np.nan
        safeties[at] = quality[track] * _calm(found.bad_artist[a], found.bad_genre[g])


@njit(nogil=True, cache=True)
def strengths(tracks: Tracks) -> Strengths:
    """Room for the opinions of one subject at a time."""
    artists, genres = len(tracks.artist_indptr), len(tracks.genre_indptr)
    names = max(_names(tracks.artist_members), _names(tracks.genre_members))
    return Strengths(np.empty(artists), np.empty(artists), np.empty(genres), np.empty(genres), np.empty(genres), np.empty(names))


@njit(nogil=True, cache=True)
def opinions(tracks: Tracks, subjects: Subjects, subject: int, floor: float, out: Strengths) -> None:
    """Fill ``out`` with what ``subject`` thinks of the names."""
    by_name = out.by_name
    _strongest(tracks.artist_indptr, tracks.artist_members, subjects.artists, subject, by_name, out.artist)
    _strongest(tracks.artist_indptr, tracks.artist_members, subjects.disliked_artists, subject, by_name, out.bad_artist)
    _strongest(tracks.genre_indptr, tracks.genre_members, subjects.genres, subject, by_name, out.genre)
    _strongest(tracks.genre_indptr, tracks.genre_members, subjects.disliked_genres, subject, by_name, out.bad_genre)
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
    content, distance, safety, cosine = out
    # fields of a tuple are counted references: taken out once, they cost nothing inside the loop
    artist_of, genre_of = tracks.artist_of[begin:end], tracks.genre_of[begin:end]
    quality, audio, heard = tracks.quality[begin:end], tracks.audio[begin:end], subjects.audio[subject]
    artist, bad_artist = found.artist, found.bad_artist
    genre, genre_alone, bad_genre = found.genre, found.genre_alone, found.bad_genre
    for track in range(end - begin):
        a, g = np.uint32(artist_of[track]), np.uint32(genre_of[track])
        content[track] = _affinity(artist[a], genre[g], genre_alone[g], floor)
        safety[track] = quality[track] * _calm(bad_artist[a], bad_genre[g])
    if not heard:
        distance[: end - begin] = np.nan
        return
    _cosines(tracks.features, subjects.taste[subject], subjects.counted[subject], begin, cosine)
    for track in range(end - begin):
        content[track] = _content(cosine[track], content[track]) if audio[track] else content[track]
        distance[track] = 1.0 - cosine[track] if audio[track] else np.nan


@njit(nogil=True, cache=True)
def _affinity(artist: float, genre: float, genre_alone: float, floor: float) -> float:
    """Affinity of the names, 0–1."""
    alone = max(floor, 0.38 + 0.62 * artist)
    liked = alone if genre == 0.0 else max(floor, 0.48 * artist + 0.52 * genre)
    return genre_alone if artist == 0.0 else liked


@njit(nogil=True, cache=True)
def _calm(bad_artist: float, bad_genre: float) -> float:
    """How safe a track is for its names, 0.48–1."""
    dislike = max(0.9 * bad_artist, 0.7 * bad_genre)
    return 1.0 - 0.52 * (dislike if dislike < 1.0 else 1.0)


@njit(nogil=True, cache=True)
def _content(cosine: float, affinity: float) -> float:
    blended = 0.78 * cosine + 0.22 * affinity
    return blended if blended < 1.0 else 1.0


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
    """Weighted cosine of the taste with the tracks from ``begin`` on, over the counted features."""
    s, end = np.empty(12), begin + len(out)
    partial = _shares(taste, counted, s)
    a, b, c, d = features[0, begin:end], features[1, begin:end], features[2, begin:end], features[3, begin:end]
    e, f, g, h = features[4, begin:end], features[5, begin:end], features[6, begin:end], features[7, begin:end]
    i, j, k, m = features[8, begin:end], features[9, begin:end], features[10, begin:end], features[11, begin:end]
    for at in range(len(out)):
        # one feature after the other: the order of the sum decides its last bits
        low = s[0] * a[at] + s[1] * b[at] + s[2] * c[at] + s[3] * d[at] + s[4] * e[at] + s[5] * f[at]
        out[at] = low + s[6] * g[at] + s[7] * h[at] + s[8] * i[at] + s[9] * j[at] + s[10] * k[at] + s[11] * m[at]
    if partial:
        for at in range(len(out)):
            out[at] = _over_counted(features, counted, begin + at, out[at])


@njit(nogil=True, cache=True)
def _shares(taste: Floats, counted: Floats, out: Floats) -> bool:
    """What each feature of a taste of length 1 counts, 0 for those that do not; whether there are such."""
    length = np.sqrt((taste * taste * counted).sum())
    out[:] = 0.0
    if length > 0.0:
        out[:] = taste * counted / length
    return counted.min() < 1.0


@njit(nogil=True, cache=True)
def _over_counted(features: Floats, counted: Floats, track: int, cosine: float) -> float:
    """The cosine over the length that the track has in the counted features."""
    square = 0.0
    for feature in range(12):
        if counted[feature] > 0.0:
            square += features[feature, track] ** 2
    return cosine / np.sqrt(square) if square > 0.0 else 0.0


@njit(nogil=True, cache=True)
def _names(members: Ints) -> int:
    return members.max() + 1 if len(members) else 0
