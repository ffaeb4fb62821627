"""Taste: the vector, its confidence, and the liked and disliked names of a block of subjects.

A subject is a listener, or a listener together with one list's seed tracks and feature targets. Scoring rules sections
5 and 6. Evidence comes as sparse (subjects, tracks) matrices of points: ``liked`` and ``disliked`` (both ≥ 0).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from recsys.matrices.arrays import Flags, Floats
from recsys.matrices.catalog import Catalog
from recsys.matrices.netting import ARTIST, GENRE, TRACK, Evidence, Netted, base_rate, netted, scaled, verdicts
from recsys.settings import Settings

SEED_POINTS = 1.25
TARGET_POINTS = 1.15


class Taste(NamedTuple):
    """What the scores are measured against, one row per subject."""

    vector: Floats
    """(subjects, 12), 0–1; the catalogue's centroid without evidence."""
    counted: Floats
    """(subjects, 12), 1 for the features that count in the cosine, else 0."""
    audio: Flags
    """Whether the vector comes from tracks or targets."""
    confidence: Floats
    """0–1."""
    cold: Flags
    """No liked track, seed or target."""


class Preferences(NamedTuple):
    """Strength 0–1 of each liked and disliked name, one sparse row per subject."""

    artists: csr_array
    genres: csr_array
    disliked_artists: csr_array
    disliked_genres: csr_array


def estimate_taste(catalog: Catalog, evidence: Evidence, settings: Settings) -> Taste:
    """Weighted mean of the normalised features: sum of signed points over sum of absolute points, clamped to 0–1.

    Confidence is ln(1 + A) / ln 32, A the points behind the vector.
    """
    liked, disliked = evidence.liked, evidence.disliked
    wanted = ~np.isnan(evidence.targets)
    asked = wanted.any(axis=1)
    cold = (liked.sum(axis=1) == 0) & ~asked
    sound = catalog.sound
    heard = catalog.audio.astype(np.float64)
    behind = liked @ heard + disliked @ heard
    if settings.netted_evidence:
        liked, disliked = verdicts(liked, disliked, base_rate(evidence), TRACK).net, 0.0 * disliked
    signed = liked @ sound - disliked @ sound
    points = liked @ heard + disliked @ heard
    if settings.skip_only_cold:
        signed[cold], points[cold], behind[cold] = 0.0, 0.0, 0.0
    each = np.repeat(points[:, None], wanted.shape[1], axis=1)
    if settings.parts_scale == "raw":
        signed += np.where(wanted, TARGET_POINTS * evidence.targets, 0.0)
        each += np.where(wanted, TARGET_POINTS, 0.0)
        points, behind = (some + np.where(asked, TARGET_POINTS, 0.0) for some in (points, behind))
    vector = np.clip(np.divide(signed, each, out=np.zeros_like(signed), where=each > 0), 0.0, 1.0)
    audio = points > 0
    return Taste(
        vector=np.where(each > 0, vector, catalog.centroid),
        counted=np.where(audio[:, None], each > 0, True).astype(np.float64),
        audio=audio,
        confidence=np.clip(np.log1p(behind) / np.log(32.0), 0.0, 1.0),
        cold=cold,
    )


def on_artists(catalog: Catalog, evidence: Evidence) -> Netted:
    """Verdicts on the artists of the catalogue."""
    return netted(evidence, catalog.artist_members, base_rate(evidence), ARTIST)


def preferences(catalog: Catalog, evidence: Evidence, settings: Settings, by_artist: Netted | None = None) -> Preferences:
    """Points per artist and genre, each map divided by its largest value, or by the larger of the liked and the disliked.

    With ``netted_evidence`` liked names by their net points, and disliked ones by aversion: :mod:`recsys.matrices.netting`.
    ``by_artist``: of :func:`on_artists`, where they are known already.
    """
    if settings.netted_evidence:
        base = base_rate(evidence)
        by_artist = by_artist or on_artists(catalog, evidence)
        by_genre = netted(evidence, catalog.genre_members, base, GENRE)
        return Preferences(scaled(by_artist.net), scaled(by_genre.net), by_artist.averse, by_genre.averse)
    artists, bad_artists = (_named(points, catalog.artist_members) for points in (evidence.liked, evidence.disliked))
    genres, bad_genres = (_named(points, catalog.genre_members) for points in (evidence.liked, evidence.disliked))
    if settings.shared_scale:
        artist_top, genre_top = np.maximum(_top(artists), _top(bad_artists)), np.maximum(_top(genres), _top(bad_genres))
        tops = [artist_top, genre_top, artist_top, genre_top]
    else:
        tops = [_top(points) for points in (artists, genres, bad_artists, bad_genres)]
    return Preferences(
        *(_scaled(points, top) for points, top in zip((artists, genres, bad_artists, bad_genres), tops, strict=True))
    )


def _named(points: csr_array, members: csr_array) -> csr_array:
    """(subjects, names) points of each name: a track adds to every one of its names, twice to one it bears twice."""
    named = csr_array(points @ members)
    named.sort_indices()
    return named


def _top(points: csr_array) -> Floats:
    return points.max(axis=1).toarray().ravel() if points.shape[1] else np.zeros(points.shape[0])


def _scaled(points: csr_array, top: Floats) -> csr_array:
    rows = np.repeat(np.arange(points.shape[0]), np.diff(points.indptr))
    divisor = top[rows]
    points.data = np.divide(points.data, divisor, out=np.zeros_like(points.data), where=divisor > 0)
    return points
