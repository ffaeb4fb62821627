"""Model ``foreseen``: when published lists foresaw the newest events so badly that somebody must look."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from recsys.settings import Settings
from recsys.stages.checks import foreseen
from recsys.tables import QUALITY


def judged(run: str, day: int, value: float, spread: float = 0.0, **other: str) -> dict[str, Any]:
    moment = datetime(2026, 6, day, tzinfo=UTC)
    facts = {"run": run, "as_of": moment, "judged_at": moment, "list": "balanced", "group": "all", "metric": "ndcg@10"}
    return {**facts, "value": value, "low": value - spread, "high": value + spread, "listeners": 9, **other}


def broken(*rows: dict[str, Any], run: str = "new") -> list[tuple[str, str | None]]:
    table = QUALITY.conform(pl.DataFrame(list(rows), schema=QUALITY.schema))
    frame = foreseen(table, run, Settings(ndcg_change=0.25, ndcg_floor=0.5))
    return frame.filter(~pl.col("passed")).sort("severity").select("severity", "example").rows()


@pytest.mark.parametrize(
    ("value", "severities"), [(0.75, []), (0.74, ["warn"]), (0.5, ["warn"]), (0.49, ["fail", "warn"]), (2.0, [])]
)
def test_bounds_are_shares_of_the_lists_before(value: float, severities: list[str]) -> None:
    result = broken(judged("old", 1, 1.0), judged("new", 2, value))
    assert [severity for severity, _ in result] == severities
    assert all(example == f"1.0 before, {value} now" for _, example in result)


def test_what_may_be_chance_breaks_nothing() -> None:
    assert broken(judged("old", 1, 1.0, 0.3), judged("new", 2, 0.4, 0.4)) == []
    assert [severity for severity, _ in broken(judged("old", 1, 1.0, 0.5), judged("new", 2, 0.4))] == ["warn"]


def test_the_newest_judgement_of_each_counts_and_later_ones_of_others_do_not() -> None:
    rows = [judged("older", 1, 0.1), judged("old", 2, 1.0), judged("new", 3, 1.0), judged("new", 4, 0.1)]
    assert [severity for severity, _ in broken(*rows)] == ["fail", "warn"]
    assert broken(judged("new", 3, 0.1), judged("old", 4, 1.0)) == []


def test_other_groups_metrics_and_lists_are_not_compared() -> None:
    later = [judged("new", 2, 0.1, group="cold"), judged("new", 2, 0.1, metric="recall@20"), judged("new", 2, 0.1, list="other")]
    assert broken(judged("old", 1, 1.0), *later) == []
    assert broken(judged("old", 1, 1.0), run="") == []
