"""Points of a list's candidates: six parts on one scale, 0–100 together. The scores of preset ``default``.

Who is measured: the tracks with the most votes, and what the listener has not heard by the artists the listener loves; all
candidates where votes say too little (:mod:`.core`). How values become points: :mod:`.scale`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.matrices.arrays import INNER, Codes, Flags, Floats, Ints, Lists, Names, Offsets, Subjects, Tracks, Votes
from recsys.matrices.order import greatest_first, most_greatest
from recsys.stages.candidates.kernels.constants import AVERSION, PROMOTED, SOUND
from recsys.stages.candidates.kernels.core import (
    Depth,
    Loving,
    RowVotes,
    TrackFacts,
    candidates_to_measure,
    great_votes,
    vote_for,
)
from recsys.stages.candidates.kernels.fits import calm, opinions, some, strengths, strongest
from recsys.stages.candidates.kernels.scale import (
    CONTENT,
    EXPLORATION,
    FAMILIARITY,
    FULL_POINTS,
    POPULARITY,
    SIZE,
    TARGET,
    VOTES,
    LogVotes,
    Multipliers,
    fill_columns,
    log_votes,
    mean_points,
    scale_of,
    total_points,
)  # fmt: skip

MOST_COMMERCIAL = 3.5
"""Points of the greatest promotion; 100 × 0.035 is a rounding error more."""
TEMPO, FIRST_CLASS = 8, 9
"""Places among the features: the tempo, and the first of those that are classes, not amounts."""
_LOOK = 512
"""Words of eight tracks compared before a look at whether they differ."""


class Ties(NamedTuple):
    """What listeners know of artists and tracks, one sparse row per subject."""

    familiar: Names
    """Artists, 0–1: how much of the history is by them."""
    averse: Names
    """Tracks, 0–1: how surely they are rejected."""
    cold: Flags
    """(subjects,) without history, seeds and targets."""


class Wishes(NamedTuple):
    """What lists want, one row each."""

    weight: Floats
    """(lists, parts) signed."""
    distance: Floats
    """Wanted distance from the taste, as a quantile 0–1 among the list's candidates."""
    targets: Floats
    """(lists, 12) wanted features in standard deviations, NaN for none."""
    tolerance: Floats
    """Standard deviations at which a fit to the targets is 1/e."""
    octaves: bool
    """Whether half and double the wanted tempo fit as well."""


class BlockListeners(NamedTuple):
    """The subjects of a block."""

    subjects: Subjects
    ties: Ties
    floor: float
    """Content of a track with no liked artist or genre."""


class _Listener(NamedTuple):
    """What the measures of one list read of its listener."""

    loves: Floats
    """(sets of artists,) 0–1."""
    disliked: Floats
    """(sets of artists,) evidence against them."""
    cold: bool


class _Measures(NamedTuple):
    """The candidates of a list, and what is measured of them."""

    core: Ints
    counted: Flags
    """Who sets the scale."""
    values: Floats
    """(parts, candidates); those that go by what the list wants are of the list that came last."""
    places: Floats
    """Quantiles of the distance from the taste."""
    safety: Floats
    """Whatever the list."""
    votes: LogVotes


class _Target(NamedTuple):
    """One list's wanted features, as in :class:`Wishes`."""

    features: Floats
    tolerance: float
    octaves: bool


