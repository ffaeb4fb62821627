"""The lists that recsys itself makes for a task, and those of its votes alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from recsys.evaluation.metrics import Ranked, top
from recsys.evaluation.task import Task
from recsys.inputs import ANYONE
from recsys.pipeline import Progress, prepare, shard_ranges, shards
from recsys.settings import Settings
from recsys.stages.candidates.scoring import Scorer
from recsys.stages.ratings import rate
from recsys.stages.snapshot import take_snapshot

MOST = 100
"""Longest list."""
_BLOCK = 256
"""Listeners whose votes are looked at together."""


class Shipped:
    """One fit of ``settings`` to a task. Lists are as long as asked for, up to :data:`MOST`."""

    def __init__(self, task: Task, settings: Settings, k: int) -> None:
        self.task, self.k = task, k
        longer = settings.model_copy(update={"list_limit": min(MOST, max(settings.list_limit, k)), "pool": 1})
        snapshot = take_snapshot(task.inputs, longer, task.as_of)
        self.scorer: Scorer = prepare(snapshot, rate(snapshot, longer), longer)

    def changed(self, **values: Any) -> Shipped:
        """The same fit with settings replaced that only scores and picks depend on."""
        other = copy(self)
        other.scorer = replace(self.scorer, settings=self.scorer.settings.model_copy(update=values))
        return other

    def lists(self, names: Sequence[str], progress: Progress | None = None) -> dict[str, Ranked]:
        """List name → (listeners, k) tracks; listeners without history get the list of those without any."""
        rows = pl.concat(self._rankings(names, progress))
        return {name: arranged(rows.filter(pl.col("list") == name), self.task, self.k) for name in names}

    def _rankings(self, names: Sequence[str], progress: Progress | None) -> Iterator[pl.DataFrame]:
        wanted = pl.col("list").is_in(names) & (pl.col("rank") <= self.k)
        for part in shards(self.scorer, shard_ranges(self.scorer), progress):
            yield part.rankings.filter(wanted).select("user_id", "list", "rank", "track_id")

    def votes(self) -> Ranked:
        """The best tracks by the votes of similar listeners alone: no content, no diversity, no rules."""
        out = np.full((self.task.shape[0], self.k), -1, np.int64)
        row_of = {user: row for row, user in enumerate(self.task.users)}
        users = self.scorer.history.users
        for first in range(0, len(users), _BLOCK):
            last = min(first + _BLOCK, len(users))
            rows = np.array([row_of.get(user, -1) for user in users[first:last]])
            scores = self.scorer.similar.votes(self.scorer.similar.near(first, last)).values()[rows >= 0]
            out[rows[rows >= 0]] = top(scores, self.task.barred[rows[rows >= 0]], self.k)
        return out


def arranged(rows: pl.DataFrame, task: Task, k: int) -> Ranked:
    """Lists as an array from ``user_id, rank, track_id`` of one list; tracks that the task does not know are left out (−1)."""
    ids = pl.DataFrame({"track_id": task.catalog.ids, "column": range(len(task.catalog.ids))})
    placed = rows.filter(pl.col("rank") <= k).join(ids, on="track_id", how="inner")
    everybody = pl.DataFrame(
        {"user_id": task.users, "row": range(len(task.users))}, schema={"user_id": pl.String, "row": pl.Int64}
    )
    out = np.full((len(task.users), k), -1, np.int64)
    anyone = placed.filter(pl.col("user_id") == ANYONE)
    strangers = everybody.join(rows.select("user_id").unique(), on="user_id", how="anti")["row"].to_numpy()
    out[np.repeat(strangers, anyone.height), np.tile(anyone["rank"] - 1, len(strangers))] = np.tile(
        anyone["column"], len(strangers)
    )
    own = placed.join(everybody, on="user_id")
    out[own["row"], own["rank"] - 1] = own["column"]
    return out
