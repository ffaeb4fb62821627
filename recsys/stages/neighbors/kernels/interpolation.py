"""Jointly derived weights of a listener's neighbours, on what the leading factors leave over.

C is the correlation between listeners over the whole catalogue, Q diag(d) Qᵀ its part in the leading factors, and
R = C − Q diag(d) Qᵀ the rest. For a listener u with neighbours N the weights are w = (R_NN + λI)⁻¹ R_Nu: the neighbourhood
interpolation of Bell & Koren (2007) as a ridge regression. Neighbours that say the same thing share one vote.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.matrices.arrays import INNER, LEAN, LEAN_INNER, Flags, Floats, Ints, Offsets
from recsys.matrices.order import greatest_first

_LANES = 16
"""Numbers that rows of small matrices are a multiple of."""
_COLUMNS = 64
"""Columns worked on at once: few enough to stay in the fastest cache."""


class NeighborRows(NamedTuple):
    """Listeners' ratings row by row (``indptr``, ``indices``, ``values``), each row's ``mean`` over all items, and its ``scale``.

    A row less its mean, times its scale, has length 1; the scale of a listener without variance is 0.
    """

    indptr: Offsets
    indices: Ints
    values: Floats
    mean: Floats
    scale: Floats


class Chains(NamedTuple):
    """Entries of the neighbours met so far, chained by item.

    ``head`` (items,): newest entry of an item or −1. Per entry: ``before`` (next older or −1), ``owner``, ``value``.
    """

    head: Ints
    before: Ints
    owner: Ints
    value: Floats


@njit(nogil=True, cache=True)
def interpolate(
    rows: NeighborRows, items: int, factors: tuple[Floats, Floats], ridge: float, own: tuple[Floats, Flags],
    near: tuple[Ints, Floats, Ints], out: tuple[Floats, Floats],
) -> None:  # fmt: skip
    """Weights for n listeners: the neighbours kept, their weights, and the inverse of what stays unexplained.

    ``rows`` and ``factors`` (vectors, values) are those of all listeners; ``own`` the n listeners' vectors (n, r) and whether
    each one's ratings vary (n,). ``near`` = (indices, similarity, overlap), (n, pool) each, index −1 for none. In place, each
    row keeps only the ``kept`` neighbours with the greatest R_Nu > 0, in ascending index. ``out``: (n, kept), filled with w, and
    (n,), filled with 1 / (R_uu + λ − R_uN w).
    """
    indices, similarity, overlap = near
    vectors, values = factors
    weights, scale = out
    kept = weights.shape[1]
    longest = 1
    for at in range(rows.indptr.size - 1):
        longest = max(longest, rows.indptr[at + 1] - rows.indptr[at])
    size = kept * longest
    head = np.full(items, -1, np.int32)
    chains = Chains(head, np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size))
    matrix, right = np.empty((kept, kept)), np.empty(kept)
    for row in range(indices.shape[0]):
        mine = own[0][row]
        count = _nearest_rest(mine, vectors, values, indices[row], similarity[row], overlap[row], right)
        chosen = indices[row, :count]
        correlations(rows, items, chosen, chains, matrix)
        subtract(vectors, values, chosen, matrix, ridge)
        weights[row] = 0.0
        for at in range(count):
            weights[row, at] = right[at]
        cholesky_solve(matrix, count, weights[row])
        left = 1.0 if own[1][row] else 0.0
        for factor in range(values.size):
            left -= values[factor] * mine[factor] ** 2
        rest = max(left, 0.0) + ridge
        for at in range(count):
            rest -= right[at] * weights[row, at]
        scale[row] = 1.0 / max(rest, ridge) if max(rest, ridge) > 0.0 else 0.0


@njit(**INNER)
def _nearest_rest(
    mine: Floats, vectors: Floats, values: Floats, indices: Ints, similarity: Floats, overlap: Ints, right: Floats
) -> int:
    """Keeps the neighbours with the greatest residual correlation in front, in ascending index; returns how many."""
    # in loops: numpy's sorts and lists as indices take seconds to compile
    pool, size = indices.size, 0
    rest, place = np.empty(pool), np.empty(pool, np.int32)
    for at in range(pool):
        if indices[at] >= 0:
            left = similarity[at]
            for factor in range(values.size):
                left -= values[factor] * mine[factor] * vectors[indices[at], factor]
            rest[size], place[size] = left, at
            size += 1
    rest = rest[:size]
    order = greatest_first(rest)
    # among few listeners the factors leave nothing over but noise, which must not decide who is a neighbour
    least = -2.0 if len(vectors) <= pool else 0.0
    count, before = 0, np.empty(min(right.size, size))
    while count < before.size and rest[order[count]] > least:
        before[count] = -indices[place[order[count]]]
        count += 1
    by_index, others, alike, shared = greatest_first(before[:count]), indices.copy(), similarity.copy(), overlap.copy()
    for at in range(count):
        best = order[by_index[at]]
        own, right[at] = place[best], rest[best]
        indices[at], similarity[at], overlap[at] = others[own], alike[own], shared[own]
    for at in range(count, pool):
        indices[at], similarity[at], overlap[at] = -1, 0.0, 0
    return count


@njit(nogil=True, cache=True)
def correlations(rows: NeighborRows, items: int, chosen: Ints, chains: Chains, matrix: Floats) -> None:
    """The upper triangle of ``matrix`` becomes the correlations between the chosen listeners."""
    # fields of a tuple are counted references: taken out once, they cost nothing inside the loops
    indptr, indices, values, mean, scale = rows
    head, before, owner, value_of = chains
    together, size = np.empty(chosen.size), 0
    for b in range(chosen.size):
        together[:] = 0.0
        for entry in range(indptr[chosen[b]], indptr[chosen[b] + 1]):
            item, value = indices[entry], values[entry]
            # each item has a chain of the chosen listeners who rated it: pairs meet only where both did
            at = head[item]
            while at >= 0:
                together[owner[at]] += value * value_of[at]
                at = before[at]
            before[size], owner[size], value_of[size] = head[item], b, value
            head[item] = size
            size += 1
        for a in range(b):
            # Σ ab − n · mean · mean, over the deviations: the correlation over the whole catalogue
            rest = together[a] - items * mean[chosen[a]] * mean[chosen[b]]
            matrix[a, b] = rest * scale[chosen[a]] * scale[chosen[b]]
        matrix[b, b] = 1.0
    for b in range(chosen.size):
        for entry in range(indptr[chosen[b]], indptr[chosen[b] + 1]):
            head[indices[entry]] = -1


@njit(nogil=True, cache=True)
def subtract(vectors: Floats, values: Floats, chosen: Ints, matrix: Floats, ridge: float) -> None:
    """Takes the leading factors off the upper triangle and puts the ridge on the diagonal."""
    count, rank = chosen.size, values.size
    # rows as long as whole vector registers: loops over the rest of a row would take longer than the arithmetic
    width = (count + _LANES - 1) // _LANES * _LANES
    theirs, scaled = np.zeros((rank, width)), np.empty((count, rank))
    for b in range(count):
        for factor in range(rank):
            theirs[factor, b] = vectors[chosen[b], factor]
    for a in range(count):
        for factor in range(rank):
            scaled[a, factor] = values[factor] * theirs[factor, a]
    row = np.zeros(_COLUMNS)
    for begin in range(0, width, _COLUMNS):
        end = min(begin + _COLUMNS, width)
        for a in range(min(end, count)):
            first, last = max(a, begin), min(end, count)
            for b in range(first, last):
                row[b - begin] = matrix[a, b]
            _subtract_all(row, scaled[a], theirs, begin, first // _LANES * _LANES, end)
            for b in range(first, last):
                matrix[a, b] = row[b - begin]
    for a in range(count):
        matrix[a, a] = max(matrix[a, a], 0.0) + ridge


@njit(**LEAN_INNER)
def _subtract_all(row: Floats, mine: Floats, theirs: Floats, begin: int, first: int, end: int) -> None:
    """Takes all factors off the columns ``first`` … ``end`` − 1 of a row, one after the other, four in a pass.

    ``row``: its columns from ``begin`` on.
    """
    own, rank = row[first - begin : end - begin], len(mine)
    for k in range(0, rank - 3, 4):
        p, q, r, s = mine[k], mine[k + 1], mine[k + 2], mine[k + 3]
        a, b, c, d = theirs[k, first:end], theirs[k + 1, first:end], theirs[k + 2, first:end], theirs[k + 3, first:end]
        for at in range(own.size):
            own[at] = own[at] - p * a[at] - q * b[at] - r * c[at] - s * d[at]
    for k in range(rank - rank % 4, rank):
        p, a = mine[k], theirs[k, first:end]
        for at in range(own.size):
            own[at] -= p * a[at]


@njit(fastmath=False, **LEAN)
def cholesky_solve(matrix: Floats, size: int, right: Floats) -> None:
    """Solves matrix · x = right in place; only the upper triangle of the leading ``size`` × ``size`` block is read and changed.

    A direction without variance (pivot ≤ 1e-12) takes no part: its unknown becomes 0. Such a pivot exists only with ridge 0.
    """
    cholesky(matrix, size)
    for at in range(size):
        right[at] /= matrix[at, at]
        for column in range(at + 1, size):
            right[column] -= matrix[at, column] * right[at]
    for at in range(size - 1, -1, -1):
        for column in range(at + 1, size):
            right[at] -= matrix[at, column] * right[column]
        right[at] /= matrix[at, at]


@njit(**LEAN)
def cholesky(matrix: Floats, size: int) -> None:
    """The upper triangle of the leading block becomes its Cholesky factor, with ∞ on the diagonal where a pivot is ≤ 1e-12."""
    for begin in range(0, size, 4):
        end = min(begin + 4, size)
        for at in range(begin, end):
            pivot = matrix[at, at]
            free = pivot > 1e-12
            # ∞ on the diagonal makes every later division by it 0: the direction takes no part
            matrix[at, at] = np.sqrt(pivot) if free else np.inf
            for column in range(at + 1, size):
                matrix[at, column] = matrix[at, column] / matrix[at, at]
            _take_off(matrix, at, at + 1, end, size)
        for row in range(end, size):
            if matrix[begin, row] * matrix[begin + 1, row] != 0.0 and matrix[begin + 2, row] * matrix[begin + 3, row] != 0.0:
                _take_off_four(matrix, begin, row, size)
            else:
                for at in range(begin, end):
                    _take_off(matrix, at, row, row + 1, size)


@njit(**LEAN_INNER)
def _take_off(matrix: Floats, at: int, first: int, last: int, size: int) -> None:
    """Takes a finished row off the rows ``first`` … ``last`` − 1."""
    for row in range(first, last):
        part = matrix[at, row]
        if part != 0.0:
            for column in range(row, size):
                matrix[row, column] -= part * matrix[at, column]


@njit(**LEAN_INNER)
def _take_off_four(matrix: Floats, at: int, row: int, size: int) -> None:
    """Takes the four finished rows from ``at`` on off a row, one after the other: it is read and written once."""
    own, a, b = matrix[row, row:size], matrix[at, row:size], matrix[at + 1, row:size]
    c, d = matrix[at + 2, row:size], matrix[at + 3, row:size]
    p, q, r, s = a[0], b[0], c[0], d[0]
    for place in range(own.size):
        own[place] = own[place] - p * a[place] - q * b[place] - r * c[place] - s * d[place]


@njit(fastmath={"contract"}, **LEAN)
def cholesky_solve_columns(matrix: Floats, right: Floats) -> None:
    """:func:`cholesky_solve` for all columns of ``right`` (size, m), from the factor that :func:`cholesky` left.

    Each row takes all others off itself, in order, instead of itself off all others: it is written once in four.
    """
    size = matrix.shape[0]
    for at in range(size):
        row = 0
        while row + 3 < at:
            factors = matrix[row, at], matrix[row + 1, at], matrix[row + 2, at], matrix[row + 3, at]
            _take_off_four_rows(right, at, factors, row)
            row += 4
        while row < at:
            _take_off_row(right[at], matrix[row, at], right[row])
            row += 1
        _scale(right[at], 1.0 / matrix[at, at])
    for at in range(size - 1, -1, -1):
        row = at + 1
        while row + 3 < size:
            factors = matrix[at, row], matrix[at, row + 1], matrix[at, row + 2], matrix[at, row + 3]
            _take_off_four_rows(right, at, factors, row)
            row += 4
        while row < size:
            _take_off_row(right[at], matrix[at, row], right[row])
            row += 1
        _scale(right[at], 1.0 / matrix[at, at])


@njit(fastmath={"contract"}, **LEAN_INNER)
def _take_off_row(to: Floats, factor: float, other: Floats) -> None:
    for at in range(to.size):
        to[at] -= factor * other[at]


@njit(fastmath={"contract"}, **LEAN_INNER)
def _take_off_four_rows(right: Floats, row: int, factors: tuple[float, float, float, float], others: int) -> None:
    """:func:`_take_off_row` of the four rows from ``others`` on, one after the other: the row is read and written once."""
    p, q, r, s = factors
    to, a, b, c, d = right[row], right[others], right[others + 1], right[others + 2], right[others + 3]
    for at in range(to.size):
        to[at] = to[at] - p * a[at] - q * b[at] - r * c[at] - s * d[at]


@njit(fastmath={"contract"}, **LEAN_INNER)
def _scale(row: Floats, factor: float) -> None:
    for at in range(row.size):
        row[at] *= factor
