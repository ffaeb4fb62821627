"""Intervals that are sure to hold the exact correlations of one user with a tile of others, from float32 sums.

A float32 sum of n products is off by at most about n·2⁻²⁴·Σ|xy| (Higham, Accuracy and Stability of Numerical Algorithms,
section 3.1); the radius of an interval is that bound carried through the formula of the correlation, at least doubled.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.kernels.correlation import Ints, Offsets, Places
from recsys.kernels.shadow import Shadow, Singles

NEVER = -np.finfo(np.float32).max
"""Interval ends of a pair that cannot be neighbours: below any other, however wide the intervals are."""
UNIT = np.float32(2.0**-24)
"""Largest relative error of one rounding to float32."""
FLOOR = np.float32(1e-30)
"""Sums of squares below it may have lost digits to underflow."""
ZERO, ONE, TWO, FOUR, EIGHT, SLACK, CERTAIN = (np.float32(number) for number in (0, 1, 2, 4, 8, 32, 72))


class Layout(NamedTuple):
    """One user's entries on dense items (row, rating), and on others (rating, next place and end in the column).

    ``counts`` (2,): the number of each.
    """

    dense: Ints
    dense_values: Singles
    values: Singles
    place: Places
    end: Places
    counts: Offsets


@njit(nogil=True, cache=True)
def lay_out(shadow: Shadow, user: int, layout: Layout) -> None:
    """Fills the layout for a user."""
    dense = loose = 0
    for entry in range(shadow.indptr[user], shadow.indptr[user + 1]):
        item = shadow.indices[entry]
        if shadow.dense_row[item] >= 0:
            layout.dense[dense], layout.dense_values[dense] = shadow.dense_row[item], shadow.values[entry]
            dense += 1
        else:
            layout.place[loose], layout.end[loose] = shadow.starts[item], shadow.starts[item + 1]
            layout.values[loose] = shadow.values[entry]
            loose += 1
    layout.counts[0], layout.counts[1] = dense, loose


@njit(nogil=True, cache=True)
def catalogue_interval(shadow: Shadow, user: int, layout: Layout, middle: Singles) -> float:
    """Fills ``middle`` (width,) with the correlations over all items; returns the radius of all intervals."""
    dense, loose = layout.counts
    offset = -shadow.offset[user]
    for at in range(middle.size):
        middle[at] = offset * shadow.offset[at]
    _add_dense(shadow, layout, dense, middle)
    raters, ratings = shadow.raters, shadow.ratings
    for entry in range(loose):
        value = layout.values[entry]
        for place in range(layout.place[entry], layout.end[entry]):
            middle[raters[place]] += value * ratings[place]
    for other in shadow.idle:
        middle[other] = NEVER
    return 2.0 * UNIT * (dense + loose + 8) * shadow.spread[user] * shadow.widest


@njit(nogil=True, cache=True)
def _add_dense(shadow: Shadow, layout: Layout, count: int, middle: Singles) -> None:
    """Adds the products on dense items, four items at a time."""
    row, value = layout.dense, layout.dense_values
    whole = count - count % 4
    for entry in range(0, whole, 4):
        a, b, c, d = value[entry], value[entry + 1], value[entry + 2], value[entry + 3]
        one, two = shadow.dense[row[entry]], shadow.dense[row[entry + 1]]
        three, four = shadow.dense[row[entry + 2]], shadow.dense[row[entry + 3]]
        for at in range(middle.size):
            middle[at] += a * one[at] + b * two[at] + c * three[at] + d * four[at]
    for entry in range(whole, count):
        a, one = value[entry], shadow.dense[row[entry]]
        for at in range(middle.size):
            middle[at] += a * one[at]


@njit(nogil=True, cache=True)
def doubted(shadow: Shadow, user: int, middle: Singles, radius: float, low: Singles) -> None:
    """Fills ``low`` with ``middle``, but never where a user with mean below 0 may correlate without a co-rated item."""
    offset = -shadow.offset[user]
    reach = np.float32(radius + radius)
    for at in range(middle.size):
        low[at] = middle[at] if middle[at] > max(ZERO, offset * shadow.offset[at]) + reach else NEVER


@njit(nogil=True, cache=True)
def co_rated_intervals(shadow: Shadow, user: int, begin: int, layout: Layout, sums: Singles, low: Singles, high: Singles) -> None:
    """Fills ``low`` and ``high`` (tile,) for the users from ``begin``; ``sums`` (6, width) is all 0 before and after."""
    dense, loose = layout.counts
    _add_dense_six(shadow, layout, dense, begin, sums)
    count, sum_x, sum_xx, sum_y, sum_yy, sum_xy = sums
    raters, ratings, last = shadow.raters, shadow.ratings, begin + shadow.tile
    for entry in range(loose):
        x, place, end = layout.values[entry], layout.place[entry], layout.end[entry]
        xx = x * x
        while place < end and raters[place] < last:
            at, y = raters[place], ratings[place]
            count[at] += ONE
            sum_x[at] += x
            sum_xx[at] += xx
            sum_y[at] += y
            sum_yy[at] += y * y
            sum_xy[at] += x * y
            place += np.uint64(1)
        layout.place[entry] = place
    _bound(shadow.spread[user], shadow.spread[begin : begin + shadow.tile], begin, sums, low, high)


@njit(nogil=True, cache=True)
def _add_dense_six(shadow: Shadow, layout: Layout, dense: int, begin: int, sums: Singles) -> None:
    """Adds the six sums on dense items, two items at a time; a missing rating is 0 and no rating is."""
    end = begin + shadow.tile
    count, sum_x, sum_xx = sums[0, begin:end], sums[1, begin:end], sums[2, begin:end]
    sum_y, sum_yy, sum_xy = sums[3, begin:end], sums[4, begin:end], sums[5, begin:end]
    row, value = layout.dense, layout.dense_values
    for entry in range(0, dense - 1, 2):
        a, b = value[entry], value[entry + 1]
        aa, bb = a * a, b * b
        one, two = shadow.dense[row[entry], begin:end], shadow.dense[row[entry + 1], begin:end]
        for at in range(one.size):
            y, z = one[at], two[at]
            count[at] += (ONE if y != ZERO else ZERO) + (ONE if z != ZERO else ZERO)
            sum_x[at] += (a if y != ZERO else ZERO) + (b if z != ZERO else ZERO)
            sum_xx[at] += (aa if y != ZERO else ZERO) + (bb if z != ZERO else ZERO)
            sum_y[at] += y + z
            sum_yy[at] += y * y + z * z
            sum_xy[at] += a * y + b * z
    if dense % 2:
        a, one = value[dense - 1], shadow.dense[row[dense - 1], begin:end]
        for at in range(one.size):
            y = one[at]
            count[at] += ONE if y != ZERO else ZERO
            sum_x[at] += a if y != ZERO else ZERO
            sum_xx[at] += a * a if y != ZERO else ZERO
            sum_y[at] += y
            sum_yy[at] += y * y
            sum_xy[at] += a * y


@njit(nogil=True, cache=True, error_model="numpy")
def _bound(gap: np.float32, gaps: Singles, begin: int, sums: Singles, low: Singles, high: Singles) -> None:
    """Turns six sums into interval ends and clears them.

    With E the relative error of a sum of n terms, n·Σx² − (Σx)² is off by at most 4E·n·Σx². Near that the user's co-rated
    ratings may all be alike, and surely are when two ratings that differ, by the root of ``gap``, would have made it greater.
    Over two items a correlation that is sure of its sign is exactly 1: the only interval that begins at 1.
    """
    end = begin + gaps.size
    count, sum_x, sum_xx = sums[0, begin:end], sums[1, begin:end], sums[2, begin:end]
    sum_y, sum_yy, sum_xy = sums[3, begin:end], sums[4, begin:end], sums[5, begin:end]
    for at in range(gaps.size):
        n = count[at]
        error = (n + EIGHT) * UNIT
        square_x, square_y = n * sum_xx[at], n * sum_yy[at]
        x, y = square_x - sum_x[at] * sum_x[at], square_y - sum_y[at] * sum_y[at]
        vague_x, vague_y = x <= SLACK * error * square_x + FLOOR, y <= SLACK * error * square_y + FLOOR
        alike_x = vague_x & (gap > CERTAIN * error * sum_xx[at] + FOUR * FLOOR)
        alike_y = vague_y & (gaps[at] > CERTAIN * error * sum_yy[at] + FOUR * FLOOR)
        x, y = max(x, FLOOR), max(y, FLOOR)
        middle = (n * sum_xy[at] - sum_x[at] * sum_y[at]) / (np.sqrt(x) * np.sqrt(y))
        radius = EIGHT * error * (square_x / x + square_y / y)
        vague, never = vague_x | vague_y, (n < TWO) | alike_x | alike_y
        sign = ONE if middle > ZERO else NEVER
        middle, radius = sign if n == TWO else middle, ZERO if n == TWO else radius
        below, above = NEVER if vague else middle - radius, ONE if vague else middle + radius
        low[at] = NEVER if never else below
        high[at] = NEVER if never else above
        count[at] = sum_x[at] = sum_xx[at] = sum_y[at] = sum_yy[at] = sum_xy[at] = ZERO
