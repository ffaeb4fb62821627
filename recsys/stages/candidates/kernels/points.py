"""Points of a list's candidates: six parts on one scale, 0–100 together. The scores of preset ``default``.

Every part is measured for the candidates of one list and divided by its spread there, the standard deviation (at least a sixth of
the range, so that a part in which few candidates stand out cannot outweigh all others). A weight therefore means the same for
every part, listener, list and data set. What is least wanted of a part is 0 points, and the points are scaled so that a candidate
that is the best in every part has 100. A negative weight wants the opposite.

Who is measured: the tracks with the most votes, and what the listener has not heard by the artists the listener loves; all
candidates where votes say too little.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.matrices.arrays import Codes, Flags, Floats, Ints, Lists, Names, Offsets, Subjects, Tracks
from recsys.matrices.order import greatest_first, nth_greatest, reaching
from recsys.stages.candidates.kernels.fits import calm, opinions, some, strengths, strongest
from recsys.tables import PARTS

CONTENT, VOTES, POPULARITY, EXPLORATION, FAMILIARITY, TARGET = range(6)
SIZE = len(PARTS)
SAFETY, COMMERCIAL = 2 * SIZE, 2 * SIZE + 1
COLUMNS = 2 * SIZE + 2
"""Per candidate: values of the parts, points of the parts, safety, commercial."""

WHOLE = 100.0
"""Points of a candidate that is the best in every part."""
MOST_COMMERCIAL = 3.5
"""Points of the greatest promotion; 100 × 0.035 is a rounding error more."""
KNEE = 100
"""The vote of this rank is where log(1 + vote ÷ it) bends: above it counts by its logarithm, far below as good as nothing."""
WIDEST = 6.0
"""Standard deviations that a part's range may span."""
INSTEAD_CONTENT, INSTEAD_POPULARITY = 0.5, 0.1
"""Shares of the weight of votes that sound and popularity take over where votes say nothing."""
SOUND = 0.78
"""Share of the sound in the content of a track with audio; the rest is artist and genres."""
AVERSION = 0.52
"""Share of the points that full aversion takes away."""
LEAST = 5e-324
"""Any vote at all."""
SAMPLE = 4096
"""Votes looked at to find out how many are great."""
DEPTH = 4
"""Great votes gathered, as a multiple of the tracks to be measured: filters drop some of them."""
LOVED = 4
"""One track in so many of those measured may be there for its artist alone."""
TEMPO, FIRST_CLASS = 8, 9
"""Places among the features: the tempo, and the first of those that are classes, not amounts."""


class Facts(NamedTuple):
    """What the parts read of the catalogue beside :class:`Tracks`."""

    popularity: Floats
    """(tracks,) 0–1."""
    scaled: Floats
    """(tracks, 12) features in standard deviations of the catalogue."""
    by_artist_indptr: Offsets
    by_artist: Ints
    """Tracks of each set of artists."""
    doubtful: Floats
    """(tracks,) factor 0–1 for listeners without history: below 1 for noise, what hardly anyone finished, or nobody described."""


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


class Depth(NamedTuple):
    """How many tracks are looked at."""

    measured: int
    """With the most votes."""
    most: int
    """Best by score to return."""


