"""Model ``fits`` and view ``history``: fits by the names of this version and of the one before, whichever wrote the files."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

from recsys.models import SQL

NOW = {"content_fit": 0.1, "collaborative": 0.2, "popularity_fit": 0.3}
OLD = {"content": 0.1, "collaborative": 0.2, "popularity": 0.3}


@pytest.fixture
def ranked(tmp_path: Path) -> list[str]:
    """Rankings of a run of the version before, and of one of this version."""
    paths = []
    for run, fits in (("old", OLD), ("new", NOW)):
        path = tmp_path / "runs" / run / "rankings" / "part-00000.parquet"
        path.parent.mkdir(parents=True)
        pl.DataFrame({"user_id": run, **fits, "safety": 1.0}).write_parquet(path)
        paths.append(str(path))
    return paths


def view(name: str, files: list[str]) -> list[dict[str, object]]:
    with duckdb.connect() as con:
        con.execute("set variable ranked = $1", [files])
        return con.sql((SQL / f"{name}.sql").read_text()).pl().sort("user_id").to_dicts()


def test_both_names_hold_the_fit_in_runs_of_both_versions(ranked: list[str]) -> None:
    for row in (*view("fits", ranked[:1]), *view("fits", ranked[1:]), *view("fits", ranked), *view("history", ranked)):
        assert {name: row[name] for name in (*OLD, *NOW)} == OLD | NOW


def test_the_older_names_come_last(ranked: list[str]) -> None:
    (row,) = view("fits", ranked[1:])
    assert list(row) == ["user_id", *NOW, "safety", "content", "popularity"]


def test_history_says_which_run(ranked: list[str]) -> None:
    assert [(row["run"], row["user_id"]) for row in view("history", ranked)] == [("new", "new"), ("old", "old")]
