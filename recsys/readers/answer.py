"""The answer to why a track stands in a list or does not, and what both kinds of answer look up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from recsys.errors import NotFoundError
from recsys.tables import DROP_MEANINGS, FITS, PARTS

SHARED = 5
"""Shared tracks named as evidence."""
SHOWN = {"score": "score", **FITS} | {name: name for name in (*(f"{part}_points" for part in PARTS), "safety", "commercial")}
"""A score and its parts, as an answer names them → their columns."""

Tables = Mapping[str, pl.DataFrame]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class OwnTrack:
    """A track of the listener's own, or a seed, and its share of the votes for another."""

    track_id: str
    title: str | None
    share: float


@dataclass(frozen=True)
class Why:
    """The answer for one listener, list and track."""

    user_id: str
    list: str
    track_id: str
    title: str | None
    artist: str | None
    rank: int | None
    """Position in the list; none when it is not there."""
    score_rank: int | None
    """Position by score alone among the candidates; none when it is not one."""
    stage: str
    """Where the answer was decided: snapshot, candidates or rankings."""
    rule: str
    """One word: the reason code of a ranked track, or the rule that kept it out."""
    text: str
    """The answer in words."""
    parts: dict[str, float]
    """The score and every part of it; empty for a track the catalogue lacks."""
    voters: int
    """Stored neighbours who like the track."""
    shared: tuple[str, ...]
    """Tracks that most of them and the listener both like."""
    because: tuple[OwnTrack, ...] = ()
    """Own tracks with the greatest shares of the votes; empty where they are not known."""
    because_rest: float | None = None
    """Share of the votes that all else has."""
    chance: float | None = None
    """How likely the listener comes to like the track, 0–1; none where that is unknown."""
    placed: str | None = None
    """Why a ranked track is at its rank and not at that of its score, in words."""
    change: str | None = None
    """What would list a track that is not listed, or where the rule that keeps it out was set, in words."""


def list_row(tables: Tables, user_id: str, name: str) -> Row:
    """The row of `lists`. Raises :class:`NotFoundError` when the run has no such listener or list."""
    own = tables["lists"].filter(pl.col("user_id") == user_id)
    row = own.filter(pl.col("list") == name)
    if row.is_empty():
        known = f"lists: {', '.join(own['list'])}" if own.height else "unknown listener"
        raise NotFoundError(f"no list {name!r} of listener {user_id!r}; {known}")
    return row.row(0, named=True)


def named(tracks: pl.DataFrame, track_id: str) -> tuple[str | None, str | None]:
    """Title and artist; of several records of one id those of the last."""
    title, artist = tracks.filter(pl.col("id") == track_id).select("title", "artist").row(-1)
    return title, artist


def titles(tracks: pl.DataFrame, ids: Sequence[str]) -> dict[str, str | None]:
    """Title by id, of those that the table has; of several records of one id that of the last."""
    return dict(tracks.filter(pl.col("id").is_in(ids)).select("id", "title").iter_rows())


def evidence(tables: Tables, user_id: str, releases: list[str]) -> tuple[int, tuple[str, ...]]:
    """How many neighbours like the song, in any release, and the tracks most of them and the listener like: a rating above 0, and
    no dislike or hide since."""
    near = tables["neighbors"].filter(pl.col("user_id") == user_id).select(pl.col("neighbor_id").alias("user_id"))
    liked = tables["ratings"].filter(pl.col("rating") > 0, ~pl.col("rejected"))
    voters = near.join(liked.filter(pl.col("track_id").is_in(releases)), on="user_id", how="semi")
    own = liked.filter(pl.col("user_id") == user_id).select("track_id")
    common = liked.join(voters, on="user_id", how="semi").join(own, on="track_id", how="semi")
    counts = common.group_by("track_id").len().sort(["len", "track_id"], descending=[True, False])
    return voters.height, tuple(counts["track_id"].head(SHARED))


def not_a_candidate(rule: str, rated: Row | None) -> str:
    """Why a rule drops a track, in words. ``rated``: row of ``ratings`` of its song, if any.

    Rule ``known`` is about all that was ever heard with approval: the text says what came of it.
    """
    meaning = DROP_MEANINGS[rule]
    if rule == "known" and not (rated and rated["known"]):
        meaning = "a seed of this list"
    elif rule == "known" and rated:
        if rated["rejected"]:
            meaning = "heard before, and disliked or hidden since"
        elif rated["rating"] <= 0:
            meaning = "heard before, and skipped more than liked" if rated["positive"] > 0 else "heard before"
    return f"not a candidate: {meaning}"


def nth(number: int) -> str:
    """1st, 2nd, 3rd, 4th …"""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"
