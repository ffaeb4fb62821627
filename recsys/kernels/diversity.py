"""Maximal marginal relevance: which of many scored tracks make a list that is both good and varied.

Carbonell & Goldstein (1998), greedy and exact: each pick has the greatest λ·score + (1 − λ)·D among the remaining
candidates, D being the distance to the nearest track already picked, limited to 0–1, and 1 for the first pick. Exact
ties go to the candidate that comes earlier. Distances:

- both tracks have audio: 1 − cosine of their weighted, normalised feature vectors;
- otherwise 0.12 for the same artist, else 0.38 for a common genre, else 0.78, each times ``scale``.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Offsets = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SAME_ARTIST, SAME_GENRE, UNRELATED = 0.12, 0.38, 0.78
"""Distances when one of two tracks has no audio."""

OPEN, CAPPED, GONE = 0, 1, 2
"""A candidate may be picked; may be picked once the artist cap is lifted; is picked or another version of a picked song."""


class Items(NamedTuple):
    """What diversity knows about the T tracks of a catalogue.

    ``unit`` (T, 12): feature vectors scaled to length 1 so that their dot product is the weighted cosine; all 0 where the
    vector's norm is 0. ``audio`` (T,): the features are known. ``artist`` (T,): id of the folded artist name, −1 for none.
    ``genres_*``, ``credits_*``: ascending distinct ids per track, row ``t`` is ``indptr[t]:indptr[t + 1]``; credits are
    the artists that the cap counts. ``song`` (T,): id shared by all versions of a song, −1 for none.
    """

    unit: Floats
    audio: Flags
    artist: Ints
    genres_indptr: Offsets
    genres_indices: Ints
    credits_indptr: Offsets
    credits_indices: Ints
    song: Ints


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


def pick(
    items: Items,
    tracks: Ints,
    scores: Floats,
    limit: int,
    lam: float,
    scale: float = 1.0,
    max_per_artist: int = 0,
    one_version: bool = False,
) -> Picks:
    """At most ``limit`` of the candidates ``tracks`` (n,), which are sorted by ``scores`` (n,), greatest first.

    When all candidates fit into the list, diversity does not run: they keep their order, with diversity 0 and no nearest
    pick. A candidate is passed over when one of its credited artists already has ``max_per_artist`` picks (0 = no cap) or,
    with ``one_version``, when its song is picked. A list still short after all others is filled over the artist cap, never
    with a second version.
    """
    indptr = np.array([0, tracks.size], np.int64)
    return pick_many(items, tracks, scores, indptr, np.array([limit]), lam, scale, max_per_artist, one_version)[1]


def pick_many(
    items: Items,
    tracks: Ints,
    scores: Floats,
    indptr: Offsets,
    limits: npt.ArrayLike,
    lam: float,
    scale: float = 1.0,
    max_per_artist: int = 0,
    one_version: bool = False,
) -> tuple[Offsets, Picks]:
    """:func:`pick` for many lists in one call that releases the GIL.

    The candidates of list ``l`` are ``tracks`` and ``scores`` from ``indptr[l]`` to ``indptr[l + 1]``, its length is
    ``limits[l]``. Returns the same layout: the offsets of each list's picks, and the picks of all lists one after another.
    """
    kept, columns = _pick_many(
        _contiguous(items),
        np.ascontiguousarray(tracks, np.int32),
        np.ascontiguousarray(scores, np.float64),
        np.ascontiguousarray(indptr, np.int64),
        np.ascontiguousarray(limits, np.int64),
        float(lam),
        float(scale),
        int(max_per_artist),
        bool(one_version),
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


@numba.njit(nogil=True, cache=True)
def _pick_many(
    items: Items,
    tracks: Ints,
    scores: Floats,
    indptr: Offsets,
    limits: Offsets,
    lam: float,
    scale: float,
    cap: int,
    one_version: bool,
) -> tuple[Offsets, tuple[Ints, Floats, Ints, Floats, Flags]]:
    kept = np.zeros(limits.size + 1, np.int64)
    room = np.minimum(np.diff(indptr), np.maximum(limits, 0)).sum()
    position, nearest = np.empty(room, np.int32), np.empty(room, np.int32)
    diversity, marginal, over_cap = np.empty(room), np.empty(room), np.empty(room, np.bool_)
    artists = 1 + items.credits_indices.max() if items.credits_indices.size else 0
    credit_counts = np.zeros(artists, np.int64)
    for index in range(limits.size):
        begin, end, size = indptr[index], indptr[index + 1], kept[index]
        out = (position[size:], diversity[size:], nearest[size:], marginal[size:], over_cap[size:])
        candidates = (tracks[begin:end], scores[begin:end])
        rules = (limits[index], lam, scale, cap, one_version)
        kept[index + 1] = size + _pick_list(items, candidates, rules, credit_counts, out)
    size = kept[-1]
    return kept, (position[:size], diversity[:size], nearest[:size], marginal[:size], over_cap[:size])


@numba.njit(nogil=True, cache=True)
def _pick_list(
    items: Items,
    candidates: tuple[Ints, Floats],
    rules: tuple[int, float, float, int, bool],
    credit_counts: Offsets,
    out: tuple[Ints, Floats, Ints, Floats, Flags],
) -> int:
    """Fills ``out`` with the picks of one list and returns their number; ``credit_counts`` is all 0 before and after."""
    tracks, scores = candidates
    limit, lam, scale, cap, one_version = rules
    position, diversity, nearest, marginal, over_cap = out
    varied = tracks.size > limit
    state = np.zeros(tracks.size, np.int8)
    closest = np.full(tracks.size, 1.0)
    closest_pick = np.full(tracks.size, -1, np.int32)
    size, lifted = 0, False
    while size < limit:
        best = _best(scores, closest, state, lam if varied else 1.0)
        if best < 0 and not lifted and (state == CAPPED).any():
            state[state == CAPPED] = OPEN
            lifted = True
            continue
        if best < 0:
            break
        position[size], over_cap[size] = best, lifted
        nearest[size] = closest_pick[best]
        diversity[size] = closest[best] if varied else 0.0
        marginal[size] = lam * scores[best] + (1.0 - lam) * diversity[size]
        size += 1
        if varied:
            _approach(items, tracks, best, scale, size == 1, closest, closest_pick)
        _close(items, tracks, best, 0 if lifted else cap, one_version, state, credit_counts)
    for pick in range(size):
        track = tracks[position[pick]]
        credit_counts[items.credits_indices[items.credits_indptr[track] : items.credits_indptr[track + 1]]] = 0
    return size


@numba.njit(nogil=True, cache=True)
def _best(scores: Floats, closest: Floats, state: npt.NDArray[np.int8], lam: float) -> int:
    """Position of the open candidate with the greatest marginal value, the earliest of equals; −1 without one."""
    best, best_value = -1, -np.inf
    for place in range(scores.size):
        value = lam * scores[place] + (1.0 - lam) * closest[place]
        if state[place] == OPEN and value > best_value:
            best, best_value = place, value
    return best


@numba.njit(nogil=True, cache=True)
def _approach(items: Items, tracks: Ints, picked: int, scale: float, first: bool, closest: Floats, closest_pick: Ints) -> None:
    """Lowers every candidate's distance to the nearest pick by the new pick ``picked``."""
    for place in range(tracks.size):
        distance = min(max(_distance(items, tracks[place], tracks[picked], scale), 0.0), 1.0)
        if first or distance < closest[place]:
            closest[place], closest_pick[place] = distance, picked


