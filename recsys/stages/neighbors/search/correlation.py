"""Pearson correlation between two rows of a sparse rating matrix, exact: float64, two passes, items in ascending order.

The order makes the correlation of (a, b) and of (b, a), alone or in a block, the same bits. Magnitudes below 1e-12 count
as 0, those above 1 − 1e-12 as 1, and so does every correlation over two items, which is ±1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.sparse import csc_array, csr_array

from recsys.matrices.arrays import LEAN, LEAN_INNER, Floats, Ints, Unsigned, Words

NOISE = 1e-12
"""Rounding noise: a correlation this near to 0 is 0 and this near to 1 is 1; a range this small is none."""


class Sparse(NamedTuple):
    """A sparse matrix row by row (or, transposed, column by column).

    Row ``r`` has the entries ``indptr[r]:indptr[r + 1]`` of ``indices`` (ascending, without repeats) and ``values``.
    Unsigned, because numba tests every signed index for being negative.
    """

    indptr: Words
    indices: Unsigned
    values: Floats


class Moments(NamedTuple):
    """Mean and standard deviation of each row over all items, a missing rating counting as 0; both (users,)."""

    mean: Floats
    deviation: Floats


_LEAST = 5e-324
"""The least number above 0; stands for a rating of 0 where 0 means missing, and vanishes in every sum and product."""


class OneRow(NamedTuple):
    """One user's ratings spread over all items (items,): 0 = missing, ``LEAST`` = 0.

    ``mine`` and ``theirs`` are scratch for the co-rated ratings of a pair, longer than the longest row.
    """

    ratings: Floats
    mine: Floats
    theirs: Floats


def sparse(matrix: csr_array | csc_array) -> Sparse:
    """The matrix in the one layout that the kernels are compiled for; shares memory with it where possible."""
    if not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
    return Sparse(
        np.ascontiguousarray(matrix.indptr, np.int64).view(np.uint64),
        np.ascontiguousarray(matrix.indices, np.int32).view(np.uint32),
        np.ascontiguousarray(matrix.data, np.float64),
    )


def moments(rows: Sparse, items: int) -> Moments:
    """Moments over ``items`` items. A constant row (empty, or full with equal ratings) has deviation 0 exactly."""
    users = rows.indptr.size - 1
    filled = Moments(np.zeros(users), np.zeros(users))
    if items:
        _fill_moments(rows, items, filled)
    return filled


@njit(**LEAN)
def _fill_moments(rows: Sparse, items: int, out: Moments) -> None:
    for user in range(out.mean.size):
        begin, end = rows.indptr[user], rows.indptr[user + 1]
        missing = items - np.int64(end - begin)
        low = high = rows.values[begin] if missing == 0 else 0.0
        total = 0.0
        for entry in range(begin, end):
            value = rows.values[entry]
            total += value
            low = min(low, value)
            high = max(high, value)
        mean = total / items
        # what is missing is 0, and so deviates by the mean
        squares = missing * mean * mean
        for entry in range(begin, end):
            squares += (rows.values[entry] - mean) ** 2
        out.mean[user] = mean
        if not constant(low, high):
            out.deviation[user] = np.sqrt(squares / items)


@njit(**LEAN)
def constant(low: float, high: float) -> bool:
    """Whether ratings between ``low`` and ``high`` are all alike but for rounding."""
    return high - low <= NOISE * max(1.0, abs(low), abs(high))


@njit(**LEAN)
def snapped(correlation: float) -> float:
    """The correlation without rounding noise at 0 and 1."""
    if abs(correlation) < NOISE:
        return 0.0
    if abs(correlation) > 1.0 - NOISE:
        return 1.0 if correlation > 0.0 else -1.0
    return correlation


@njit(**LEAN)
def pearson(product: float, square_a: float, square_b: float, count: int) -> float:
    """Correlation from sums of deviation products over ``count`` items."""
    # two points always lie on one line
    if count == 2:
        return 1.0 if product > 0.0 else -1.0
    return snapped(product / (np.sqrt(square_a) * np.sqrt(square_b)))


@njit(**LEAN)
def spread(rows: Sparse, user: int, row: OneRow) -> None:
    """Spreads the user's ratings over all items."""
    for entry in range(rows.indptr[user], rows.indptr[user + 1]):
        value = rows.values[entry]
        row.ratings[rows.indices[entry]] = _LEAST if value == 0.0 else value


@njit(**LEAN)
def clear(rows: Sparse, user: int, row: OneRow) -> None:
    """Takes away what :func:`spread` spread."""
    for entry in range(rows.indptr[user], rows.indptr[user + 1]):
        row.ratings[rows.indices[entry]] = 0.0


