"""Chance: how likely a track is among those a listener comes to like next, on one scale for all listeners.

A raw score compares the tracks of one listener; it is larger for all tracks of some listeners than for any of others. A logistic
regression of what was hidden and found on the log of the score and of the listener's number of ratings puts them on one scale
(Platt 1999). Calibrated on the tracks a list is made of: of tracks with chance 0.1, one in ten was among the hidden.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.matrices.arrays import Floats

_STEPS = 50
"""Newton steps; ten suffice unless scores separate hits from misses."""
RIDGE = 1e-3
"""Of the coefficients: keeps them finite where nothing, or everything, was found."""


class Chance(NamedTuple):
    """log-odds = ``intercept`` + ``score`` · log(raw score) + ``size`` · log(ratings of the listener)."""

    intercept: float
    score: float
    size: float

    def of(self, scores: NDArray[np.floating[Any]], sizes: NDArray[np.integer[Any]]) -> Floats:
        """(n, m) chances 0–1 of raw scores (n, m) of n listeners with ``sizes`` (n,) ratings; 0 for scores not above 0."""
        design = _design(np.maximum(scores, np.finfo(np.float32).tiny), sizes[:, None])
        odds = self.intercept + self.score * design[..., 1] + self.size * design[..., 2]
        with np.errstate(over="ignore"):  # where the odds are as good as none: 1 ÷ infinity is the 0 they have
            return np.where(scores > 0.0, 1.0 / (1.0 + np.exp(-odds)), 0.0)


def fit_chance(scores: Floats, sizes: NDArray[np.integer[Any]], hits: NDArray[np.bool_]) -> Chance:
    """From raw scores (n,) of tracks that a list would be made of, their listeners' numbers of ratings, and whether each hit.

    Scores not above 0 do not count. By Newton's method; sums are made in a fixed order, so the result is the same bits anywhere.
    """
    counted = scores > 0.0
    design, target = _design(scores[counted], sizes[counted]), hits[counted].astype(np.float64)
    weights = np.zeros(3)
    for _ in range(_STEPS):
        expected = 1.0 / (1.0 + np.exp(-np.clip((design * weights).sum(axis=1), -30.0, 30.0)))
        slope = (design * (target - expected)[:, None]).sum(axis=0) - RIDGE * weights
        bend = expected * (1.0 - expected)
        curve = np.array([[(design[:, a] * bend * design[:, b]).sum() for b in range(3)] for a in range(3)])
        step = np.linalg.solve(curve + RIDGE * np.eye(3), slope)
        weights += step
        if np.abs(step).max() < 1e-10:
            break
    return Chance(*(float(value) for value in weights))


def _design(scores: NDArray[np.floating[Any]], sizes: NDArray[np.integer[Any]]) -> Floats:
    """(…, 3): 1, log of the score, log of the number of ratings."""
    logs = np.log(scores.astype(np.float64))
    return np.stack([np.ones_like(logs), logs, np.broadcast_to(np.log(np.maximum(sizes, 1.0)), logs.shape)], axis=-1)
