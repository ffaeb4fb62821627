"""The contract's rules: every rule of every table is broken by one mutated column, and nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from recsys.contract import TYPES, check
from recsys.settings import Settings
from recsys.stages.checks import CHECKED, check_tables, passed
from recsys.tables import OUTPUTS, TABLES, Column, Table
from tests.stages.test_checks import good
from tests.support.worlds import frame

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def allowed(column: Column) -> Any:
    """A value that the contract allows."""
    if column.allowed:
        return column.allowed[0]
    if column.dtype.is_numeric():
        return column.low if column.low is not None else 0
    plain = {pl.String(): "a", pl.Boolean(): True, pl.Datetime("us", "UTC"): MOMENT}
    return [0.5] * 12 if isinstance(column.dtype, pl.Array) else plain.get(column.dtype, [])


def row(table: Table) -> dict[str, Any]:
    return {column.name: allowed(column) for column in table if not column.null}


def broken(table: Table, rows: list[dict[str, Any]] | pl.DataFrame) -> dict[str, tuple[int, str | None]]:
    outcome = check(table.name, rows if isinstance(rows, pl.DataFrame) else frame(table, rows))
    return {result.rule: (result.failures, result.example) for result in outcome if result.failures}


CASES = [(TABLES[name], column) for name in OUTPUTS for column in TABLES[name]]


@pytest.mark.parametrize("name", OUTPUTS)
def test_good_and_empty_tables(name: str) -> None:
    table = TABLES[name]
    assert broken(table, [row(table)]) == {}
    assert broken(table, []) == {}


@pytest.mark.parametrize(("table", "column"), [case for case in CASES if not case[1].null], ids=str)
def test_nulls(table: Table, column: Column) -> None:
    result = broken(table, [row(table) | {column.name: None}])
    assert result.keys() == {f"{column.name} is never null"}
    assert result[f"{column.name} is never null"][0] == 1


@pytest.mark.slow
@pytest.mark.parametrize(("table", "column"), [case for case in CASES if case[1].range], ids=str)
def test_values_that_are_not_allowed(table: Table, column: Column) -> None:
    for value in _outside(column):
        ((rule, (failures, example)),) = broken(table, [row(table) | {column.name: value}]).items()
        assert rule.startswith(f"{column.name} is one of" if column.allowed else f"{column.name} lies in")
        assert (failures, bool(example)) == (1, True)


def _outside(column: Column) -> list[Any]:
    if column.allowed:
        return ["coffee"]
    low = [] if column.low is None else [column.low - 1]
    high = [] if column.high is None else [column.high + 1]
    return low + high + ([float("nan")] if high and column.dtype.is_float() else [])


@pytest.mark.parametrize("name", OUTPUTS)
def test_keys(name: str) -> None:
    table = TABLES[name]
    assert broken(table, [row(table)] * 3) == {f"key ({', '.join(table.key)}) is unique": (2, None)}


@pytest.mark.parametrize("rank", [1, 126, 127, 2**31 - 1])
def test_keys_with_a_rank_of_any_size(rank: int) -> None:
    table = TABLES["rankings"]
    ranked = [{**row(table), "user_id": user, "list": name, "rank": at} for user in "ab" for name in "xy" for at in (2, rank)]
    unique = f"key ({', '.join(table.key)}) is unique"
    assert unique not in broken(table, ranked)
    assert broken(table, [*ranked, ranked[1], ranked[-1], ranked[-1]])[unique] == (3, None)


@pytest.mark.slow
def test_bounds_themselves_are_allowed() -> None:
    table = TABLES["rankings"]
    for column in table:
        for value in (column.low, column.high):
            assert value is None or broken(table, [row(table) | {column.name: value}]) == {}


def test_types() -> None:
    table = TABLES["neighbors"]
    rows = frame(table, [row(table)])
    assert broken(table, rows.with_columns(pl.col("overlap").cast(pl.Int32))) == {TYPES: (1, "overlap")}
    assert broken(table, rows.drop("weight")) == {TYPES: (1, "weight")}
    assert broken(table, rows.select(reversed(rows.columns)))[TYPES][0] == 5


def test_files(tmp_path: Path) -> None:
    table = TABLES["neighbors"]
    files = [tmp_path / "0", tmp_path / "1"]
    for path in files:
        frame(table, [row(table) | {"similarity": 2.0}]).write_parquet(path)
    outcome = {result.rule: result for result in check("neighbors", files) if result.failures}
    assert outcome["similarity lies in -1 … 1"].failures == 2
    assert outcome["similarity lies in -1 … 1"].example == "a a"
    assert outcome["key (user_id, neighbor_id) is unique"].failures == 1


@pytest.mark.slow
def test_a_table_of_other_types_fails_the_run_and_the_rest_is_not_asked() -> None:
    result = check_tables(good() | {"lists": good()["lists"].drop("returned")}, Settings())
    assert not passed(result)
    assert result.filter(~pl.col("passed"))["rule"].to_list() == [TYPES]


@pytest.mark.slow
def test_wide_values_in_the_snapshot_are_a_warning_and_repeated_tracks_are_allowed_where_settings_keep_them() -> None:
    tracks = pl.concat([good()["tracks"], good()["tracks"]]).with_columns(popularity=pl.lit(2.0))
    result = check_tables(good() | {"tracks": tracks}, Settings.reference())
    assert passed(result)
    assert result.filter(~pl.col("passed")).select("rule", "severity").rows() == [("popularity lies in 0 … 1", "warn")]
    assert not passed(check_tables(good() | {"tracks": tracks}, Settings()))


def test_every_checked_table_has_rules_of_its_own() -> None:
    result = check_tables(good(), Settings())
    assert all(result.filter(pl.col("table") == name).height > len(TABLES[name].key) for name in CHECKED)