@njit(**LEAN)
def catalogue_correlation(product: float, user: int, other: int, items: int, known: Moments) -> float:
    """Correlation over all items of two users whose ratings have this scalar product."""
    # E[ab] − E[a] E[b] over all items
    norm = known.deviation[user] * known.deviation[other]
    return snapped((product / items - known.mean[user] * known.mean[other]) / norm) if norm > 0.0 else 0.0


@njit(**LEAN)
def catalogue_pair(row: OneRow, user: int, other: int, rows: Sparse, known: Moments) -> tuple[float, int]:
    """Correlation over all items, and the number of co-rated ones, of the user spread out in ``row`` with another user."""
    ratings, indices, values = row.ratings, rows.indices, rows.values
    product, overlap = 0.0, 0
    for entry in range(rows.indptr[other], rows.indptr[other + 1]):
        mine = ratings[indices[entry]]
        product += mine * values[entry]
        overlap += mine != 0.0
    return catalogue_correlation(product, user, other, ratings.size, known), overlap


@njit(**LEAN)
def co_rated_pair(row: OneRow, other: int, rows: Sparse) -> tuple[float, int]:
    """Correlation over the items both rated, and their number, of the user spread out in ``row`` with another user."""
    shared = np.uint64(0)
    for entry in range(rows.indptr[other], rows.indptr[other + 1]):
        mine = row.ratings[rows.indices[entry]]
        # written in any case, kept when the next place is taken: no branch to guess
        row.mine[shared], row.theirs[shared] = mine, rows.values[entry]
        shared += np.uint64(mine != 0.0)
    overlap = int(shared)
    if overlap < 2:
        return 0.0, overlap
    sum_a = sum_b = 0.0
    low_a, high_a, low_b, high_b = row.mine[0], row.mine[0], row.theirs[0], row.theirs[0]
    for at in range(overlap):
        a, b = row.mine[at], row.theirs[at]
        low_a, high_a = min(low_a, a), max(high_a, a)
        low_b, high_b = min(low_b, b), max(high_b, b)
        sum_a += a
        sum_b += b
    if constant(low_a, high_a) or constant(low_b, high_b):
        return 0.0, overlap
    mean_a, mean_b = sum_a / overlap, sum_b / overlap
    product = square_a = square_b = 0.0
    for at in range(overlap):
        a, b = row.mine[at] - mean_a, row.theirs[at] - mean_b
        product += a * b
        square_a += a * a
        square_b += b * b
    return pearson(product, square_a, square_b, overlap), overlap


@njit(**LEAN)
def co_rated_row(user: int, rows: Sparse, columns: Sparse, overlap: Ints, sums: Floats, similarity: Floats) -> None:
    """:func:`co_rated_pair` with everyone: fills ``similarity`` and ``overlap``, (users,); ``sums`` (users, 6) is scratch.

    The user's own similarity is 0.
    """
    overlap[:] = 0
    for entry in range(rows.indptr[user], rows.indptr[user + 1]):
        _add_ratings(rows.values[entry], rows.indices[entry], columns, overlap, sums)
    for other in range(overlap.size):
        if overlap[other] > 0:
            _start_deviations(overlap[other], sums[other])
    for entry in range(rows.indptr[user], rows.indptr[user + 1]):
        mine, item = rows.values[entry], rows.indices[entry]
        for place in range(columns.indptr[item], columns.indptr[item + 1]):
            row = sums[columns.indices[place]]
            a, b = mine - row[0], columns.values[place] - row[1]
            row[2] += a * b
            row[3] += a * a
            row[4] += b * b
    for other in range(overlap.size):
        varied = overlap[other] > 1 and other != user and sums[other, 5] > 0.0
        similarity[other] = 0.0
        if varied:
            similarity[other] = pearson(sums[other, 2], sums[other, 3], sums[other, 4], int(overlap[other]))


@njit(**LEAN_INNER)
def _add_ratings(mine: float, item: int, columns: Sparse, overlap: Ints, sums: Floats) -> None:
    """Adds one item to every co-rater's sums: totals and ranges of the user's and of the co-rater's ratings."""
    for place in range(columns.indptr[item], columns.indptr[item + 1]):
        other, theirs = columns.indices[place], columns.values[place]
        row = sums[other]
        if overlap[other] == 0:
            row[0] = row[1] = 0.0
            row[2] = row[3] = mine
            row[4] = row[5] = theirs
        overlap[other] += 1
        row[0] += mine
        row[1] += theirs
        row[2], row[3] = min(row[2], mine), max(row[3], mine)
        row[4], row[5] = min(row[4], theirs), max(row[5], theirs)


@njit(**LEAN_INNER)
def _start_deviations(overlap: int, row: Floats) -> None:
    """Turns totals and ranges into means, empty sums of products, and a flag that neither rated all alike."""
    varied = not (constant(row[2], row[3]) or constant(row[4], row[5]))
    row[0] /= overlap
    row[1] /= overlap
    row[2] = row[3] = row[4] = 0.0
    row[5] = 1.0 if varied else 0.0
