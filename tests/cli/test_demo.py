"""`recsys demo`: from nothing to a list, twice with the same result, and never into a lake of other data."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from fnmatch import fnmatch
from pathlib import Path

import polars as pl
import pytest

from recsys import Lake
from recsys.demo import AS_OF, world
from tests.cli.conftest import Recsys
from tests.readme import README

pytestmark = pytest.mark.slow  # whole runs


def promised() -> list[str]:
    """The last lines of `make demo` as the README shows them, as patterns; the very last is make's own."""
    block = README.read_text(encoding="utf-8").split("`make demo` ends with\n\n```text\n")[1].split("\n```")[0]
    return [line.strip().replace("…", "*") for line in block.splitlines()[:-1]]


def test_demo_from_nothing_and_again(tmp_path: Path) -> None:
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path / "prefect"), "COLUMNS": "120"}

    def recsys(*arguments: str) -> str:
        command = [sys.executable, "-c", "from recsys.cli import main; main()", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    first, again = recsys("demo"), recsys("demo")
    run = Lake(tmp_path / "data/lake").published()
    assert "demo-u001 · balanced · 10 of 50 tracks" in first
    assert f"all tables:  {run.path}" in first
    for line in promised():
        assert any(fnmatch(printed.strip(), line) for printed in first.splitlines()), line
    assert f"Nothing to do: run {run.id} has" in again
    assert again.count("already in the lake") == 4
    nights = Lake(tmp_path / "data/lake").runs()
    assert [night.manifest.as_of for night in nights] == [AS_OF, AS_OF - timedelta(days=1)]
    assert f"try:  recsys runs diff {nights[1].id} {run.id}" in again
    changes = recsys("runs", "diff", nights[1].id, run.id)
    assert "entered" in changes
    _stays_near_the_planted_taste(run.read("rankings"))


def _stays_near_the_planted_taste(rankings: pl.DataFrame) -> None:
    group = dict(world().groups.iter_rows())
    own = rankings["user_id"].replace_strict(group, default=None) == rankings["track_id"].replace_strict(group)
    assert own.mean() > 2 / 8


def test_demo_refuses_a_lake_of_other_data(recsys: Recsys, tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text('{"user_id": "ann", "track_id": "a", "type": "like"}')
    recsys("ingest", "events", tmp_path / "events.jsonl")
    answer = recsys("demo")
    assert answer.code == 2
    assert "holds other data (events.jsonl)" in answer.err
    assert "recsys demo --lake data/demo/lake" in answer.err
    assert len(Lake("data/lake").batches()) == 1
