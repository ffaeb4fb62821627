"""What docs/buckets.md tells people to type works as it is written."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from recsys.lake.bucket.address import CACHE, ENDPOINTS

PAGE = (Path(__file__).parents[3] / "docs" / "buckets.md").read_text(encoding="utf-8")


def test_the_page_names_every_variable() -> None:
    for name in (CACHE, ENDPOINTS[1], "RECSYS_LAKE"):
        assert f"`{name}" in PAGE


@pytest.mark.slow
def test_the_example_works(tmp_path: Path) -> None:
    pytest.importorskip("obstore")
    pytest.importorskip("moto")
    (script,) = re.findall(r"```sh\n(.+?)```", PAGE, re.DOTALL)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(tmp_path), "DO_NOT_TRACK": "1", "COLUMNS": "100", "NO_PROXY": "127.0.0.1"}
    command = ["bash", "-e", "-c", script.replace("5000", port)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "of 2,000 tracks" in done.stdout
    assert "is whole" in done.stdout
    assert {path.parts[-1] for path in tmp_path.iterdir()} >= {"another-machine", ".cache", "data"}
    assert not (tmp_path / "data/lake").exists()