@njit(nogil=True, cache=True)
def best_points(
    catalog: tuple[Tracks, TrackFacts], listeners: BlockListeners, lists: tuple[Lists, Wishes, Codes], votes: Votes, depth: Depth,
    room: tuple[Ints, Floats, Floats],
) -> tuple[Offsets, Ints, Floats, Floats, Floats]:  # fmt: skip
    """The best candidates of every list, greatest score first, equal scores in track order.

    ``votes``: rows that the lists' ``listener`` names. The rules of the lists (lists, tracks): 0 for a candidate. ``room``:
    (lists, most) tracks and scores, and (lists, most, columns), where what is returned is put. Returns bounds (lists + 1),
    tracks, scores, and their ``PART_COLUMNS``, all lists one after another; and (lists, parts) the mean points of each list's
    best. Lists of one listener that follow each other and drop the same tracks are measured once.
    """
    tracks, facts = catalog
    subjects, ties, floor = listeners
    block, wishes, rules = lists
    width, listed = len(tracks.audio), len(block.subject)
    most = min(depth.most, width)
    order = greatest_first(-block.subject.astype(np.float64))  # lists of one subject follow each other
    evidence, loves, mark = strengths(tracks), np.empty(tracks.artist_sets), np.zeros(width, np.uint8)
    aversion = np.zeros(width)
    counts, average, (chosen, scores, columns) = np.zeros(listed, np.int64), np.empty((listed, SIZE)), room
    last, last_subject, last_votes, great = np.int64(-1), np.int64(-1), np.int64(-1), np.empty(0, np.int32)
    one = _unmeasured()
    for row in order:
        subject, voice, cold = block.subject[row], block.listener[row], ties.cold[block.subject[row]]
        again = subject == last_subject and voice == last_votes and _same(rules[row], rules[last])
        if subject != last_subject:
            _forget(ties.averse, last_subject, aversion)
            opinions(tracks, subjects, subject, floor, evidence)
            strongest((tracks.artist_indptr, tracks.artist_bearers), ties.familiar, subject, loves)
            _remember(ties.averse, subject, aversion)
        if voice != last_votes:
            great = great_votes(votes.share[voice], depth.measured)
        if not again:
            loving = Loving(ties.familiar, subject, loves)
            said = RowVotes(votes.share[voice], votes.whole[voice], votes.most[voice])
            core, counted = candidates_to_measure(catalog, loving, said, rules[row], great, depth, mark)
            fits = some(tracks, subjects, subject, evidence, floor, core)
            known = (tracks.artist_of, tracks.quality, facts.doubtful, aversion)
            one = _measured(known, _Listener(loves, evidence.bad_artist, cold), fits, said, core, counted)
        last, last_subject, last_votes = row, subject, voice
        _wished((facts.popularity, tracks.audio, facts.scaled), (wishes, row, cold), one)
        scale = scale_of(_weight_of(wishes.weight[row], cold), one.votes, one.counted, one.values)
        factors = _factors((tracks.silenced, tracks.boost), one, not block.explicit_safe[row])
        totals = total_points(scale, one.values, factors)
        first = most_greatest(totals, most)
        counts[row] = len(first)
        for at in range(len(first)):
            chosen[row, at], scores[row, at] = one.core[first[at]], totals[first[at]]
        fill_columns(scale, one.values, factors, first, columns[row])
        mean_points(columns[row], len(first), average[row])
    indptr, best, values, table = _joined(counts, chosen, scores, columns)
    return indptr, best, values, table, average


@njit(**INNER)
def _same(one: Codes, other: Codes) -> bool:
    """Whether two lists drop the same tracks by the same rules: eight tracks at a time, and some hundreds until the next look."""
    words = len(one) // 8
    left, right = one[: 8 * words].view(np.uint64), other[: 8 * words].view(np.uint64)
    for begin in range(0, words, _LOOK):
        apart = np.uint64(0)
        for word in range(begin, min(begin + _LOOK, words)):
            apart |= left[word] ^ right[word]
        if apart:
            return False
    rest = True
    for track in range(8 * words, len(one)):
        rest &= one[track] == other[track]
    return rest


@njit(**INNER)
def _weight_of(weight: Floats, cold: bool) -> Floats:
    """The signed weights of a list's parts: to somebody new, little known is not wanted, but what half of all know."""
    own = weight.copy()
    if cold:
        own[POPULARITY] = abs(own[POPULARITY])
    return own


