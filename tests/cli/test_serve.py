"""`recsys serve`: where it may listen, and with which keys."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from recsys import Lake
from recsys.demo import AS_OF
from tests.cli.conftest import Recsys
from tests.support.published import publish

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104
def test_without_keys_it_stays_on_this_machine(recsys: Recsys, lake: Lake, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("API_KEYS", raising=False)
    answer = recsys("serve", "--host", host, "--lake", lake.root)
    assert answer.code == 2
    assert "API_KEYS" in answer.err


def test_short_keys_are_refused_and_not_repeated(recsys: Recsys, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEYS", "long-enough-key, 1234")
    answer = recsys("serve", "--lake", lake.root)
    assert answer.code == 2
    assert "1234" not in answer.err


def test_a_port_in_use_is_one_message(recsys: Recsys, lake: Lake) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        answer = recsys("serve", "--port", taken.getsockname()[1], "--lake", lake.root)
    assert answer.code == 2
    assert "--port" in answer.err


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_a_port_that_is_none_is_said_before_anything_else(recsys: Recsys, tmp_path: Path, port: str) -> None:
    answer = recsys("serve", "--port", port, "--lake", tmp_path / "none")
    assert answer.code == 2
    assert len(answer.err.splitlines()) == 1
    assert f'Invalid value "{port}" for --port' in answer.err


def test_it_serves_with_a_key_and_stops_when_told(lake: Lake) -> None:
    command = [sys.executable, "-c", "from recsys.cli import main; main()", "serve", "--port", "0", "--lake", str(lake.root)]
    environment = {**os.environ, "API_KEYS": "the-key-of-this-test", "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        said = server.stdout.readline()
        (address,) = re.findall(r"http://\S+", said)
        with httpx.Client(base_url=address, trust_env=False) as client:
            assert client.get("/healthz").status_code == 200
            assert client.get("/v1/runs/current").status_code == 401
            assert client.get("/docs", headers={"X-API-Key": "the-key-of-this-test"}).status_code == 200
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) in (0, -signal.SIGTERM)
        logged = server.stderr.read()
    assert "path=/v1/runs/current status=401" in logged
    assert "Traceback" not in logged


def test_an_idle_server_lets_go_of_a_run_that_is_not_published_any_more(tmp_path: Path) -> None:
    lake = publish(tmp_path / "lake", AS_OF)
    command = [sys.executable, "-c", "from recsys.cli import main; main()", "serve", "--port", "0", "--lake", str(lake.root)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment) as server:
        try:
            assert server.stdout is not None
            (address,) = re.findall(r"http://\S+", server.stdout.readline())
            assert httpx.get(f"{address}readyz", trust_env=False).status_code == 200
            evil = httpx.get(f"{address}v1/runs/current", headers={"host": "evil.test"}, trust_env=False)
            assert evil.status_code == 421  # a page elsewhere must not read this machine's lists by a name of its own
            assert any("/lookup/" in name for name in open_files(server.pid))
            shutil.rmtree(lake.root / "runs")
            (lake.root / "CURRENT").unlink()
            until = time.monotonic() + 30
            while any("/lookup/" in name for name in open_files(server.pid)):
                assert time.monotonic() < until
                time.sleep(0.2)
        finally:
            server.kill()


def open_files(pid: int) -> list[str]:
    """Where the descriptors of a process lead to."""
    return [str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()]


def test_it_starts_without_the_table_libraries() -> None:
    """They take longer to import than everything the server needs."""
    code = "import sys, recsys.cli.app, recsys.cli.serve; print({'polars', 'duckdb', 'numba'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
