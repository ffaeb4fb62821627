"""A bad night: lists that are far from those readers have are built, kept and not published, until somebody decides."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from flows import nightly
from recsys import Lake, Settings
from recsys.demo import AS_OF
from recsys.lake import quality
from tests.support.published import publish


@pytest.mark.slow
def test_a_bad_night_is_stopped(tmp_path: Path) -> None:
    lake = publish(tmp_path / "lake")
    good = nightly.run(lake.root, Settings(list_limit=10, pool=20), AS_OF - timedelta(days=20))
    assert good.published
    # a settings file with a slip of the pen: lists of one track (saved ones keep their length)
    slip = Settings(list_limit=1, pool=20, row_floor=0.9)
    bad = nightly.run(lake.root, slip, AS_OF)
    assert not bad.published
    assert any(problem.startswith("fail: rankings: far fewer rows") for problem in bad.problems)
    assert Lake(lake.root).published().id == good.run_id
    assert "not far fewer rows than in the published run" in lake.run(bad.run_id).report.read_text(encoding="utf-8")
    assert nightly.run(lake.root, slip, AS_OF).published is False
    # readers' lists were judged by what came since all the same
    judged = quality.read(lake)
    assert set(judged["run"]) == {good.run_id}
    assert judged.filter(group="all", metric="coverage@10", list="balanced")["value"].item() > 0
    assert judged.filter(group="all", metric="ndcg@10", list="balanced")["listeners"].item() > 0
    assert lake.publish(bad.run_id).id == bad.run_id


@pytest.mark.slow
def test_a_night_after_lists_that_foresaw_nothing_is_stopped(tmp_path: Path) -> None:
    lake = publish(tmp_path / "lake", AS_OF)
    good, settings = lake.published().id, Settings(list_limit=10, pool=40)
    facts = {"as_of": AS_OF, "list": "balanced", "group": "all", "metric": "ndcg@10", "listeners": 900}
    before = {**facts, "run": "before", "judged_at": AS_OF - timedelta(days=1), "value": 0.3, "low": 0.28, "high": 0.32}
    after = {**before, "run": good, "judged_at": AS_OF, "value": 0.05, "low": 0.04, "high": 0.06}
    quality.add(lake, pl.DataFrame([before, after]))
    bad = nightly.run(lake.root, settings, AS_OF + timedelta(days=1))
    assert not bad.published
    assert any("list balanced did not foresee the newest events far worse" in problem for problem in bad.problems)
    assert Lake(lake.root).published().id == good
    assert nightly.run(lake.root, settings.model_copy(update={"ndcg_floor": 0.0}), AS_OF + timedelta(days=1)).published


@pytest.mark.slow
def test_a_check_of_an_analyst_stops_a_night(tmp_path: Path) -> None:
    lake = publish(tmp_path / "lake", AS_OF)
    (lake.root / "checks").mkdir()
    (lake.root / "checks" / "long.sql").write_text("select user_id, list from lists where returned < 11")
    bad = nightly.run(lake.root, Settings(list_limit=10, pool=40), AS_OF + timedelta(days=1))
    assert not bad.published
    assert any(problem.startswith("fail: run: checks/long.sql (") for problem in bad.problems)
    assert "checks/long.sql" in lake.run(bad.run_id).report.read_text(encoding="utf-8")
    assert (bad.path / "expectations" / "rankings.json").is_file()
