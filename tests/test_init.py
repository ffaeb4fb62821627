"""The public API: what is promised is there, and costs nothing until it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import recsys


@pytest.mark.parametrize("name", recsys.__all__)
def test_promised_names_are_there(name: str) -> None:
    assert getattr(recsys, name).__doc__
    assert name in dir(recsys)


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'biuld'"):
        _ = recsys.biuld


def test_importing_recsys_imports_no_library() -> None:
    code = "import sys; import recsys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not {"polars", "numpy", "numba", "duckdb", "pydantic"} & set(done.stdout.split())
