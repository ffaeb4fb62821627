"""Compiled kernels are good for their sources, and lie where something can be written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from recsys import compiled


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one kernel, which uses another folder."""
    for name in ("own", "other", "third"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "kernel.py").write_text("x = 1\n")
    monkeypatch.setitem(compiled._SOURCES, tmp_path / "own", (tmp_path / "own", tmp_path / "other" / "kernel.py"))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    compiled.stamp.cache_clear()
    compiled.home.cache_clear()
    yield tmp_path
    compiled.stamp.cache_clear()
    compiled.home.cache_clear()
    compiled._LAKE.clear()


def stamp(kernels: Path) -> str:
    compiled.stamp.cache_clear()
    return compiled.stamp(kernels / "own")


@pytest.mark.parametrize("folder", ["own", "other"])
def test_a_changed_source_changes_the_stamp(kernels: Path, folder: str) -> None:
    before = stamp(kernels)
    (kernels / folder / "kernel.py").write_text("x = 2\n")
    assert stamp(kernels) != before


def test_neither_times_nor_other_folders_do(kernels: Path) -> None:
    before = stamp(kernels)
    os.utime(kernels / "own" / "kernel.py", (4_000_000_000, 4_000_000_000))
    (kernels / "third" / "kernel.py").write_text("x = 2\n")
    assert stamp(kernels) == before


def blocked(place: Path) -> Path:
    """A file where a folder would have to be made: nobody can write there, not even root."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("")
    return place


def test_compiled_code_goes_where_it_can(kernels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def home() -> Path:
        compiled.home.cache_clear()
        place = compiled.home(kernels / "own")
        assert place is not None
        assert place.is_dir()
        return place.relative_to(kernels)

    monkeypatch.setenv("XDG_CACHE_HOME", str(kernels / "user"))
    monkeypatch.setattr(compiled.tempfile, "gettempdir", lambda: str(kernels / "temporary"))
    (kernels / "temporary").mkdir()
    (kernels / "lake").mkdir()
    compiled.in_lake(kernels / "lake")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(kernels / "chosen"))
    assert home().parts[0] == "chosen"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(blocked(kernels / "nowhere")))
    assert home().parts == ("own", "__pycache__")
    (kernels / "own" / "__pycache__").rmdir()
    blocked(kernels / "own" / "__pycache__")
    assert home().parts[:3] == ("lake", "cache", "kernels")
    compiled.in_lake(kernels / "no lake")
    assert home().parts[0] == "user"
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked(kernels / "no home")))
    assert home().parts[:2] == ("temporary", f"recsys-kernels-{os.getuid()}")
    assert not (kernels / "no lake").exists()


def test_a_temporary_folder_of_somebody_else_is_not_used(kernels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled.tempfile, "gettempdir", lambda: str(kernels))
    monkeypatch.setattr(compiled.tempfile, "tempdir", str(kernels))
    (kernels / f"recsys-kernels-{os.getuid()}").mkdir(mode=0o777)
    (kernels / f"recsys-kernels-{os.getuid()}").chmod(0o777)
    assert compiled._temporary().name != f"recsys-kernels-{os.getuid()}"


def test_code_of_other_sources_goes_once(kernels: Path) -> None:
    place = kernels / "own" / "__pycache__"
    place.mkdir()
    code = place / "kernel.double-3.py311.1.nbi"
    code.write_bytes(b"of classes that are gone")
    compiled._drop_stale(kernels / "own")
    assert not code.exists()
    code.write_bytes(b"new")
    compiled._drop_stale(kernels / "own")
    assert code.exists()
