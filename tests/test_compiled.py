"""Compiled kernels go when, and only when, a source that they are made from has changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from recsys.compiled import drop_stale


@pytest.fixture
def kernels(tmp_path: Path) -> Path:
    """A folder of one kernel, compiled; it uses another folder."""
    for name in ("own", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "kernel.py").write_text("x = 1\n")
    drop_stale(tmp_path / "own", tmp_path / "other")
    (tmp_path / "own" / "__pycache__" / "kernel.double-3.py311.1.nbc").write_bytes(b"code")
    return tmp_path


def compiled(kernels: Path) -> bool:
    drop_stale(kernels / "own", kernels / "other")
    return any((kernels / "own" / "__pycache__").glob("*.nb[ci]"))


def test_unchanged_sources_keep_their_code_whatever_their_times(kernels: Path) -> None:
    os.utime(kernels / "own" / "kernel.py", (4_000_000_000, 4_000_000_000))
    assert compiled(kernels)
    assert compiled(kernels)


@pytest.mark.parametrize("folder", ["own", "other"])
def test_a_changed_source_drops_it_once(kernels: Path, folder: str) -> None:
    (kernels / folder / "kernel.py").write_text("x = 2\n")
    assert not compiled(kernels)
    (kernels / "own" / "__pycache__" / "kernel.double-3.py311.1.nbi").write_bytes(b"code")
    assert compiled(kernels)
