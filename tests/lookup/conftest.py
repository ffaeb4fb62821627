"""A published lake with two runs, its lookup, and a way to ask it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from recsys import Lake
from recsys.demo import AS_OF
from recsys.lake import Run
from recsys.lookup.app import build
from recsys.lookup.reader import Reader
from tests.support.published import EARLIER, publish
from tests.support.serving import serving


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Two runs, the later one published. Read only."""
    return publish(tmp_path_factory.mktemp("published") / "lake", EARLIER, AS_OF)


@pytest.fixture(scope="session")
def run(published: Lake) -> Run:
    return published.published()


@pytest.fixture(scope="session")
def reader(run: Run) -> Reader:
    return Reader(run)


@pytest.fixture(scope="session")
def address(published: Lake) -> Iterator[str]:
    """Where the lookup without keys listens."""
    with serving(build(published.root, log=None)) as where:
        yield where


@pytest.fixture(scope="session")
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, trust_env=False) as asking:
        yield asking


@pytest.fixture
def own(published: Lake, tmp_path: Path) -> Lake:
    """A copy of the lake, to disturb."""
    return Lake(shutil.copytree(published.root, tmp_path / "lake"))
