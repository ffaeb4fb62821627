"""A sparse matrix times a few dense columns, in the order of additions of SciPy's product."""

from __future__ import annotations

import numpy as np
from numba import njit

from recsys.matrices.arrays import INNER, Floats, Ints, Offsets
from recsys.matrices.prefetch import prefetch

_AHEAD = 12
"""Entries from which a row of ``right`` is asked for until it is read: it lies anywhere."""


@njit(nogil=True, cache=True)
def sparse_product(matrix: tuple[Offsets, Ints, Floats], right: Floats, scale: Floats, first: int, out: Floats) -> None:
    """``out`` (n, r) = the rows from ``first`` on of ``matrix`` (offsets, columns, values) times ``right`` (columns, r), of which
    each row is multiplied by its ``scale`` (columns,).

    Each number of a row is the sum of its entries one after the other, rounded after every step: the bits of SciPy's product
    with rows that were scaled before. ``right`` and ``out`` are contiguous.
    """
    indptr, indices, values = matrix
    width = right.shape[1]
    for row in range(out.shape[0]):
        begin, end = indptr[first + row], indptr[first + row + 1]
        own = out[row]
        for k in range(width):
            own[k] = 0.0
        for entry in range(begin, end - 3, 4):
            for ahead in range(entry + _AHEAD, min(entry + _AHEAD + 4, indices.size)):
                prefetch(right, np.int64(indices[ahead]) * width, width)
            _add_four(values[entry : entry + 4], indices[entry : entry + 4], right, scale, own)
        for entry in range(end - (end - begin) % 4, end):
            value, other, unit = values[entry], right[indices[entry]], scale[indices[entry]]
            for k in range(width):
                own[k] += value * (other[k] * unit)


@njit(**INNER)
def _add_four(values: Floats, columns: Ints, right: Floats, scale: Floats, own: Floats) -> None:
    """Four entries in a pass over the row, which is read and written a quarter as often."""
    p, q, r, s = values[0], values[1], values[2], values[3]
    a, b, c, d = right[columns[0]], right[columns[1]], right[columns[2]], right[columns[3]]
    e, f, g, h = scale[columns[0]], scale[columns[1]], scale[columns[2]], scale[columns[3]]
    for k in range(own.size):
        own[k] = own[k] + p * (a[k] * e) + q * (b[k] * f) + r * (c[k] * g) + s * (d[k] * h)
