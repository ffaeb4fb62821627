"""A rating matrix in float32, cut into tiles of users so small that their ratings stay in the second-level cache.

Ratings are shifted and scaled user by user, which no correlation notices. Items that many users rated are dense rows, because
adding up a dense row is many times faster than following a list of raters; the others are *loose*.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from recsys.matrices.arrays import LEAN, Float32s, Floats, Ints, Offsets, Unsigned, Words, aligned
from recsys.stages.neighbors.search.correlation import NOISE, Moments, Sparse, constant
from recsys.stages.neighbors.search.workers import WorkerPool

_TILE = {1: 2048, 6: 1024}
"""Most users in a tile, by the number of sums."""
LEAST_RUN = 32
"""Raters of an item that a tile of six sums should hold on average, so that starting a run of them costs little."""
LEAST_TILES = 4
"""Where pairs of tiles are looked at once: the more tiles, the fewer pairs of users are looked at twice."""
STEP = 32
"""A tile is a multiple of it."""
DENSE_SHARE = 1 / 10
"""Share of users from which an item counts as dense: where its dense row begins to be faster."""
DENSE_CELLS = 2**18
"""Most cells of a tile's dense rows: 1 MiB."""
DENSE_TOTAL = 2**25
"""Most cells of all dense rows."""
STARTS = 4
"""Most numbers per rating spent on where lists of raters begin: a limit to the number of tiles."""
LOWEST = -np.finfo(np.float32).max
"""Interval ends of a pair that cannot be neighbours: below any other, however wide the intervals are."""
TINY = np.finfo(np.float32).tiny
"""Stands for a rating of 0, because 0 means missing in dense rows."""
UNIT = np.float32(2.0**-24)
"""Largest relative error of one rounding to float32."""


class Tiles(NamedTuple):
    """User ``u`` has loose entries ``begin[u]:split[u]`` and dense ones ``split[u]:end[u]`` of ``items`` and ``values``.

    ``items`` holds the item, or its dense row. Tile ``t`` of width W holds the users from t·W on: item ``i`` has there the
    entries ``starts[t, i]:starts[t, i + 1]``, counted from ``base[t]``, of ``raters`` (place in the tile) and ``ratings``;
    ``dense`` is (tiles, rows, W), 0 where missing. Users whose correlations are all 0 have no entries. ``sums``: how many a
    correlation takes.

    Catalogue, one sum: values are x/(σ√I), ``offset`` (tiles · W,) is μ/σ, so that a correlation is Σxy − offset·offset;
    ``bar`` (tiles · W,) is 0, but ``NEVER`` for users without entries; ``radius`` (users,): most that rounding changes a
    correlation by; ``floor`` (users,): least that it makes of one above 0; ``doubtful`` when some offset is below 0.

    Co-rated, six sums: values are distances, at most 1, from a point that is no rating; ``gap`` (tiles · W,) is the square of
    the least difference between two ratings.
    """

    begin: Words
    split: Words
    end: Words
    items: Unsigned
    values: Float32s
    starts: Unsigned
    base: Offsets
    raters: npt.NDArray[np.uint16]
    ratings: Float32s
    dense: Float32s
    offset: Float32s
    bar: Float32s
    gap: Float32s
    radius: Floats
    floor: Floats
    sums: int
    doubtful: bool


class Parted(NamedTuple):
    """Each user's entries in two parts: up to ``split`` (users,) those in lists of raters, ``loose`` (users,) many; then dense.

    ``items`` and ``values`` (entries,): item, or dense row, and scaled rating of each.
    """

    split: Words
    loose: Offsets
    items: Unsigned
    values: Float32s


