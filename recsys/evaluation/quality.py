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
from recsys.lake import Run
from recsys.models import TableRows, scan
from recsys.tables import QUALITY

CUTOFFS = (10, 20)


def judge_run(run: Run, events: Sequence[TableRows], judged_at: datetime) -> pl.DataFrame:
    """Rows of ``quality`` for ``run``; ``events`` as a snapshot of ``judged_at`` holds them. None when nothing new happened."""
    new = (pl.col("occurred_at") > run.manifest.as_of) & (pl.col("occurred_at") <= judged_at)
    since = pl.concat([scan(part).filter(new).collect() for part in events])
    if since.is_empty():
        return QUALITY.empty()
    task = task_of(run.manifest.as_of, run.read("tracks"), run.read("ratings"), held_opinions(since, judged_at))
    if not task.judged.any():
        return QUALITY.empty()
    ranked = run.scan("rankings").filter(pl.col("rank") <= max(CUTOFFS)).select("user_id", "list", "rank", "track_id").collect()
    rows = []
    for name in run.manifest.settings["lists"]:
        measured = measure(arranged(ranked.filter(pl.col("list") == name), task, max(CUTOFFS)), task, CUTOFFS)
        rows += [{"list": name, **row} for row in _rows(measured, task)]
    facts = {"run": run.id, "as_of": run.manifest.as_of, "judged_at": judged_at}
    return QUALITY.conform(pl.DataFrame([{**facts, **row} for row in rows], infer_schema_length=None)).sort(QUALITY.key)


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
