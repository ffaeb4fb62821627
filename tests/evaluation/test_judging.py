"""Methods compared on a planted world: the right answer is known, so are the means of its groups."""

from __future__ import annotations

import json
import math

import numpy as np
import polars as pl
import pytest

from recsys.evaluation.judging import Judgement, judge
from recsys.evaluation.pairs import pairs_task
from recsys.evaluation.task import Task

pytestmark = pytest.mark.slow  # whole runs


@pytest.fixture(scope="module")
def task() -> Task:
    """60 listeners in two circles with 12 of 20 tracks each, 4 more held out; and one who is only in the test."""
    rng = np.random.default_rng(0)
    train, test = [], [("stranger", "t00", 1.0)]
    for user in range(60):
        own = [f"t{2 * int(item) + user % 2:02d}" for item in rng.permutation(20)[:16]]
        train += [(f"u{user:02d}", item, 1.0) for item in own[:12]]
        test += [(f"u{user:02d}", item, 1.0) for item in own[12:]]
    columns = ["user_id", "item_id", "value"]
    return pairs_task(pl.DataFrame(train, columns, orient="row"), pl.DataFrame(test, columns, orient="row"))


@pytest.fixture(scope="module")
def judged(task: Task) -> Judgement:
    return judge(task, (5, 30), names=("balanced", "comfort"))


def test_every_method_is_there(judged: Judgement) -> None:
    assert list(judged.measured) == [
        "default",
        "comfort",
        "votes",
        "reference",
        "popularity",
        "random",
        "item-cosine",
        "ease",
        "als",
    ]
    assert judged.unavailable == {}


def test_the_circle_beats_popularity_beyond_its_interval(judged: Judgement) -> None:
    for name in ("popularity", "random"):
        result = judged.differences(name)["all"]["ndcg@5"]
        assert result.low > 0.1
        assert result.mean == pytest.approx(judged.values("default")["ndcg@5"] - judged.values(name)["ndcg@5"])
    assert judged.differences("default")["all"]["ndcg@5"] == (0.0, 0.0, 0.0)


def test_a_list_may_be_shorter_than_the_cutoff(judged: Judgement) -> None:
    # 40 tracks without 12 known leave 28, which hold all that is hidden
    assert judged.values("random")["recall@30"] == pytest.approx(1.0)
    assert judged.values("random")["precision@30"] == pytest.approx((60 * 4 + 1) / 61 / 30)


def test_groups_are_judged_alone(judged: Judgement) -> None:
    result = judged.by_group("default")
    assert (result["cold"]["listeners"], result["thin"]["listeners"]) == (1, 60)
    whole = (result["thin"]["ndcg@5"] * 60 + result["cold"]["ndcg@5"]) / 61
    assert judged.values("default")["ndcg@5"] == pytest.approx(whole)


def test_as_json(judged: Judgement) -> None:
    told = json.loads(json.dumps(judged.document(), default=str, allow_nan=False))
    best = told["methods"]["default"]
    assert {"ndcg@5", "recall@30", "coverage@5", "gini@5"} <= set(best)
    low, high = told["intervals"]["default"]["ndcg@5"][1:]
    assert low < best["ndcg@5"] < high
    assert math.isfinite(told["differences"]["ease"]["thin"]["recall@30"][0])
    assert best["diversity@5"] is None


def test_one_listener_and_nothing_relevant() -> None:
    one = pl.DataFrame([("a", "x", 1.0), ("a", "y", 1.0)], ["user_id", "item_id", "value"], orient="row")
    judgement = judge(pairs_task(one, one), (10,), methods=("popularity",))
    assert list(judgement.measured) == ["default", "popularity"]
    assert math.isnan(judgement.values("default")["ndcg@10"])
    judgement = judge(pairs_task(one.clear(), one), (10,))
    assert judgement.values("default")["recall@10"] == pytest.approx(1.0)
