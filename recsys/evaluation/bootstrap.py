"""Intervals of means over listeners, and of differences of means between two methods on the same listeners.

Every resample draws listeners, so that two methods are compared on the same ones (paired). Weights are Poisson(1), drawn block by
block: the same law as drawing with replacement when there are many listeners, and no resample needs to be held.
Efron & Tibshirani (1993), chapter 13; Chamandy et al. (2012).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
_LEVEL = 0.95
_BLOCK = 4096


class Interval(NamedTuple):
    """A mean and the bounds of its interval; NaN without a listener."""

    mean: float
    low: float
    high: float

    @property
    def beyond_zero(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low > 0 or self.high < 0


def intervals(values: NDArray[np.float64], seed: int = 0, resamples: int = RESAMPLES) -> list[Interval]:
    """One interval per column of ``values`` (listeners, columns); NaN = the listener does not count in that column."""
    counted = ~np.isnan(values)
    filled = np.where(counted, values, 0.0)
    rng = np.random.Generator(np.random.PCG64(seed))
    sums, weights = np.zeros((resamples, values.shape[1])), np.zeros((resamples, values.shape[1]))
    for first in range(0, len(values), _BLOCK):
        part = slice(first, first + _BLOCK)
        drawn = rng.poisson(1.0, (resamples, len(values[part]))).astype(np.float64)
        sums += drawn @ filled[part]
        weights += drawn @ counted[part]
    means = np.divide(sums, weights, out=np.full_like(sums, np.nan), where=weights > 0)
    return [_interval(filled[:, column], counted[:, column], means[:, column]) for column in range(values.shape[1])]


def _interval(values: NDArray[np.float64], counted: NDArray[np.bool_], means: NDArray[np.float64]) -> Interval:
    if not counted.any():
        return Interval(*[float("nan")] * 3)
    tail = 50 * (1 - _LEVEL)
    low, high = np.nanpercentile(means, [tail, 100 - tail])
    return Interval(float(values.sum() / counted.sum()), float(low), float(high))
