"""Groups of listeners: by hand, and that they part the listeners."""

from __future__ import annotations

import numpy as np
import polars as pl

from recsys.evaluation.groups import ALL, THIN, groups
from recsys.evaluation.pairs import pairs_task
from recsys.evaluation.task import Task


def task(*known: tuple[str, list[int]], later: tuple[str, ...] = ()) -> Task:
    """Listeners and the tracks they know; those of ``later`` are only in the test."""
    schema = ["user_id", "item_id", "value"]
    train = [(user, f"t{item:03}", 1.0) for user, items in known for item in items]
    test = [(user, "t000", 1.0) for user in later] or [("a", "t999", 1.0)]
    empty = pl.DataFrame(schema={"user_id": pl.String, "item_id": pl.String, "value": pl.Float64})
    return pairs_task(pl.DataFrame(train, schema, orient="row") if train else empty, pl.DataFrame(test, schema, orient="row"))


def members(task: Task, name: str) -> list[str]:
    return [user for user, own in zip(task.users, groups(task)[name], strict=True) if own]


def test_by_the_number_of_known_tracks() -> None:
    result = task(("few", [1]), ("almost", [*range(THIN - 1)]), ("many", [*range(THIN)]), later=("new",))
    assert members(result, "cold") == ["new"]
    assert members(result, "thin") == ["almost", "few"]
    assert members(result, "heavy") == ["many"]
    assert members(result, ALL) == result.users


def test_by_the_popularity_of_what_is_known() -> None:
    """Track 1 has three listeners, 2 and 3 one each: means 3, 2 and 1 of b, c and d; a's is 3; the median is 2.5."""
    result = task(("a", [1]), ("b", [1]), ("c", [1, 2]), ("d", [3]), later=("new",))
    assert members(result, "niche") == ["c", "d"]
    assert members(result, "mainstream") == ["a", "b"]


def test_who_stands_at_the_median_is_niche() -> None:
    result = task(("a", [1]), ("b", [1]), ("c", [1, 2]))
    assert members(result, "niche") == ["a", "b", "c"]
    assert members(result, "mainstream") == []


def test_they_part_the_listeners() -> None:
    rng = np.random.default_rng(0)
    known = [(f"u{user}", rng.choice(60, rng.integers(1, 40), replace=False).tolist()) for user in range(30)]
    result = groups(task(*known, later=("new",)))
    assert sum(result[name].astype(int) for name in ("cold", "thin", "heavy")).tolist() == [1] * 31
    assert (result["niche"] ^ result["mainstream"] ^ result["cold"]).all()
    assert result["niche"].sum() >= 15


def test_nobody_knows_anything() -> None:
    result = groups(task(later=("a", "b")))
    assert result["cold"].all()
    assert not any(result[name].any() for name in ("thin", "heavy", "niche", "mainstream"))
