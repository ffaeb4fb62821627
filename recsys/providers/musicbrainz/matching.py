"""Which of several recordings is the track: hits are judged here, since the search's own score is 100 for its best hit even when
that is wrong.

A recording is out when the versions differ (live, karaoke, a cappella, demo, remix … in title, disambiguation or artist),
when the lengths differ by more than :data:`LENGTH_MS`, when another part or movement is named, or when the artists are
others. What is left scores 0–1 = 0.5 title + 0.3 artists + 0.2 length, over the parts that both sides know; titles are
compared by their cores. A search hit needs :data:`ACCEPT` for its title; a hit by ISRC, which is evidence itself,
:data:`ACCEPT_ISRC`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from recsys.providers.facts import Row
from recsys.providers.musicbrainz import artists
from recsys.providers.musicbrainz.answers import Recording
from recsys.providers.musicbrainz.titles import SOFT, Title, parse, versions

_WEIGHTS = {"title": 0.5, "artist": 0.3, "length": 0.2}
ACCEPT = 0.86
"""Least similarity of the titles."""
ACCEPT_ISRC = 0.6
LEAD = 0.05
"""Distance from the best score within which recordings count as equally good."""
LENGTH_MS = 15_000
SHORT = 5
"""Characters up to which a title must be the same to the letter."""


@dataclass(frozen=True)
class Wanted:
    """The track as the catalogue knows it."""

    title: str | None
    artist: str | None
    artists: tuple[str, ...] = ()
    duration_ms: int | None = None
    album: str | None = None

    @property
    def first_artist(self) -> str | None:
        """The artist to search for."""
        if self.artists:
            return self.artists[0]
        return artists.split(self.artist)[0] if self.artist else None

    @property
    def versions(self) -> frozenset[str]:
        """What the title says, and whether the album is a live one."""
        named = parse(self.title or "").versions
        return named | (versions(self.album or "") & {"live", "karaoke"})


@dataclass(frozen=True)
class Match:
    """The chosen recording, its score, and every recording that is as good."""

    recording: Recording
    score: float
    same: tuple[str, ...]


def best_match(wanted: Wanted, recordings: Sequence[Recording], *, by_isrc: bool = False) -> tuple[Match | None, float]:
    """The match, if one is good enough, and the best score seen (0 where every recording is out).

    Among equally good recordings: no video, no disambiguation, earliest release, then the smallest id.
    """
    least = ACCEPT_ISRC if by_isrc else ACCEPT
    scores = {recording.id: _score(wanted, recording, least) for recording in recordings}
    top = max(scores.values(), default=0.0)
    if not top:
        return None, 0.0
    level = [recording for recording in recordings if scores[recording.id] >= max(top - LEAD, 1e-9)]
    chosen = min(level, key=_preference)
    return Match(chosen, scores[chosen.id], tuple(sorted(recording.id for recording in level))), top


def _score(wanted: Wanted, recording: Recording, least: float) -> float:
    """0 when the recording is out."""
    parts: dict[str, float] = {}
    title = parse(recording.title)
    own = parse(wanted.title or "")
    known = bool(wanted.duration_ms and recording.length)
    if known:
        parts["length"] = 1 - abs((wanted.duration_ms or 0) - (recording.length or 0)) / LENGTH_MS
    if parts.get("length", 1.0) < 0 or not _same_version(wanted, recording, title, known):
        return 0.0
    if wanted.title and recording.title:
        parts["title"] = similarity(own, title, short=known)
        if parts["title"] < least or not _same_part(own, title):
            return 0.0
    if wanted.artist and recording.credits:
        names = artists.readings(wanted.artist, wanted.artists)
        credited = [
            *artists.readings(recording.credit, recording.artists),
            artists.Reading([one.artist.name for one in recording.credits]),
        ]
        parts["artist"] = artists.similarity(names, credited, (*own.guests, *title.guests))
        if not parts["artist"]:
            return 0.0
    weight = sum(_WEIGHTS[name] for name in parts)
    return sum(_WEIGHTS[name] * value for name, value in parts.items()) / weight if parts else 1.0


def _same_version(wanted: Wanted, recording: Recording, title: Title, known: bool) -> bool:
    heard = title.versions | versions(recording.disambiguation or "")
    heard |= (versions(recording.credit) - versions(wanted.artist or "")) & {"karaoke", "cover", "orchestral"}
    differing = wanted.versions ^ heard
    return not (differing - SOFT if known else differing)


def _same_part(left: Title, right: Title) -> bool:
    """Whether the titles name no different part, movement or number."""
    if left.numbers - right.numbers and right.numbers - left.numbers:
        return False
    if left.places and right.places:
        return left.places == right.places
    return max(left.places | right.places, default=1) <= 1 or bool(left.numbers & right.numbers)


def similarity(left: Title, right: Title, *, short: bool = False) -> float:
    """Share of matching characters of two cores in any order of words, 0–1; ``short``: a part in brackets may be missing."""
    if left.core == right.core:
        return 1.0
    if short and (left.short == right.core or right.short == left.core):
        return 0.95
    if min(len(left.core), len(right.core)) <= SHORT:
        return 0.0
    return max(fuzz.ratio(left.core, right.core), fuzz.token_sort_ratio(left.core, right.core)) / 100


def _preference(recording: Recording) -> tuple[bool, bool, str, str]:
    date = recording.first_release_date or "9999"
    return bool(recording.video), bool(recording.disambiguation), date, recording.id


def wanted_of(row: Row) -> Wanted:
    """The track of a row."""
    listed, length = row.get("artists"), row.get("duration_ms")
    named = tuple(map(str, listed)) if isinstance(listed, list) else ()
    known = length if isinstance(length, int) else None
    return Wanted(text(row, "title"), text(row, "artist"), named, known, text(row, "album"))


def text(row: Row, name: str) -> str | None:
    """A column of a row as text."""
    value = row.get(name)
    return None if value is None else str(value)
