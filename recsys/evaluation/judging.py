"""Methods compared on one task: every metric, its interval, and its difference to the first method listener by listener."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation import baselines
from recsys.evaluation.bootstrap import Interval, intervals
from recsys.evaluation.groups import ALL, groups
from recsys.evaluation.measures import Measured, measure
from recsys.evaluation.metrics import Ranked
from recsys.evaluation.shipped import Shipped
from recsys.evaluation.task import Task
from recsys.pipeline import Progress
from recsys.settings import Settings

PRODUCT = "default"
COMPARED = ("ndcg", "recall")
"""Metrics whose differences between methods get an interval."""


@dataclass(frozen=True)
class Judgement:
    """What came of every method."""

    task: Task
    cutoffs: tuple[int, ...]
    measured: dict[str, Measured]
    unavailable: dict[str, str] = field(default_factory=dict)
    """Method that could not be had → why."""

    def values(self, method: str) -> dict[str, float]:
        """Means over listeners, and what all lists together measure."""
        each = {name: _mean(values) for name, values in self.measured[method].each.items()}
        return each | self.measured[method].whole

    def intervals(self, method: str) -> dict[str, Interval]:
        """Metric → 95 % interval of its mean."""
        each = self.measured[method].each
        return dict(zip(each, intervals(np.column_stack(list(each.values()))), strict=True)) if each else {}

    def differences(self, method: str) -> dict[str, dict[str, Interval]]:
        """Group → metric → paired interval of first method − ``method``."""
        first, other = self.measured[next(iter(self.measured))].each, self.measured[method].each
        names = [f"{metric}@{k}" for metric in COMPARED for k in self.cutoffs]
        members = {name: chosen for name, chosen in groups(self.task).items() if chosen.any()}
        columns = [np.where(chosen, first[name] - other[name], np.nan) for chosen in members.values() for name in names]
        estimates = iter(intervals(np.column_stack(columns)))
        return {group: {name: next(estimates) for name in names} for group in members}

    def by_group(self, method: str) -> dict[str, dict[str, float]]:
        """Group → metric → mean over its listeners; the group of all is left out."""
        each = self.measured[method].each
        members = {name: chosen for name, chosen in groups(self.task).items() if name != ALL and chosen.any()}
        return {
            group: {"listeners": int(chosen.sum())} | {name: _mean(values[chosen]) for name, values in each.items()}
            for group, chosen in members.items()
        }

    def document(self) -> dict[str, Any]:
        """All of it as JSON can hold it; what is undefined is null."""
        first = next(iter(self.measured))
        return {
            "as_of": self.task.as_of,
            "listeners": len(self.task.users),
            "judged": int(self.task.judged.sum()),
            "tracks": self.task.shape[1],
            "k": list(self.cutoffs),
            "methods": {name: _plain(self.values(name)) for name in self.measured},
            "intervals": {name: {key: _bounds(one) for key, one in self.intervals(name).items()} for name in self.measured},
            "groups": {
                name: {group: _plain(measures) for group, measures in self.by_group(name).items()} for name in self.measured
            },
            "differences": {
                name: {
                    group: {key: _bounds(one) for key, one in measures.items()}
                    for group, measures in self.differences(name).items()
                }
                for name in self.measured
                if name != first
            },
            "unavailable": self.unavailable,
            "notes": self.task.notes,
        }


def judge(
    task: Task,
    cutoffs: tuple[int, ...],
    *,
    names: Sequence[str] = ("balanced",),
    settings: Settings | None = None,
    methods: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Judgement:
    """Every method on ``task``: list ``names`` of preset `default`, its votes alone, ``settings`` where they differ, `reference`,
    and the baselines; ``methods`` = only these of them."""
    measured: dict[str, Measured] = {}
    unavailable: dict[str, str] = {}
    wanted = None if methods is None else {PRODUCT, *methods}
    for name, lists in _methods(task, max(cutoffs), names, settings, wanted, progress):
        if isinstance(lists, str):
            unavailable[name] = lists
        else:
            measured[name] = measure(lists, task, cutoffs)
    return Judgement(task, cutoffs, measured, unavailable)


def _methods(
    task: Task, k: int, names: Sequence[str], settings: Settings | None, wanted: set[str] | None, progress: Progress | None
) -> Iterator[tuple[str, Ranked | str]]:
    """Name and lists of every method, or why it cannot be had."""
    default = Shipped(task, Settings(), k)
    for name, lists in default.lists(names, progress).items():
        yield PRODUCT if name == names[0] else name, lists
    if wanted is None or "votes" in wanted:
        yield "votes", default.votes()
    del default
    others = {"settings": settings, "reference": Settings.reference()}
    for name, other in others.items():
        if other is not None and (wanted is None or name in wanted):
            yield name, Shipped(task, other, k).lists(names[:1], progress)[names[0]]
    for name, fit in baselines.BASELINES.items():
        if wanted is None or name in wanted:
            try:
                yield name, baselines.top_listed(fit(task.known, 0), task.barred, k)
            except baselines.NotInstalledError as error:
                yield name, str(error)


def _mean(values: NDArray[np.float64]) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def _plain(values: dict[str, float]) -> dict[str, float | None]:
    return {name: None if np.isnan(value) else value for name, value in values.items()}


def _bounds(interval: Interval) -> list[float | None]:
    return [None if np.isnan(value) else value for value in interval]
