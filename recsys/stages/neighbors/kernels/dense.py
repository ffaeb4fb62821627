"""Small dense algebra in one fixed order of operations: BLAS and LAPACK give other last bits with another number of threads."""

from __future__ import annotations

import numpy as np
from numba import njit

from recsys.matrices.arrays import INNER, Floats, Numbers
from recsys.matrices.order import greatest_first

_SWEEPS = 30
"""Jacobi converges in about ten sweeps; this many are never needed."""
_CHUNK = 2048
"""Columns worked on at once: few enough for the sums of four rows to stay in the fastest cache."""


@njit(nogil=True, cache=True, fastmath={"contract"})
def product(left: Numbers, right: Numbers, out: Numbers) -> None:
    """``out`` = ``left`` (n, r) · ``right`` (r, m), all contiguous; each element is summed in the same order whatever n and m."""
    rows, columns = out.shape
    for begin in range(0, columns, _CHUNK):
        end = min(begin + _CHUNK, columns)
        out[:, begin:end] = 0
        for row in range(0, rows - 3, 4):
            _add_four(left, right, out, row, begin, end)
        for row in range(rows - rows % 4, rows):
            _add_one(left, right, out, row, begin, end)


@njit(fastmath={"contract"}, **INNER)
def _add_four(left: Numbers, right: Numbers, out: Numbers, row: int, begin: int, end: int) -> None:
    """Four rows at a time read ``right`` a quarter as often, and ``out`` an eighth; each is summed as :func:`_add_one` does."""
    rank = len(right)
    one, two, three, four = out[row, begin:end], out[row + 1, begin:end], out[row + 2, begin:end], out[row + 3, begin:end]
    for k in range(0, rank - 7, 8):
        ra, rb, rc, rd = right[k, begin:end], right[k + 1, begin:end], right[k + 2, begin:end], right[k + 3, begin:end]
        re, rf, rg, rh = right[k + 4, begin:end], right[k + 5, begin:end], right[k + 6, begin:end], right[k + 7, begin:end]
        p, q, r, s = left[row, k : k + 8], left[row + 1, k : k + 8], left[row + 2, k : k + 8], left[row + 3, k : k + 8]
        pa, pb, pc, pd, pe, pf, pg, ph = p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]
        qa, qb, qc, qd, qe, qf, qg, qh = q[0], q[1], q[2], q[3], q[4], q[5], q[6], q[7]
        sa, sb, sc, sd, se, sf, sg, sh = r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7]
        ta, tb, tc, td, te, tf, tg, th = s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
        # 32 multiply-adds for twelve loads and four stores: bound by arithmetic, not by memory
        for at in range(end - begin):
            a, b, c, d, e, f, g, h = ra[at], rb[at], rc[at], rd[at], re[at], rf[at], rg[at], rh[at]
            one[at] = one[at] + pa * a + pb * b + pc * c + pd * d + pe * e + pf * f + pg * g + ph * h
            two[at] = two[at] + qa * a + qb * b + qc * c + qd * d + qe * e + qf * f + qg * g + qh * h
            three[at] = three[at] + sa * a + sb * b + sc * c + sd * d + se * e + sf * f + sg * g + sh * h
            four[at] = four[at] + ta * a + tb * b + tc * c + td * d + te * e + tf * f + tg * g + th * h
    for other in range(row, row + 4):
        _add_rest(left, right, out, other, begin, end, rank - rank % 8)


@njit(fastmath={"contract"}, **INNER)
def _add_one(left: Numbers, right: Numbers, out: Numbers, row: int, begin: int, end: int) -> None:
    sums = out[row, begin:end]
    for k in range(0, len(right) - 3, 4):
        a, b, c, d = left[row, k], left[row, k + 1], left[row, k + 2], left[row, k + 3]
        ra, rb, rc, rd = right[k, begin:end], right[k + 1, begin:end], right[k + 2, begin:end], right[k + 3, begin:end]
        for at in range(end - begin):
            sums[at] = sums[at] + a * ra[at] + b * rb[at] + c * rc[at] + d * rd[at]
    _add_rest(left, right, out, row, begin, end, len(right) - len(right) % 4)


@njit(fastmath={"contract"}, **INNER)
def _add_rest(left: Numbers, right: Numbers, out: Numbers, row: int, begin: int, end: int, first: int) -> None:
    """Adds the products of the columns of ``left`` from ``first`` on, one after the other."""
    sums = out[row, begin:end]
    for k in range(first, len(right)):
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
    for _ in range(_SWEEPS):
        turned = False
        for p in range(size):
            for q in range(p + 1, size):
                # measured by the diagonal, so that small eigenvalues come out as exact as great ones
                if abs(matrix[p, q]) > 1e-16 * np.sqrt(abs(matrix[p, p] * matrix[q, q])):
                    turned = True
                    _rotate(matrix, vectors, p, q)
        if not turned:
            break
    values, columns, diagonal = np.empty(size), np.empty((size, size)), np.empty(size)
    for at in range(size):
        diagonal[at] = matrix[at, at]
    order = greatest_first(diagonal)
    for at in range(size):
        values[at] = diagonal[order[at]]
        for k in range(size):
            columns[k, at] = vectors[order[at], k]
    return values, columns


@njit(**INNER)
def _rotate(matrix: Floats, vectors: Floats, p: int, q: int) -> None:
    """Makes ``matrix[p, q]`` 0; ``vectors`` holds the eigenvectors in rows, so that all loops run along memory."""
    turn = (matrix[q, q] - matrix[p, p]) / (2.0 * matrix[p, q])
    # the smaller of the two angles that make the element 0: tan θ = sgn(t) / (|t| + √(1 + t²))
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
