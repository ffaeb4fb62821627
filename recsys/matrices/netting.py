"""Evidence for and against an artist, a genre or a song, set against each other and against the listener's own habit of skipping.

Who plays much of a genre also skips much of it, so skips alone say little. With p points for and n against a name, b the share of
a listener's points that are against, and k points of doubt:

- *net* = p − max(0, n − p·b ÷ (1 − b)): only skips beyond the listener's habit cancel plays;
- *aversion* = (r − m) ÷ (1 − m), limited to 0–1, with r = (n + k·b) ÷ (p + n + k), the share against with doubt, and
  m = (1 + b) ÷ 2, halfway from the habit to nothing but rejection.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from recsys.matrices.arrays import Floats

TRACK, ARTIST, GENRE = 0.5, 1.0, 3.0
"""Points of doubt: how much evidence a verdict needs."""
HABIT, HABIT_POINTS = 0.1, 5.0
"""Share against, and points it stands for, of a listener nobody knows yet."""
MOST_HABIT = 0.9


class Evidence(NamedTuple):
    """What is known of a block of subjects."""

    liked: csr_array
    """(subjects, tracks) points of positive events and seeds."""
    disliked: csr_array
    """(subjects, tracks) points of negative events."""
    targets: Floats
    """(subjects, 12) wanted features, normalised; NaN where none is wanted."""


class Netted(NamedTuple):
    """Verdicts on names, (subjects, names) sparse."""

    net: csr_array
    """Points for, less those that skips beyond the habit cancel; > 0."""
    averse: csr_array
    """0–1, > 0."""


def base_rate(evidence: Evidence) -> Floats:
    """(subjects,) share of the points that are against, 0–0.9."""
    good, bad = (np.asarray(points.sum(axis=1)).ravel() for points in (evidence.liked, evidence.disliked))
    return np.minimum((bad + HABIT * HABIT_POINTS) / (good + bad + HABIT_POINTS), MOST_HABIT)


def netted(evidence: Evidence, members: csr_array, base: Floats, doubt: float) -> Netted:
    """Verdicts on the names of ``members`` (tracks, names); ``base`` as of :func:`base_rate`, ``doubt`` in points."""
    return verdicts(csr_array(evidence.liked @ members), csr_array(evidence.disliked @ members), base, doubt)


def verdicts(good: csr_array, bad: csr_array, base: Floats, doubt: float) -> Netted:
    """The same from points for and against each name."""
    rows, columns, positive, negative = _together(good, bad)
    habit = base[rows]
    net = positive - np.maximum(0.0, negative - positive * habit / (1.0 - habit))
    rate = (negative + doubt * habit) / (positive + negative + doubt)
    middle = (1.0 + habit) / 2.0
    averse = np.clip((rate - middle) / (1.0 - middle), 0.0, 1.0)
    return Netted(*(_positive(values, rows, columns, good.shape) for values in (net, averse)))


def familiarity(artists: Netted) -> csr_array:
    """(subjects, artists) 0–1: log(1 + net points) as a share of the listener's greatest."""
    known = artists.net.copy()
    known.data = np.log1p(known.data)
    return scaled(known)


def scaled(points: csr_array) -> csr_array:
    """Each row as shares of its greatest value."""
    top = points.max(axis=1).toarray().ravel() if points.shape[1] else np.zeros(points.shape[0])
    rows = np.repeat(np.arange(points.shape[0]), np.diff(points.indptr))
    return csr_array((points.data / top[rows], points.indices, points.indptr), shape=points.shape)


def _together(good: csr_array, bad: csr_array) -> tuple[np.ndarray, np.ndarray, Floats, Floats]:
    """Rows and columns where either has an entry, ascending, and the values of both there."""
    width = max(good.shape[1], 1)
    keys = [np.repeat(np.arange(one.shape[0]), np.diff(one.indptr)) * width + one.indices for one in (good, bad)]
    union = _union(*keys)
    values = []
    for key, one in zip(keys, (good, bad), strict=True):
        filled = np.zeros(len(union))
        filled[... if key is union else np.searchsorted(union, key)] = one.data
        values.append(filled)
    return union // width, union % width, values[0], values[1]


def _union(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The different numbers of both, ascending; ``one`` itself where these are its own. ``np.unique`` looks them up one by one,
    which takes eight times as long."""
    if np.array_equal(one, other) and (one[1:] > one[:-1]).all():
        return one
    both = np.sort(np.concatenate((one, other)))
    new = np.ones(len(both), np.bool_)
    new[1:] = both[1:] != both[:-1]
    return both[new]


def _positive(values: Floats, rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> csr_array:
    kept = values > 0
    indptr = np.searchsorted(rows[kept], np.arange(shape[0] + 1))
    return csr_array((values[kept], columns[kept], indptr), shape=shape)
