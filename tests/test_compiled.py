"""Compiled kernels are good for their sources, and lie where something can be written."""

from __future__ import annotations

import ast
import os
import shutil
from importlib import import_module
from pathlib import Path

import pytest

from recsys import compiled

ROOMS = ("candidates.kernels", "rankings.kernels", "neighbors.kernels", "neighbors.search")


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
    assert home().parts[:2] == ("own", "__pycache__")
    shutil.rmtree(kernels / "own" / "__pycache__")
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


def used(kernels: Path, source: str) -> Path:
    """The folder of compiled code of a source, as a process that starts uses it."""
    (kernels / "own" / "kernel.py").write_text(source)
    compiled.stamp.cache_clear()
    compiled.home.cache_clear()
    compiled.cached(kernels / "own", *compiled._SOURCES[kernels / "own"])
    place = compiled.home(kernels / "own")
    assert place is not None
    (place / "kernel.f-1.py311.nbi").write_text(source)
    return place


def test_every_source_has_code_of_its_own_and_going_back_finds_it(kernels: Path) -> None:
    first, second = used(kernels, "x = 1\n"), used(kernels, "x = 2\n")
    assert first != second
    (kernels / "own" / "kernel.py").write_text("x = 1\n")
    compiled.stamp.cache_clear()
    compiled.home.cache_clear()
    assert compiled.home(kernels / "own") == first
    assert (first / "kernel.f-1.py311.nbi").read_text() == "x = 1\n"


def test_another_compiler_has_code_of_its_own(kernels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = used(kernels, "x = 1\n")
    monkeypatch.setattr("llvmlite.__version__", "0.0.1")
    assert used(kernels, "x = 1\n") != first


def test_code_that_nobody_used_lately_goes(kernels: Path) -> None:
    places = []
    for number in range(5):
        for age, place in enumerate(reversed(list(filter(Path.exists, places))), 1):
            os.utime(place, ns=(0, 10**18 - age * 10**9))  # coarse clocks of file systems
        places.append(used(kernels, f"x = {number}\n"))
    assert [place.exists() for place in places] == [False, False, True, True, True]
    os.utime(places[2], ns=(0, 2 * 10**18))  # used again
    used(kernels, "x = 9\n")
    assert [place.exists() for place in places] == [False, False, True, False, True]


def test_what_a_crash_left_and_code_without_a_stamp_go(kernels: Path) -> None:
    place = used(kernels, "x = 1\n")
    loose = [place.parent / name for name in ("kernel.f-1.py311.nbi", "kernel.f-1.py311.1.nbc", "sources.sha256")]
    for path in loose:
        path.write_text("of other sources")
    (place.parent / "kernel.cpython-311.pyc").write_text("bytecode")
    (place / "kernel.g-1.py311.nbi").write_bytes(b"")
    compiled._tidy(place)
    assert not any(path.exists() for path in loose)
    assert {path.name for path in place.parent.iterdir()} == {place.name, "kernel.cpython-311.pyc"}
    assert {path.name for path in place.iterdir()} == {"kernel.f-1.py311.nbi"}


def test_an_installation_that_cannot_be_written_gives_its_code(kernels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = used(kernels, "x = 1\n")
    (kernels / "lake").mkdir()
    compiled.in_lake(kernels / "lake")
    monkeypatch.setattr(compiled, "_writable", lambda place: place != installed and not place.mkdir(parents=True, exist_ok=True))
    compiled.home.cache_clear()
    place = compiled.home(kernels / "own")
    assert place is not None
    assert place.is_relative_to(kernels / "lake")
    assert (place / "kernel.f-1.py311.nbi").read_text() == "x = 1\n"
    assert [path.name for path in place.parent.iterdir()] == [place.name]


def imported(source: Path, package: Path) -> set[Path]:
    """The modules of the package that a source imports by name."""
    names = [
        (node.module, alias.name)
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    ]
    modules = {package.parent.joinpath(*module.split(".")) for module, _ in names}
    modules |= {package.parent.joinpath(*module.split("."), name) for module, name in names}
    return {path for module in modules if (path := module.with_suffix(".py")).is_file()}


def test_a_stamp_names_every_source_of_its_kernels() -> None:
    package = Path(compiled.__file__).parent
    for name in ("matrices.order", *(f"stages.{room}" for room in ROOMS)):
        import_module(f"recsys.{name}")
    kernels = [folder for folder in compiled._SOURCES if folder.is_relative_to(package)]
    assert package / "matrices" in kernels
    for folder in kernels:
        sources = {path for each in compiled._SOURCES[folder] for path in (each.glob("*.py") if each.is_dir() else [each])}
        needed = set().union(*(imported(source, package) for source in sources))
        assert needed - sources <= {package / "compiled.py"}