@numba.njit(nogil=True, cache=True)
def _close(
    items: Items,
    tracks: Ints,
    picked: int,
    cap: int,
    one_version: bool,
    state: npt.NDArray[np.int8],
    credit_counts: Offsets,
) -> None:
    """Takes the new pick, its other versions and, past the cap, its artists' tracks out of the open candidates."""
    state[picked] = GONE
    track = tracks[picked]
    if one_version and items.song[track] >= 0:
        for place in range(tracks.size):
            if items.song[tracks[place]] == items.song[track]:
                state[place] = GONE
    for entry in range(items.credits_indptr[track], items.credits_indptr[track + 1]):
        artist = items.credits_indices[entry]
        credit_counts[artist] += 1
        if credit_counts[artist] == cap:
            _cap(items, tracks, artist, state)


@numba.njit(nogil=True, cache=True)
def _cap(items: Items, tracks: Ints, artist: int, state: npt.NDArray[np.int8]) -> None:
    for place in range(tracks.size):
        begin, end = items.credits_indptr[tracks[place]], items.credits_indptr[tracks[place] + 1]
        if state[place] == OPEN and (items.credits_indices[begin:end] == artist).any():
            state[place] = CAPPED


@numba.njit(nogil=True, cache=True)
def _distance(items: Items, one: int, other: int, scale: float) -> float:
    """Distance between two tracks, not limited to 0–1."""
    if items.audio[one] and items.audio[other]:
        cosine = 0.0
        for feature in range(items.unit.shape[1]):
            cosine += items.unit[one, feature] * items.unit[other, feature]
        return 1.0 - cosine
    if items.artist[one] >= 0 and items.artist[one] == items.artist[other]:
        return SAME_ARTIST * scale
    if _share(items.genres_indptr, items.genres_indices, one, other):
        return SAME_GENRE * scale
    return UNRELATED * scale


@numba.njit(nogil=True, cache=True)
def _share(indptr: Offsets, indices: Ints, one: int, other: int) -> bool:
    """Whether two rows of ascending ids have one in common."""
    a, b = indptr[one], indptr[other]
    while a < indptr[one + 1] and b < indptr[other + 1]:
        if indices[a] == indices[b]:
            return True
        if indices[a] < indices[b]:
            a += 1
        else:
            b += 1
    return False
