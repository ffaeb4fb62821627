"""Near and ALS scores on one scale, and as shares of a listener's greatest."""

from __future__ import annotations

import numpy as np
from numba import njit

from recsys.matrices.arrays import INNER, Float32s, Ints, Offsets, Votes


@njit(nogil=True, cache=True, fastmath={"reassoc", "contract"})
def blend(near: tuple[Ints, Float32s], votes: tuple[Offsets, Ints, Float32s], share: float, als: Float32s, out: Float32s) -> None:
    """Adds the neighbours' votes to ``out`` (n, tracks), which holds the low-rank scores, and mixes in the ``als`` scores.

    ``near``: indices (−1 = none) and weights, (n, kept) each. ``votes``: one sparse row per listener. Each part is divided by
    its root mean square over all tracks, so that ``share`` (0–1) of the result is theirs; a part that is all 0 stays 0.
    """
    indices, weights = near
    indptr, rated, values = votes
    tracks = out.shape[1]
    for row in range(out.shape[0]):
        scores, other = out[row], als[row]
        for at in range(indices.shape[1]):
            neighbor, weight = indices[row, at], weights[row, at]
            if neighbor >= 0:
                for entry in range(indptr[neighbor], indptr[neighbor + 1]):
                    scores[rated[entry]] += weight * values[entry]
        # both squares in one pass over the tracks; `reassoc` lets it go by vectors
        near_square = als_square = np.float32(0)
        for track in range(tracks):
            near_square += scores[track] * scores[track]
            als_square += other[track] * other[track]
        mine = _over_root(1.0 - share, near_square, tracks)
        theirs = _over_root(share, als_square, tracks)
        for track in range(tracks):
            scores[track] = mine * scores[track] + theirs * other[track]


@njit(nogil=True, cache=True, fastmath={"reassoc", "contract"})
def mix(scores: Float32s, share: float, other: Float32s) -> None:
    """Mixes ``other`` (n, tracks), divided by its root mean square over tracks, into ``scores``: ``share`` (0–1) is theirs."""
    tracks = scores.shape[1]
    mine = np.float32(1.0 - share)
    for row in range(scores.shape[0]):
        square = np.float32(0)
        for track in range(tracks):
            square += other[row, track] * other[row, track]
        theirs = _over_root(share, square, tracks)
        for track in range(tracks):
            scores[row, track] = mine * scores[row, track] + theirs * other[row, track]


@njit(nogil=True, cache=True)
def shares(scores: Float32s, rated: tuple[Offsets, Ints], canonical: Ints, votes: Votes) -> None:
    """Fills the shares and wholes of ``votes``: positive scores, what the listener knows 0, and the greatest of them.

    Where the most of the ``votes`` is 0, all shares are. ``rated``: bounds (n + 1) and columns of what each listener has an
    entry for; columns beyond the tracks do not count. ``canonical``: the column of each track.
    """
    out, whole, most = votes
    indptr, columns = rated
    width = scores.shape[1]
    repeats = np.flatnonzero(canonical != np.arange(width))
    for row in range(len(scores)):
        mine, theirs = out[row], scores[row]
        least = np.float32(0) if most[row] > 0.0 else np.float32(np.inf)
        for track in range(width):
            mine[track] = theirs[track] if theirs[track] > least else np.float32(0)
        for entry in range(indptr[row], indptr[row + 1]):
            if columns[entry] < width:
                mine[columns[entry]] = 0.0
        top = np.float64(_greatest(mine))
        whole[row] = top if top > 0.0 else 1.0  # 0 ÷ 1 is 0 as well
        # a repeated record has the score of the one that counts
        for repeat in repeats:
            mine[repeat] = mine[canonical[repeat]]


@njit(fastmath={"nnan", "nsz", "reassoc"}, **INNER)
def _greatest(values: Float32s) -> np.float32:
    """The greatest of some numbers ≥ 0, 0 for none; without thought for NaN, which would keep it from going by vectors."""
    top = np.float32(0)
    for value in values:
        top = max(top, value)
    return top


@njit(fastmath={"reassoc", "contract"}, **INNER)
def _over_root(share: float, square: np.float32, count: int) -> np.float32:
    return np.float32(share / np.sqrt(square / count)) if square > 0.0 else np.float32(0)
