"""Why a track stands in a list, or the first stage and rule that kept it out. Recomputed from a run's own tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from recsys.errors import NotFoundError
from recsys.inputs import Snapshot
from recsys.pipeline import prepare
from recsys.settings import Settings
from recsys.stages.candidates.scored import Scored
from recsys.stages.candidates.scoring import Scorer
from recsys.stages.candidates.stage import Chosen, Ordered, ordered, parts
from recsys.stages.rankings.stage import pool_depth
from recsys.tables import DROP_MEANINGS, DROP_RULES, EVENTS

READS = ("tracks", "songs", "controls", "ratings", "profiles", "neighbors", "lists", "rankings")
"""The tables of a run that an answer is made from."""
SHARED = 5
"""Shared tracks named as evidence."""


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
    """Stored neighbours who rated the track well."""
    shared: tuple[str, ...]
    """Tracks that most of them and the listener both rated well."""


def explain(
    tables: Mapping[str, pl.DataFrame], settings: Settings, as_of: datetime, user_id: str, track_id: str, name: str = "balanced"
) -> Why:
    """Explain one track. ``tables`` are those of the run named in :data:`READS`, ``settings`` and ``as_of`` the run's own.

    Raises :class:`NotFoundError` when the run has no such listener or list.
    """
    users = tables["profiles"]["user_id"].to_list()
    listed = tables["lists"].with_row_index("row").filter(pl.col("user_id") == user_id, pl.col("list") == name)
    if listed.is_empty():
        own = tables["lists"].filter(pl.col("user_id") == user_id)["list"].to_list()
        raise NotFoundError(
            f"no list {name!r} of listener {user_id!r}; " + (f"lists: {', '.join(own)}" if own else "unknown listener")
        )
    snapshot = Snapshot(
        as_of, tables["tracks"], EVENTS.empty(), tables["controls"], tables["lists"], pl.DataFrame(), tables["songs"], users
    )
    scorer = prepare(snapshot, tables["ratings"], settings)
    voters, shared = _evidence(tables, user_id, scorer.catalog.releases(track_id))
    track = scorer.catalog.row_of.get(track_id)
    if track is None:
        text = "the catalogue of this run has no such track; ingest it with  recsys ingest tracks FILE"
        return Why(user_id, name, track_id, None, None, None, None, "snapshot", "missing", text, {}, voters, shared)
    listener = users.index(user_id)
    scored = scorer.score(listener, listener + 1)
    row = int(listed["row"][0]) - scored.first_list
    ranked = tables["rankings"].filter(pl.col("user_id") == user_id, pl.col("list") == name)
    best = ordered(scored, None)
    stage, rule, text, rank = _verdict(scorer, scored, best, row, track, ranked, tables)
    shown = _parts(scorer, scored, row, track, ranked)
    title, artist = tables["tracks"].filter(pl.col("id") == track_id).select("title", "artist").row(-1)
    return Why(
        user_id, name, track_id, title, artist, rank, _score_rank(best, row, track), stage, rule, text, shown, voters, shared
    )  # fmt: skip


def _parts(scorer: Scorer, scored: Scored, row: int, track: int, ranked: pl.DataFrame) -> dict[str, float]:
    """The parts as they are stored for a ranked track, else as they would be."""
    stored = ranked.filter(pl.col("track_id") == scorer.catalog.ids[track])
    would = parts(scorer, scored, Chosen(np.array([row]), np.array([track], dtype=np.int32)))
    return (stored.select(would.columns) if stored.height else would).row(0, named=True)


def _score_rank(best: Ordered, row: int, track: int) -> int | None:
    places = np.flatnonzero(best.track[best.indptr[row] : best.indptr[row + 1]] == track)
    return int(places[0]) + 1 if len(places) else None


def _verdict(
    scorer: Scorer, scored: Scored, best: Ordered, row: int, track: int, ranked: pl.DataFrame, tables: Mapping[str, pl.DataFrame]
) -> tuple[str, str, str, int | None]:
    """Stage, rule, words and rank."""
    track_id = scorer.catalog.ids[track]
    shown = ranked.filter(pl.col("track_id") == track_id)
    if shown.height:
        picked = shown.row(0, named=True)
        return "rankings", picked["reason_code"], picked["reason"], picked["rank"]
    rule = int(scored.rules[row, track])
    if rule:
        name = DROP_RULES[rule - 1]
        return "candidates", name, _dropped(tables["ratings"], scorer, scored, track_id, name), None
    return "rankings", *_passed_over(scorer, scored, best, row, track, ranked), None


def _dropped(ratings: pl.DataFrame, scorer: Scorer, scored: Scored, track_id: str, rule: str) -> str:
    text = f"not a candidate: {DROP_MEANINGS[rule]}"
    if rule in ("known", "rejected"):
        user = scorer.history.users[scored.first]
        rated = ratings.filter(pl.col("user_id") == user, pl.col("track_id").is_in(scorer.catalog.releases(track_id)))
        if rated.height:
            times, when, heard = rated["events"][0], rated["last_at"][0], rated["track_id"][0]
            text += f"; as its release {heard}" if heard != track_id else ""
            text += f"; {times:,} event{'s' * (times > 1)}" + (f", the last on {when:%Y-%m-%d}" if when else "")
        else:
            text += "; it is a seed of this list"
    return text


def _passed_over(scorer: Scorer, scored: Scored, best: Ordered, row: int, track: int, ranked: pl.DataFrame) -> tuple[str, str]:
    """Rule and words for a candidate that was not picked."""
    settings, catalog = scorer.settings, scorer.catalog
    place = _score_rank(best, row, track) or 0
    total = int(best.total[row])
    picks = np.array([catalog.row_of[name] for name in ranked["track_id"]], dtype=np.int64)
    if settings.one_version_per_song and catalog.songs[track] >= 0 and (catalog.songs[picks] == catalog.songs[track]).any():
        other = catalog.ids[picks[catalog.songs[picks] == catalog.songs[track]][0]]
        return "version", f"another release of the song is in the list: {other}"
    credited = scorer.items.credits_indices
    indptr = scorer.items.credits_indptr
    own = credited[indptr[track] : indptr[track + 1]]
    of_picks = np.concatenate([credited[indptr[pick] : indptr[pick + 1]] for pick in picks] or [credited[:0]])
    most = max((int(np.count_nonzero(of_picks == artist)) for artist in own), default=0)
    if settings.max_per_artist and most >= settings.max_per_artist:
        return "artist_cap", f"the list has {most} tracks of the artist already, at most {settings.max_per_artist} are allowed"
    depth = pool_depth(settings)
    if depth is not None and place > depth:
        return "pool", f"score rank {place:,} of {total:,}: diversity chooses from the best {depth:,}"
    if _score_rank(ordered(scored, depth), row, track) is None:
        return (
            "votes",
            f"not among the {settings.measured:,} tracks with the most votes of similar listeners, which alone are scored",
        )
    gap = ranked["score"].to_numpy().min(initial=np.inf) - best.score[best.indptr[row] + place - 1]
    words = (
        f"{gap:.4f} below the lowest score in the list"
        if gap > 0
        else "passed over for tracks that differ more from those picked before"
    )
    return "score" if gap > 0 else "diversity", f"score rank {place:,} of {total:,}: {words}"


def _evidence(tables: Mapping[str, pl.DataFrame], user_id: str, releases: list[str]) -> tuple[int, tuple[str, ...]]:
    """How many neighbours rated the song well, in any release, and the tracks most of them share with the listener."""
    near = tables["neighbors"].filter(pl.col("user_id") == user_id).select(pl.col("neighbor_id").alias("user_id"))
    liked = tables["ratings"].filter(pl.col("rating") > 0)
    voters = near.join(liked.filter(pl.col("track_id").is_in(releases)), on="user_id", how="semi")
    own = liked.filter(pl.col("user_id") == user_id).select("track_id")
    common = liked.join(voters, on="user_id", how="semi").join(own, on="track_id", how="semi")
    counts = common.group_by("track_id").len().sort(["len", "track_id"], descending=[True, False])
    return voters.height, tuple(counts["track_id"].head(SHARED))
