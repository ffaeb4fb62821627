"""Correlations over all items of one user with a band of others, in float32: :mod:`.bands`."""

from __future__ import annotations

import numpy as np
from numba import njit

from recsys.matrices.arrays import LEAN, LEAN_INNER, Codes, Float32s, Unsigned
from recsys.stages.neighbors.search.bands import Bands
from recsys.stages.neighbors.search.intervals import add_dense
from recsys.stages.neighbors.search.tiles import LOWEST

_AT_ONCE = np.uint64(4)
"""Dense items of a pass of :func:`.intervals.add_dense`; what is left over is added at the start."""


@njit(**LEAN)
def scan_band(bands: Bands, place: int, band: int, middle: Float32s) -> None:
    """Fills ``middle`` (width of the band,), each off by at most the user's radius; the lowest number where nobody is."""
    begin, split, end = bands.begin[place], _split(bands, place, band), bands.end[place]
    first = bands.first[band]
    dense = bands.dense[bands.base[band] : bands.base[band + 1]].reshape((bands.depth[band], middle.size))
    rest = begin + (split - begin) % _AT_ONCE
    offset = bands.offset[first : first + middle.size]
    _start(-bands.offset[place], offset, bands.items[begin:rest], bands.values[begin:rest], dense, middle)
    add_dense(bands.items[rest:split], bands.values[rest:split], dense, middle)
    starts, base = bands.starts[band], np.int64(bands.begin[first])
    raters, ratings = bands.raters[base:], bands.ratings[base:]
    for entry in range(split, end):
        item, value = bands.items[entry], bands.values[entry]
        for at in range(starts[item], starts[item + np.uint32(1)]):
            middle[raters[at]] += value * ratings[at]
    for at in range(bands.users[band], middle.size):
        middle[at] = LOWEST


@njit(fastmath={"contract"}, **LEAN_INNER)
def _start(minus: np.float32, offset: Float32s, rows: Unsigned, values: Float32s, dense: Float32s, middle: Float32s) -> None:
    """Writes ``minus · offset`` and the products on the first 0 to 3 dense items, all in one pass."""
    if rows.size == 0:
        for at in range(middle.size):
            middle[at] = minus * offset[at]
    elif rows.size == 1:
        a, ra = values[0], dense[rows[0]]
        for at in range(middle.size):
            middle[at] = minus * offset[at] + a * ra[at]
    elif rows.size == 2:
        a, b, ra, rb = values[0], values[1], dense[rows[0]], dense[rows[1]]
        for at in range(middle.size):
            middle[at] = (minus * offset[at] + a * ra[at]) + b * rb[at]
    else:
        a, b, c, ra, rb, rc = values[0], values[1], values[2], dense[rows[0]], dense[rows[1]], dense[rows[2]]
        for at in range(middle.size):
            middle[at] = (minus * offset[at] + a * ra[at]) + (b * rb[at] + c * rc[at])


@njit(**LEAN)
def mark_sharers(bands: Bands, place: int, band: int, sharers: Codes) -> None:
    """Fills ``sharers`` (width of the band,) with 1 for those who rated an item that the user rated, else 0."""
    begin, split, end = bands.begin[place], _split(bands, place, band), bands.end[place]
    dense = bands.dense[bands.base[band] : bands.base[band + 1]].reshape((bands.depth[band], sharers.size))
    for at in range(sharers.size):
        sharers[at] = 0
    for entry in range(begin, split):
        row = dense[bands.items[entry]]
        for at in range(sharers.size):
            sharers[at] |= row[at] != 0
    starts, raters = bands.starts[band], bands.raters[np.int64(bands.begin[bands.first[band]]) :]
    for entry in range(split, end):
        item = bands.items[entry]
        for at in range(starts[item], starts[item + np.uint32(1)]):
            sharers[raters[at]] = 1


@njit(**LEAN_INNER)
def _split(bands: Bands, place: int, band: int) -> np.uint64:
    """The user's first entry that is no dense row of the band."""
    split, end = bands.begin[place], bands.end[place]
    while split < end and bands.items[split] < bands.depth[band]:
        split += np.uint64(1)
    return split
