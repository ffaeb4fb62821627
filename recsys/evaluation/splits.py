"""Splits of ratings into a part to learn from and a part to predict.

Ratings are a (users × items) ``csr_array``; both parts keep its shape. Stored zeros count as ratings.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array


class Split(NamedTuple):
    """``train`` and ``test``: together all ratings, none in both."""

    train: csr_array
    test: csr_array


def hold_out(ratings: csr_array, share: float = 0.2, seed: int = 0) -> Split:
    """Per user, ``share`` (0–1) of the ratings at random, rounded to the nearest (halves to even), but never all of them.

    >>> parts = hold_out(csr_array([[1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 0.0, 0.0, 0.0]]))
    >>> [int(count) for count in np.diff(parts.test.indptr)]
    [1, 0]
    """
    return divided(ratings, drawn(ratings, share, seed))


def drawn(ratings: csr_array, share: float, seed: int = 0, times: ArrayLike | None = None) -> NDArray[np.bool_]:
    """One flag per stored rating: whether :func:`hold_out` hides it.

    With ``times``, one per stored rating, each user's latest ones are hidden: equal ones, and those without a time (NaN), which
    count as the oldest, by chance.
    """
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"share is {share}; allowed: 0–1")
    filled = np.diff(ratings.indptr)
    hidden = np.minimum(np.rint(share * filled).astype(np.int64), np.maximum(filled - 1, 0))
    draw = np.random.Generator(np.random.PCG64(seed)).random(len(ratings.data))
    rows = np.repeat(np.arange(len(filled)), filled)
    when = np.zeros(len(rows)) if times is None else -np.nan_to_num(np.asarray(times, np.float64), nan=-np.inf, neginf=-np.inf)
    order = np.lexsort((draw, when, rows))
    nth = np.empty(len(order), np.int64)
    nth[order] = np.arange(len(order)) - np.repeat(ratings.indptr[:-1], filled)
    return np.asarray(nth < hidden[rows])


def time_travel(ratings: csr_array, occurred_at: ArrayLike, moment: float) -> Split:
    """Learns from what happened before ``moment`` and predicts the rest, as a run at that moment would have to.

    ``occurred_at``: one time per stored rating, in the order of ``ratings.data`` and the unit of ``moment``. A rating without a
    time (NaN) is learnt from.
    """
    times = np.asarray(occurred_at, np.float64)
    if times.shape != ratings.data.shape:
        raise ValueError(f"{times.size} times for {ratings.data.size} ratings; one time per stored rating is needed")
    return divided(ratings, times >= moment)


def divided(ratings: csr_array, hidden: NDArray[np.bool_]) -> Split:
    """The ratings that are not hidden, and those that are; ``hidden`` has one flag per stored rating."""
    return Split(_chosen(ratings, ~hidden), _chosen(ratings, hidden))


def _chosen(ratings: csr_array, chosen: NDArray[np.bool_]) -> csr_array:
    indptr = np.r_[0, np.cumsum(chosen)][ratings.indptr]
    return csr_array((ratings.data[chosen], ratings.indices[chosen], indptr), shape=ratings.shape)
