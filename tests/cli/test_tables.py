"""`recsys tables`: the contract, in three forms."""

from __future__ import annotations

import json

import polars as pl
import pytest

from recsys.cli.tables import type_name
from recsys.tables import TABLES, UTC
from tests.cli.conftest import Recsys


def test_all_tables_with_grain_and_key(recsys: Recsys) -> None:
    answer = recsys("tables")
    assert answer.code == 0
    for name in TABLES:
        assert f" {name} " in answer.out


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_one_table_with_every_column(recsys: Recsys, name: str) -> None:
    listed = json.loads(recsys("tables", name, "--format", "json").out)[0]
    assert [column["column"] for column in listed["columns"]] == TABLES[name].names
    assert all(column["meaning"] for column in listed["columns"])
    assert TABLES[name].names[0] in recsys("tables", name).out


def test_markdown_escapes_and_lists_each_column_once(recsys: Recsys) -> None:
    text = recsys("tables", "rankings", "--format", "markdown").out
    assert text.startswith("## rankings\n\nOutput; ")
    assert [line.split(" | ")[0] for line in text.splitlines()[6:]] == [f"| `{name}`" for name in TABLES["rankings"].names]


def test_unknown_table_names_those_there_are(recsys: Recsys) -> None:
    answer = recsys("tables", "ranking")
    assert answer.code == 6
    assert "rankings" in answer.err


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        (pl.String(), "text"),
        (pl.Boolean(), "boolean"),
        (UTC, "timestamp"),
        (pl.List(pl.String()), "list of text"),
        (pl.Array(pl.Float32(), 12), "12 × float32"),
        (pl.List(pl.Struct({"name": pl.String(), "strength": pl.Float64()})), "list of (name, strength)"),
        (TABLES["requests"]["feature_targets"].dtype, "struct of the 12 features"),
    ],
)
def test_type_names(dtype: pl.DataType, name: str) -> None:
    assert type_name(dtype) == name
