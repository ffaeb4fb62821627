"""Tables in ranges of listeners: every row in one of them, however they lie in files; what is asked of all of them adds up."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from duckdb import ColumnExpression, FunctionExpression

from recsys import models
from recsys.models import TableRows, Within
from recsys.stages.checks import CHECKED, check_tables, measure_tables
from recsys.stages.partitions import BY_LISTENER, partitions
from tests.stages.test_checks import DAMAGE, SETTINGS, Tables, changed, good

USERS = ["", "*", "a", "b", "ä", "日"]


def stored(folder: Path, tables: Mapping[str, pl.DataFrame], files: int = 1) -> dict[str, TableRows]:
    """The tables as files of about as many rows each."""
    paths = dict[str, TableRows]()
    for name, rows in tables.items():
        size = max(1, -(-rows.height // files))
        parts = [rows.slice(first, size) for first in range(0, max(rows.height, 1), size)]
        paths[name] = own = [folder / f"{name}-{part}.parquet" for part in range(len(parts))]
        for path, part in zip(own, parts, strict=True):
            part.write_parquet(path)
    return paths


def listeners(rows: TableRows | Within) -> list[str | None]:
    (users,) = models.aggregate(rows, [FunctionExpression("list", ColumnExpression("user_id"))])
    return users or []


@pytest.mark.parametrize("size", [1, 2, 4, 6, 7])
@pytest.mark.parametrize("files", [1, 3])
def test_every_row_is_in_one_partition(size: int, files: int, tmp_path: Path) -> None:
    frame = pl.DataFrame({"user_id": USERS})
    others = pl.DataFrame({"user_id": ["zz", None, "b", "", "あ", "b", "0"]})
    parts = [*partitions(stored(tmp_path, dict.fromkeys(BY_LISTENER, others) | {"profiles": frame}, files), size)]
    assert len(parts) == -(-len(USERS) // size)
    assert [len(listeners(part["profiles"])) for part in parts[:-1]] == [size] * (len(parts) - 1)
    rows = [user for part in parts for user in listeners(part["rankings"])]
    assert sorted(rows, key=str) == sorted(others["user_id"].to_list(), key=str)
    assert None in listeners(parts[0]["rankings"])
    assert [*dict.fromkeys(map(len, map(set[str], parts)))] == [len(BY_LISTENER)]


def test_a_partition_reads_the_files_with_its_listeners_alone(tmp_path: Path) -> None:
    tables = stored(tmp_path, dict.fromkeys(BY_LISTENER, pl.DataFrame({"user_id": sorted(USERS)})), len(USERS))
    read = [part["ratings"] for part in partitions(tables, 2)]
    assert [len(rows.paths) for rows in read if isinstance(rows, Within)] == [2, 2, 2]


def test_files_that_do_not_say_who_is_in_them_are_read_for_every_partition(tmp_path: Path) -> None:
    frame = pl.DataFrame({"user_id": USERS})
    tables = stored(tmp_path, dict.fromkeys(BY_LISTENER, frame))
    frame.write_parquet(tmp_path / "silent", statistics=False)
    parts = [*partitions(tables | {"neighbors": [tmp_path / "silent"]}, 2)]
    assert [listeners(part["neighbors"]) for part in parts] == [["", "*"], ["a", "b"], ["ä", "日"]]


def test_frames_are_one_partition() -> None:
    tables = dict.fromkeys(BY_LISTENER, pl.DataFrame({"user_id": USERS}))
    assert [*partitions(tables, 1)] == [tables]


NOBODY = ("rankings", "user_id is never null")


@pytest.mark.slow
@pytest.mark.parametrize("rule", [None, NOBODY, *DAMAGE], ids=str)
def test_the_report_does_not_depend_on_the_partitions(
    rule: tuple[str, str] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage = {**DAMAGE, NOBODY: lambda: changed("rankings", user_id=pl.lit(None)), None: good}
    tables: Tables = damage[rule]()
    files = stored(tmp_path, {name: tables[name] for name in CHECKED}, 3)
    whole = check_tables(files, SETTINGS), measure_tables(files)
    monkeypatch.setattr("recsys.stages.checks.partitions", partial(partitions, listeners=1))
    assert check_tables(files, SETTINGS).equals(whole[0])
    assert measure_tables(files).equals(whole[1])
    assert whole[0]["passed"].all() == (rule is None)
