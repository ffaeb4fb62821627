"""Weights of tracks by walks over listeners, and the sums of such weights over a listener's own tracks."""

from __future__ import annotations

import numpy as np
from numba import njit

from recsys.matrices.arrays import INNER, Float32s, Floats, Ints, Offsets
from recsys.matrices.order import ascending, nth_greatest


@njit(nogil=True, cache=True)
def walk(
    liked: tuple[Offsets, Ints], by_track: tuple[Offsets, Ints], damped: tuple[Floats, Floats, Floats], first: int, last: int,
    greatest: tuple[Ints, Floats],
) -> None:  # fmt: skip
    """Fills the rows ``first`` … ``last`` − 1 of ``greatest``, (tracks, k): the tracks with the greatest weights for each.

    ``liked`` and ``by_track``: bounds and columns of the likes, by listener and by track. ``damped``: factors of listeners, of
    tracks walked from, and of tracks walked to. Of equal weights the lower track is taken. Tracks come in ascending order.
    """
    listeners, start, end = damped
    # as long as the catalogue, so only what was touched is looked at and cleared
    sums = np.zeros(start.size)
    touched = np.empty(start.size, np.int32)
    for track in range(first, last):
        count = 0
        for entry in range(by_track[0][track], by_track[0][track + 1]):
            listener = by_track[1][entry]
            for at in range(liked[0][listener], liked[0][listener + 1]):
                other = liked[1][at]
                if sums[other] == 0.0:
                    touched[count] = other
                    count += 1
                sums[other] += listeners[listener]
        others = ascending(touched[:count])
        weights = np.empty(count)
        for at in range(count):
            other = others[at]
            weights[at] = sums[other] * start[other] * end[track] if other != track else 0.0
            sums[other] = 0.0
        _greatest(others, weights, greatest[0][track], greatest[1][track])


@njit(**INNER)
def _greatest(indices: Ints, weights: Floats, out: Ints, out_weights: Floats) -> None:
    """The greatest weights above 0, as many as there is room for, in the order they came; of equal ones the first."""
    bar = nth_greatest(weights, out.size) if weights.size > out.size else 0.0
    room = out.size
    for weight in weights:
        room -= weight > bar
    count = 0
    for at in range(weights.size):
        # of those level with the bar as many as there is room for, in their order
        level = weights[at] == bar and bar > 0.0 and room > 0
        if weights[at] > bar or level:
            out[count], out_weights[count] = indices[at], weights[at]
            count += 1
            room -= level


@njit(nogil=True, cache=True)
def own_sums(own: tuple[Offsets, Ints, Float32s], weights: tuple[Offsets, Ints, Float32s], out: Float32s) -> None:
    """``out`` (n, tracks) = own (n, tracks) · weights (tracks, tracks), both sparse."""
    indptr, tracks, values = own
    bounds, others, shares = weights
    out[:] = 0
    for row in range(out.shape[0]):
        for at in range(indptr[row], indptr[row + 1]):
            track, value = tracks[at], values[at]
            for entry in range(bounds[track], bounds[track + 1]):
                out[row, others[entry]] += value * shares[entry]