@njit(**INNER)
def _factors(facts: tuple[Flags, Floats], one: _Measures, silent: bool) -> Multipliers:
    """Safety, 0 for explicit tracks of a ``silent`` list, and points for promoted tracks that fit.

    ``facts``: of all tracks, whether silenced, and their promotion.
    """
    silenced, boosts = facts
    core, content = one.core, one.values[CONTENT]
    safety, boost = one.safety.copy(), np.empty(len(core))
    for at in range(len(core)):
        if silent and silenced[core[at]]:
            safety[at] = 0.0
        promotion = min(FULL_POINTS * boosts[core[at]], MOST_COMMERCIAL)
        boost[at] = promotion * safety[at] if content[at] >= PROMOTED else 0.0
    return Multipliers(safety, boost)


@njit(**INNER)
def _unmeasured() -> _Measures:
    """Nobody's."""
    nothing = np.empty(0)
    return _Measures(np.empty(0, np.int32), np.empty(0, np.bool_), np.empty((SIZE, 0)), nothing, nothing, LogVotes(nothing, 0.0))


@njit(**INNER)
def _measured(
    facts: tuple[Ints, Floats, Floats, Floats], listener: _Listener, fits: tuple[Floats, Floats, Floats], votes: RowVotes,
    core: Ints, counted: Flags,
) -> _Measures:  # fmt: skip
    """What lists of one listener with the same candidates share. What a track lacks is measured as the mean of those ``counted``.

    ``facts``: of all tracks, set of artists, quality, how doubtful, how surely rejected. ``fits``: content, distance (NaN without
    audio) and safety of the candidates ``core``; ``votes``: of all tracks.
    """
    (artist_of, quality, doubtful, aversion), loves = facts, listener.loves
    content, distance, safety = fits
    values = np.empty((SIZE, len(core)))
    mean, heard = 0.0, np.int64(0)  # typed: for a literal numba would compile everything once more
    for at in range(len(core)):
        if counted[at] and distance[at] == distance[at]:
            mean += 1.0 - distance[at]
            heard += 1
    mean = mean / heard if heard else 0.0
    for at in range(len(core)):
        track = core[at]
        affinity = content[at]
        known = distance[at] == distance[at]
        values[CONTENT, at] = affinity if known or not heard else min(1.0, SOUND * mean + (1.0 - SOUND) * affinity)
        values[VOTES, at] = vote_for(votes, track)
        values[FAMILIARITY, at] = loves[artist_of[track]]
        if loves[artist_of[track]] > 0.0:  # who loves the artist does not mind the genre
            safety[at] = quality[track] * calm(listener.disliked[artist_of[track]], 0.0)
        safety[at] *= 1.0 - AVERSION * aversion[track]
        if listener.cold:  # what is doubtful is not for somebody new
            safety[at] *= doubtful[track]
    return _Measures(core, counted, values, _quantiles(distance, counted, heard), safety, log_votes(values[VOTES]))


@njit(**INNER)
def _wished(facts: tuple[Floats, Flags, Floats], wish: tuple[Wishes, int, bool], one: _Measures) -> None:
    """Fills in the values that go by what a list wants. ``facts``: of all tracks, popularity, whether they have audio, and their
    features in standard deviations; ``wish``: of all lists, which list, and whether its listener is new."""
    popularity, audio, scaled = facts
    wishes, row, cold = wish
    distance, little_known = wishes.distance[row], cold and wishes.weight[row, POPULARITY] < 0.0
    core, values, places = one.core, one.values, one.places
    for at in range(len(core)):
        known = popularity[core[at]]
        values[EXPLORATION, at] = 1.0 - abs(places[at] - distance)
        values[POPULARITY, at] = 1.0 - abs(known - 0.5) if little_known else known  # to somebody new: known to half
    target = _Target(wishes.targets[row], wishes.tolerance[row], wishes.octaves)
    _fit((audio, scaled), target, core, one.counted, values[TARGET])


