"""A disk that is full: a clear error, a lake as it was, and a night that completes when there is room."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from recsys.errors import LakeError
from recsys.lake import Lake
from tests.lake import night

pytestmark = pytest.mark.root


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"needs the right to mount a small disk: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("free", [0, 4, 12, 24])
def test_a_full_disk(free, disk, before, after):
    root = shutil.copytree(before, disk / "lake")
    filler = disk / "filler"
    with filler.open("wb") as handle:
        while shutil.disk_usage(disk).free > free * 1024:
            handle.write(b"0" * 4096)
            handle.flush()
    with pytest.raises(LakeError, match="the disk is full; free some space"):
        night.night(root)
    run = Lake(root).published()
    assert run.damage() == []
    assert Lake(root).inputs().events.height % 3 == 0
    filler.unlink()
    night.night(root)
    assert night.contents(root) == after
