"""One reader of values from outside: a file, `.env`, the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys import Lake, read, sources
from recsys.demo import AS_OF
from recsys.errors import UsageError
from tests.support.published import publish


def test_the_environment_comes_after_the_env_file_and_empty_is_none(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=file\nB=file\nC=\nOTHER=1\n")
    layers = sources.variables(["A", "B", "C", "D"], folder=tmp_path, environment={"B": "environment", "D": "", "X": "1"})
    assert layers == ((".env", {"A": "file", "B": "file"}), ("environment", {"B": "environment"}))


def test_one_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("API_KEYS", raising=False)
    assert sources.variable("API_KEYS") is None
    Path(".env").write_text("API_KEYS=file\n")
    assert sources.variable("API_KEYS") == "file"
    monkeypatch.setenv("API_KEYS", "environment")
    assert sources.variable("API_KEYS") == "environment"


def test_an_env_file_that_is_no_text_is_said(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=r"\.env: not a file of settings"):
        sources.variables(["A"], folder=tmp_path)


@pytest.mark.slow
def test_a_lake_named_in_the_env_file_is_the_one_that_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home: Lake = publish(tmp_path / "elsewhere", AS_OF)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RECSYS_LAKE", raising=False)
    Path(".env").write_text("RECSYS_LAKE=elsewhere\n")
    assert read("rankings").collect().equals(home.published().read("rankings"))
