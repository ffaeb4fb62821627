"""How well tracks fit a taste: content, distance and safety of every (subject, track). Scoring rules sections 6 and 9."""

from __future__ import annotations

import numpy as np
from numba import njit

from recsys.kernels.arrays import Bounds, Fits, Floats, Ints, Names, Subjects, Tracks


@njit(nogil=True, cache=True)
def fit(tracks: Tracks, subjects: Subjects, floor: float, out: Fits) -> None:
    """Fill ``out``; ``floor`` is the least metadata affinity of a liked name."""
    # fields of a tuple are counted references: taken out once, they cost nothing inside the loops
    artist_of, genre_of, quality, audio = tracks.artist_of, tracks.genre_of, tracks.quality, tracks.audio
    by_name = np.empty(max(_names(tracks.artist_members), _names(tracks.genre_members)))
    artist, bad_artist = np.empty(len(tracks.artist_indptr)), np.empty(len(tracks.artist_indptr))
    genre, bad_genre = np.empty(len(tracks.genre_indptr)), np.empty(len(tracks.genre_indptr))
    cosine = np.empty(len(audio))
    for subject in range(len(subjects.audio)):
        _strongest(tracks.artist_indptr, tracks.artist_members, subjects.artists, subject, by_name, artist)
        _strongest(tracks.artist_indptr, tracks.artist_members, subjects.disliked_artists, subject, by_name, bad_artist)
        _strongest(tracks.genre_indptr, tracks.genre_members, subjects.genres, subject, by_name, genre)
        _strongest(tracks.genre_indptr, tracks.genre_members, subjects.disliked_genres, subject, by_name, bad_genre)
        heard = subjects.audio[subject]
        if heard:
            _cosines(tracks.features, subjects.taste[subject], subjects.counted[subject], cosine)
        content, distance, safety = out.content[subject], out.distance[subject], out.safety[subject]
        for track in range(len(audio)):
            a, g = artist_of[track], genre_of[track]
            affinity = _affinity(artist[a], genre[g], floor)
            dislike = max(0.9 * bad_artist[a], 0.7 * bad_genre[g])
            safety[track] = quality[track] * (1.0 - 0.52 * (dislike if dislike < 1.0 else 1.0))
            blended = 0.78 * cosine[track] + 0.22 * affinity
            sounds = heard and audio[track]
            content[track] = (blended if blended < 1.0 else 1.0) if sounds else affinity
            distance[track] = 1.0 - cosine[track] if sounds else np.nan


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
def _cosines(features: Floats, taste: Floats, counted: Floats, out: Floats) -> None:
    """Weighted cosine of the taste with every track, over the counted features. Feature by feature, so that it runs in step."""
    length = np.sqrt((taste * taste * counted).sum())
    out[:] = 0.0
    if length == 0.0:
        return
    for feature in range(12):
        share, row = taste[feature] * counted[feature] / length, features[feature]
        for track in range(len(out)):
            out[track] += share * row[track]
    if counted.min() == 1.0:
        return
    square = np.zeros(len(out))
    for feature in range(12):
        if counted[feature] > 0.0:
            square += features[feature] ** 2
    for track in range(len(out)):
        out[track] = out[track] / np.sqrt(square[track]) if square[track] > 0.0 else 0.0


@njit(nogil=True, cache=True)
def _affinity(artist: float, genre: float, floor: float) -> float:
    if artist == 0.0 and genre == 0.0:
        return 0.42
    if artist == 0.0:
        return max(floor, 0.32 + 0.68 * genre)
    if genre == 0.0:
        return max(floor, 0.38 + 0.62 * artist)
    return max(floor, 0.48 * artist + 0.52 * genre)


@njit(nogil=True, cache=True)
def _names(members: Ints) -> int:
    return members.max() + 1 if len(members) else 0
