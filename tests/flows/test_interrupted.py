"""The flow's process is stopped or killed under Prefect: the lake is as it was, a new run proceeds, and no secret is anywhere."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from recsys import Lake
from recsys.providers.settings import _NAMES
from recsys.tables import INPUTS, REJECTS
from tests.support.chance import world
from tests.support.worlds import AS_OF

pytestmark = pytest.mark.slow
CANARY = "canary-0b5e"
SECRETS = ("SPOTIFY_CLIENT_SECRET", "SPOTIFY_BEARER_TOKEN", "LISTENBRAINZ_TOKEN", "SONGLINK_API_KEY", "API_KEYS")
SCRIPT = """
import os, signal, sys, time
from datetime import datetime
from pathlib import Path
from flows import deployments, steps
from recsys.settings import Settings

if sys.argv[3] == "SIGTERM":
    def stop(*arguments):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)
    steps.pipeline.shards = stop
if sys.argv[3] == "SIGKILL":
    steps.pipeline.shards = lambda *arguments: os.kill(os.getpid(), signal.SIGKILL)
deployments.run(Path(sys.argv[1]), Settings(list_limit=5, pool=10, seed=int(sys.argv[4])), datetime.fromisoformat(sys.argv[2]))
"""


def test_stopped_killed_and_run_again(tmp_path: Path, root: Path) -> None:
    lake, given, said = Lake(tmp_path / "lake"), world(31), ""
    for number, table in enumerate(INPUTS):
        rows = getattr(given, table).drop("batch")
        lake.add_batch(table, rows, rejects=REJECTS.empty(), source=table, digest=f"{number:064}", rows_read=rows.height)
    home = tmp_path / "prefect"
    own = {"PREFECT_HOME": str(home), "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120", "PYTHONPATH": str(root)}
    kept = {name: value for name, value in os.environ.items() if name not in _NAMES}
    environment = {**kept, **own, **dict.fromkeys(SECRETS, CANARY), "PREFECT_LOGGING_LEVEL": "INFO"}
    first = ""
    for seed, end in enumerate(("none", "SIGTERM", "SIGKILL", "none")):
        command = [sys.executable, "-c", SCRIPT, str(lake.root), AS_OF.isoformat(), end, str(seed)]
        code, words = _ended(command, tmp_path, environment)
        said += words
        assert (code == 0) == (end == "none"), said
        assert end != "SIGKILL" or code == -signal.SIGKILL
        first = first or lake.published().id
        assert lake.published().damage() == []
        assert (lake.published().id == first) == (seed < 3)
    assert len(lake.runs()) == 2
    assert "RUNNING" in _states(home)
    everything = [path for folder in (lake.root, home) for path in folder.rglob("*") if path.is_file()]
    assert [path for path in everything if CANARY.encode() in path.read_bytes()] == []
    assert CANARY not in said


def _ended(command: list[str], folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Exit code and words of a process; a server that it started and left behind goes with it."""
    told = folder / "told"
    with told.open("w") as words:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=words, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            return process.wait(timeout=900), told.read_text()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _states(home: Path) -> list[str]:
    """What Prefect believes of its flow runs."""
    with contextlib.closing(sqlite3.connect(home / "prefect.db")) as database:
        return [state for (state,) in database.execute("select state_type from flow_run")]
