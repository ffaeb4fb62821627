"""`recsys runs`: the list of runs, and the damage to one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from recsys import Lake, Settings
from recsys.demo import AS_OF
from tests.cli.conftest import Recsys


def test_list_shows_the_published_run(recsys: Recsys, lake: Lake) -> None:
    answer = recsys("runs", "list", "--lake", lake.root)
    assert (answer.code, answer.err) == (0, "")
    assert max(map(len, answer.out.splitlines())) <= 80
    assert not any(line.endswith(" ") for line in answer.out.splitlines())
    for part in (lake.published().id, "passed", "published"):
        assert part in answer.out


def test_list_as_json(recsys: Recsys, lake: Lake) -> None:
    (row,) = json.loads(recsys("runs", "list", "--lake", lake.root, "--format", "json").out)
    assert row["run"] == lake.published().id
    assert row["rows"] == lake.published().read("rankings").height


def test_verify_tells_a_whole_run_from_a_damaged_one(recsys: Recsys, lake: Lake, tmp_path: Path) -> None:
    copy = Lake(shutil.copytree(lake.root, tmp_path / "copy"))
    run = copy.published()
    assert recsys("runs", "verify", run.id, "--lake", copy.root).out == f"run {run.id} is whole\n"
    assert recsys("runs", "verify", "--lake", copy.root, "--quiet").out == ""
    assert json.loads(recsys("runs", "verify", "--lake", copy.root, "--format", "json").out)["whole"] is True
    part = run.files("rankings")[0]
    part.write_bytes(part.read_bytes()[:-1] + b"?")
    answer = recsys("runs", "verify", run.id, "--lake", copy.root)
    assert answer.code == 4
    assert "rankings/part-00000.parquet" in answer.err
    answer = recsys("runs", "verify", run.id, "--lake", copy.root, "--format", "json")
    assert (answer.code, json.loads(answer.out)["whole"]) == (4, False)


def test_unknown_run(recsys: Recsys, lake: Lake) -> None:
    assert recsys("runs", "verify", "nope", "--lake", lake.root).code == 6


def test_list_works_without_a_good_pointer(recsys: Recsys, lake: Lake, tmp_path: Path) -> None:
    copy = Lake(shutil.copytree(lake.root, tmp_path / "copy"))
    (copy.root / "CURRENT").write_bytes(b"garbage")
    answer = recsys("runs", "list", "--lake", copy.root)
    assert (answer.code, lake.published().id in answer.out) == (0, True)
    assert "published" not in answer.out
    assert f"`recsys publish {lake.published().id}`" in recsys("runs", "verify", "--lake", copy.root).err


def test_verify_takes_the_published_run(recsys: Recsys, lake: Lake) -> None:
    assert recsys("runs", "verify", "--lake", lake.root).out == f"run {lake.published().id} is whole\n"


def test_show(recsys: Recsys, lake: Lake) -> None:
    answer = recsys("runs", "show", "--lake", lake.root)
    for part in (lake.published().id, "checks passed", "events.x", "rankings", "published 2"):
        assert part in answer.out
    told = json.loads(recsys("runs", "show", lake.published().id, "--lake", lake.root, "--format", "json").out)
    assert (told["run"], told["broken"], len(told["publications"])) == (lake.published().id, [], 1)


@pytest.mark.slow
def test_diff(recsys: Recsys, lake: Lake, tmp_path: Path) -> None:
    copy = Lake(shutil.copytree(lake.root, tmp_path / "copy"))
    old = copy.published()
    settings = Settings(list_limit=9, pool=20)
    with copy.stage(copy.plan(settings, AS_OF)) as staged:
        for table in old.tables:
            frame = old.read(table)
            short = frame.filter(pl.col("rank") < 10) if table == "rankings" else frame
            staged.write(table, short)
        new = copy.commit(staged, status="passed", seconds={}, metrics={})
    result = json.loads(recsys("runs", "diff", old.id, new.id, "--lake", copy.root, "--format", "json").out)
    assert result["causes"] == ["setting list_limit: 10 → 9"]
    assert {(row["change"], row["cause"]) for row in result["rows"]} == {("left", "settings")}
    assert min(row["rank_before"] for row in result["rows"]) == 10
    assert "left" in recsys("runs", "diff", old.id, new.id, "--lake", copy.root).out
    one = recsys("runs", "diff", new.id, old.id, "--user", "demo-u001", "--lake", copy.root).out
    assert "entered" in one
    assert "demo-u002" not in one


def test_rollback_and_prune(recsys: Recsys, lake: Lake, tmp_path: Path) -> None:
    copy = Lake(shutil.copytree(lake.root, tmp_path / "copy"))
    first = copy.published()
    assert recsys("runs", "rollback", "--lake", copy.root).code == 4
    with copy.stage(copy.plan(Settings(list_limit=9), AS_OF)) as staged:
        second = copy.commit(staged, status="passed", seconds={}, metrics={})
    copy.publish(second.id)
    assert f"published {first.id}" in recsys("runs", "rollback", "--lake", copy.root).out
    said = recsys("runs", "prune", "--keep", "1", "--days", "0", "--dry-run", "--lake", copy.root).out
    assert said == "nothing to remove\n"
    copy.publish(second.id)
    assert f"would remove run {first.id}" in recsys("runs", "prune", "--keep=1", "--days=0", "--dry-run", "--lake", copy.root).out
    assert f"removed run {first.id}" in recsys("runs", "prune", "--keep=1", "--days=0", "--lake", copy.root).out
    assert copy.run_ids() == [second.id]
