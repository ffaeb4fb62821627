"""Which of several recordings is the track: hits are rescored here, since the search's own score is 100 for its best hit even
when that is wrong.

Each hit scores 0–1 = 0.45 title + 0.40 artist + 0.15 length, over the parts that both sides know. Title and artist are
compared in the form of :mod:`recsys.matrices.song` (ratio of matching characters), the length falls linearly to 0 at a
difference of 30 s. A search hit needs :data:`ACCEPT` in all and :data:`ACCEPT_PART` in title and in artist, and a lead of
:data:`LEAD` over the best hit that is another song. A hit by ISRC needs :data:`ACCEPT_ISRC`: the code itself is evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import polars as pl

from recsys.matrices.song import song_keys
from recsys.providers.musicbrainz.answers import Recording

WEIGHTS = {"title": 0.45, "artist": 0.40, "length": 0.15}
ACCEPT = 0.80
ACCEPT_PART = 0.70
ACCEPT_ISRC = 0.40
LEAD = 0.02
LENGTH_MS = 30_000


@dataclass(frozen=True)
class Wanted:
    """The track as the catalogue knows it."""

    title: str | None
    artist: str | None
    artists: tuple[str, ...] = ()
    duration_ms: int | None = None

    @property
    def first_artist(self) -> str | None:
        return self.artists[0] if self.artists else self.artist


@dataclass(frozen=True)
class Match:
    """The chosen recording, its score, and every recording of the same song that scored within the lead of it."""

    recording: Recording
    score: float
    same: tuple[str, ...]


@dataclass(frozen=True)
class _Scored:
    recording: Recording
    song: str
    score: float
    weakest: float
    """Lower of title and artist similarity; 1 when neither can be compared."""


def best(wanted: Wanted, recordings: Sequence[Recording], *, by_isrc: bool = False) -> tuple[Match | None, float]:
    """The match, if one is good and clear enough, and the best score seen (0 without recordings).

    Among equally good recordings of one song: no video, no disambiguation, earliest release, then the smallest id.
    """
    scored = sorted(_scores(wanted, recordings), key=lambda hit: (-hit.score, hit.recording.id))
    if not scored:
        return None, 0.0
    top = scored[0]
    good = top.score >= ACCEPT_ISRC if by_isrc else top.score >= ACCEPT and top.weakest >= ACCEPT_PART
    rival = next((hit for hit in scored if hit.song != top.song), None)
    if not good or (not by_isrc and rival is not None and top.score - rival.score < LEAD):
        return None, top.score
    level = [hit for hit in scored if hit.song == top.song and top.score - hit.score < LEAD]
    chosen = min(level, key=lambda hit: _preference(hit.recording))
    return Match(chosen.recording, chosen.score, tuple(sorted(hit.recording.id for hit in level))), top.score


def _scores(wanted: Wanted, recordings: Sequence[Recording]) -> list[_Scored]:
    titles = pl.Series([wanted.title, *(one.title for one in recordings)], dtype=pl.String)
    artists = pl.Series([wanted.first_artist, *(one.credit for one in recordings)], dtype=pl.String)
    own, *keys = (key or "" for key in song_keys(titles, artists).to_list())
    return [_score(wanted, own, one, key) for one, key in zip(recordings, keys, strict=True)]


def _score(wanted: Wanted, own: str, recording: Recording, key: str) -> _Scored:
    parts: dict[str, float] = {}
    if own and key:
        (artist, title), (other_artist, other_title) = own.split(" | ", 1), key.split(" | ", 1)
        whole = similarity((wanted.artist or "").lower(), recording.credit.lower())
        parts = {"title": similarity(title, other_title), "artist": max(similarity(artist, other_artist), whole)}
    weakest = min(parts.values(), default=1.0)
    if wanted.duration_ms and recording.length:
        parts["length"] = max(0.0, 1 - abs(wanted.duration_ms - recording.length) / LENGTH_MS)
    weight = sum(WEIGHTS[name] for name in parts)
    score = sum(WEIGHTS[name] * value for name, value in parts.items()) / weight if parts else 1.0
    return _Scored(recording, key, score, weakest)


def similarity(left: str, right: str) -> float:
    """Share of matching characters, 0–1; the same both ways round."""
    first, second = sorted((left, right))
    return SequenceMatcher(None, first, second, autojunk=False).ratio()


def _preference(recording: Recording) -> tuple[bool, bool, str, str]:
    date = recording.first_release_date or "9999"
    return bool(recording.video), bool(recording.disambiguation), date, recording.id
