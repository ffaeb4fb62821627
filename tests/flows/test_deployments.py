"""The scheduled flow, for real, with Prefect's own server: its stages are tasks, and a broken rule makes the run Failed."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from recsys import Lake
from recsys.tables import INPUTS, REJECTS, STAGES
from tests.support.chance import world
from tests.support.worlds import AS_OF

SCRIPT = """
import json, sys
from datetime import datetime
from pathlib import Path
from flows import deployments, steps
from recsys.errors import InputError
from flows.report import UnpublishedError
import polars as pl
from recsys.stages.rankings import reasons as words
from recsys.settings import Settings

lake, as_of = sys.argv[1], datetime.fromisoformat(sys.argv[2])
first = deployments.nightly(lake, Settings(list_limit=5, pool=10), as_of)
words._texts = lambda code, *_: pl.Series([""] * len(code))
try:
    deployments.nightly(lake, Settings(list_limit=5, pool=10, seed=1), as_of)
except UnpublishedError as error:
    failed = error

def broken(*_):
    raise InputError("a row of SECRET-LISTENER: SECRET-ROW")

steps.rate_part = broken
try:
    deployments.run(Path(lake), Settings(list_limit=5, pool=10, seed=2), as_of)
except InputError as error:
    assert "SECRET-ROW" in str(error), error
    print(json.dumps({"published": first.run_id, "failed": str(failed), "problems": failed.report.problems}))
"""


@pytest.mark.slow
def test_flow(tmp_path: Path, root: Path) -> None:
    lake, tables = Lake(tmp_path / "lake"), world(31)
    for number, table in enumerate(INPUTS):
        rows = getattr(tables, table).drop("batch")
        lake.add_batch(table, rows, rejects=REJECTS.empty(), source=table, digest=f"{number:064}", rows_read=rows.height)
    home = tmp_path / "prefect"
    own = {"PREFECT_HOME": str(home), "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120", "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", SCRIPT, str(lake.root), AS_OF.isoformat()]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, **own}, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert lake.published().id == answer["published"]
    assert "was not published: fail: rankings: every row has a reason (" in answer["failed"]
    with contextlib.closing(sqlite3.connect(home / "prefect.db")) as database:
        flows = database.execute("select name, state_type from flow_run order by created").fetchall()
        tasks = {name for (name,) in database.execute("select name from task_run")}
        artifacts = [text for (text,) in database.execute("select data from artifact where key = 'nightly' order by created")]
    assert flows == [("nightly 2026-06-01 00:00", state) for state in ("COMPLETED", "FAILED", "FAILED")]
    assert {word for name in tasks for word in name.rsplit("-", 1)[0].split(", ")} >= {*STAGES[1:]}
    assert "every row has a reason" in artifacts[-1]
    assert any("for example" in problem for problem in answer["problems"])
    held = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert b"every row has a reason" in held
    for words in (b"SECRET", b"for example", base64.b64encode(b"xSECRET-ROW")[4:12]):
        assert words not in held
