"""What is installed is whole: a wheel, alone in an empty environment, builds lists from two tracks."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from recsys.models import SQL, sql_folder

BUILD = """
from datetime import UTC, datetime
from pathlib import Path
import polars as pl
import recsys
from recsys.models import SQL

here = Path(recsys.__file__).parent
assert SQL == here / "sql", SQL
tracks = pl.DataFrame({"id": ["a", "b"], "title": ["One", "Two"], "artist": ["Ada", "Bel"]})
events = pl.DataFrame({"user_id": ["ann"], "track_id": ["a"], "type": ["like"]})
tables = recsys.build(recsys.Inputs(tracks=tracks, events=events), as_of=datetime(2026, 1, 1, tzinfo=UTC))
ann = tables["rankings"].filter(pl.col("user_id") == "ann", pl.col("list") == "balanced")
assert ann["track_id"].to_list() == ["b"], ann
"""


@pytest.fixture(scope="module")
def uv(root: Path) -> str:
    """The packager that ``make setup`` used."""
    return shutil.which("uv") or str(root / ".tools" / "bin" / "uv")


@pytest.fixture(scope="module")
def wheel(uv: str, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    _with_cache_or_network(uv, "build", "--wheel", "--out-dir", folder, root)
    (wheel,) = folder.glob("*.whl")
    return wheel


def _with_cache_or_network(uv: str, *arguments: object) -> None:
    """Runs ``uv``; everything was fetched by ``make setup``, so the network is asked only when uv's cache was emptied."""
    words = [uv, *map(str, arguments)]
    if subprocess.run([*words, "--offline"], capture_output=True, check=False).returncode:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_models_are_within_the_package_or_beside_it(tmp_path: Path) -> None:
    assert {path.name for path in SQL.iterdir()} >= {"ratings.sql", "analyst", "providers"}
    package = tmp_path / "recsys"
    assert sql_folder(package) == tmp_path / "sql"
    (package / "sql").mkdir(parents=True)
    assert sql_folder(package) == package / "sql"


@pytest.mark.slow
def test_the_wheel_holds_models_page_types_and_licence(wheel: Path, root: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    models = {f"recsys/{path.relative_to(root).as_posix()}" for path in (root / "sql").rglob("*.sql")}
    page = {path.relative_to(root).as_posix() for path in (root / "recsys" / "lookup" / "page").iterdir()}
    assert names >= models | page | {"recsys/py.typed", "recsys-0.1.0.dist-info/licenses/LICENSE"}
    assert {name.split("/")[0] for name in names} == {"recsys", "flows", "recsys-0.1.0.dist-info"}


@pytest.mark.slow
def test_installed_alone_it_builds_lists(uv: str, wheel: Path, root: Path, tmp_path: Path) -> None:
    locked = tmp_path / "locked.txt"
    export = [uv, "export", "--frozen", "--no-dev", "--no-emit-project", "--no-hashes", "--output-file", str(locked)]
    subprocess.run(export, cwd=root, capture_output=True, check=True)
    python = tmp_path / "empty" / "bin" / "python"
    subprocess.run([uv, "venv", "--python", sys.executable, str(python.parents[1])], capture_output=True, check=True)
    _with_cache_or_network(uv, "pip", "install", "--python", python, "--requirement", locked, wheel)
    done = subprocess.run([python, "-c", BUILD], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    version = subprocess.run([python.parent / "recsys", "--version"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert version.stdout == "0.1.0\n"
