"""Greedy picks without comparing every candidate with every pick: exact, to the bit.

The distance to the nearest pick only shrinks as picks are added, so what a candidate was worth when last looked at is an upper
bound of what it is worth now. Candidates stand in blocks, of which the greatest bound is kept. Where that reaches the best value
known, the block meets the picks it has not met, all its candidates side by side, and those that still reach it are looked at one
by one: the artist cap, other versions of a picked song, distances by names. A good value is known early: the first look is at
the greatest bound of all.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.matrices.arrays import LEAN, LEAN_INNER, Flags, Floats, Ints, Items, Offsets
from recsys.stages.rankings.kernels.state import (
    ANY_LIST,
    HEARD,
    NEVER,
    SAME_ARTIST,
    SAME_GENRE,
    SILENT,
    UNRELATED,
    PickState,
    by_names,
    clear,
    enter,
    first_with,
    full,
)

Number = int | np.int64

_BLOCK = 32
"""Candidates that share one bound."""
_FEW = 32
"""Blocks of which the one with the greatest bound is looked at first, again and again; of more that would take longer than to go
through them once."""
_BY_NAMES = 2.0
"""Added to the distance by sound where there is none: more than any is."""


class Rules(NamedTuple):
    """``weight``: λ; ``scale``: factor on distances without audio; ``cap``: most picks of an artist, 0 = no cap; ``gap``: picks
    between two by one artist."""

    weight: float
    scale: float
    cap: int
    one_version: bool
    gap: int


class Pool(NamedTuple):
    """Candidates of a list, (n,) each, in any order; or of many lists, one after another."""

    tracks: Ints
    scores: Floats


class PickColumns(NamedTuple):
    """The picks of a list; see ``recsys.stages.rankings.kernels.diversity.Picks``."""

    position: Ints
    diversity: Floats
    nearest: Ints
    marginal: Floats
    over_cap: Flags


class _Work(NamedTuple):
    """Room for the n candidates of one list at a time.

    ``value`` (n,): upper bound of what a candidate is worth, −inf when it cannot be picked; ``closest``: distance to the
    nearest pick met so far, and ``nearest`` its turn; ``met``: how many of the picks with audio were met; ``closed``: by the
    artist cap or as another version; ``aside``: places of those that a search looked at. ``peak``: upper bound of the values of
    each block. Where blocks are few, ``unit`` (blocks, 12, 32): one feature of a block's candidates after the other, and
    ``beyond`` (n,): 0, or :data:`_BY_NAMES` without audio.
    """

    value: Floats
    closest: Floats
    nearest: Ints
    met: Ints
    closed: Flags
    aside: Ints
    peak: Floats
    unit: Floats
    beyond: Floats


class _Search(NamedTuple):
    """The best candidate so far, −1 for none, what it is worth, and how many were looked at."""

    best: Number
    greatest: float
    aside: Number


@njit(nogil=True, cache=True)
def room(most: Number) -> _Work:
    """For lists of at most ``most`` candidates."""
    value, closest, nearest, met = np.empty(most), np.empty(most), np.empty(most, np.int32), np.empty(most, np.int32)
    closed, aside, peak, few = np.empty(most, np.bool_), np.empty(most, np.int32), np.empty(most // _BLOCK + 1), _FEW * _BLOCK
    return _Work(value, closest, nearest, met, closed, aside, peak, np.empty((_FEW, 12, _BLOCK)), np.empty(few))


@njit(**LEAN)
def pick_list(items: Items, pool: Pool, limit: int, whole: Rules, state: PickState, work: _Work, out: PickColumns) -> int:
    """Fills ``out`` with the picks of one list and returns their number; the empty ``state`` is empty again then."""
    tracks, scores = pool
    varied = len(tracks) > limit
    rules = Rules(whole.weight if varied else 1.0, whole.scale, whole.cap, whole.one_version, whole.gap)
    best, size, lifted = _greatest(scores) if limit > 0 else -1, np.int64(0), False
    while best >= 0:
        far = (work.closest[best] if size else 1.0) if varied else 0.0
        out.position[size], out.diversity[size], out.over_cap[size] = best, far, lifted
        out.nearest[size] = out.position[work.nearest[best]] if size and varied else -1
        out.marginal[size] = whole.weight * scores[best] + (1.0 - whole.weight) * far
        enter(items, tracks[best], size, varied, state)
        if size == 0:
            _meet(items, pool, tracks[best], varied, rules, state, work)
        work.value[best] = -np.inf
        size += 1
        recent = out.position[max(0, size - rules.gap) : size]
        best = _next(items, pool, rules, state, work, recent) if size < limit else -1
        if size < limit and best < 0 and not lifted and _lift(scores, rules.weight, work):
            lifted, rules = True, Rules(rules.weight, rules.scale, 0, rules.one_version, rules.gap)
            best = _next(items, pool, rules, state, work, recent)
    clear(items, tracks, out.position[:size], state)
    return int(size)


@njit(**LEAN_INNER)
def _next(items: Items, pool: Pool, rules: Rules, state: PickState, work: _Work, recent: Ints) -> Number:
    """The best candidate that shares no artist with the ``recent`` picks, or as few of them as others leave; −1 without any."""
    best = _best(items, pool, rules, state, work, recent)
    while best < 0 and len(recent):
        recent = recent[1:]
        best = _best(items, pool, rules, state, work, recent)
    return best


@njit(**LEAN_INNER)
def _greatest(scores: Floats) -> Number:
    best, greatest = -1, -np.inf
    for place in range(len(scores)):
        if scores[place] > greatest:
            best, greatest = place, scores[place]
    return best


@njit(**LEAN_INNER)
def _meet(items: Items, pool: Pool, pick: int, varied: bool, rules: Rules, state: PickState, work: _Work) -> None:
    """Compare every candidate with the first pick: nearly all would have to be, and one after another it is quick."""
    tracks, scores = pool
    value, closest, nearest, met, closed, peak = work.value, work.closest, work.nearest, work.met, work.closed, work.peak
    unit, audio, artist, genre = items.unit, items.audio, items.artist, state.genre
    indptr, indices, heard, weight = items.genres_indptr, items.genres_indices, items.audio[pick], rules.weight
    own = artist[pick] if artist[pick] >= 0 else -2
    for place in range(len(tracks)):
        track = tracks[place]
        if not varied:
            far = 1.0
        elif heard and audio[track]:
            far = cosine_distance(unit, track, unit, pick)
        elif artist[track] == own:
            far = SAME_ARTIST * rules.scale
        else:
            far = UNRELATED * rules.scale
            for at in range(indptr[track], indptr[track + 1]):
                far = SAME_GENRE * rules.scale if genre[ANY_LIST, indices[at]] == 0 else far
        closest[place] = far if far < 1.0 else 1.0
        nearest[place], met[place], closed[place] = 0, varied and heard, False
        value[place] = weight * scores[place] + (1.0 - weight) * closest[place]
    for begin in range(0, len(tracks), _BLOCK):
        peak[begin // _BLOCK] = _peak(value[begin : min(begin + _BLOCK, len(tracks))])
    if varied and len(tracks) <= _FEW * _BLOCK:
        columns, beyond = work.unit, work.beyond
        for place in range(len(tracks)):
            beyond[place] = 0.0 if audio[tracks[place]] else _BY_NAMES
            for feature in range(12):
                columns[place // _BLOCK, feature, place % _BLOCK] = unit[tracks[place], feature]


@njit(**LEAN_INNER)
def _meet_rest(scores: Floats, part: tuple[Number, Number], weight: float, state: PickState, work: _Work) -> None:
    """A ``part`` of the candidates meet the picks with audio they have not met, side by side: as one by one, the same bits."""
    begin, end = part
    first, hearing, unit, beyond = work.met[begin], state.turns[HEARD], work.unit[begin // _BLOCK], work.beyond[begin:end]
    value, closest, nearest = work.value[begin:end], work.closest[begin:end], work.nearest[begin:end]
    a, b, c, d, e, f = unit[0], unit[1], unit[2], unit[3], unit[4], unit[5]
    g, h, i, j, k, m = unit[6], unit[7], unit[8], unit[9], unit[10], unit[11]
    for other in range(first, hearing):
        p, turn = state.unit[other], state.heard[other]
        pa, pb, pc, pd, pe, pf, pg, ph, pi, pj, pk, pm = p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9], p[10], p[11]
        for at in range(end - begin):
            # as in :func:`cosine_distance`: the order of the sum decides its last bits
            low = a[at] * pa + b[at] * pb + c[at] * pc + d[at] * pd + e[at] * pe + f[at] * pf
            far = 1.0 - (low + g[at] * pg + h[at] * ph + i[at] * pi + j[at] * pj + k[at] * pk + m[at] * pm)
            far = far if far > 0.0 else 0.0
            far = (far if far < 1.0 else 1.0) + beyond[at]
            nearer = far < closest[at]
            closest[at] = far if nearer else closest[at]
            nearest[at] = turn if nearer else nearest[at]
    for at in range(end - begin):
        worth = weight * scores[begin + at] + (1.0 - weight) * closest[at]
        value[at] = worth if value[at] > -np.inf else -np.inf
        work.met[begin + at] = hearing


@njit(fastmath={"nnan", "nsz", "reassoc"}, **LEAN_INNER)
def _peak(values: Floats) -> float:
    """The greatest; without thought for NaN, which would keep it from going by vectors."""
    greatest = -np.inf
    for value in values:
        greatest = value if value > greatest else greatest
    return greatest


@njit(**LEAN)
def cosine_distance(unit: Floats, one: int, units: Floats, other: int) -> float:
    """1 − cosine, limited to 0–1."""
    cosine = 0.0
    for feature in range(12):
        cosine += unit[one, feature] * units[other, feature]
    far = 1.0 - cosine
    far = far if far > 0.0 else 0.0
    return far if far < 1.0 else 1.0


@njit(**LEAN_INNER)
def _best(items: Items, pool: Pool, rules: Rules, state: PickState, work: _Work, recent: Ints) -> Number:
    """The candidate that is worth most, of equals the one with the greatest score, then the earliest; −1 without any."""
    tracks, scores = pool
    value, aside, peaks = work.value, work.aside, work.peak[: (len(tracks) + _BLOCK - 1) // _BLOCK]
    few, bound = len(peaks) <= _FEW, _peak(peaks)
    # numbers with a type: for a literal numba would compile everything once more
    search = _Search(np.int64(-1), -np.inf, np.int64(0))
    while bound > -np.inf and (search.best < 0 or (few and bound >= search.greatest)):
        block = _place_of(bound, peaks)
        part = _BLOCK * block, min(_BLOCK * block + _BLOCK, len(tracks))
        if few and work.met[part[0]] < state.turns[HEARD]:
            _meet_rest(scores, part, rules.weight, state, work)
        else:
            peaks[block] = -np.inf  # those are looked at that reach the best of all other blocks
            search = _sifted(items, pool, rules, (state, work), recent, (*part, _peak(peaks)), search)
        peaks[block] = _peak(value[part[0] : part[1]])
        bound = _peak(peaks)
    for block in range(0 if few or search.best < 0 else len(peaks)):
        if peaks[block] >= search.greatest:
            part = _BLOCK * block, min(_BLOCK * block + _BLOCK, len(tracks))
            search = _sifted(items, pool, rules, (state, work), recent, (*part, -np.inf), search)
            peaks[block] = _peak(value[part[0] : part[1]])
    for place in aside[: search.aside]:
        value[place] = rules.weight * scores[place] + (1.0 - rules.weight) * work.closest[place]
        peaks[place // _BLOCK] = max(peaks[place // _BLOCK], value[place])
    return search.best


@njit(**LEAN_INNER)
def _sifted(
    items: Items, pool: Pool, rules: Rules, both: tuple[PickState, _Work], recent: Ints, part: tuple[Number, Number, float],
    search: _Search,
) -> _Search:  # fmt: skip
    """The search after a look at those of a part of the candidates, from one place up to another, that are worth so much."""
    begin, end, least = part
    (tracks, scores), (state, work), (best, greatest, looked_at) = pool, both, search
    # fields of a tuple cost something each time they are taken out
    aside = work.aside
    value, closest, nearest, met, closed, turns = work.value, work.closest, work.nearest, work.met, work.closed, state.turns
    unit, heard, units, hearing = items.unit, state.heard, state.unit, state.turns[HEARD]
    audio, song, songs, counts = items.audio, items.song, state.song, state.credits
    starts, credited = items.credits_indptr, items.credits_indices
    artist, artists, indptr, indices, genres = items.artist, state.artist, items.genres_indptr, items.genres_indices, state.genre
    weight, scale, cap, one_version, _ = rules
    for place in range(begin, end):
        if value[place] == -np.inf or value[place] < max(least, greatest):
            continue
        track = tracks[place]
        closed[place] = (one_version and song[track] >= 0 and songs[song[track]]) or (
            cap > 0 and full(track, cap, starts, credited, counts)
        )
        if closed[place]:
            value[place] = -np.inf
            continue
        kind = SILENT if audio[track] else ANY_LIST
        if turns[kind] < NEVER:
            by_artist, by_genre = first_with(track, kind, artist, artists, indptr, indices, genres)
            apart, since = by_names(by_artist, by_genre, turns[kind], scale)
            if apart < closest[place] or (apart == closest[place] and since < nearest[place]):
                closest[place], nearest[place] = apart, since
        far, turn, other = closest[place], nearest[place], met[place] if audio[track] else hearing
        bound = weight * scores[place] + (1.0 - weight) * far
        while other < hearing and bound >= greatest:
            apart = cosine_distance(unit, track, units, other)
            if apart < far or (apart == far and heard[other] < turn):
                far, turn = apart, heard[other]
                bound = weight * scores[place] + (1.0 - weight) * far
            other += 1
        value[place], closest[place], nearest[place], met[place] = bound, far, turn, other
        ahead = value[place] > greatest or (value[place] == greatest and (best < 0 or _before(scores, place, best)))
        if ahead and not _common(starts, credited, track, tracks, recent):
            best, greatest = place, value[place]
        # set aside, or it would be looked at again and again
        aside[looked_at], value[place], looked_at = place, -np.inf, looked_at + 1
    return _Search(best, greatest, looked_at)


@njit(**LEAN_INNER)
def _place_of(value: float, values: Floats) -> Number:
    """The first place of a value that is there."""
    place = np.int64(0)
    while values[place] != value:
        place += 1
    return place


@njit(**LEAN_INNER)
def _common(indptr: Offsets, indices: Ints, track: int | np.int32, tracks: Ints, recent: Ints) -> bool:
    """Whether a track has an artist in common with one of the ``recent`` picks, places among ``tracks``."""
    for pick in recent:
        other = tracks[pick]
        for at in range(indptr[track], indptr[track + 1]):
            for place in range(indptr[other], indptr[other + 1]):
                if indices[at] == indices[place]:
                    return True
    return False


@njit(**LEAN_INNER)
def _before(scores: Floats, place: Number, other: Number) -> bool:
    """Whether a candidate wins when worth the same as another."""
    # without a branch: one over two arrays would make numba count references here
    return (scores[place] > scores[other]) | ((scores[place] == scores[other]) & (place < other))


@njit(**LEAN_INNER)
def _lift(scores: Floats, weight: float, work: _Work) -> bool:
    """Open closed candidates again, for the artist cap to be lifted; other versions close again. Whether there were any."""
    lifted = False
    for place in range(len(scores)):
        if work.closed[place]:
            work.value[place] = weight * scores[place] + (1.0 - weight) * work.closest[place]
            work.peak[place // _BLOCK] = max(work.peak[place // _BLOCK], work.value[place])
            lifted = True
    return lifted
