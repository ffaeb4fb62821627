"""How well tracks fit a taste: content, distance and safety of (subject, track) pairs. Scoring rules sections 6 and 9."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.matrices.arrays import INNER, Fits, Floats, Ints, Names, Offsets, Subjects, Tracks
from recsys.stages.candidates.kernels.constants import (
    AFFINITY,
    ARTIST_LEAST,
    ARTIST_RANGE,
    AVERSE_ARTIST,
    AVERSE_GENRE,
    AVERSION,
    BOTH_ARTIST,
    BOTH_GENRE,
    GENRE_LEAST,
    GENRE_RANGE,
    SOUND,
    STRANGER,
)


class Strengths(NamedTuple):
    """What one subject thinks of each set of names, 0–1."""

    artist: Floats
    bad_artist: Floats
    genre: Floats
    bad_genre: Floats
    genre_alone: Floats
    """Affinity of a track of which no artist is liked."""


@njit(nogil=True, cache=True)
def fit_all(tracks: Tracks, subjects: Subjects, floor: float, out: Fits) -> None:
    """Fill ``out`` for every pair; ``floor`` is the least metadata affinity of a liked name."""
    evidence, width = strengths(tracks), len(tracks.audio)
    scratch = np.empty(width)
    for subject in range(len(subjects.audio)):
        opinions(tracks, subjects, subject, floor, evidence)
        one = (out.content[subject], out.distance[subject], out.safety[subject], scratch)
        span(tracks, subjects, subject, evidence, floor, (0, width), one)


@njit(nogil=True, cache=True)
def fit_pairs(
    tracks: Tracks, subjects: Subjects, floor: float, pairs: tuple[Ints, Ints], out: tuple[Floats, Floats, Floats]
) -> None:
    """The same for chosen pairs (subject, track), (n,) each: content, distance and safety into ``out``, the same bits.

    Fast when pairs of one subject follow each other.
    """
    contents, distances, safeties = out
    owners, chosen = pairs
    evidence, begin = strengths(tracks), 0
    while begin < len(owners):
        end = begin
        while end < len(owners) and owners[end] == owners[begin]:
            end += 1
        opinions(tracks, subjects, owners[begin], floor, evidence)
        one = some(tracks, subjects, owners[begin], evidence, floor, chosen[begin:end])
        contents[begin:end], distances[begin:end], safeties[begin:end] = one
        begin = end


@njit(nogil=True, cache=True)
def some(
    tracks: Tracks,
    subjects: Subjects,
    subject: int,
    evidence: Strengths,
    floor: float,
    chosen: Ints,
) -> tuple[Floats, Floats, Floats]:
    """Content, distance and safety of the ``chosen`` tracks for one subject: the same bits as of all."""
    contents, distances, safeties = np.empty(len(chosen)), np.empty(len(chosen)), np.empty(len(chosen))
    unit, artist_of, genre_of, quality, audio = tracks.unit, tracks.artist_of, tracks.genre_of, tracks.quality, tracks.audio
    artist, bad_artist = evidence.artist, evidence.bad_artist
    genre, genre_alone, bad_genre = evidence.genre, evidence.genre_alone, evidence.bad_genre
    counted, heard, shares = subjects.counted[subject], subjects.audio[subject], np.empty(12)
    partial = _shares(subjects.taste[subject], counted, shares)
    for at in range(len(chosen)):
        track = chosen[at]
        cosine = 0.0
        for feature in range(12):
            cosine += shares[feature] * unit[track, feature]
        if partial:
            cosine = _over_counted(unit[track], counted, cosine)
        sounds = heard and audio[track]
        a, g = np.uint32(artist_of[track]), np.uint32(genre_of[track])
        affinity = _affinity(artist[a], genre[g], genre_alone[g], floor)
        contents[at] = heard_content(cosine, affinity) if sounds else affinity
        distances[at] = 1.0 - cosine if sounds else np.nan
        safeties[at] = quality[track] * calm(bad_artist[a], bad_genre[g])
    return contents, distances, safeties


@njit(nogil=True, cache=True)
def strengths(tracks: Tracks) -> Strengths:
    """Room for the opinions of one subject at a time."""
    artists, genres = tracks.artist_sets, tracks.genre_sets
    return Strengths(np.empty(artists), np.empty(artists), np.empty(genres), np.empty(genres), np.empty(genres))


@njit(nogil=True, cache=True)
def opinions(tracks: Tracks, subjects: Subjects, subject: int, floor: float, out: Strengths) -> None:
    """Fill ``out`` with what ``subject`` thinks of the names."""
    artists, genres = (tracks.artist_indptr, tracks.artist_bearers), (tracks.genre_indptr, tracks.genre_bearers)
    strongest(artists, subjects.artists, subject, out.artist)
    strongest(artists, subjects.disliked_artists, subject, out.bad_artist)
    strongest(genres, subjects.genres, subject, out.genre)
    strongest(genres, subjects.disliked_genres, subject, out.bad_genre)
    for group in range(len(out.genre)):
        out.genre_alone[group] = STRANGER if out.genre[group] == 0.0 else max(floor, GENRE_LEAST + GENRE_RANGE * out.genre[group])


@njit(nogil=True, cache=True)
def span(
    tracks: Tracks,
    subjects: Subjects,
    subject: int,
    evidence: Strengths,
    floor: float,
    part: tuple[int, int],
    out: tuple[Floats, Floats, Floats, Floats],
) -> None:
    """Content, distance and safety of a ``part`` of the tracks, from one up to another; the last of ``out`` is scratch."""
    begin, end = part
    content, distance, safety, cosine = out
    # fields of a tuple are counted references: taken out once, they cost nothing inside the loop
    artist_of, genre_of = tracks.artist_of[begin:end], tracks.genre_of[begin:end]
    quality, audio, heard = tracks.quality[begin:end], tracks.audio[begin:end], subjects.audio[subject]
    artist, bad_artist = evidence.artist, evidence.bad_artist
    genre, genre_alone, bad_genre = evidence.genre, evidence.genre_alone, evidence.bad_genre
    for track in range(end - begin):
        a, g = np.uint32(artist_of[track]), np.uint32(genre_of[track])
        content[track] = _affinity(artist[a], genre[g], genre_alone[g], floor)
        safety[track] = quality[track] * calm(bad_artist[a], bad_genre[g])
    if not heard:
        distance[: end - begin] = np.nan
        return
    _cosines(tracks.features, subjects.taste[subject], subjects.counted[subject], begin, cosine)
    for track in range(end - begin):
        content[track] = heard_content(cosine[track], content[track]) if audio[track] else content[track]
        distance[track] = 1.0 - cosine[track] if audio[track] else np.nan


@njit(**INNER)
def _affinity(artist: float, genre: float, genre_alone: float, floor: float) -> float:
    """Affinity of the names, 0–1."""
    alone = max(floor, ARTIST_LEAST + ARTIST_RANGE * artist)
    liked = alone if genre == 0.0 else max(floor, BOTH_ARTIST * artist + BOTH_GENRE * genre)
    return genre_alone if artist == 0.0 else liked


@njit(nogil=True, cache=True)
def calm(bad_artist: float, bad_genre: float) -> float:
    """How safe a track is for its names, 0.48–1."""
    dislike = max(AVERSE_ARTIST * bad_artist, AVERSE_GENRE * bad_genre)
    return 1.0 - AVERSION * (dislike if dislike < 1.0 else 1.0)


@njit(nogil=True, cache=True)
def heard_content(cosine: float, affinity: float) -> float:
    """Content of a track with audio, at most 1."""
    blended = SOUND * cosine + AFFINITY * affinity
    return blended if blended < 1.0 else 1.0


@njit(nogil=True, cache=True)
def wanted(distance: float, target: float) -> float:
    """Exploration of a track with audio: how near its distance is to the wanted one, 0–1."""
    near = 1.0 - abs(distance - target)
    return near if near > 0.0 else 0.0


@njit(nogil=True, cache=True)
def strongest(bearers: tuple[Offsets, Ints], names: Names, subject: int, by_set: Floats) -> None:
    """Largest strength of each set of names, 0 for none; ``bearers``: the sets with each name."""
    indptr, sets = bearers
    by_set[:] = 0.0
    for at in range(names.indptr[subject], names.indptr[subject + 1]):
        name, strength = names.indices[at], names.strength[at]
        for place in range(indptr[name], indptr[name + 1]):
            by_set[sets[place]] = max(by_set[sets[place]], strength)


@njit(**INNER)
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
            out[at] = _over_counted(features[:, begin + at], counted, out[at])


@njit(**INNER)
def _shares(taste: Floats, counted: Floats, out: Floats) -> bool:
    """What each feature of a taste of length 1 counts, 0 for those that do not; whether there are such."""
    square, least = 0.0, 1.0
    for at in range(len(out)):
        square += taste[at] * taste[at] * counted[at]
        least = min(least, counted[at])
    length = np.sqrt(square)
    for at in range(len(out)):
        out[at] = taste[at] * counted[at] / length if length > 0.0 else 0.0
    return least < 1.0


@njit(**INNER)
def _over_counted(features: Floats, counted: Floats, cosine: float) -> float:
    """The cosine over the length that the track has in the counted features."""
    square = 0.0
    for feature in range(12):
        if counted[feature] > 0.0:
            square += features[feature] ** 2
    return cosine / np.sqrt(square) if square > 0.0 else 0.0
