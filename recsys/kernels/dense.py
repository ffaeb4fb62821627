"""Small dense algebra in one fixed order of operations: BLAS and LAPACK give other last bits with another number of threads."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from recsys.kernels.arrays import Floats

Numbers = NDArray[Any]

SWEEPS = 30
"""Jacobi converges in about ten sweeps; this many are never needed."""
CHUNK = 512
"""Columns worked on at once: few enough to stay in the fastest cache."""


@njit(nogil=True, cache=True, fastmath={"contract"})
def product(left: Numbers, right: Numbers, out: Numbers) -> None:
    """``out`` = ``left`` (n, r) · ``right`` (r, m), all contiguous; each element is summed in the same order whatever n and m."""
    rank, columns = right.shape
    for begin in range(0, columns, CHUNK):
        end = min(begin + CHUNK, columns)
        for row in range(left.shape[0]):
            sums = out[row, begin:end]
            sums[:] = 0
            for k in range(0, rank - 7, 8):
                a, b, c, d = left[row, k], left[row, k + 1], left[row, k + 2], left[row, k + 3]
                e, f, g, h = left[row, k + 4], left[row, k + 5], left[row, k + 6], left[row, k + 7]
                ra, rb, rc, rd = right[k, begin:end], right[k + 1, begin:end], right[k + 2, begin:end], right[k + 3, begin:end]
                re, rf = right[k + 4, begin:end], right[k + 5, begin:end]
                rg, rh = right[k + 6, begin:end], right[k + 7, begin:end]
                for at in range(end - begin):
                    low = a * ra[at] + b * rb[at] + c * rc[at] + d * rd[at]
                    sums[at] += low + (e * re[at] + f * rf[at] + g * rg[at] + h * rh[at])
            for k in range(rank - rank % 8, rank):
                weight, last = left[row, k], right[k, begin:end]
                for at in range(end - begin):
                    sums[at] += weight * last[at]


@njit(nogil=True, cache=True)
def gram(columns: Numbers) -> Numbers:
    """columnsᵀ · columns, (r, r)."""
    rank = columns.shape[1]
    out = np.zeros((rank, rank), columns.dtype)
    for row in range(columns.shape[0]):
        for a in range(rank):
            part = columns[row, a]
            for b in range(rank):
                out[a, b] += part * columns[row, b]
    return out


@njit(nogil=True, cache=True)
def eigen(symmetric: Floats) -> tuple[Floats, Floats]:
    """Eigenvalues, greatest first, and eigenvectors in columns, by cyclic Jacobi rotations (Golub & Van Loan, section 8.5)."""
    matrix = symmetric.copy()
    size = len(matrix)
    vectors = np.eye(size)
    for _ in range(SWEEPS):
        turned = False
        for p in range(size):
            for q in range(p + 1, size):
                if abs(matrix[p, q]) > 1e-16 * np.sqrt(abs(matrix[p, p] * matrix[q, q])):
                    turned = True
                    _rotate(matrix, vectors, p, q)
        if not turned:
            break
    values = np.diag(matrix).copy()
    order = np.argsort(-values, kind="mergesort")
    return values[order], np.ascontiguousarray(vectors[order].T)


@njit(nogil=True, cache=True)
def _rotate(matrix: Floats, vectors: Floats, p: int, q: int) -> None:
    """Makes ``matrix[p, q]`` 0; ``vectors`` holds the eigenvectors in rows, so that all loops run along memory."""
    turn = (matrix[q, q] - matrix[p, p]) / (2.0 * matrix[p, q])
    tangent = (1.0 if turn >= 0.0 else -1.0) / (abs(turn) + np.sqrt(1.0 + turn * turn))
    cosine = 1.0 / np.sqrt(1.0 + tangent * tangent)
    sine = tangent * cosine
    for k in range(len(matrix)):
        a, b = matrix[p, k], matrix[q, k]
        matrix[p, k], matrix[q, k] = cosine * a - sine * b, sine * a + cosine * b
    for k in range(len(matrix)):
        a, b = matrix[k, p], matrix[k, q]
        matrix[k, p], matrix[k, q] = cosine * a - sine * b, sine * a + cosine * b
        a, b = vectors[p, k], vectors[q, k]
        vectors[p, k], vectors[q, k] = cosine * a - sine * b, sine * a + cosine * b
    matrix[p, q] = matrix[q, p] = 0.0
