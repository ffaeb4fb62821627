"""A run's stored model at work for one listener: lists are scored as the run itself scored its own, and nothing is fitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import polars as pl

from recsys.inputs import Snapshot
from recsys.matrices.catalog import build_catalog
from recsys.matrices.history import build_history
from recsys.matrices.requests import build_requests
from recsys.settings import Settings
from recsys.stages.candidates.scoring import Scorer
from recsys.stages.candidates.stage import pools
from recsys.stages.neighbors.stage import fit_neighbors
from recsys.stages.neighbors.stored import open_neighbors
from recsys.stages.rankings.stage import in_words, pool_depth, rank_lists
from recsys.tables import COOLDOWN, EVENTS, REQUESTS, STRINGS

_MODEL = ("model", "model_tracks")
"""Tables that runs of earlier versions lack."""


def open_scorer(
    tables: Mapping[str, pl.DataFrame], settings: Settings, as_of: datetime, user_id: str, lists: pl.DataFrame
) -> tuple[Scorer, int]:
    """What scores ``lists`` of one listener of a run, in columns of table `requests`; and the listener's number.

    ``tables`` are the run's own, ``settings`` and ``as_of`` too. A run without a stored model is fitted anew, which takes longer.
    """
    listener = tables["profiles"]["user_id"].to_list().index(user_id)
    return score_with(tables, settings, as_of, lists)(listener, listener + 1), listener


def score_with(
    tables: Mapping[str, pl.DataFrame], settings: Settings, as_of: datetime, lists: pl.DataFrame
) -> Callable[[int, int], Scorer]:
    """The same for listeners ``first`` … ``last`` − 1 of the run, by number."""
    users = tables["profiles"]["user_id"].to_list()
    nothing = pl.DataFrame()
    shown = lists[COOLDOWN] if COOLDOWN in lists.columns else pl.lit(None, STRINGS).alias(COOLDOWN)  # a wish of now: nothing yet
    wishes = REQUESTS.conform(lists).with_columns(shown)
    snapshot = Snapshot(as_of, tables["tracks"], EVENTS.empty(), tables["controls"], wishes, nothing, tables["songs"], users)
    catalog = build_catalog(snapshot.tracks, settings, snapshot.songs)
    history = build_history(tables["ratings"], users, catalog)
    requests = build_requests(snapshot, catalog, settings)
    if all(name in tables for name in _MODEL):
        similar = open_neighbors(tables, history, catalog.canonical, settings)
    else:
        fitted = fit_neighbors(history, catalog.canonical, settings)
        similar = lambda _first, _last: fitted  # noqa: E731
    return lambda first, last: Scorer(catalog, history, similar(first, last), requests, settings, wishes)


def rank(scorer: Scorer, listener: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tables `rankings` and `lists` of the listener's lists."""
    scored = scorer.score(listener, listener + 1)
    _, pool = pools(scored, scorer.settings.pool, pool_depth(scorer.settings))
    ranked, listed = rank_lists(scorer, scored, pool)
    return in_words([ranked], scorer.catalog, scorer.settings.language), listed
