"""Small lakes, processes to kill, and a way to compare whole lakes."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest

from recsys.lake import Lake
from tests.lake import night


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting for the disk: a process that dies loses nothing that the system holds."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture(scope="session")
def spawn() -> Callable[..., ForkServerProcess]:
    """Start a function in a process of its own: a fork of a server that has done the imports."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", "pyarrow.compute", "recsys.lake", "recsys.settings"])

    def start(function: Callable[..., None] = night.main, **arguments: Any) -> ForkServerProcess:
        process = context.Process(target=function, kwargs=arguments)
        process.start()
        return process

    return start


@pytest.fixture(scope="session")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with a published run, a dead writer's leftovers, and a damaged run in the place of tonight's."""
    root = tmp_path_factory.mktemp("before") / "lake"
    lake = Lake(root)
    night.ingest(lake, 1)
    lake.publish(night.build(lake).id)
    tonight = shutil.copytree(root, root.parent / "tonight")
    junk = root / "runs" / night.night(tonight).id
    (root / ".staging" / "events-dead").mkdir(parents=True)
    (root / ".staging" / "CURRENT").write_text("half")
    junk.mkdir()
    (junk / "manifest.json").write_text("{")
    return root


@pytest.fixture
def disturbed(before: Path, tmp_path: Path) -> Path:
    """A copy of that lake, to disturb."""
    return shutil.copytree(before, tmp_path / "disturbed")


@pytest.fixture(scope="session")
def after(before: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the lake holds after an undisturbed night."""
    root = shutil.copytree(before, tmp_path_factory.mktemp("after") / "lake")
    night.night(root)
    return night.contents(root)
