"""A table of a run in one call: which lake, which run, and what is said when there is none."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from recsys.errors import LakeError, NotFoundError
from recsys.lake import Lake
from recsys.lake.reading import read
from tests.lake import night


@pytest.fixture
def first(lake: Lake) -> str:
    """A lake with two runs, the second one published; the first one's id."""
    night.ingest(lake, 1)
    earlier = night.build(lake)
    night.ingest(lake, 2, rows=5)
    lake.publish(night.build(lake).id)
    return earlier.id


def users(table: pl.LazyFrame) -> list[str]:
    return table.collect()["user_id"].to_list()


def test_the_published_run_unless_one_is_named(lake: Lake, first: str) -> None:
    table = read("neighbors", lake=lake.root)
    assert isinstance(table, pl.LazyFrame)
    assert users(table) == [f"u{number}" for number in range(5)]
    assert users(read("neighbors", run=first, lake=str(lake.root))) == ["u0", "u1", "u2"]


@pytest.mark.parametrize("source", ["environment", ".env", "default"])
def test_the_lake_where_none_is_named(
    lake: Lake, first: str, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if source == "environment":
        monkeypatch.setenv("RECSYS_LAKE", str(lake.root))
    elif source == ".env":
        (tmp_path / ".env").write_text(f"RECSYS_LAKE={lake.root}\n")
    else:
        (tmp_path / "data").mkdir()
        lake.root.rename(tmp_path / "data" / "lake")
    assert users(read("neighbors", first)) == ["u0", "u1", "u2"]


def test_what_is_not_there(lake: Lake, first: str, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="2026-01-01"):
        read("neighbors", run="2026-01-01-000000000000", lake=lake.root)
    with pytest.raises(NotFoundError, match="rankings"):
        read("rankings", run=first, lake=lake.root)
    with pytest.raises(LakeError):
        read("neighbors", lake=tmp_path / "none")
    night.ingest(unpublished := Lake(tmp_path / "new"), 1)
    with pytest.raises(LakeError, match="published"):
        read("neighbors", lake=unpublished.root)
