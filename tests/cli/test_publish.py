"""`recsys publish`: readers get the run that was named."""

from __future__ import annotations

import shutil
from pathlib import Path

from recsys import Lake, Settings
from recsys.demo import AS_OF
from tests.cli.conftest import Recsys


def test_publishes_a_run(recsys: Recsys, lake: Lake, tmp_path: Path) -> None:
    copy = Lake(shutil.copytree(lake.root, tmp_path / "copy"))
    run = copy.published()
    (copy.root / "CURRENT").unlink()
    answer = recsys("publish", run.id, "--lake", copy.root)
    assert answer.code == 0
    assert f"published {run.id}, as of 2026-06-01 00:00 UTC" in answer.out
    assert copy.published().id == run.id


def test_unknown_run(recsys: Recsys, lake: Lake) -> None:
    assert recsys("publish", "nope", "--lake", lake.root).code == 6


def test_a_failed_run_needs_a_reason(recsys: Recsys, lake: Lake, tmp_path: Path) -> None:
    copy = Lake(shutil.copytree(lake.root, tmp_path / "copy"))
    with copy.stage(copy.plan(Settings(list_limit=9), AS_OF)) as staged:
        bad = copy.commit(staged, status="failed", seconds={}, metrics={})
    assert recsys("publish", bad.id, "--lake", copy.root).code == 5
    assert recsys("publish", bad.id, "--accept", " ", "--lake", copy.root).code == 2
    assert copy.published().id != bad.id
    answer = recsys("publish", bad.id, "--accept", "known and harmless", "--lake", copy.root)
    assert (answer.code, "recorded reason: known and harmless" in answer.out) == (0, True)
    assert "in spite of failed checks: known and harmless" in recsys("runs", "show", "--lake", copy.root).out


def test_a_check_of_an_analyst_needs_a_reason_too(recsys: Recsys, lake: Lake, tmp_path: Path) -> None:
    copy = Lake(shutil.copytree(lake.root, tmp_path / "copy"))
    (copy.root / "checks").mkdir()
    (copy.root / "checks" / "long.sql").write_text("-- table: lists\nselect user_id from lists where returned < 1000")
    refused = recsys("publish", copy.published().id, "--lake", copy.root)
    assert (refused.code, "lists: checks/long.sql" in refused.err) == (5, True)
    assert recsys("publish", copy.published().id, "--accept", "on purpose", "--lake", copy.root).code == 0
