"""Hostile files: every one ends in a plain line, within a gigabyte of memory; what is good in one is taken in all the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.bombs import BOMBS

MAIN = "from recsys.cli import main; main()"
MOST = 2**30
"""Bytes of memory that a command may take at most."""
METER = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
sys.stdout.buffer.write(done.stdout)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024, file=sys.stderr)
sys.exit(done.returncode)
"""
"""Runs a command from a small process: a child's greatest memory counts from that of the process that started it."""


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_a_hostile_file_costs_a_line(name: str, tmp_path: Path, root: Path) -> None:
    table, file, _ = BOMBS[name]
    path = tmp_path / file
    subprocess.run([sys.executable, "-m", "tests.support.bombs", name, str(path)], cwd=root, check=True)
    command = [sys.executable, "-c", MAIN, "ingest", table, str(path), "--lake", str(tmp_path / "lake")]
    owner = ["--user", "u"] if table == "export" else []
    done = subprocess.run(
        [sys.executable, "-c", METER, *command, *owner], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    said = done.stdout
    assert done.returncode in (0, 3), said[-2000:]
    assert "Traceback" not in said
    assert "fault of recsys" not in said
    assert 0 < len(said) < 10_000
    assert int(done.stderr) <= MOST