@njit(nogil=True, cache=True)
def best_points(
    tracks: Tracks,
    facts: Facts,
    subjects: Subjects,
    ties: Ties,
    lists: Lists,
    wishes: Wishes,
    votes: Floats,
    rules: Codes,
    floor: float,
    depth: Depth,
) -> tuple[Offsets, Ints, Floats, Floats]:
    """The best candidates of every list, greatest score first, equal scores in track order.

    ``votes``: rows that ``lists.listener`` names, shares 0–1. ``rules`` (lists, tracks): 0 for a candidate. Returns bounds
    (lists + 1), tracks, scores, and their :data:`COLUMNS`, all lists one after another.
    """
    width, listed = len(tracks.audio), len(lists.subject)
    most = min(depth.most, width)
    order = np.argsort(lists.subject, kind="mergesort")
    found, loves, mark = strengths(tracks), np.empty(tracks.artist_sets), np.zeros(width, np.uint8)
    aversion = np.zeros(width)
    counts, chosen = np.zeros(listed, np.int64), np.empty((listed, most), np.int32)
    scores, columns = np.empty((listed, most)), np.empty((listed, most, COLUMNS))
    last_subject, last_votes, great = -1, -1, np.empty(0, np.int32)
    for row in order:
        subject, voice = lists.subject[row], lists.listener[row]
        if subject != last_subject:
            _forget(ties.averse, last_subject, aversion)
            opinions(tracks, subjects, subject, floor, found)
            strongest((tracks.artist_indptr, tracks.artist_bearers), ties.familiar, subject, loves)
            _remember(ties.averse, subject, aversion)
            last_subject = subject
        if voice != last_votes:
            great = _great(votes[voice], depth.measured)
            last_votes = voice
        core, counted = _core(facts, tracks, ties.familiar, subject, loves, votes[voice], rules[row], great, depth, mark)
        values, safety = _measured(
            tracks, facts, subjects, subject, found, loves, wishes, row, votes[voice], core, counted, floor, ties.cold[subject]
        )
        for at in range(len(core)):
            safety[at] *= 1.0 - AVERSION * aversion[core[at]]
            if ties.cold[subject]:
                safety[at] *= facts.doubtful[core[at]]
            if not lists.explicit_safe[row] and tracks.silenced[core[at]]:
                safety[at] = 0.0
        weight = wishes.weight[row].copy()
        if ties.cold[subject]:
            weight[POPULARITY] = abs(weight[POPULARITY])
        base, low, rate = _scaled(weight, votes[voice], core, counted, values)
        boost = np.empty(len(core))
        for at in range(len(core)):
            promotion = min(WHOLE * tracks.boost[core[at]], MOST_COMMERCIAL)
            boost[at] = promotion * safety[at] if values[CONTENT, at] >= 0.72 else 0.0
        totals = _totals(base, low, rate, values, safety, boost)
        first = greatest_first(totals)[:most]
        counts[row] = len(first)
        chosen[row, : len(first)], scores[row, : len(first)] = core[first], totals[first]
        _fill(base, low, rate, values, safety, boost, first, columns[row])
    return _joined(counts, chosen, scores, columns)


