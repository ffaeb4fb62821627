"""The block for a Prefect server in docs/nights.md, against a real server on loopback: pool, deployments, a worker, one run."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from recsys import Lake
from recsys.tables import INPUTS, REJECTS
from tests.support.chance import world

DOCUMENT = Path(__file__).parents[2] / "docs" / "nights.md"
BIN = Path(sys.executable).parent
PATIENCE = 600


def commands() -> list[list[str]]:
    (block,) = re.findall(r"```sh\n(.+?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    return [[str(BIN / "prefect"), *shlex.split(line)[1:]] for line in block.splitlines()]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    own = {
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PATH": f"{BIN}:{os.environ['PATH']}",
    }
    return {**os.environ, **own}


@pytest.fixture
def server(environment: dict[str, str], root: Path) -> Iterator[str]:
    """The server of the block's first line, in the foreground so that it ends with the test."""
    start = [word for word in commands()[0] if word != "--background"]
    with subprocess.Popen(start, env=environment, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        api = environment["PREFECT_API_URL"]
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                if httpx.get(f"{api}/health").status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(1)
        yield api
        process.terminate()


@pytest.mark.slow
def test_the_block_works_on_a_fresh_server(server: str, environment: dict[str, str], root: Path, tmp_path: Path) -> None:
    lake, tables = Lake(tmp_path / "lake"), world(31)
    for number, table in enumerate(INPUTS):
        rows = getattr(tables, table).drop("batch")
        lake.add_batch(table, rows, rejects=REJECTS.empty(), source=table, digest=f"{number:064}", rows_read=rows.height)
    (tmp_path / "inbox").mkdir()

    def prefect(*words: str) -> None:
        done = subprocess.run(words, env=environment, cwd=root, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, (words, done.stdout, done.stderr)

    _, pool, deploy, worker = commands()
    prefect(*pool)
    prefect(*deploy)
    parameters = [f"--param=lake={lake.root}", f"--param=inbox={tmp_path / 'inbox'}"]
    prefect(str(BIN / "prefect"), "deployment", "run", "nightly/nightly", *parameters)
    prefect(*worker, "--run-once")
    run = httpx.post(f"{server}/flow_runs/filter", json={"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}).json()
    assert [each["name"].split()[0] for each in run] == ["nightly"]
    assert lake.published().manifest.status == "passed"
    artifacts = httpx.post(f"{server}/artifacts/filter", json={}).json()
    assert any(each["key"] == "nightly" for each in artifacts)