@njit(**INNER)
def _quantiles(distance: Floats, counted: Flags, heard: int) -> Floats:
    """Share of the ``counted`` candidates with audio that are nearer, ½ for those without."""
    out = np.full(len(distance), 0.5)
    if heard == 0:
        return out
    known, size = np.empty(heard, np.int64), 0
    for at in range(len(distance)):
        if counted[at] and distance[at] == distance[at]:
            known[size] = at
            size += 1
    own, nearest_first = np.empty(heard), np.empty(heard)
    for at in range(heard):
        own[at] = distance[known[at]]
    far = greatest_first(own)
    for at in range(heard):
        out[known[far[at]]] = 1.0 - (at + 0.5) / heard
        nearest_first[heard - 1 - at] = own[far[at]]
    if heard < len(distance):
        for at in range(len(distance)):
            if not counted[at] and distance[at] == distance[at]:
                out[at] = np.searchsorted(nearest_first, distance[at]) / heard
    return out


@njit(**INNER)
def _fit(facts: tuple[Flags, Floats], target: _Target, core: Ints, counted: Flags, out: Floats) -> None:
    """exp(−mean distance from the wanted features ÷ tolerance); a track without audio gets the mean.

    ``facts``: of all tracks, whether they have audio, and their features in standard deviations.
    """
    audio, scaled = facts
    targets, wanted, total, heard = target.features, 0, 0.0, 0
    for feature in range(12):
        wanted += targets[feature] == targets[feature]
    out[:] = 0.0
    if wanted == 0:
        return
    for at in range(len(core)):
        if audio[core[at]]:
            away = 0.0
            for feature in range(12):
                if targets[feature] == targets[feature]:
                    away += _away(scaled[core[at], feature], targets[feature], feature, target.octaves)
            out[at] = np.exp(-away / wanted / target.tolerance)
            total += out[at] if counted[at] else 0.0
            heard += counted[at]
    for at in range(len(core)):
        if not audio[core[at]] and heard:
            out[at] = total / heard


@njit(**INNER)
def _away(value: float, wanted: float, feature: int, octaves: bool) -> float:
    """Distance of one feature in standard deviations; of a class 0 or 1."""
    if feature >= FIRST_CLASS:
        return 0.0 if abs(value - wanted) < 1e-9 else 1.0
    away = abs(value - wanted)
    if octaves and feature == TEMPO:
        away = min(away, abs(2.0 * value - wanted), abs(0.5 * value - wanted))
    return away


@njit(**INNER)
def _remember(averse: Names, subject: int, aversion: Floats) -> None:
    for at in range(averse.indptr[subject], averse.indptr[subject + 1]):
        aversion[averse.indices[at]] = averse.strength[at]


@njit(**INNER)
def _forget(averse: Names, subject: int, aversion: Floats) -> None:
    if subject >= 0:
        for at in range(averse.indptr[subject], averse.indptr[subject + 1]):
            aversion[averse.indices[at]] = 0.0


@njit(**INNER)
def _joined(counts: Offsets, kept: Ints, values: Floats, columns: Floats) -> tuple[Offsets, Ints, Floats, Floats]:
    """One list after another. Lists that are full, as most are, follow each other already."""
    indptr = np.zeros(len(counts) + 1, np.int64)
    for row in range(len(counts)):
        indptr[row + 1] = indptr[row] + counts[row]
    total = indptr[-1]
    tracks, scores, table = kept.ravel(), values.ravel(), columns.reshape(values.size, columns.shape[2])
    for row in range(len(counts)):
        # never behind the place it comes from, so that nothing is overwritten that is still to be moved
        if indptr[row] < row * kept.shape[1]:
            for at in range(counts[row]):  # slices would compile ten times as long
                to, place = indptr[row] + at, row * kept.shape[1] + at
                tracks[to], scores[to] = tracks[place], scores[place]
                for column in range(columns.shape[2]):
                    table[to, column] = table[place, column]
    return indptr, tracks[:total], scores[:total], table[:total]
