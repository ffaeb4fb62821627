"""Scores of every (list, track) pair of a block of listeners, and the best of each list. Scoring rules section 9.

Everything that belongs to a taste and a track is computed once per subject (``fits``), everything that depends on the list
here.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recsys.kernels.arrays import Bounds, Codes, Fits, Floats, Ints, Lists, Tracks, Weights


@njit(nogil=True, cache=True)
def score(tracks: Tracks, lists: Lists, fits: Fits, collaborative: Floats, weights: Weights, out: Floats) -> None:
    """``out`` (lists, tracks): the score, of dropped tracks too. ``collaborative``: (listeners, tracks) 0–1."""
    silenced, boost = tracks.silenced, tracks.boost
    by_content, by_votes, by_popularity, by_exploration = weights[:4]
    for row in range(len(lists.subject)):
        subject, target, silent = lists.subject[row], lists.target[row], not lists.explicit_safe[row]
        contents, distances, safeties = fits.content[subject], fits.distance[subject], fits.safety[subject]
        votes, popular, scores = collaborative[lists.listener[row]], tracks.fit[lists.mode[row]], out[row]
        for track in range(len(scores)):
            content, distance = contents[track], distances[track]
            safety = 0.0 if silent and silenced[track] else safeties[track]
            near = 1.0 - abs(distance - target)
            near = near if near > 0.0 else 0.0
            exploration = near if distance == distance else 0.5
            points = (
                by_content * content + by_votes * votes[track] + by_popularity * popular[track] + by_exploration * exploration
            )
            promotion = boost[track] if content >= 0.72 else 0.0
            scores[track] = points * safety + (promotion * safety if weights.safe_boost > 0.0 else promotion)


@njit(nogil=True, cache=True)
def best(scores: Floats, rules: Codes, most: int) -> tuple[Bounds, Ints]:
    """The ``most`` best candidates of each list, greatest score first, equal scores in track order.

    Returns ``indptr`` (lists + 1) and the tracks of all lists one after another. A sample sets a bar that slightly more than
    ``most`` candidates pass, so that few are sorted; the result does not depend on it.
    """
    lists, width = scores.shape
    indptr = np.zeros(lists + 1, np.int64)
    tracks = np.empty(lists * min(most, width), np.int32)
    chosen = np.empty(width, np.int32)
    for row in range(lists):
        found = _above(scores[row], rules[row], _bar(scores[row], rules[row], most), chosen)
        if found < most:
            found = _above(scores[row], rules[row], -np.inf, chosen)
        order = np.argsort(-scores[row][chosen[:found]], kind="mergesort")[:most]
        indptr[row + 1] = indptr[row] + len(order)
        tracks[indptr[row] : indptr[row + 1]] = chosen[order]
    return indptr, tracks[: indptr[-1]]


@njit(nogil=True, cache=True)
def _bar(scores: Floats, rules: Codes, most: int) -> float:
    step = max(1, len(scores) // 2048)
    sample = scores[::step][rules[::step] == 0]
    expected = most / step
    place = len(sample) - int(expected + 4.0 * np.sqrt(expected) + 2.0)
    return np.sort(sample)[place] if place > 0 and step > 1 else -np.inf


@njit(nogil=True, cache=True)
def _above(scores: Floats, rules: Codes, bar: float, chosen: Ints) -> int:
    found = 0
    for track in range(len(scores)):
        if scores[track] >= bar and rules[track] == 0:
            chosen[found] = track
            found += 1
    return found
