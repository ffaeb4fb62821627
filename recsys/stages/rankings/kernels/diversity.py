"""Maximal marginal relevance: which of many scored tracks make a list that is both good and varied.

Carbonell & Goldstein (1998), greedy and exact: each pick has the greatest λ·score + (1 − λ)·D among the remaining
candidates, D being the distance to the nearest track already picked, limited to 0–1, and 1 for the first pick. Exact
ties go to the greater score, then to the candidate that comes earlier. Distances:

- both tracks have audio: 1 − cosine of their weighted, normalised feature vectors;
- otherwise 0.12 for the same artist, else 0.38 for a common genre, else 0.78, each times ``scale``.

How the picks are found: :mod:`recsys.stages.rankings.kernels.picking`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from recsys.matrices.arrays import INNER, Flags, Floats, Ints, Items, Offsets, Ragged
from recsys.stages.rankings.kernels.picking import PickColumns, Pool, Rules, cosine_distance, pick_list, room
from recsys.stages.rankings.kernels.state import allow_more, empty_state

_ALIKE = 1e-6
"""Mean distance to the nearest below which tracks all sound alike."""
LOOKED_AT = 50
"""Candidates of a list that tell how far its tracks are apart."""


class Picks(NamedTuple):
    """Picked candidates in order of picking, (k,) each.

    ``position`` among the candidates; ``diversity`` = D when picked, 0–1; ``nearest`` = position of the nearest earlier
    pick, the earliest of equals, −1 for the first; ``marginal`` = λ·score + (1 − λ)·diversity; ``over_cap`` = picked after
    the artist cap was lifted.
    """

    position: Ints
    diversity: Floats
    nearest: Ints
    marginal: Floats
    over_cap: Flags


def pick_many(
    items: Items,
    pool: Pool,
    indptr: Offsets,
    limits: npt.ArrayLike,
    rules: Rules,
    scales: npt.ArrayLike | None = None,
    seeds: Ragged | None = None,
) -> tuple[Offsets, Picks]:
    """Picks of many lists in one call that releases the GIL.

    The candidates of list ``l`` are those of ``pool`` from ``indptr[l]`` to ``indptr[l + 1]``, its length is ``limits[l]``,
    ``scales`` (lists,) its own ``rules.scale``, where they differ. Returns the same layout: the offsets of each list's picks, and
    the picks of all lists one after another.

    Of each list at most its limit are picked. When all candidates fit into the list, diversity does not run: they come in the
    order of their scores, with diversity 0 and no nearest pick. A candidate is passed over when one of its credited artists
    already has ``cap`` picks or, with ``one_version``, when its song is picked; with ``gap`` it waits while one of its artists
    has one of the last ``gap`` picks and others are left. A list still short after all others is filled over the artist cap,
    never with a second version. For each of a list's ``seeds`` its artists may have ``cap`` picks more.
    """
    lists = len(indptr) - 1
    seeds = seeds or Ragged(np.zeros(lists + 1, np.int64), np.empty(0, np.int32))
    scale = rules.scale if scales is None else scales
    kept, columns = _pick_many(
        _contiguous(items),
        Pool(np.ascontiguousarray(pool.tracks, np.int32), np.ascontiguousarray(pool.scores, np.float64)),
        np.ascontiguousarray(indptr, np.int64),
        np.ascontiguousarray(limits, np.int64),
        np.ascontiguousarray(np.broadcast_to(np.asarray(scale, np.float64), lists)),
        Rules(float(rules.weight), 1.0, int(rules.cap), bool(rules.one_version), int(rules.gap)),
        Ragged(np.ascontiguousarray(seeds.indptr, np.int64), np.ascontiguousarray(seeds.numbers, np.int32)),
    )
    return kept, Picks(*columns)


def _contiguous(items: Items) -> Items:
    """The items as the one layout that the kernels are compiled for."""
    return Items(
        np.ascontiguousarray(items.unit, np.float64),
        np.ascontiguousarray(items.audio, np.bool_),
        np.ascontiguousarray(items.artist, np.int32),
        np.ascontiguousarray(items.genres_indptr, np.int64),
        np.ascontiguousarray(items.genres_indices, np.int32),
        np.ascontiguousarray(items.credits_indptr, np.int64),
        np.ascontiguousarray(items.credits_indices, np.int32),
        np.ascontiguousarray(items.song, np.int32),
    )


@njit(nogil=True, cache=True)
def _pick_many(
    items: Items, pool: Pool, indptr: Offsets, limits: Offsets, scales: Floats, rules: Rules, seeds: Ragged
) -> tuple[Offsets, tuple[Ints, Floats, Ints, Floats, Flags]]:
    kept, total, longest, widest = np.zeros(limits.size + 1, np.int64), 0, np.int64(0), np.int64(0)
    for index in range(limits.size):
        candidates = indptr[index + 1] - indptr[index]
        most = min(candidates, max(limits[index], 0))
        total, longest, widest = total + most, max(longest, most), max(widest, candidates)
    position, nearest = np.empty(total, np.int32), np.empty(total, np.int32)
    diversity, marginal, over_cap = np.empty(total), np.empty(total), np.empty(total, np.bool_)
    state, work = empty_state(items, longest), room(widest)
    for index in range(limits.size):
        begin, end, size = indptr[index], indptr[index + 1], kept[index]
        out = PickColumns(position[size:], diversity[size:], nearest[size:], marginal[size:], over_cap[size:])
        own = Rules(rules.weight, scales[index], rules.cap, rules.one_version, rules.gap)
        own_seeds = seeds.numbers[seeds.indptr[index] : seeds.indptr[index + 1]]
        allow_more(items, own_seeds, np.int64(rules.cap), state)
        count = pick_list(items, Pool(pool.tracks[begin:end], pool.scores[begin:end]), limits[index], own, state, work, out)
        allow_more(items, own_seeds, np.int64(-rules.cap), state)
        kept[index + 1] = size + count
    size = kept[-1]
    return kept, (position[:size], diversity[:size], nearest[:size], marginal[:size], over_cap[:size])


@njit(nogil=True, cache=True)
def typical_distances(items: Items, tracks: Ints, indptr: Offsets, otherwise: float) -> tuple[Floats, Floats]:
    """(lists,) mean distance of a track to the nearest of some others, and to any of them.

    They are those with audio among :data:`LOOKED_AT` evenly spread over each list's candidates; ``otherwise`` stands where fewer
    than two have audio or all sound alike.
    """
    nearest, any_of = np.full(indptr.size - 1, otherwise), np.full(indptr.size - 1, otherwise)
    chosen = np.empty(LOOKED_AT, np.int32)
    for index in range(nearest.size):
        begin, end, size = indptr[index], indptr[index + 1], 0
        for place in range(begin, end, max(1, (end - begin) // LOOKED_AT)):
            if size < LOOKED_AT and items.audio[tracks[place]]:
                chosen[size] = tracks[place]
                size += 1
        near, total = _distances(items, chosen[:size])
        if size > 1 and near > _ALIKE:
            nearest[index], any_of[index] = near, total
    return nearest, any_of


@njit(**INNER)
def _distances(items: Items, chosen: Ints) -> tuple[float, float]:
    """Mean distance to the nearest other, and to any other."""
    near, total, size = 0.0, 0.0, len(chosen)
    for one in range(size):
        least = 1.0
        for other in range(size):
            if one != other:
                far = cosine_distance(items.unit, chosen[one], items.unit, chosen[other])
                least, total = min(least, far), total + far
        near += least
    return near / max(size, 1), total / max(size * (size - 1), 1)
