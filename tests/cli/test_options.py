"""Shared options: which lake, which moment."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from recsys.cli.options import lake_folder, moment
from recsys.errors import UsageError


def test_lake_is_the_option_else_environment_else_env_file_else_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert lake_folder(None) == Path("data/lake")
    (tmp_path / ".env").write_text("RECSYS_LAKE=from-file\n")
    assert lake_folder(None) == Path("from-file")
    monkeypatch.setenv("RECSYS_LAKE", "from-environment")
    assert lake_folder(None) == Path("from-environment")
    assert lake_folder(Path("given")) == Path("given")


@pytest.mark.parametrize("text", ["2026-06-01", "2026-06-01T00:00:00", "2026-06-01T00:00:00Z", "2026-06-01T02:00:00+02:00"])
def test_moments_are_utc(text: str) -> None:
    assert moment(text) == datetime(2026, 6, 1, tzinfo=UTC)


def test_no_moment_stays_none() -> None:
    assert moment(None) is None


@pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01", "2026-06-01T25:00Z"])
def test_what_is_no_moment_says_how_to_write_one(text: str) -> None:
    with pytest.raises(UsageError, match="write 2026-06-01"):
        moment(text)


def test_the_option_that_is_no_moment_is_named() -> None:
    with pytest.raises(UsageError, match="--since 'soon' is not a time"):
        moment("soon", "--since")
