"""A rating matrix in float32, laid out for correlating all users with each other over all items: :mod:`.mutual`.

Users stand in bands, those with most ratings first. They are few, hold most ratings, and are neighbours of many, so that after
the first band everybody's k nearest so far are good enough to pass over most of the others. Items are numbered by popularity.
Those that many of a band rated are its *dense* rows, for adding up a row that much of a band is in is many times faster than
following a list of raters, and they are the first entries of every user. Which ones they are is each band's own: a band of
users with many ratings has many, and most products of a sparse matrix lie there.

Users whose mean is below 0 (:mod:`.mutual` says why) stand in bands of their own, the last ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from recsys.matrices.arrays import LEAN, Float32s, Floats, Ints, Offsets, Unsigned, Words, aligned
from recsys.stages.neighbors.search.bits import BITS
from recsys.stages.neighbors.search.correlation import Moments, Sparse
from recsys.stages.neighbors.search.tiles import DENSE_CELLS, DENSE_TOTAL, STARTS, TINY, UNIT
from recsys.stages.neighbors.search.workers import WorkerPool

_WIDTH = 4096
"""Most users in a band: their correlations stay in the first-level cache."""
_LEAST_BANDS = 4
"""Where there are fewer, too many pairs of users are looked at twice."""
_DENSE_SHARE = 1 / 24
"""Share of a band's users from which an item is a dense row."""


class Bands(NamedTuple):
    """Place ``p`` is that of user ``order[p]``, or of nobody where it is −1; users whose correlations are all 0 have none.

    Band ``b`` has the places ``first[b]:first[b + 1]``, a multiple of 64, ``users[b]`` of them somebody's, those first; the
    bands from ``doubtful`` on are of users whose mean is below 0. The user of a place has the entries ``begin:end`` of
    ``items``, ascending, and ``values`` x/(σ√I). In band ``b`` item ``i`` has the entries ``starts[b, i]:starts[b, i + 1]``,
    counted from the first of the band's users, of ``raters`` (place in the band) and ``ratings``; the first ``depth[b]`` items
    are dense rows, which begin at ``dense[base[b]]`` and are 0 where a rating is missing.

    ``offset`` (places,) is μ/σ, so that a correlation is Σxy − offset·offset; ``radius`` (places,): most that rounding changes a
    correlation by; ``floor`` (places,): least that it makes of one above 0.
    """

    order: Ints
    first: Offsets
    users: Offsets
    doubtful: int
    begin: Words
    end: Words
    items: Unsigned
    values: Float32s
    starts: Unsigned
    raters: npt.NDArray[np.uint16]
    ratings: Float32s
    depth: Offsets
    base: Offsets
    dense: Float32s
    offset: Float32s
    radius: Floats
    floor: Floats


class _Places(NamedTuple):
    """Users by place, −1 for nobody, the first place of each band and the end of the last, and the first doubtful band."""

    order: Ints
    first: Offsets
    doubtful: int


def by_popularity(rows: Sparse, items: int) -> Sparse:
    """The rows with their items numbered by popularity: those that most rated lie side by side wherever a row is spread out.

    Entries keep their order, which is that of the items before, and so every sum along a row its bits.
    """
    popularity, number = np.zeros(items, np.int64), np.empty(items, np.uint32)
    renumbered = rows._replace(indices=np.empty_like(rows.indices))
    _count_raters(rows, popularity)
    number[np.argsort(-popularity, kind="stable")] = np.arange(items)
    _renumber(rows, number, renumbered)
    return renumbered


