"""Intervals that are sure to hold the exact correlations of one user with a tile of others, from float32 sums.

A float32 sum of n products is off by at most about n·2⁻²⁴·Σ|xy| (Higham, Accuracy and Stability of Numerical Algorithms,
section 3.1); the radius of an interval is that bound carried through the formula of the correlation, at least doubled.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from recsys.matrices.arrays import LEAN, LEAN_INNER, Float32s, Unsigned
from recsys.stages.neighbors.search.tiles import LOWEST, UNIT, Tiles

FLOOR = np.float32(1e-30)
"""Sums of squares below it may have lost digits to underflow."""
_ZERO, ONE, TWO, FOUR, EIGHT, _SLACK, CERTAIN = (np.float32(number) for number in (0, 1, 2, 4, 8, 32, 72))


@njit(**LEAN)
def correlate(tiles: Tiles, user: int, tile: int, middle: Float32s) -> None:
    """Fills ``middle`` (width,) with a user's correlations over all items, each off by at most the user's radius."""
    width = middle.size
    begin, split, end = tiles.begin[user], tiles.split[user], tiles.end[user]
    offset, bar = tiles.offset[tile * width : (tile + 1) * width], tiles.bar[tile * width : (tile + 1) * width]
    minus = -tiles.offset[user]
    for at in range(width):
        middle[at] = minus * offset[at] + bar[at]
    add_dense(tiles.items[split:end], tiles.values[split:end], tiles.dense[tile], middle)
    starts, base = tiles.starts[tile], tiles.base[tile]
    raters, ratings = tiles.raters[base:], tiles.ratings[base:]
    for entry in range(begin, split):
        item, value = tiles.items[entry], tiles.values[entry]
        for place in range(starts[item], starts[item + np.uint32(1)]):
            middle[raters[place]] += value * ratings[place]


@njit(fastmath={"contract"}, **LEAN)
def add_dense(rows: Unsigned, values: Float32s, dense: Float32s, middle: Float32s) -> None:
    """Adds the products on dense items, eight items at a time, then four, then one."""
    whole = rows.size - rows.size % 8
    for k in range(0, whole, 8):
        a, b, c, d = values[k], values[k + 1], values[k + 2], values[k + 3]
        e, f, g, h = values[k + 4], values[k + 5], values[k + 6], values[k + 7]
        ra, rb, rc, rd = dense[rows[k]], dense[rows[k + 1]], dense[rows[k + 2]], dense[rows[k + 3]]
        re, rf, rg, rh = dense[rows[k + 4]], dense[rows[k + 5]], dense[rows[k + 6]], dense[rows[k + 7]]
        for at in range(middle.size):
            low = (a * ra[at] + b * rb[at]) + (c * rc[at] + d * rd[at])
            middle[at] += low + ((e * re[at] + f * rf[at]) + (g * rg[at] + h * rh[at]))
    if rows.size - whole >= 4:
        a, b, c, d = values[whole], values[whole + 1], values[whole + 2], values[whole + 3]
        ra, rb, rc, rd = dense[rows[whole]], dense[rows[whole + 1]], dense[rows[whole + 2]], dense[rows[whole + 3]]
        for at in range(middle.size):
            middle[at] += (a * ra[at] + b * rb[at]) + (c * rc[at] + d * rd[at])
        whole += 4
    for k in range(whole, rows.size):
        a, ra = values[k], dense[rows[k]]
        for at in range(middle.size):
            middle[at] += a * ra[at]


@njit(**LEAN)
def catalogue_intervals(tiles: Tiles, user: int, tile: int, low: Float32s, high: Float32s) -> None:
    """Fills ``low`` and ``high`` (width,); ``low`` is ``NEVER`` where there may be no co-rated item.

    Those correlate where the mean of one is below 0; all others are neighbours as soon as they correlate.
    """
    width = high.size
    radius, reach = np.float32(tiles.radius[user]), np.float32(2.0 * tiles.radius[user])
    correlate(tiles, user, tile, high)
    minus, offset = -tiles.offset[user], tiles.offset[tile * width : (tile + 1) * width]
    if tiles.doubtful:
        for at in range(width):
            low[at] = high[at] - radius if high[at] > max(_ZERO, minus * offset[at]) + reach else LOWEST
    else:
        for at in range(width):
            low[at] = high[at] - radius
    for at in range(width):
        high[at] += radius


@njit(**LEAN)
def co_rated_intervals(tiles: Tiles, user: int, tile: int, sums: Float32s, low: Float32s, high: Float32s) -> None:
    """Fills ``low`` and ``high`` (width,); ``sums`` (6, width) is all 0 before and after."""
    begin, split, end, width = tiles.begin[user], tiles.split[user], tiles.end[user], low.size
    _add_dense_six(tiles.items[split:end], tiles.values[split:end], tiles.dense[tile], sums)
    count, sum_x, sum_xx, sum_y, sum_yy, sum_xy = sums[0], sums[1], sums[2], sums[3], sums[4], sums[5]
    starts, base = tiles.starts[tile], tiles.base[tile]
    raters, ratings = tiles.raters[base:], tiles.ratings[base:]
    for entry in range(begin, split):
        item, x = tiles.items[entry], tiles.values[entry]
        xx = x * x
        for place in range(starts[item], starts[item + np.uint32(1)]):
            at, y = raters[place], ratings[place]
            count[at] += ONE
            sum_x[at] += x
            sum_xx[at] += xx
            sum_y[at] += y
            sum_yy[at] += y * y
            sum_xy[at] += x * y
    _bound(tiles.gap[user], tiles.gap[tile * width : (tile + 1) * width], sums, low, high)


@njit(fastmath={"contract"}, **LEAN_INNER)
def _add_dense_six(rows: Unsigned, values: Float32s, dense: Float32s, sums: Float32s) -> None:
    """Adds the six sums on dense items, four items at a time; a missing rating is 0 and no rating is."""
    # unpacking ``sums`` as a tuple would give views that the compiler does not know to be contiguous
    count, sum_x, sum_xx, sum_y, sum_yy, sum_xy = sums[0], sums[1], sums[2], sums[3], sums[4], sums[5]
    whole = rows.size - rows.size % 4
    for k in range(0, whole, 4):
        a, b, c, d = values[k], values[k + 1], values[k + 2], values[k + 3]
        aa, bb, cc, dd = a * a, b * b, c * c, d * d
        ra, rb, rc, rd = dense[rows[k]], dense[rows[k + 1]], dense[rows[k + 2]], dense[rows[k + 3]]
        for at in range(count.size):
            w, x, y, z = ra[at], rb[at], rc[at], rd[at]
            kw, kx = (ONE if w != _ZERO else _ZERO), (ONE if x != _ZERO else _ZERO)
            ky, kz = (ONE if y != _ZERO else _ZERO), (ONE if z != _ZERO else _ZERO)
            count[at] += (kw + kx) + (ky + kz)
            sum_x[at] += (a * kw + b * kx) + (c * ky + d * kz)
            sum_xx[at] += (aa * kw + bb * kx) + (cc * ky + dd * kz)
            sum_y[at] += (w + x) + (y + z)
            sum_yy[at] += (w * w + x * x) + (y * y + z * z)
            sum_xy[at] += (a * w + b * x) + (c * y + d * z)
    for k in range(whole, rows.size):
        a, ra = values[k], dense[rows[k]]
        for at in range(count.size):
            y = ra[at]
            known = ONE if y != _ZERO else _ZERO
            count[at] += known
            sum_x[at] += a * known
            sum_xx[at] += a * a * known
            sum_y[at] += y
            sum_yy[at] += y * y
            sum_xy[at] += a * y


@njit(error_model="numpy", **LEAN_INNER)
def _bound(gap: np.float32, gaps: Float32s, sums: Float32s, low: Float32s, high: Float32s) -> None:
    """Turns six sums into interval ends and clears them.

    With E the relative error of a sum of n terms, n·Σx² − (Σx)² is off by at most 4E·n·Σx². Near that the user's co-rated
    ratings may all be alike, and surely are when two ratings that differ, by the root of ``gap``, would have made it greater.
    Over two items a correlation that is sure of its sign is exactly 1: the only interval that begins at 1.
    """
    count, sum_x, sum_xx, sum_y, sum_yy, sum_xy = sums[0], sums[1], sums[2], sums[3], sums[4], sums[5]
    for at in range(gaps.size):
        n = count[at]
        error = (n + EIGHT) * UNIT
        square_x, square_y = n * sum_xx[at], n * sum_yy[at]
        x, y = square_x - sum_x[at] * sum_x[at], square_y - sum_y[at] * sum_y[at]
        vague_x, vague_y = x <= _SLACK * error * square_x + FLOOR, y <= _SLACK * error * square_y + FLOOR
        alike_x = vague_x & (gap > CERTAIN * error * sum_xx[at] + FOUR * FLOOR)
        alike_y = vague_y & (gaps[at] > CERTAIN * error * sum_yy[at] + FOUR * FLOOR)
        x, y = max(x, FLOOR), max(y, FLOOR)
        middle = (n * sum_xy[at] - sum_x[at] * sum_y[at]) / (np.sqrt(x) * np.sqrt(y))
        radius = EIGHT * error * (square_x / x + square_y / y)
        vague, never = vague_x | vague_y, (n < TWO) | alike_x | alike_y
        sign = ONE if middle > _ZERO else LOWEST
        middle, radius = sign if n == TWO else middle, _ZERO if n == TWO else radius
        below, above = LOWEST if vague else middle - radius, ONE if vague else middle + radius
        low[at] = LOWEST if never else below
        high[at] = LOWEST if never else above
        count[at] = sum_x[at] = sum_xx[at] = sum_y[at] = sum_yy[at] = sum_xy[at] = _ZERO