@njit(nogil=True, cache=True)
def _great(votes: Floats, measured: int) -> Ints:
    """Tracks with great votes, in order: some more than are to be measured, or all with votes where they are fewer."""
    least = LEAST
    if len(votes) > 2 * DEPTH * measured:
        step = (len(votes) // SAMPLE) | 1  # odd: catalogues are put together from equal parts more often than from odd ones
        least = max(least, nth_greatest(votes[::step].copy(), max(1, DEPTH * measured // step)))
    return reaching(votes, least, len(votes))


@njit(nogil=True, cache=True)
def _core(facts, tracks, familiar, subject, loves, votes, rules, great, depth, mark):  # type: ignore[no-untyped-def]
    """Candidates to be measured, in order, and which of them set the scale."""
    voted = great[rules[great] == 0]
    if len(voted) < depth.measured:
        voted = reaching(votes, LEAST, len(votes))
        voted = voted[rules[voted] == 0]
    own = votes[voted]
    if len(voted) < depth.measured:
        whole = np.flatnonzero(rules == 0).astype(np.int32)
        return whole, np.ones(len(whole), np.bool_)
    voted = voted[own >= nth_greatest(own, depth.measured)]
    core = _merged(voted, _loved(facts, tracks, familiar, subject, loves, votes, rules, voted, depth.measured // LOVED, mark))
    if len(core) >= depth.most:
        return core, np.ones(len(core), np.bool_)
    whole = np.flatnonzero(rules == 0).astype(np.int32)
    return whole, np.isin(whole, core)


@njit(nogil=True, cache=True)
def _loved(facts, tracks, familiar, subject, loves, votes, rules, voted, most, mark):  # type: ignore[no-untyped-def]
    """At most ``most`` candidates by the artists the listener loves most, of equals those with most votes; without ``voted``."""
    mark[voted] = 1
    found = np.empty(_by_loved(facts, tracks, familiar, subject, loves, rules, mark, np.empty(0, np.int32)), np.int32)
    _by_loved(facts, tracks, familiar, subject, loves, rules, mark, found)
    mark[voted] = 0
    if len(found) > most:
        worth = np.empty(len(found))
        for at in range(len(found)):
            worth[at] = loves[tracks.artist_of[found[at]]] + 1e-3 * votes[found[at]]
        found = found[greatest_first(worth)[:most]]
    return np.unique(found)  # in order; equal strengths of one track's artists bring it twice


@njit(nogil=True, cache=True)
def _by_loved(facts, tracks, familiar, subject, loves, rules, mark, out):  # type: ignore[no-untyped-def]
    """Candidates by artists the listener loves that are not marked, into ``out`` as far as it goes; returns their number."""
    size = 0
    for at in range(familiar.indptr[subject], familiar.indptr[subject + 1]):
        name = familiar.indices[at]
        for place in range(tracks.artist_indptr[name], tracks.artist_indptr[name + 1]):
            group = tracks.artist_bearers[place]
            if loves[group] > familiar.strength[at]:
                continue  # a track of several artists is there for the one that is loved most
            for track in facts.by_artist[facts.by_artist_indptr[group] : facts.by_artist_indptr[group + 1]]:
                if rules[track] == 0 and mark[track] == 0:
                    if size < len(out):
                        out[size] = track
                    size += 1
    return size


@njit(nogil=True, cache=True)
def _merged(one: Ints, other: Ints) -> Ints:
    """Two ascending lists without common members as one."""
    out, left, right = np.empty(len(one) + len(other), np.int32), 0, 0
    for at in range(len(out)):
        if right == len(other) or (left < len(one) and one[left] < other[right]):
            out[at] = one[left]
            left += 1
        else:
            out[at] = other[right]
            right += 1
    return out


@njit(nogil=True, cache=True)
def _measured(tracks, facts, subjects, subject, found, loves, wishes, row, votes, core, counted, floor, cold):  # type: ignore[no-untyped-def]
    """(parts, candidates) values and (candidates,) safety. What a track lacks is measured as the mean of those ``counted``."""
    content, distance, safety = some(tracks, subjects, subject, found, floor, core)
    values = np.empty((SIZE, len(core)))
    mean, heard = 0.0, 0
    for at in range(len(core)):
        if counted[at] and distance[at] == distance[at]:
            mean += 1.0 - distance[at]
            heard += 1
    mean = mean / heard if heard else 0.0
    places = _quantiles(distance, counted, heard)
    for at in range(len(core)):
        track = core[at]
        known = distance[at] == distance[at]
        affinity = content[at]
        values[CONTENT, at] = affinity if known or not heard else min(1.0, SOUND * mean + (1.0 - SOUND) * affinity)
        values[VOTES, at] = votes[track]
        values[POPULARITY, at] = facts.popularity[track]
        values[EXPLORATION, at] = 1.0 - abs(places[at] - wishes.distance[row])
        values[FAMILIARITY, at] = loves[tracks.artist_of[track]]
        if cold and wishes.weight[row, POPULARITY] < 0.0:  # little known, to somebody new: known to half
            values[POPULARITY, at] = 1.0 - abs(facts.popularity[track] - 0.5)
        if loves[tracks.artist_of[track]] > 0.0:  # who loves the artist does not mind the genre
            safety[at] = tracks.quality[track] * calm(found.bad_artist[tracks.artist_of[track]], 0.0)
    _fit(tracks, facts, wishes, row, core, counted, values[TARGET])
    return values, safety


@njit(nogil=True, cache=True)
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
    far = greatest_first(distance[known])
    for at in range(heard):
        out[known[far[at]]] = 1.0 - (at + 0.5) / heard
    if heard < len(distance):
        nearest_first = distance[known][far][::-1].copy()
        for at in range(len(distance)):
            if not counted[at] and distance[at] == distance[at]:
                out[at] = np.searchsorted(nearest_first, distance[at]) / heard
    return out


@njit(nogil=True, cache=True)
def _fit(tracks, facts, wishes, row, core, counted, out):  # type: ignore[no-untyped-def]
    """exp(−mean distance from the wanted features ÷ tolerance); a track without audio gets the mean."""
    targets, wanted, total, heard = wishes.targets[row], 0, 0.0, 0
    for feature in range(12):
        wanted += targets[feature] == targets[feature]
    out[:] = 0.0
    if wanted == 0:
        return
    for at in range(len(core)):
        if tracks.audio[core[at]]:
            away = 0.0
            for feature in range(12):
                if targets[feature] == targets[feature]:
                    away += _away(facts.scaled[core[at], feature], targets[feature], feature, wishes.octaves)
            out[at] = np.exp(-away / wanted / wishes.tolerance[row])
            total += out[at] if counted[at] else 0.0
            heard += counted[at]
    for at in range(len(core)):
        if not tracks.audio[core[at]] and heard:
            out[at] = total / heard


@njit(nogil=True, cache=True)
def _away(value: float, wanted: float, feature: int, octaves: bool) -> float:
    """Distance of one feature in standard deviations; of a class 0 or 1."""
    if feature >= FIRST_CLASS:
        return 0.0 if abs(value - wanted) < 1e-9 else 1.0
    away = abs(value - wanted)
    if octaves and feature == TEMPO:
        away = min(away, abs(2.0 * value - wanted), abs(0.5 * value - wanted))
    return away


@njit(nogil=True, cache=True)
def _scaled(weight, votes, core, counted, values):  # type: ignore[no-untyped-def]
    """Votes as they are measured, and of every part the value of 0 points and the points per unit."""
    low, rate, base = np.zeros(SIZE), np.zeros(SIZE), np.zeros(len(core))
    if len(core) == 0:
        return base, low, rate
    own = votes[core]
    strong, knee = own.max(), nth_greatest(own, min(KNEE, len(own)))
    knee = knee if knee > 0.0 else strong
    if knee > 0.0:
        for at in range(len(core)):
            base[at] = np.log1p(own[at] / knee)
    heavy, whole = _heavy(weight, strong), 0.0
    for part in range(SIZE):
        least, most, unit = _spread(base if part == VOTES else values[part], counted)
        if unit > 0.0 and heavy[part] != 0.0:
            low[part], rate[part] = least if heavy[part] > 0.0 else most, heavy[part] / unit
            whole += abs(heavy[part]) * (most - least) / unit
    for part in range(SIZE):
        rate[part] *= WHOLE / whole if whole > 0.0 else 0.0
    return base, low, rate


@njit(nogil=True, cache=True)
def _fill(base, low, rate, values, safety, boost, places, out):  # type: ignore[no-untyped-def]
    """Columns of the candidates at ``places``."""
    for at in range(len(places)):
        place = places[at]
        for part in range(SIZE):
            out[at, part] = values[part, place]
            out[at, SIZE + part] = _points(base if part == VOTES else values[part], place, low[part], rate[part])
        out[at, SAFETY], out[at, COMMERCIAL] = safety[place], boost[place]


@njit(nogil=True, cache=True)
def _points(values: Floats, place: int, low: float, rate: float) -> float:
    """Points of one candidate's part, never below 0."""
    points = (values[place] - low) * rate
    return points if points > 0.0 else 0.0


@njit(nogil=True, cache=True)
def _totals(base: Floats, low: Floats, rate: Floats, values: Floats, safety: Floats, boost: Floats) -> Floats:
    """Scores of the candidates: all points times safety, plus promotion."""
    totals = np.zeros(len(base))
    for part in range(SIZE):
        if rate[part] != 0.0:
            own = base if part == VOTES else values[part]
            for at in range(len(own)):
                totals[at] += _points(own, at, low[part], rate[part])
    for at in range(len(base)):
        totals[at] = totals[at] * safety[at] + boost[at]
    return totals


@njit(nogil=True, cache=True)
def _heavy(weight: Floats, strong: float) -> Floats:
    """Weights of the parts when the greatest vote is ``strong`` (0–1): sound and popularity say a part of what votes cannot."""
    heavy = weight.copy()
    unsaid = weight[VOTES] * (1.0 - strong) ** 2
    heavy[VOTES] *= strong
    heavy[CONTENT] += INSTEAD_CONTENT * unsaid
    heavy[POPULARITY] += INSTEAD_POPULARITY * unsaid
    return heavy


@njit(nogil=True, cache=True)
def _spread(values: Floats, counted: Flags) -> tuple[float, float, float]:
    """Least, greatest, and the unit: the standard deviation, at least a sixth of the range; 0 where all are equal."""
    least, most, total, number = np.inf, -np.inf, 0.0, 0
    for at in range(len(values)):
        if counted[at]:
            least, most = min(least, values[at]), max(most, values[at])
            total += values[at]
            number += 1
    if not most > least:
        return least, most, 0.0
    mean, square = total / number, 0.0
    for at in range(len(values)):
        square += (values[at] - mean) ** 2 if counted[at] else 0.0
    return least, most, max(np.sqrt(square / number), (most - least) / WIDEST)


@njit(nogil=True, cache=True)
def _remember(averse: Names, subject: int, aversion: Floats) -> None:
    for at in range(averse.indptr[subject], averse.indptr[subject + 1]):
        aversion[averse.indices[at]] = averse.strength[at]


@njit(nogil=True, cache=True)
def _forget(averse: Names, subject: int, aversion: Floats) -> None:
    if subject >= 0:
        for at in range(averse.indptr[subject], averse.indptr[subject + 1]):
            aversion[averse.indices[at]] = 0.0


@njit(nogil=True, cache=True)
def _joined(counts: Offsets, kept: Ints, values: Floats, columns: Floats) -> tuple[Offsets, Ints, Floats, Floats]:
    indptr = np.zeros(len(counts) + 1, np.int64)
    indptr[1:] = np.cumsum(counts)
    total = indptr[-1]
    tracks, scores, table = np.empty(total, np.int32), np.empty(total), np.empty((total, columns.shape[2]))
    for row in range(len(counts)):
        part = slice(indptr[row], indptr[row + 1])
        tracks[part], scores[part], table[part] = (
            kept[row, : counts[row]],
            values[row, : counts[row]],
            columns[row, : counts[row]],
        )
    return indptr, tracks, scores, table
