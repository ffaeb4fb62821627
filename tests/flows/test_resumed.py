"""The night is killed in the middle of its lists and run again: nothing finished is computed again, the bytes are the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from recsys import Lake
from recsys.tables import INPUTS, REJECTS
from tests.support.chance import world
from tests.support.worlds import AS_OF

pytestmark = pytest.mark.slow
SCRIPT = """
import itertools, json, logging, os, signal, sys, time
from datetime import datetime
from pathlib import Path
from flows import fits, nightly, steps
from recsys.settings import Settings

lake, as_of, dies = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), int(sys.argv[3])
logging.basicConfig(level=logging.INFO)
steps.pipeline.SHARD_LISTENERS = 3
shards, computed, bars, work = steps.pipeline.shards, [], [], []

def noted(module, name):
    function = getattr(module, name)

    def call(*values, **named):
        work.append(name)
        return function(*values, **named)

    setattr(module, name, call)

for module, name in ((steps, "rate_part"), (steps, "profile_listeners"), (fits, "results")):
    noted(module, name)

def recorded():
    (record,) = (lake / ".staging").glob("*.parts")
    return record.read_text().count('"path":"lists/part-')

def counted(scorer, ranges, *more):
    before = ranges[0][0] // 3  # parts of a stopped run
    for (first, _), tables in zip([*ranges, (0, 0)], itertools.chain(shards(scorer, ranges, *more), [None])):
        if len(computed) == dies:
            while recorded() < len(computed) + before:
                time.sleep(0.01)  # parts are written beside the computing of the next
            os.kill(os.getpid(), signal.SIGKILL)
        if tables is not None:
            computed.append(first)
            yield tables

steps.pipeline.shards = counted
report = nightly.run(lake, Settings(list_limit=5, pool=10), as_of, progress=lambda *call: bars.append(call))
print(json.dumps({"run": report.run_id, "computed": computed, "bars": bars, "work": work}))
"""


def ran(folder: Path, root: Path, dies: int = -1) -> tuple[int, dict[str, Any], str]:
    """Exit code, what the night said of itself, and its log; ``dies``: the part of the lists in which it is killed."""
    command = [sys.executable, "-c", SCRIPT, str(folder / "lake"), AS_OF.isoformat(), str(dies)]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=900, check=False)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def ready(folder: Path) -> Lake:
    lake, given = Lake(folder / "lake"), world(31)
    for number, table in enumerate(INPUTS):
        rows = getattr(given, table).drop("batch")
        lake.add_batch(table, rows, rejects=REJECTS.empty(), source=table, digest=f"{number:064}", rows_read=rows.height)
    return lake


def test_killed_in_the_middle_of_the_lists(tmp_path: Path, root: Path) -> None:
    lakes = []
    for name in ("undisturbed", "killed"):
        (tmp_path / name).mkdir()
        lakes.append(ready(tmp_path / name))
    _, whole, _ = ran(tmp_path / "undisturbed", root)
    parts = len(whole["computed"])
    assert parts >= 4

    code, _, _ = ran(tmp_path / "killed", root, dies=2)
    assert code == -signal.SIGKILL
    assert lakes[1].runs() == []
    code, again, log = ran(tmp_path / "killed", root, dies=parts - 3)  # once more, in the last part
    assert code == -signal.SIGKILL
    code, again, log = ran(tmp_path / "killed", root)
    assert code == 0, log

    assert again["computed"] == whole["computed"][-1:]
    assert set(whole["work"]) == {"rate_part", "profile_listeners", "results"}
    assert again["work"] == []
    assert "resumed" in log
    assert log.count("finished before, not computed again") == parts - 1
    assert any(name.startswith("resumed, ") for name, _, _ in again["bars"])
    ends = [[call for call in bars if call[0] == "rankings"][-1] for bars in (again["bars"], whole["bars"])]
    assert ends[0] == ends[1]
    one, other = (lake.published() for lake in lakes)
    assert one.id == other.id == whole["run"]
    assert [file for file in one.manifest.files if file.table] == [file for file in other.manifest.files if file.table]
    assert set(other.manifest.seconds) == set(one.manifest.seconds)
    assert not list((tmp_path / "killed" / "lake" / ".staging").iterdir())