def catalogue_tiles(rows: Sparse, items: int, known: Moments, pool: WorkerPool) -> Tiles:
    """Tiles for correlations over all items; ``known`` are the moments of the rows. At least one user and one item."""
    users = rows.indptr.size - 1
    scale = known.deviation * np.sqrt(items)
    offset = np.divide(known.mean, known.deviation, out=np.zeros(users), where=scale > 0)
    tiled = _tiled(rows, items, np.zeros(users), scale, min(_TILE[1], -(-users // max(LEAST_TILES, 2 * pool.threads))), 1, pool)
    length, room = np.sqrt(1.0 + offset**2), (0, tiled.offset.size - users)
    error = 2.0 * UNIT * (np.diff(rows.indptr).astype(np.float64) + 8.0)
    radius = error * length * length.max()
    # without ratings below 0, Σxy is hardly more than offset·offset in a correlation just above 0, and with it the error;
    # so users without a co-rated item, whose correlation is −offset·offset, stay below
    floor = radius if rows.values.min(initial=0) < 0 else np.minimum(radius, 2.0 * error * offset * offset.max())
    return tiled._replace(
        offset=np.pad(offset.astype(np.float32), room),
        bar=np.pad(np.where(scale > 0, np.float32(0), LOWEST), room, constant_values=LOWEST),
        radius=radius,
        floor=-floor,
        doubtful=bool((offset < 0).any()),
    )


def co_rated_tiles(rows: Sparse, items: int, pool: WorkerPool) -> Tiles:
    """Tiles for correlations over co-rated items. At least one user and one item."""
    users = rows.indptr.size - 1
    centre, scale = np.zeros(users), np.zeros(users)
    _fill_centres(rows, centre, scale)
    raters = np.bincount(rows.indices, minlength=1).astype(np.float64)
    run = (raters**2).sum() / max(raters.sum(), 1)
    tiled = _tiled(rows, items, centre, scale, max(_TILE[6], int(LEAST_RUN * users / max(run, 1))), 6, pool)
    gap = np.divide(_least_difference(rows.values), scale, out=np.zeros(users), where=scale > 0)
    return tiled._replace(gap=np.pad((gap**2).astype(np.float32), (0, tiled.gap.size - users)))


def _tiled(rows: Sparse, items: int, centre: Floats, scale: Floats, tile: int, sums: int, pool: WorkerPool) -> Tiles:
    """(rating − centre) / scale in tiles, without the rows of scale 0."""
    users, entries = scale.size, rows.indices.size
    tile = max(tile, users * items // max(STARTS * entries, 1))
    tile = -(-max(min(tile, users, 2**16 - STEP), 1) // STEP) * STEP
    tiles = -(-users // tile)
    end = np.where(scale > 0, rows.indptr[1:], rows.indptr[:-1])
    popularity, loose = np.zeros(items, np.int64), np.zeros(users, np.int64)
    _count(rows, end, popularity)
    dense_row, height = _dense_rows(popularity, DENSE_SHARE * users, min(DENSE_CELLS // tile, DENSE_TOTAL // users))
    parted = Parted(np.empty(users, np.uint64), loose, np.empty(entries, np.uint32), np.empty(entries, np.float32))
    _part(rows, end, (centre, scale), dense_row, parted)
    base = np.zeros(tiles + 1, np.int64)
    np.cumsum(np.add.reduceat(loose, np.arange(0, users, tile)), out=base[1:])
    nothing = np.zeros(tiles * tile, np.float32)
    tiled = Tiles(
        begin=rows.indptr[:-1],
        split=parted.split,
        end=end,
        items=parted.items,
        values=parted.values,
        starts=np.zeros((tiles, items + 1), np.uint32),
        base=base,
        raters=np.empty(base[-1], np.uint16),
        ratings=np.empty(base[-1], np.float32),
        dense=aligned(tiles * height * tile).reshape((tiles, height, tile)),
        offset=nothing,
        bar=nothing,
        gap=nothing,
        radius=np.zeros(users),
        floor=np.zeros(users),
        sums=sums,
        doubtful=False,
    )
    pool.share(range(tiles), lambda: lambda at: _fill_tile(tiled, at))
    return tiled


def _dense_rows(popularity: Offsets, least: float, most: int) -> tuple[Ints, int]:
    """Row of each item with more than ``least`` ratings, −1 for others, and the number of rows, ``most`` of them."""
    row = np.full(popularity.size, -1, np.int32)
    chosen = np.flatnonzero(popularity > least)
    chosen = chosen[np.argsort(-popularity[chosen], kind="stable")[:most]]
    row[chosen] = np.arange(chosen.size)
    return row, chosen.size


def _least_difference(values: Floats) -> float:
    """Least difference between two ratings that differ by more than rounding; 0 when the two cannot be told apart."""
    distinct = np.unique(values)
    steps = np.diff(distinct)
    real = steps > NOISE / 10
    crowded = (distinct[9:] - distinct[:-9] <= NOISE).any()
    return 0.0 if crowded or not real.any() else float(steps[real].min())


@njit(**LEAN)
def _count(rows: Sparse, end: Words, popularity: Offsets) -> None:
    for user in range(end.size):
        for entry in range(rows.indptr[user], end[user]):
            popularity[rows.indices[entry]] += 1


@njit(**LEAN)
def _part(rows: Sparse, end: Words, moments: tuple[Floats, Floats], dense_row: Ints, parted: Parted) -> None:
    """Writes every user's loose entries from the front, the dense ones from the back."""
    one, (centre, scale) = np.uint64(1), moments
    split, loose, items, values = parted
    for user in range(end.size):
        front, back = rows.indptr[user], end[user]
        for entry in range(rows.indptr[user], end[user]):
            item, value = rows.indices[entry], np.float32((rows.values[entry] - centre[user]) / scale[user])
            row, value = dense_row[item], TINY if value == 0 else value
            if row < 0:
                items[front], values[front] = item, value
                front += one
            else:
                back -= one
                items[back], values[back] = row, value
        split[user] = front
        loose[user] = front - rows.indptr[user]


@njit(**LEAN)
def _fill_tile(tiles: Tiles, at: int) -> None:
    """Fills the lists of raters and the dense rows of one tile."""
    begin, end, split = tiles.begin, tiles.end, tiles.split
    width = tiles.dense.shape[2]
    first, last = at * width, min((at + 1) * width, begin.size)
    starts, dense, one = tiles.starts[at], tiles.dense[at], np.uint32(1)
    raters, ratings = tiles.raters[tiles.base[at] :], tiles.ratings[tiles.base[at] :]
    for user in range(first, last):
        for entry in range(begin[user], split[user]):
            starts[tiles.items[entry] + one] += one
    for item in range(1, starts.size):
        starts[item] += starts[item - 1]
    # lists are filled from their ends, which leaves every list's start in the place of the next one's
    for user in range(last - 1, first - 1, -1):
        for entry in range(begin[user], split[user]):
            item = tiles.items[entry] + one
            starts[item] -= one
            raters[starts[item]], ratings[starts[item]] = user - first, tiles.values[entry]
        for entry in range(split[user], end[user]):
            dense[tiles.items[entry], user - first] = tiles.values[entry]
    for item in range(starts.size - 1):
        starts[item] = starts[item + 1]
    starts[starts.size - 1] = tiles.base[at + 1] - tiles.base[at]


@njit(**LEAN)
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