def in_bands(rows: Sparse, items: int, known: Moments, pool: WorkerPool) -> Bands:
    """The rows, their ``items`` ≥ 1 numbered :func:`by_popularity`, with the moments ``known``, in bands. At least one user."""
    scale = known.deviation * np.sqrt(items)
    placed = _placed(rows, items, known, pool.threads)
    order, first = placed.order, placed.first
    there = order >= 0
    size = np.where(there, np.diff(rows.indptr.view(np.int64))[order], 0)
    begin = np.cumsum(size) - size
    total, count = int(size.sum()), first.size - 1
    offset, radius, floor = (np.where(there, column[order], 0.0) for column in _bounds(rows, known, scale))
    single = aligned(offset.size)
    single[:] = offset
    bands = Bands(
        order=order,
        first=first,
        users=np.add.reduceat(there, first[:-1], dtype=np.int64) if count else np.zeros(0, np.int64),
        doubtful=placed.doubtful,
        begin=begin.astype(np.uint64),
        end=begin.astype(np.uint64),
        items=np.empty(total, np.uint32),
        values=np.empty(total, np.float32),
        starts=np.zeros((count, items + 1), np.uint32),
        raters=np.empty(total, np.uint16),
        ratings=np.empty(total, np.float32),
        depth=np.zeros(count, np.int64),
        base=np.zeros(count + 1, np.int64),
        dense=np.empty(0, np.float32),
        offset=single,
        radius=radius,
        floor=floor,
    )
    pool.share(range(count), lambda: lambda band: _count_band(rows, bands, _DENSE_SHARE, band))
    width = np.diff(first)
    bands.depth[:] = np.minimum(bands.depth, min(DENSE_CELLS, DENSE_TOTAL // max(count, 1)) // width)
    np.cumsum(bands.depth * width, out=bands.base[1:])
    bands = bands._replace(dense=aligned(int(bands.base[-1])))
    pool.share(range(count), lambda: lambda band: _fill_band(rows, scale, bands, band))
    return bands


def _placed(rows: Sparse, items: int, known: Moments, threads: int) -> _Places:
    """Most ratings first, equally many in ascending order; the doubtful after all others."""
    size, varied = np.diff(rows.indptr.view(np.int64)), known.deviation > 0
    parts, first, doubtful = list[Ints](), [0], 0
    for chosen in (varied & (known.mean >= 0), varied & (known.mean < 0)):
        doubtful = len(first) - 1
        users = np.flatnonzero(chosen)
        users = users[np.argsort(-size[users], kind="stable")].astype(np.int32)
        parts.append(np.pad(users, (0, -users.size % BITS), constant_values=-1))
        width = _width(int(varied.sum()), items, rows.indices.size, threads)
        first += [*range(first[-1] + width, first[-1] + parts[-1].size, width)]
        first += [sum(part.size for part in parts)] * (users.size > 0)
    return _Places(np.concatenate(parts), np.array(first), doubtful)


def _width(users: int, items: int, entries: int, threads: int) -> int:
    """Users in a band: where there are many items for a rating, so many that where lists of raters begin takes little memory."""
    width = max(min(_WIDTH, -(-users // max(_LEAST_BANDS, 2 * threads))), users * items // max(STARTS * entries, 1), 1)
    return int(min(-(-width // BITS) * BITS, 2**16 - BITS))


def _bounds(rows: Sparse, known: Moments, scale: Floats) -> tuple[Floats, Floats, Floats]:
    """Of every user: μ/σ, how far rounding moves a correlation, and the floor; see :func:`.tiles.catalogue_tiles`."""
    offset = np.divide(known.mean, known.deviation, out=np.zeros(scale.size), where=scale > 0)
    length = np.sqrt(1.0 + offset**2)
    error = 2.0 * UNIT * (np.diff(rows.indptr).astype(np.float64) + 8.0)
    radius = error * length * length.max(initial=1.0)
    # without ratings below 0, Σxy is hardly more than offset·offset in a correlation just above 0, and with it the error;
    # so users without a co-rated item, whose correlation is −offset·offset, stay below
    signed = rows.values.min(initial=0) < 0
    floor = radius if signed else np.minimum(radius, 2.0 * error * offset * offset.max(initial=0.0))
    return offset, radius, -floor


@njit(**LEAN)
def _count_raters(rows: Sparse, popularity: Offsets) -> None:
    for item in rows.indices:
        popularity[item] += 1


@njit(**LEAN)
def _renumber(rows: Sparse, number: Unsigned, out: Sparse) -> None:
    for entry in range(rows.indices.size):
        out.indices[entry] = number[rows.indices[entry]]


@njit(**LEAN)
def _count_band(rows: Sparse, bands: Bands, share: float, band: int) -> None:
    """Counts the raters of every item, and the items that are dense."""
    starts, first, one = bands.starts[band], bands.first[band], np.uint32(1)
    for user in bands.order[first : first + bands.users[band]]:
        for entry in range(rows.indptr[user], rows.indptr[user + 1]):
            starts[rows.indices[entry] + one] += one
    least = share * bands.users[band]
    for count in starts:
        bands.depth[band] += count > least


@njit(**LEAN)
def _fill_band(rows: Sparse, scale: Floats, bands: Bands, band: int) -> None:
    """Fills the lists of raters, from them the users' entries in the order of items, and the dense rows."""
    starts, first, width, one = bands.starts[band], bands.first[band], bands.first[band + 1] - bands.first[band], np.uint32(1)
    begin = np.int64(bands.begin[first])
    raters, ratings, end = bands.raters[begin:], bands.ratings[begin:], bands.end
    for item in range(1, starts.size):
        starts[item] += starts[item - 1]
    # lists are filled from their ends, which leaves every list's start in the place of the next one's
    for place in range(bands.users[band] - 1, -1, -1):
        user = bands.order[first + place]
        for entry in range(rows.indptr[user], rows.indptr[user + 1]):
            value = np.float32(rows.values[entry] / scale[user])
            item = rows.indices[entry] + one
            starts[item] -= one
            raters[starts[item]], ratings[starts[item]] = place, TINY if value == 0 else value
    total = np.uint32(0)
    for user in bands.order[first : first + bands.users[band]]:
        total += np.uint32(rows.indptr[user + 1] - rows.indptr[user])
    for item in range(starts.size - 1):
        starts[item] = starts[item + 1]
    starts[starts.size - 1] = total
    for item in range(starts.size - 1):
        for at in range(starts[item], starts[item + 1]):
            place = first + raters[at]
            to = end[place]
            bands.items[to], bands.values[to] = item, ratings[at]
            end[place] = to + np.uint64(1)
            if item < bands.depth[band]:
                bands.dense[bands.base[band] + item * width + raters[at]] = ratings[at]
