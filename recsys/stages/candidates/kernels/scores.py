"""Scores of every (list, track) pair of a block of listeners, and the best of each list. Scoring rules section 9.

Everything that belongs to a taste and a track is computed once per subject (``fits``), everything that depends on the list
here. The best are found without storing any score: a span of tracks at a time goes through the caches.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from recsys.matrices.arrays import INNER, Codes, Fits, Floats, Ints, Lists, Offsets, Subjects, Tracks, Weights
from recsys.matrices.order import greatest_first, nth_greatest
from recsys.stages.candidates.kernels.constants import PROMOTED
from recsys.stages.candidates.kernels.fits import Strengths, opinions, some, span, strengths, wanted
from recsys.stages.candidates.kernels.screening import TELLING, ceiling, promising, voted
from recsys.stages.candidates.kernels.selection import keep, raise_bar

SPAN = 2048
"""Tracks scored at once."""
_DENSE = 4
"""Where more than one track in so many must be scored, all are: one after another they are as quick."""


class _Subject(NamedTuple):
    """One subject of a block and what it thinks of the names."""

    subjects: Subjects
    subject: int
    evidence: Strengths


class _Rows(NamedTuple):
    """The lists of one subject."""

    lists: Lists
    rows: Offsets
    """Which lists."""
    rules: Codes
    """(all lists, tracks) 0 for a candidate."""
    votes: Floats
    """(tracks,) 0–1."""


class _Search(NamedTuple):
    """What one looks for in the tracks of a subject's lists."""

    most: int
    """Best of each list."""
    rest: float
    """More than votes, content and exploration no track gets."""
    bars: Floats
    """(rows,) a score that the best of each list surely exceed, as far as one is known."""
    every: Ints
    """The number of each track."""


class _Pools(NamedTuple):
    """Tracks that may be among the best of each row, in track order."""

    tracks: Ints
    scores: Floats
    size: Offsets


@njit(nogil=True, cache=True)
def score(tracks: Tracks, lists: Lists, fits: Fits, collaborative: Floats, weights: Weights, out: Floats) -> None:
    """``out`` (lists, tracks): the score, of dropped tracks too. ``collaborative``: (listeners, tracks) 0–1."""
    for row in range(len(lists.subject)):
        subject = lists.subject[row]
        fitted = (fits.content[subject], fits.distance[subject], fits.safety[subject])
        _points(tracks, lists, (row, 0), fitted, collaborative[lists.listener[row]], weights, out[row])


def best(
    tracks: Tracks, subjects: Subjects, lists: Lists, collaborative: Floats, weights: Weights, rules: Codes, most: int
) -> tuple[Offsets, Ints, Floats]:
    """The ``most`` best candidates of each list, greatest score first, equal scores in track order.

    Candidates are the tracks whose ``rules`` (lists, tracks) entry is 0. Returns ``indptr`` (lists + 1), and the tracks and
    scores of all lists one after another: what :func:`score` gives, to the bit.
    """
    nothing = (np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0))
    return _best(tracks, subjects, (lists, rules), collaborative, weights, most, nothing)


def best_of_all(
    tracks: Tracks, subjects: Subjects, lists: Lists, collaborative: Floats, weights: Weights, rules: Codes, most: int
) -> tuple[tuple[Offsets, Ints, Floats], tuple[Offsets, Ints, Floats]]:
    """As :func:`best`, and in the same layout all candidates of each list in track order, of which these are the best."""
    indptr = np.zeros(len(rules) + 1, np.int64)
    np.cumsum(rules.shape[1] - np.count_nonzero(rules, axis=1), out=indptr[1:])
    whole = (indptr[:-1].copy(), np.empty(indptr[-1], np.int32), np.empty(indptr[-1]))
    return _best(tracks, subjects, (lists, rules), collaborative, weights, most, whole), (indptr, *whole[1:])


