"""A bad night: lists that are far from those readers have are built, kept and not published, until somebody decides."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from flows import nightly
from recsys import Lake, Settings
from recsys.demo import AS_OF
from recsys.lake import quality
from recsys.lake.reports import _place
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
    assert any(problem.startswith("fail: rankings: not far fewer rows") for problem in bad.problems)
    assert Lake(lake.root).published().id == good.run_id
    assert "not far fewer rows than in the published run" in _place(lake.run(bad.run_id)).read_text(encoding="utf-8")
    assert nightly.run(lake.root, slip, AS_OF).published is False
    # readers' lists were judged by what came since all the same
    judged = quality.read(lake)
    assert set(judged["run"]) == {good.run_id}
    assert judged.filter(group="all", metric="coverage@10", list="balanced")["value"].item() > 0
    assert judged.filter(group="all", metric="ndcg@10", list="balanced")["listeners"].item() > 0
    assert lake.publish(bad.run_id).id == bad.run_id
