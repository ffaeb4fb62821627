"""Votes: what the neighbours of a listener rated and the listener did not. Scoring rules section 7."""

from __future__ import annotations

import numpy as np
from numba import njit

from recsys.matrices.arrays import Floats, Ints, Offsets


@njit(nogil=True, cache=True)
def votes(
    first: int,
    near: tuple[Offsets, Ints, Floats],
    ratings: tuple[Offsets, Ints, Floats],
    columns: tuple[int, int],
    shrink: float,
    canonical: Ints,
    out: Floats,
) -> None:
    """``out`` (listeners, tracks): weight × rating summed over every positive rating of every neighbour, as a share 0–1.

    ``near``: neighbours and weights of listeners ``first`` …, one sparse row each. ``ratings``: all listeners' ratings over
    ``columns[0]`` track ids. Tracks that the listener has an entry for get 0. Sums are divided by the listener's largest one
    among the first ``columns[1]`` plus ``shrink``. ``canonical``: the column of each track.
    """
    indptr, neighbors, weights = near
    starts, rated, values = ratings
    width, counted = columns
    sums = np.empty(width)
    for row in range(out.shape[0]):
        sums[:] = 0.0
        for at in range(indptr[row], indptr[row + 1]):
            other, weight = neighbors[at], weights[at]
            for entry in range(starts[other], starts[other + 1]):
                if values[entry] > 0.0:
                    sums[rated[entry]] += weight * values[entry]
        for entry in range(starts[first + row], starts[first + row + 1]):
            sums[rated[entry]] = 0.0
        top = 0.0
        for column in range(counted):
            top = max(top, sums[column])
        scores = out[row]
        for track in range(len(scores)):
            share = sums[canonical[track]] / (top + shrink) if top > 0.0 else 0.0
            scores[track] = share if share < 1.0 else 1.0