@njit(nogil=True, cache=True)
def _best(
    tracks: Tracks,
    subjects: Subjects,
    filtered: tuple[Lists, Codes],
    collaborative: Floats,
    weights: Weights,
    most: int,
    whole: tuple[Offsets, Ints, Floats],
) -> tuple[Offsets, Ints, Floats]:
    """:func:`best`; ``whole`` takes all candidates: where the next of each list goes, tracks and scores, or nothing."""
    lists, rules = filtered
    width, listed = len(tracks.audio), len(lists.subject)
    most = min(most, width)
    room = 3 * most + 1
    order = np.argsort(lists.subject, kind="mergesort")
    evidence, counts = strengths(tracks), np.zeros(listed, np.int64)
    kept, values = np.empty((listed, most), np.int32), np.empty((listed, most))
    every, begin, rest = np.arange(width).astype(np.int32), 0, 0.0
    if width:
        rest = weights.popularity * tracks.fit.max() + tracks.boost.max()
    while begin < listed:
        subject, end = lists.subject[order[begin]], begin
        while end < listed and lists.subject[order[end]] == subject:
            end += 1
        opinions(tracks, subjects, subject, weights.floor, evidence)
        rows, size = order[begin:end], np.zeros(end - begin, np.int64)
        pool, marks = np.empty((end - begin, room), np.int32), np.empty((end - begin, room))
        one, out = _Subject(subjects, subject, evidence), _Pools(pool, marks, size)
        own = _Rows(lists, rows, rules, collaborative[lists.listener[rows[0]]])
        search = _Search(most, rest, np.full(end - begin, -np.inf), every)
        few = len(whole[0]) == 0 and _pass_few(tracks, one, own, weights, search, out)
        if not few:
            _pass(tracks, one, own, weights, search, out, whole)
        for at in range(end - begin):
            raise_bar(most, pool[at], marks[at], size[at])
            last = greatest_first(marks[at, : min(most, size[at])])
            counts[rows[at]] = len(last)
            kept[rows[at], : len(last)] = pool[at][last]
            values[rows[at], : len(last)] = marks[at][last]
        begin = end
    return _joined(counts, kept, values)


@njit(**INNER)
def _pass(
    tracks: Tracks, one: _Subject, own: _Rows, weights: Weights, search: _Search, out: _Pools, whole: tuple[Offsets, Ints, Floats]
) -> None:
    """All tracks past the lists of one subject; ``out`` takes those that may be among the best, in track order."""
    lists, rows, rules, votes = own
    most, _, bars, every = search
    pool, marks, size = out
    width = len(tracks.audio)
    content, distance, safety, cosine, scores = np.empty(SPAN), np.empty(SPAN), np.empty(SPAN), np.empty(SPAN), np.empty(SPAN)
    for begin in range(0, width, SPAN):
        end = min(begin + SPAN, width)
        long = end - begin
        fitted = (content[:long], distance[:long], safety[:long])
        span(tracks, one.subjects, one.subject, one.evidence, weights.floor, (begin, end), (*fitted, cosine[:long]))
        for at in range(len(rows)):
            row, state = rows[at], (pool[at], marks[at], size[at : at + 1])
            _points(tracks, lists, (row, begin), fitted, votes[begin:end], weights, scores[:long])
            bars[at] = keep(scores[:long], every[begin:end], rules[row], most, bars[at], state)
            if len(whole[0]):
                whole[0][row] = _append(scores[:long], rules[row, begin:end], begin, whole[0][row], whole[1], whole[2])


@njit(**INNER)
def _pass_few(tracks: Tracks, one: _Subject, own: _Rows, weights: Weights, search: _Search, out: _Pools) -> bool:
    """The same past the tracks alone that votes lift over bars, which it finds; False when there are too many, or no bar."""
    lists, rows, rules, votes = own
    most, rest, bars, _ = search
    pool, marks, size = out
    highest = 0.0
    for row in rows:
        highest = max(highest, ceiling(weights, lists.target[row]))
    if weights.collaborative <= 0.0:
        return False
    numbers = voted(votes, most, TELLING * highest / weights.collaborative)
    if len(numbers) < most:
        return False
    limits, fitted = np.empty(len(rows)), some(tracks, one.subjects, one.subject, one.evidence, weights.floor, numbers)
    for at in range(len(rows)):
        scores = _points_of(tracks, lists, rows[at], numbers, fitted, votes, weights)
        passed = scores[rules[rows[at]][numbers] == 0]
        if len(passed) < most:
            return False
        bars[at] = np.nextafter(nth_greatest(passed, most), -np.inf)
        limits[at] = bars[at] - ceiling(weights, lists.target[rows[at]])
    numbers = promising(tracks, lists, rows, votes, weights, limits, rest)
    if len(numbers) * _DENSE >= len(votes):
        return False
    fitted = some(tracks, one.subjects, one.subject, one.evidence, weights.floor, numbers)
    for at in range(len(rows)):
        scores = _points_of(tracks, lists, rows[at], numbers, fitted, votes, weights)
        keep(scores, numbers, rules[rows[at]], most, bars[at], (pool[at], marks[at], size[at : at + 1]))
    return True


