"""Float32 shadows of a rating matrix, from which the nearest users are shortlisted at many times the speed of float64.

A shadow holds the ratings shifted and scaled user by user, which no correlation notices. Items that many users rated are
kept as dense rows, because adding up a dense row is faster than following a list of raters.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.sparse import csc_array, csr_array

from recsys.kernels.correlation import NOISE, Floats, Ints, Moments, Numbers, Offsets, Places, Sparse, constant

Singles = npt.NDArray[np.float32]

DENSE_SHARE = {1: 1 / 6, 6: 1 / 10}
"""Share of users from which an item counts as dense, by the number of sums: where its dense row begins to be faster."""
DENSE_CELLS = 2**25
"""Most float32 cells spent on dense rows."""
GROUPS = 256, 1024
"""A tile is a multiple of the first; of the second, when it is at least four times as large."""
LEAST_TILE = 1024
"""Users whose six sums fit the first-level cache."""
LEAST_RUN = 32
"""Raters of an item that a tile should hold on average, so that starting a run of them costs little."""


class Shadow(NamedTuple):
    """The ratings in float32, by rows (``indptr``, ``indices``, ``values``) and by columns (``starts``, ``raters``, ``ratings``).

    Users whose correlations are all 0 have no entries. Users are taken in tiles of ``tile`` users; ``width`` is their
    number rounded up to whole tiles. ``dense`` (H, width): the dense items' ratings, 0 where missing; ``dense_row``
    (items,): their row in it, −1 for other items. ``idle``: users without entries, and the places behind the last user.
    ``sums``: how many sums a correlation takes.

    Catalogue, one sum: values are x/(σ√I), ``offset`` (width,) is μ/σ, so that a correlation is Σxy − offset·offset;
    ``spread`` (width,) is √(1 + offset²), the length of a user's vector, ``widest`` the greatest; ``doubtful`` when some
    offset is below 0. Co-rated, six sums: values are distances, at most 1, from a point that is no rating, so never 0;
    ``spread`` is the square of the least difference between two ratings.
    """

    indptr: Places
    indices: Numbers
    values: Singles
    starts: Places
    raters: Numbers
    ratings: Singles
    dense: Singles
    dense_row: Ints
    offset: Singles
    spread: Singles
    widest: float
    idle: Offsets
    tile: int
    sums: int
    doubtful: bool


def catalogue_shadow(rows: Sparse, items: int, known: Moments) -> Shadow:
    """Shadow for correlations over all items, one tile wide; ``known`` are the moments of the rows."""
    scale = known.deviation * np.sqrt(items)
    offset = np.divide(known.mean, known.deviation, out=np.zeros_like(scale), where=scale > 0)
    matrix = _scaled(rows, items, np.zeros_like(scale), scale)
    return _shadow(matrix, offset, np.sqrt(1 + offset**2), scale.size, 1)


def co_rated_shadow(rows: Sparse, items: int) -> Shadow:
    """Shadow for correlations over co-rated items."""
    users = rows.indptr.size - 1
    centre, scale = np.zeros(users), np.zeros(users)
    _fill_centres(rows, centre, scale)
    gap = np.divide(_least_difference(rows.values), scale, out=np.zeros(users), where=scale > 0)
    matrix = _scaled(rows, items, centre, scale)
    raters = np.bincount(matrix.indices, minlength=1).astype(np.float64)
    run = (raters**2).sum() / max(raters.sum(), 1)
    return _shadow(matrix, np.zeros(users), gap**2, max(LEAST_TILE, int(LEAST_RUN * users / max(run, 1))), 6)


def _scaled(rows: Sparse, items: int, centre: Floats, scale: Floats) -> csr_array:
    """(rating − centre) / scale in float32, without the rows of scale 0; what would be 0 is the least number above."""
    varied = scale > 0
    ends: Offsets = rows.indptr.astype(np.int64)
    counts: Offsets = ends[1:] - ends[:-1]
    kept = np.repeat(varied, counts)
    counts = np.where(varied, counts, 0)
    values = ((rows.values[kept] - np.repeat(centre, counts)) / np.repeat(scale, counts)).astype(np.float32)
    values[values == 0] = np.finfo(np.float32).tiny
    return csr_array(
        (values, rows.indices[kept].view(np.int32), np.concatenate([[0], np.cumsum(counts)])), shape=(scale.size, items)
    )


def _shadow(matrix: csr_array, offset: Floats, spread: Floats, tile: int, sums: int) -> Shadow:
    users = offset.size
    tile = max(min(tile, users), 1)
    tile = _multiple(tile, GROUPS[tile >= 4 * GROUPS[1]])
    width = _multiple(users, tile)
    columns = matrix.tocsc()
    dense, dense_row = _dense(columns, width, DENSE_SHARE[sums] * users)
    return Shadow(
        matrix.indptr.astype(np.uint64),
        matrix.indices.astype(np.uint32),
        matrix.data,
        columns.indptr.astype(np.uint64),
        columns.indices.astype(np.uint32),
        columns.data,
        dense,
        dense_row,
        np.pad(offset.astype(np.float32), (0, width - users)),
        np.pad(spread.astype(np.float32), (0, width - users)),
        float(spread.max(initial=0)),
        np.append(np.flatnonzero(np.diff(matrix.indptr) == 0), np.arange(users, width)),
        tile,
        sums,
        bool((offset < 0).any()),
    )


def _multiple(number: int, of: int) -> int:
    """The least multiple that is not below ``number``."""
    return -(-number // of) * of


def _dense(columns: csc_array, width: int, least: float) -> tuple[Singles, Ints]:
    """Dense rows of the items with more than ``least`` ratings, and where each item's row is."""
    users, items = columns.shape
    raters = np.diff(columns.indptr)
    order = np.argsort(-raters, kind="stable")[: DENSE_CELLS // max(width, 1)]
    chosen = order[raters[order] > least]
    dense, row = np.zeros((chosen.size, width), np.float32), np.full(items, -1, np.int32)
    dense[:, :users] = columns[:, chosen].T.toarray()
    row[chosen] = np.arange(chosen.size)
    return dense, row


def _least_difference(values: Floats) -> float:
    """Least difference between two ratings that differ by more than rounding; 0 when the two cannot be told apart."""
    distinct = np.unique(values)
    steps = np.diff(distinct)
    real = steps > NOISE / 10
    crowded = (distinct[9:] - distinct[:-9] <= NOISE).any()
    return 0.0 if crowded or not real.any() else float(steps[real].min())


@njit(nogil=True, cache=True)
def _fill_centres(rows: Sparse, centre: Floats, scale: Floats) -> None:
    """Per user: the middle between the two ratings around the mean, and the greatest distance from it; 0 for constant rows."""
    for user in range(centre.size):
        begin, end = rows.indptr[user], rows.indptr[user + 1]
        low, high, total = np.inf, -np.inf, 0.0
        for entry in range(begin, end):
            value = rows.values[entry]
            low, high = min(low, value), max(high, value)
            total += value
        if end - begin < 2 or constant(low, high):
            continue
        below, above, mean = low, high, total / (end - begin)
        for entry in range(begin, end):
            value = rows.values[entry]
            if value <= mean:
                below = max(below, value)
            else:
                above = min(above, value)
        centre[user] = (below + above) / 2.0
        scale[user] = max(high - centre[user], centre[user] - low)
