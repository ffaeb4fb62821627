"""Search of the weights of lists with Optuna (extra ``evaluate``), for several aims at once, on a validation part alone.

The votes are fitted once: what is searched decides only how scores are weighed and lists are picked. Akiba et al. (2019).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys.errors import UsageError
from recsys.evaluation.bootstrap import Interval, intervals
from recsys.evaluation.metrics import Floats, Ranked, coverage, ndcg
from recsys.evaluation.shipped import Shipped
from recsys.evaluation.task import Task
from recsys.settings import Settings

_K = 10
_MODES = ("balanced", "discovery")
_RANGES: dict[str, tuple[float, float]] = {
    "content_weight": (0.0, 2.0),
    "collab_weight": (0.25, 10.0),
    "popularity_weight": (0.0, 0.5),
    "exploration_weight": (0.0, 1.0),
    "diversity_lambda": (0.5, 1.0),
}
"""Setting → least and greatest value tried."""
LOSS = 0.05
"""Share of the coverage, or of the difference of modes, that may be given up for accuracy."""


@dataclass(frozen=True)
class Trial:
    """Values that were tried, and what came of them."""

    values: dict[str, float]
    accuracy: Floats
    """NDCG@10 of `balanced` per listener."""
    coverage: float
    difference: float
    """How far `discovery` is from `balanced`: 0 = the same tracks, 1 = none in common."""

    @property
    def aims(self) -> tuple[float, float, float]:
        """Mean NDCG@10, coverage@10, difference: the larger the better."""
        return float(np.nanmean(self.accuracy)), self.coverage, self.difference


@dataclass(frozen=True)
class Searched:
    """The settings as they are, the best trial, and the paired interval of the gain in NDCG@10."""

    start: Trial
    best: Trial
    gain: Interval
    trials: int


def search_settings(
    task: Task, settings: Settings, trials: int, seed: int = 0, tell: Callable[[int], None] | None = None
) -> Searched:
    """The best of ``trials`` on ``task``, a validation part. Raises :class:`UsageError` without Optuna."""
    try:
        import optuna
    except ImportError as error:
        raise UsageError("the library optuna is not installed:  pip install 'recsys[evaluate]'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    shipped = Shipped(task, settings, _K)
    start = _tried(shipped, {name: float(getattr(settings, name)) for name in _RANGES})
    study = optuna.create_study(directions=["maximize"] * 3, sampler=optuna.samplers.TPESampler(seed=seed))
    seen = [start]
    for number in range(trials):
        trial = study.ask()
        seen.append(_tried(shipped, {name: round(trial.suggest_float(name, *bounds), 3) for name, bounds in _RANGES.items()}))
        study.tell(trial, seen[-1].aims)
        if tell:
            tell(number + 1)
    best = max(_allowed(seen, start), key=lambda trial: trial.aims)
    (gain,) = intervals((best.accuracy - start.accuracy)[:, None])
    return Searched(start, best, gain, trials)


def _tried(shipped: Shipped, values: dict[str, float]) -> Trial:
    """What comes of ``values``."""
    lists = shipped.changed(**values).lists(_MODES)
    balanced, task = lists["balanced"], shipped.task
    covered = coverage(balanced, task.shape[1], _K)
    return Trial(values, ndcg(balanced, task.relevant, _K), covered, apart(balanced, lists["discovery"]))


def apart(one: Ranked, other: Ranked) -> float:
    """Share of the listed tracks that the counterpart of their list lacks."""
    both = (one[:, :, None] == other[:, None, :]) & (one >= 0)[:, :, None]
    listed = (one >= 0).sum()
    return float(1 - both.any(axis=2).sum() / listed) if listed else 0.0


def _allowed(seen: list[Trial], start: Trial) -> Iterator[Trial]:
    """Trials that give up little of the other aims; the start is among them."""
    for trial in seen:
        if trial.coverage >= (1 - LOSS) * start.coverage and trial.difference >= (1 - LOSS) * start.difference:
            yield trial


def tuned_settings(searched: Searched, evidence: dict[str, Any]) -> str:
    """The values as a settings file, with their evidence above them."""
    names = ("ndcg@10", "coverage@10", "difference of discovery from balanced")
    lines = [f"# {name}: {value}" for name, value in evidence.items()]
    for name, before, after in zip(names, searched.start.aims, searched.best.aims, strict=True):
        lines.append(f"# {name}: {before:.4f} -> {after:.4f}")
    low, high = searched.gain.low, searched.gain.high
    lines.append(
        f"# gain in ndcg@10: {searched.gain.mean:+.4f}, 95 % of resamples between {low:+.4f} and {high:+.4f}: {verdict(searched)}"
    )
    return "\n".join([*lines, *(f"{name} = {value}" for name, value in searched.best.values.items()), ""])


def verdict(searched: Searched) -> str:
    """Whether the gain may be chance, in words."""
    return "beyond chance" if searched.gain.low > 0 else "within chance: keep the settings as they are"