@njit(**INNER)
def _append(scores: Floats, rules: Codes, begin: int, place: int, tracks: Ints, values: Floats) -> int:
    """All candidates into ``tracks`` and ``values`` from ``place`` on; returns the place after them."""
    for track in range(len(scores)):
        if rules[track] == 0:
            tracks[place], values[place] = begin + track, scores[track]
            place += 1
    return place


@njit(**INNER)
def _points(
    tracks: Tracks,
    lists: Lists,
    place: tuple[int, int],
    fitted: tuple[Floats, Floats, Floats],
    votes: Floats,
    weights: Weights,
    out: Floats,
) -> None:
    """Scores of one list for tracks from one on, as many as ``out`` holds; ``place``: the list and the first track."""
    row, begin = place
    contents, distances, safeties = fitted
    end = begin + len(out)
    silenced, boost, popular = tracks.silenced[begin:end], tracks.boost[begin:end], tracks.fit[lists.mode[row], begin:end]
    target, silent, (contents, distances, safeties) = lists.target[row], not lists.explicit_safe[row], fitted
    for track in range(len(out)):
        safety = 0.0 if silent and silenced[track] else safeties[track]
        parts = (contents[track], votes[track], popular[track], distances[track])
        out[track] = _total(parts, safety, boost[track], target, weights)


@njit(**INNER)
def _points_of(
    tracks: Tracks,
    lists: Lists,
    row: int,
    numbers: Ints,
    fitted: tuple[Floats, Floats, Floats],
    votes: Floats,
    weights: Weights,
) -> Floats:
    """Scores of list ``row`` for the tracks ``numbers``."""
    out = np.empty(len(numbers))
    silenced, boost, popular = tracks.silenced, tracks.boost, tracks.fit[lists.mode[row]]
    target, silent, (contents, distances, safeties) = lists.target[row], not lists.explicit_safe[row], fitted
    for at in range(len(numbers)):
        track = numbers[at]
        safety = 0.0 if silent and silenced[track] else safeties[at]
        parts = (contents[at], votes[track], popular[track], distances[at])
        out[at] = _total(parts, safety, boost[track], target, weights)
    return out


@njit(**INNER)
def _total(parts: tuple[float, float, float, float], safety: float, boost: float, target: float, weights: Weights) -> float:
    """The formula; ``parts``: content, votes, popularity, distance."""
    content, votes, popular, distance = parts
    exploration = wanted(distance, target) if distance == distance else 0.5
    by_content, by_votes, by_popularity, by_exploration = weights[:4]
    points = by_content * content + by_votes * votes + by_popularity * popular + by_exploration * exploration
    promotion = boost if content >= PROMOTED else 0.0
    return points * safety + (promotion * safety if weights.safe_boost > 0.0 else promotion)


@njit(**INNER)
def _joined(counts: Offsets, kept: Ints, values: Floats) -> tuple[Offsets, Ints, Floats]:
    indptr = np.zeros(len(counts) + 1, np.int64)
    indptr[1:] = np.cumsum(counts)
    tracks, scores = np.empty(indptr[-1], np.int32), np.empty(indptr[-1])
    for row in range(len(counts)):
        tracks[indptr[row] : indptr[row + 1]] = kept[row, : counts[row]]
        scores[indptr[row] : indptr[row + 1]] = values[row, : counts[row]]
    return indptr, tracks, scores
