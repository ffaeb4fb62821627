"""The rows of a listener's neighbours, copied side by side and with their tracks numbered from 0 on.

Fifty neighbours of a large catalogue rated some thousand different tracks: arrays as long as those are stay near the processor,
arrays as long as the catalogue do not. Every row is looked at once in the catalogue's numbers; all that follows is in its own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.matrices.arrays import LEAN, LEAN_INNER, Float32s, Floats, Ints
from recsys.matrices.prefetch import prefetch
from recsys.stages.neighbors.kernels.interpolation import NeighborRows

TOGETHER = 8
"""Vectors whose products are summed side by side."""

_AHEAD = 16
"""Rows fetched before they are read: about as long as memory takes."""


class NearRows(NamedTuple):
    """Rows of the m neighbours of one listener."""

    rows: NeighborRows
    """(m,) in their order; ``indices`` are the numbers of ``tracks``."""
    votes: Float32s
    """Of the entries of ``rows``."""
    vectors: Floats
    """(m, r) on the factors."""
    tracks: Ints
    """Tracks of the catalogue that any of them rated, in the order in which they come first."""


@njit(nogil=True, cache=True)
def near_rows(rows: NeighborRows, votes: Float32s, vectors: Floats, chosen: Ints, number: Ints) -> NearRows:
    """The ``chosen`` rows; ``number`` (tracks of the catalogue,), all −1, becomes that of each of their tracks."""
    # fields of a tuple are counted references: taken out once, they cost nothing inside the loops
    starts, columns, entries, means, scales = rows
    count = chosen.size
    indptr = np.zeros(count + 1, np.int64)
    for at in range(count):
        first, size = starts[chosen[at]], starts[chosen[at] + 1] - starts[chosen[at]]
        indptr[at + 1] = indptr[at] + size
        prefetch(columns, first, size)
        prefetch(entries, first, size)
        prefetch(votes, first, size)
        prefetch(vectors, chosen[at] * vectors.shape[1], vectors.shape[1])
    indices, tracks = np.empty(indptr[count], np.int32), np.empty(indptr[count], np.int32)
    values, own_votes = np.empty(indptr[count]), np.empty(indptr[count], np.float32)
    mean, scale, mine = np.empty(count), np.empty(count), np.empty((count, vectors.shape[1]))
    distinct = 0
    for at in range(count):
        other = chosen[at]
        mean[at], scale[at] = means[other], scales[other]
        for k in range(vectors.shape[1]):
            mine[at, k] = vectors[other, k]
        shift = starts[other] - indptr[at]
        for entry in range(indptr[at], indptr[at + 1]):
            track = columns[entry + shift]
            if number[track] < 0:
                number[track], tracks[distinct] = distinct, track
                distinct += 1
            indices[entry], values[entry], own_votes[entry] = number[track], entries[entry + shift], votes[entry + shift]
    return NearRows(NeighborRows(indptr, indices, values, mean, scale), own_votes, mine, tracks[:distinct])


@njit(nogil=True, cache=True)
def products(vectors: Float32s, rows: Ints, other: Floats, out: Floats) -> None:
    """``out`` (n,) becomes the product of each of the n ``rows`` of ``vectors`` (any, r) with another vector, summed in order."""
    whole = rows.size - rows.size % TOGETHER
    for first in range(0, whole, TOGETHER):
        for row in rows[first + _AHEAD : first + _AHEAD + TOGETHER]:
            prefetch(vectors, row * other.size, other.size)
        _eight(vectors, rows[first : first + TOGETHER], other, out[first : first + TOGETHER])
    if whole < rows.size:
        last, room = np.full(TOGETHER, rows[whole], np.int32), np.empty(TOGETHER)
        last[: rows.size - whole] = rows[whole:]
        _eight(vectors, last, other, room)
        out[whole:] = room[: rows.size - whole]


@njit(**LEAN_INNER)
def _eight(vectors: Float32s, rows: Ints, other: Floats, out: Floats) -> None:
    """Products of eight rows: each is a sum in order, so one waits for its every addition; side by side they wait for none."""
    a = b = c = d = e = f = g = h = 0.0
    for k in range(other.size):
        factor = other[k]
        a += vectors[rows[0], k] * factor
        b += vectors[rows[1], k] * factor
        c += vectors[rows[2], k] * factor
        d += vectors[rows[3], k] * factor
        e += vectors[rows[4], k] * factor
        f += vectors[rows[5], k] * factor
        g += vectors[rows[6], k] * factor
        h += vectors[rows[7], k] * factor
    out[0], out[1], out[2], out[3], out[4], out[5], out[6], out[7] = a, b, c, d, e, f, g, h


@njit(**LEAN)
def columns_of(matrix: Float32s, rows: Ints, out: Floats) -> None:
    """``out`` (r, n) becomes the ``rows`` of a matrix (any, r) as columns; n is a multiple of eight."""
    for row in rows:
        prefetch(matrix, row * matrix.shape[1], matrix.shape[1])
    for at in range(0, rows.size, TOGETHER):
        a, b, c, d = matrix[rows[at]], matrix[rows[at + 1]], matrix[rows[at + 2]], matrix[rows[at + 3]]
        e, f, g, h = matrix[rows[at + 4]], matrix[rows[at + 5]], matrix[rows[at + 6]], matrix[rows[at + 7]]
        for k in range(out.shape[0]):
            to = out[k, at : at + TOGETHER]
            to[0], to[1], to[2], to[3], to[4], to[5], to[6], to[7] = a[k], b[k], c[k], d[k], e[k], f[k], g[k], h[k]
