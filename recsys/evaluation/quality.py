"""Table ``quality``: the lists of a run, judged by what its listeners did until a later one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from recsys.evaluation.bootstrap import intervals
from recsys.evaluation.groups import ALL, groups
from recsys.evaluation.holdout import held_opinions
from recsys.evaluation.measures import Measured, measure
from recsys.evaluation.shipped import arranged
from recsys.evaluation.task import Task, task_of
from recsys.inputs import ANYONE
from recsys.lake import Run
from recsys.models import TableRows, scan
from recsys.tables import QUALITY

CUTOFFS = (10, 20)
MOST = 20_000
"""Listeners of a run that are judged: of more, evenly spread ones. Intervals are narrow by then, and all histories are large."""
_READ = ["user_id", "track_id", "known", "rejected", "positive"]
"""Columns of ``ratings`` that a task needs."""


def judge_run(run: Run, events: Sequence[TableRows], judged_at: datetime) -> pl.DataFrame:
    """Rows of ``quality`` for ``run``; ``events`` as a snapshot of ``judged_at`` holds them. None when nothing new happened."""
    judged = _judged(run)
    new = judged & (pl.col("occurred_at") > run.manifest.as_of) & (pl.col("occurred_at") <= judged_at)
    since = pl.concat([scan(part).filter(new).collect() for part in events])
    if since.is_empty():
        return QUALITY.empty()
    rated = _rows_of(run, "ratings", _READ, judged)
    task = task_of(run.manifest.as_of, run.read("tracks"), rated, held_opinions(since, judged_at))
    if not task.judged.any():
        return QUALITY.empty()
    seen = judged & (pl.col("rank") <= max(CUTOFFS))
    ranked = _rows_of(run, "rankings", ["user_id", "list", "rank", "track_id"], seen)
    rows = []
    for name in run.manifest.settings["lists"]:
        measured = measure(arranged(ranked.filter(pl.col("list") == name), task, max(CUTOFFS)), task, CUTOFFS)
        rows += [{"list": name, **row} for row in _rows(measured, task)]
    facts = {"run": run.id, "as_of": run.manifest.as_of, "judged_at": judged_at}
    return QUALITY.conform(pl.DataFrame([{**facts, **row} for row in rows], infer_schema_length=None)).sort(QUALITY.key)


def _judged(run: Run) -> pl.Expr:
    """Whether a row is of a listener who is judged."""
    users = run.scan("profiles").select("user_id").filter(pl.col("user_id") != ANYONE).collect()["user_id"].sort()
    every = -(-len(users) // MOST)
    return pl.col("user_id").is_in(users.gather_every(every).implode()) if every > 1 else pl.lit(value=True)


def _rows_of(run: Run, table: str, columns: list[str], wanted: pl.Expr) -> pl.DataFrame:
    """Part by part: not all of a table is in memory."""
    return pl.concat([run.read_part(part).filter(wanted).select(columns) for part in run.parts(table)])


def _rows(measured: Measured, task: Task) -> list[dict[str, Any]]:
    """One row per group and metric with a value; metrics of all lists together once."""
    judged = int(task.judged.sum())
    whole = {name: value for name, value in measured.whole.items() if np.isfinite(value)}
    rows: list[dict[str, Any]] = [
        {"group": ALL, "metric": name, "value": value, "listeners": judged} for name, value in whole.items()
    ]
    for group, members in groups(task).items():
        counted = members & task.judged
        if counted.any():
            each = intervals(np.column_stack([values[counted] for values in measured.each.values()]))
            for metric, one in zip(measured.each, each, strict=True):
                if np.isfinite(one).all():
                    bounds = {"value": one.mean, "low": one.low, "high": one.high, "listeners": int(counted.sum())}
                    rows.append({"group": group, "metric": metric, **bounds})
    return rows
