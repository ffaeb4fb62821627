"""Greedy picks without comparing every candidate with every pick: exact, to the bit.

The distance to the nearest pick only shrinks as picks are added, so what a candidate was worth when last looked at is an upper
bound of what it is worth now. Of each block of candidates the greatest bound is kept, and a candidate is compared with the
picks it has not met only when its bound reaches the best value found. The artist cap and other versions of a picked song are
looked up then, too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.matrices.arrays import INNER, Flags, Floats, Ints, Items, Offsets
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
_BATCH = 32
"""Candidates gathered before they are compared: the better the value found by then, the fewer need it."""


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
    artist cap or as another version. ``peak``: upper bound of the values of each block. ``batch``: candidates to compare.
    """

    value: Floats
    closest: Floats
    nearest: Ints
    met: Ints
    closed: Flags
    peak: Floats
    batch: Ints


@njit(nogil=True, cache=True)
def room(most: Number) -> _Work:
    """For lists of at most ``most`` candidates."""
    value, closest, peak = np.empty(most), np.empty(most), np.empty(most // _BLOCK + 1)
    nearest, met, batch = np.empty(most, np.int32), np.empty(most, np.int32), np.empty(_BATCH + _BLOCK, np.int32)
    return _Work(value, closest, nearest, met, np.empty(most, np.bool_), peak, batch)


@njit(nogil=True, cache=True)
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


@njit(**INNER)
def _next(items: Items, pool: Pool, rules: Rules, state: PickState, work: _Work, recent: Ints) -> Number:
    """The best candidate that shares no artist with the ``recent`` picks, or as few of them as others leave; −1 without any."""
    best = _best(items, pool, rules, state, work, recent)
    while best < 0 and len(recent):
        recent = recent[1:]
        best = _best(items, pool, rules, state, work, recent)
    return best


@njit(**INNER)
def _greatest(scores: Floats) -> Number:
    best, greatest = -1, -np.inf
    for place in range(len(scores)):
        if scores[place] > greatest:
            best, greatest = place, scores[place]
    return best


@njit(**INNER)
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
        nearest[place], met[place], closed[place] = 0, heard, False
        value[place] = weight * scores[place] + (1.0 - weight) * closest[place]
    for begin in range(0, len(tracks), _BLOCK):
        greatest = -np.inf
        for place in range(begin, min(begin + _BLOCK, len(tracks))):
            greatest = value[place] if value[place] > greatest else greatest
        peak[begin // _BLOCK] = greatest


@njit(nogil=True, cache=True)
def cosine_distance(unit: Floats, one: int, units: Floats, other: int) -> float:
    """1 − cosine, limited to 0–1."""
    cosine = 0.0
    for feature in range(12):
        cosine += unit[one, feature] * units[other, feature]
    far = 1.0 - cosine
    far = far if far > 0.0 else 0.0
    return far if far < 1.0 else 1.0


@njit(**INNER)
def _best(items: Items, pool: Pool, rules: Rules, state: PickState, work: _Work, recent: Ints) -> Number:
    """The candidate that is worth most, of equals the one with the greatest score, then the earliest; −1 without any."""
    value, peak, batch, end = work.value, work.peak, work.batch, len(pool.tracks)
    first = _BLOCK * np.argmax(peak[: (end + _BLOCK - 1) // _BLOCK])
    batch[0] = first + np.argmax(value[first : min(first + _BLOCK, end)])
    # numbers with a type: for a literal numba would compile everything once more
    best, candidates = _compare(items, pool, rules, (state, work), recent, np.int64(1), np.int64(-1)), np.int64(0)
    least = value[best] if best >= 0 else -np.inf
    for begin in range(0, end, _BLOCK):
        if peak[begin // _BLOCK] >= least:
            below = -np.inf
            for place in range(begin, min(begin + _BLOCK, end)):
                # written in any case, kept when the next place is taken: no branch to guess
                batch[candidates] = place
                candidates += value[place] >= least
                below = value[place] if below < value[place] < least else below
            peak[begin // _BLOCK] = below
        if candidates > _BATCH:
            best, candidates = _compare(items, pool, rules, (state, work), recent, candidates, best), np.int64(0)
            least = value[best] if best >= 0 else -np.inf
    return _compare(items, pool, rules, (state, work), recent, candidates, best)


@njit(**INNER)
def _compare(
    items: Items,
    pool: Pool,
    rules: Rules,
    known: tuple[PickState, _Work],
    recent: Ints,
    candidates: Number,
    best: Number,
) -> Number:
    """The best of ``best`` and the first ``candidates`` of the batch, each looked at until it is known to be worth less.

    The peaks of their blocks rise to what is known of them then.
    """
    # fields of a tuple are counted references: taken out once, they cost nothing inside the loop
    (tracks, scores), (state, work) = pool, known
    value, closest, nearest, met, closed = work.value, work.closest, work.nearest, work.met, work.closed
    audio, unit, heard, units, turns, batch = items.audio, items.unit, state.heard, state.unit, state.turns, work.batch
    song, songs, starts, credited, counts = items.song, state.song, items.credits_indptr, items.credits_indices, state.credits
    artist, artists, indptr, indices, genres = items.artist, state.artist, items.genres_indptr, items.genres_indices, state.genre
    weight, scale, cap, one_version, _ = rules
    greatest, hearing, peak = value[best] if best >= 0 else -np.inf, turns[HEARD], work.peak
    for at in range(candidates):
        place = batch[at]
        bound, track = value[place], tracks[place]
        if bound == -np.inf or bound < greatest or (bound == greatest and not _before(scores, place, best)):
            continue
        shut = one_version and song[track] >= 0 and songs[song[track]]
        shut = shut or (cap > 0 and full(track, cap, starts, credited, counts))
        value[place], closed[place] = -np.inf if shut else bound, shut
        if shut or _common(starts, credited, track, tracks, recent):
            continue  # it waits for its turn, if it has one
        far, turn, kind = closest[place], nearest[place], SILENT if audio[track] else ANY_LIST
        if turns[kind] < NEVER:
            by_artist, by_genre = first_with(track, kind, artist, artists, indptr, indices, genres)
            apart, since = by_names(by_artist, by_genre, turns[kind], scale)
            if apart < far:
                far, turn = apart, since
        bound = weight * scores[place] + (1.0 - weight) * far
        other = met[place] if audio[track] else hearing
        while other < hearing and bound >= greatest:
            apart = cosine_distance(unit, track, units, other)
            if apart < far or (apart == far and heard[other] < turn):
                far, turn = apart, heard[other]
                bound = weight * scores[place] + (1.0 - weight) * far
            other += 1
        value[place], closest[place], nearest[place], met[place] = bound, far, turn, other
        if bound > greatest or (bound == greatest and _before(scores, place, best)):
            best, greatest = place, bound
    for at in range(candidates):
        place = batch[at]
        peak[place // _BLOCK] = max(peak[place // _BLOCK], value[place])
    return best


@njit(**INNER)
def _common(indptr: Offsets, indices: Ints, track: int | np.int32, tracks: Ints, recent: Ints) -> bool:
    """Whether a track has an artist in common with one of the ``recent`` picks, places among ``tracks``."""
    for pick in recent:
        other = tracks[pick]
        for at in range(indptr[track], indptr[track + 1]):
            for place in range(indptr[other], indptr[other + 1]):
                if indices[at] == indices[place]:
                    return True
    return False


@njit(**INNER)
def _before(scores: Floats, place: Number, other: Number) -> bool:
    """Whether a candidate wins when worth the same as another."""
    # without a branch: one over two arrays would make numba count references here
    return (scores[place] > scores[other]) | ((scores[place] == scores[other]) & (place < other))


@njit(**INNER)
def _lift(scores: Floats, weight: float, work: _Work) -> bool:
    """Open closed candidates again, for the artist cap to be lifted; other versions close again. Whether there were any."""
    lifted = False
    for place in range(len(scores)):
        if work.closed[place]:
            work.value[place] = weight * scores[place] + (1.0 - weight) * work.closest[place]
            work.peak[place // _BLOCK] = np.inf
            lifted = True
    return lifted
