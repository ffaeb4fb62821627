"""Hostile files: every one ends in a plain line, within a gigabyte of memory; what is good in one is taken in all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.bombs import BOMBS

MAIN = "from recsys.cli import main; main()"
MOST = 2**30
"""Bytes of memory that a command may take at most."""


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_a_hostile_file_costs_a_line(name: str, tmp_path: Path, root: Path) -> None:
    table, file, _ = BOMBS[name]
    path = tmp_path / file
    subprocess.run([sys.executable, "-m", "tests.support.bombs", name, str(path)], cwd=root, check=True)
    command = [sys.executable, "-c", MAIN, "ingest", table, str(path), "--lake", str(tmp_path / "lake")]
    with subprocess.Popen(
        [*command, *(["--user", "u"] if table == "export" else [])],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path,
    ) as process:  # fmt: skip
        said = process.stdout.read() if process.stdout else ""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in (0, 3), said[-2000:]
    assert "Traceback" not in said
    assert "fault of recsys" not in said
    assert 0 < len(said) < 10_000
    assert used.ru_maxrss * 1024 <= MOST
