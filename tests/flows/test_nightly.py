"""The nightly batch, for real, in a process of its own: first run, repeat, new events, and a run that breaks a rule."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from recsys import Lake, Settings, build
from recsys.tables import INPUTS, REJECTS, STAGES
from tests.support.chance import world
from tests.support.worlds import AS_OF

SETTINGS = Settings(list_limit=5, pool=10)
SCRIPT = """
import json, logging, sys
from datetime import UTC, datetime
from pathlib import Path
from flows import nightly
import polars as pl
from recsys.stages.rankings import reasons as words
from recsys.settings import Settings

lake, inbox, as_of = Path(sys.argv[1]), Path(sys.argv[2]), datetime.fromisoformat(sys.argv[3])
settings = Settings(list_limit=5, pool=10)
calls, reports = [], []
logging.basicConfig(level=logging.INFO)

def run(*arguments, **more):
    report = nightly.run(lake, *arguments, progress=lambda *call: calls.append(call), **more)
    flags = [report.already, report.published, list(report.problems)]
    reports.append([report.run_id, *flags, report.as_of.isoformat(), report.numbers])

run(settings, as_of)
run(settings, as_of)
run(settings, inbox=inbox)
words._texts = lambda code, *_: pl.Series([""] * len(code))
run(settings.model_copy(update={"seed": 1}), as_of)
print(json.dumps({"reports": reports, "calls": calls, "prefect": "prefect" in sys.modules}))
"""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The four input tables of a small world, ingested."""
    home, given = Lake(tmp_path_factory.mktemp("nightly") / "lake"), world(31)
    for number, table in enumerate(INPUTS):
        rows = getattr(given, table).drop("batch")
        home.add_batch(table, rows, rejects=REJECTS.empty(), source=table, digest=f"{number:064}", rows_read=rows.height)
    return home


@pytest.fixture(scope="module")
def told(lake: Lake, root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What four runs of the flow, one after another in one process, said of themselves."""
    folder = tmp_path_factory.mktemp("process")
    (folder / "inbox" / "events").mkdir(parents=True)
    row = {"user_id": "u1", "track_id": "t01", "type": "like", "occurred_at": "2026-05-31T23:00:00Z"}
    (folder / "inbox" / "events" / "late.jsonl").write_text(json.dumps(row))
    command = [sys.executable, "-c", SCRIPT, str(lake.root), str(folder / "inbox"), AS_OF.isoformat()]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]) | {"log": done.stdout + done.stderr}


@pytest.mark.slow
class TestFlow:
    def test_first_run_is_published_and_equals_the_computation_in_memory(self, told: dict[str, Any], lake: Lake) -> None:
        run_id, already, published, _, as_of, numbers = told["reports"][0]
        assert (already, published, as_of) == (False, True, AS_OF.isoformat())
        assert numbers["lists"] == lake.run(run_id).read("lists").height
        for name, table in build(world(31), SETTINGS, as_of=AS_OF).items():
            assert lake.run(run_id).read(name).equals(table), name

    def test_the_nine_words_are_those_of_times_log_progress_and_metrics(self, told: dict[str, Any], lake: Lake) -> None:
        run = lake.run(told["reports"][2][0])  # the one with an inbox
        logged = [line.split("stage=")[1].split()[0] for line in told["log"].splitlines() if "stage=" in line]
        shown = [name for name, _, _ in told["calls"] if name in STAGES]
        assert sorted(run.manifest.seconds, key=STAGES.index) == list(STAGES)
        assert set(logged) == set(shown) == set(STAGES)
        fitted = rf"stage=neighbors run={run.id} rows_in=[1-9]\d* rows_out=\d+ seconds="
        assert re.search(fitted, told["log"]), "the model is logged before the parts"
        assert {name for name, _, _ in told["calls"]} - set(STAGES) <= {"late.jsonl"}  # the file that is read
        assert set(run.read("metrics")["stage"]) <= set(STAGES)
        assert min(run.manifest.seconds.values()) > 0.0
        assert run.id in (run.path / "report.html").read_text(encoding="utf-8")

    def test_nothing_of_prefect_is_loaded(self, told: dict[str, Any]) -> None:
        assert told["prefect"] is False

    def test_a_repeat_is_nothing_to_do(self, told: dict[str, Any]) -> None:
        first, again = told["reports"][:2]
        assert again[0] == first[0]
        assert (again[1], again[2]) == (True, True)

    def test_new_files_make_a_new_run_as_of_now(self, told: dict[str, Any], lake: Lake) -> None:
        run_id, already, published, *_, as_of, _ = told["reports"][2]
        assert (already, published) == (False, True)
        assert run_id != told["reports"][0][0]
        assert len(lake.batches("events")) == 2
        today = datetime.combine(datetime.now(UTC).date(), datetime.min.time(), UTC)
        newest = lake.inputs().events.filter(pl.col("occurred_at") <= datetime.now(UTC))["occurred_at"].max()
        assert datetime.fromisoformat(as_of) in (max(newest, today), max(newest, today - timedelta(days=1)))

    def test_a_run_that_breaks_a_rule_is_kept_and_not_published(self, told: dict[str, Any], lake: Lake) -> None:
        run_id, already, published, problems, *_ = told["reports"][3]
        assert (already, published) == (False, False)
        assert any(problem.startswith("fail: rankings: every row has a reason (") for problem in problems)
        assert lake.run(run_id).manifest.status == "failed"
        current = lake.current()
        assert current is not None
        assert current.id == told["reports"][2][0]
