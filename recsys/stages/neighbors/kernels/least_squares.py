"""Weighted least squares of many rows at once: one half of a sweep of alternating least squares."""

from __future__ import annotations

import numpy as np
from numba import njit

from recsys.matrices.arrays import INNER, LEAN_INNER, Float32s, Floats, Ints, Offsets
from recsys.stages.neighbors.kernels.interpolation import cholesky_solve

EXACT = np.float32(1e-12)
"""A residual this much shorter (squared) than the right side is none."""
_TOGETHER = 4
"""Rows whose squares are added in one pass over the matrix."""
_LANES = 8
"""Numbers of a vector register, at most."""


@njit(nogil=True, cache=True, fastmath={"reassoc", "contract"})
def solve_rows(
    entries: tuple[Offsets, Ints, Float32s, Float32s], others: Float32s, gram: Float32s, ridge: np.float32, steps: int,
    part: tuple[int, int], own: Float32s,
) -> None:  # fmt: skip
    """Improves the rows from ``part[0]`` up to ``part[1]`` of ``own`` (rows, r) by ``steps`` conjugate gradients, in place.

    Row x minimises Σ c (p − x·y)² + xᵀ ``gram`` x + ridge |x|², the sum over its entries with confidence c, preference p and
    the row y of ``others``. ``entries``: indptr, indices, confidence, preference. Conjugate gradients inside alternating least
    squares: Takács, Pilászy & Tikk (2011).
    """
    indptr, indices, confidence, preference = entries
    rank = own.shape[1]
    rest, direction, image = np.empty(rank, np.float32), np.empty(rank, np.float32), np.empty(rank, np.float32)
    for row in range(part[0], part[1]):
        x = own[row]
        _image(x, (indptr, indices, confidence), others, gram, ridge, row, image)
        # rest = b − A x, the negative gradient
        for k in range(rank):
            rest[k] = -image[k]
        goal = np.float32(0)
        for entry in range(indptr[row], indptr[row + 1]):
            y, pull = others[indices[entry]], confidence[entry] * preference[entry]
            goal += abs(pull)
            for k in range(rank):
                rest[k] += pull * y[k]
        if goal == np.float32(0):
            x[:] = np.float32(0)
            continue
        _copy(rest, direction)
        length = _dot(rest, rest)
        for _ in range(steps):
            _image(direction, (indptr, indices, confidence), others, gram, ridge, row, image)
            curvature = _dot(direction, image)
            if length <= EXACT or curvature <= EXACT * length:
                break
            step = length / curvature
            for k in range(rank):
                x[k] += step * direction[k]
                rest[k] -= step * image[k]
            shorter = _dot(rest, rest)
            turn, length = shorter / length, shorter
            for k in range(rank):
                direction[k] = rest[k] + turn * direction[k]


@njit(fastmath={"reassoc", "contract"}, **INNER)
def _copy(source: Float32s, target: Float32s) -> None:
    for k in range(source.size):
        target[k] = source[k]


@njit(fastmath={"reassoc", "contract"}, **INNER)
def _dot(left: Float32s, right: Float32s) -> np.float32:
    total = np.float32(0)
    for k in range(left.size):
        total += left[k] * right[k]
    return total


@njit(fastmath={"reassoc", "contract"}, **INNER)
def _image(
    x: Float32s, entries: tuple[Offsets, Ints, Float32s], others: Float32s, gram: Float32s, ridge: np.float32,
    row: int, image: Float32s,
) -> None:  # fmt: skip
    """``image`` = (gram + ridge I + Σ c y yᵀ) x."""
    indptr, indices, confidence = entries
    # A is never formed: one product of rank r an entry, instead of r² numbers a row
    for k in range(x.size):
        image[k] = ridge * x[k]
    for j in range(x.size):
        for k in range(x.size):
            image[k] += gram[j, k] * x[j]
    for entry in range(indptr[row], indptr[row + 1]):
        y = others[indices[entry]]
        part = confidence[entry] * _dot(x, y)
        for k in range(x.size):
            image[k] += part * y[k]


@njit(nogil=True, cache=True, fastmath={"contract"})
def solve_exactly(
    entries: tuple[Offsets, Ints, Float32s, Float32s],
    others: Float32s,
    gram: Floats,
    ridge: float,
    first: int,
    last: int,
    own: Float32s,
) -> None:
    """Fills the rows ``first`` … ``last`` − 1 of ``own`` with the minimum that :func:`solve_rows` comes nearer to.

    Each row is solved for itself in float64, so it is the same bits in any company.
    """
    indptr, indices, confidence, preference = entries
    rank = own.shape[1]
    matrix, right = np.empty((rank, rank)), np.empty(rank)
    for row in range(first, last):
        part = slice(indptr[row], indptr[row + 1])
        normal_equations(indices[part], confidence[part], others, gram, ridge, matrix)
        right[:] = 0.0
        for entry in range(indptr[row], indptr[row + 1]):
            y, pull = others[indices[entry]], confidence[entry] * preference[entry]
            for k in range(rank):
                right[k] += pull * y[k]
        cholesky_solve(matrix, rank, right)
        for k in range(rank):
            own[row, k] = right[k]


@njit(nogil=True, cache=True, fastmath={"contract"})
def normal_equations(indices: Ints, confidence: Float32s, others: Float32s, gram: Floats, ridge: float, matrix: Floats) -> None:
    """The upper triangle of ``matrix`` (r, r) becomes that of gram + ridge I + Σ c y yᵀ; the rest holds anything."""
    rank, count = matrix.shape[0], indices.size
    for j in range(rank):
        for k in range(rank):
            matrix[j, k] = gram[j, k]
        matrix[j, j] += ridge
    rows = np.empty((_TOGETHER, rank))
    for first in range(0, count, _TOGETHER):
        size = min(_TOGETHER, count - first)
        for at in range(size):
            y = others[indices[first + at]]
            for k in range(rank):
                rows[at, k] = y[k]
        if size == _TOGETHER:
            _add_four_squares(matrix, rows, confidence[first : first + size])
        else:
            for at in range(size):
                _add_square(matrix, rows[at], np.float64(confidence[first + at]))


@njit(fastmath={"contract"}, **LEAN_INNER)
def _add_square(matrix: Floats, y: Floats, sure: float) -> None:
    for j in range(y.size):
        part = sure * y[j]
        for k in range(j, y.size):
            matrix[j, k] += part * y[k]


@njit(fastmath={"contract"}, **LEAN_INNER)
def _add_four_squares(matrix: Floats, rows: Floats, sure: Float32s) -> None:
    """:func:`_add_square` of one row after another: each number of the matrix is read and written once.

    Rows of the matrix begin with whole lanes, up to seven numbers before the diagonal: loops over the rest of a row would take
    longer than the arithmetic.
    """
    a, b, c, d = rows[0], rows[1], rows[2], rows[3]
    for j in range(a.size):
        p, q = np.float64(sure[0]) * a[j], np.float64(sure[1]) * b[j]
        r, s = np.float64(sure[2]) * c[j], np.float64(sure[3]) * d[j]
        own, begin = matrix[j], j // _LANES * _LANES
        for k in range(begin, a.size):
            own[k] = own[k] + p * a[k] + q * b[k] + r * c[k] + s * d[k]
