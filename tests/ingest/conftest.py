"""A lake, and files to put into it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from recsys.lake import Lake

Put = Callable[[str, str | bytes], Path]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Write a file and return its path."""

    def write(name: str, data: str | bytes) -> Path:
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write
