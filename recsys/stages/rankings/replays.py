"""Replays: rows for what the listener likes and has not heard for a while, by past liking and the time since. Opt-in.

A track is replayed by log(1 + rating) × log(1 + days since / `replay_after_days`), the greatest first, one of an artist; days
count back from the listener's newest event, so that an absence makes nothing forgotten. Everything else that keeps a track out
of the list still does.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from recsys.matrices.arrays import Codes, Floats, Ints
from recsys.matrices.requests import rule
from recsys.matrices.tokens import token
from recsys.settings import Mode, Settings
from recsys.stages.candidates.scored import Scored
from recsys.stages.candidates.scoring import Scorer
from recsys.stages.candidates.stage import by_points
from recsys.stages.rankings.picked import ROW_SOURCES, Picked

REPLAY = ROW_SOURCES.index("replay")
"""Source of such rows."""


def with_replays(scorer: Scorer, scored: Scored, picked: Picked) -> Picked:
    """The picks, with as many rows of each list as it wants replaced by replays, evenly spread; never a list longer than before,
    but for a list that is short of its limit."""
    modes = scorer.lists["mode"].slice(scored.first_list, len(scored.rules)).to_list()
    shares = {mode: _share(mode, scorer.settings) for mode in set(modes)}
    wanted = np.floor(np.array([shares[mode] for mode in modes]) * _limits(scorer, scored)).astype(np.int64)
    if not wanted.any():
        return picked
    rules = scorer.without_history(scored)
    for row in np.flatnonzero(wanted).tolist():
        tracks = loved(scorer, scored, row, rules[row])
        works, own = scorer.catalog.works, picked.track[picked.row == row]
        tracks = tracks[(works[tracks] < 0) | ~np.isin(works[tracks], works[own])][: wanted[row]]
        if len(tracks):
            picked = _inserted(scorer, scored, picked, row, tracks)
    return picked


def _share(mode: str | None, settings: Settings) -> float:
    own = settings.modes.get(token(mode or ""), Mode()).replay
    return settings.replay_share if own is None else own


def _limits(scorer: Scorer, scored: Scored) -> NDArray[np.int64]:
    return scorer.requests.limit[scored.first_list : scored.first_list + len(scored.rules)].astype(np.int64)


def loved(scorer: Scorer, scored: Scored, row: int, rules: Codes) -> Ints:
    """Tracks to replay in a list, the greatest first. ``rules``: what keeps each track out of it beside the history."""
    history, requests = scorer.history, scorer.requests
    listener = int(requests.listener[scored.first_list + row])
    part = slice(history.rating.indptr[listener], history.rating.indptr[listener + 1])
    tracks, rating, day = history.rating.indices[part], history.rating.data[part], history.last_day.data[part]
    since = np.nan_to_num(np.nanmax(day) - day, nan=-1.0) if np.isfinite(day).any() else np.full(len(day), -1.0)
    good = (tracks < history.tracks) & history.known.data[part].astype(np.bool_) & (rating > 0)
    good &= since >= scorer.settings.replay_after_days
    good &= ~np.isin(tracks, scorer.catalog.canonical[requests.seeds_of(scored.first_list + row)])
    tracks, rating, since = tracks[good], rating[good], since[good]
    free = rules[tracks] == 0
    weight = np.log1p(rating[free]) * np.log1p(since[free] / scorer.settings.replay_after_days)
    tracks = tracks[free][np.lexsort((tracks[free], -weight))]
    artists = scorer.catalog.artist_fold[tracks]
    _, first = np.unique(np.where(artists >= 0, artists, -2 - np.arange(len(tracks))), return_index=True)
    return tracks[np.sort(first)].astype(np.int32)


def _inserted(scorer: Scorer, scored: Scored, picked: Picked, row: int, tracks: Ints) -> Picked:
    """The picks with the replays of one list in them."""
    limit, own = int(_limits(scorer, scored)[row]), np.flatnonzero(picked.row == row)
    stay = own[: limit - len(tracks)]
    order = np.concatenate([stay, np.arange(len(tracks)) + len(picked.row)])
    places = _spread(len(stay), len(tracks))
    order = order[np.lexsort((np.r_[np.ones(len(stay)), np.zeros(len(tracks))], np.r_[np.arange(len(stay)), places]))]
    before, after = np.flatnonzero(picked.row < row), np.flatnonzero(picked.row > row)
    columns, score_rank = _columns(scored, row, tracks, picked.columns.shape[1])
    score = columns[:, 0] if columns.shape[1] else scored.score[row, tracks]
    added = Picked(
        row=np.full(len(tracks), row),
        track=tracks,
        diversity=np.zeros(len(tracks)),
        nearest=np.full(len(tracks), -1),
        marginal=scorer.settings.diversity_lambda * score,
        score_rank=score_rank,
        source=np.full(len(tracks), REPLAY),
        columns=columns,
    )
    whole = np.concatenate([before, order, after])
    return Picked(*(np.concatenate([one, other])[whole] for one, other in zip(picked, added, strict=True)))


def _spread(rows: int, replays: int) -> NDArray[np.int64]:
    """Before which of a list's other ``rows`` each replay stands: one at the end of each of as many equal parts of the list."""
    ends = np.linspace(0, rows, replays + 1).round().astype(np.int64)
    return np.array([last for _, last in pairwise(ends)], np.int64)


def _columns(scored: Scored, row: int, tracks: Ints, width: int) -> tuple[Floats, NDArray[np.int64]]:
    """Score and parts of known tracks as if they were candidates, and their places by score among them all."""
    rules = scored.rules[row : row + 1].copy()
    rules[0, tracks] = 0
    if scored.spread is None:
        better = (scored.score[row][None, :] > scored.score[row, tracks][:, None]) & (rules == 0)
        return np.empty((len(tracks), 0)), better.sum(axis=1) + 1
    every = by_points(scored, np.array([row]), rules, rules.shape[1])
    place = np.full(rules.shape[1], -1)
    place[every.track] = np.arange(len(every.track))
    # a track without votes may be beyond those that are measured: it is scored with the known ones alone
    if (place[tracks] < 0).any():
        alone = np.full_like(rules, rule("known"))
        alone[0, tracks] = 0
        every = by_points(scored, np.array([row]), alone, rules.shape[1])
        place[every.track] = np.arange(len(every.track))
    at = place[tracks]
    whole = np.column_stack([every.score[at], np.asarray(every.columns)[at]])
    return whole[:, :width], at + 1
