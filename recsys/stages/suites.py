"""The rules of a run's tables as suites of Great Expectations, in its JSON, made without it.

One suite per table from the data contract; the suite ``checks`` has the rules across tables (``sql/checks.sql``), which hold
where the table ``checks`` counts no row that breaks them. A run keeps them as ``expectations/<suite>.json``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import polars as pl

from recsys import contract
from recsys.tables import TABLES, Column, Table

FOLDER = "expectations"
SEVERITY = {"fail": "critical", "warn": "warning"}
"""Ours → theirs."""


def suites(checked: pl.DataFrame) -> dict[str, bytes]:
    """Suite → its JSON; ``checked`` is a run's table ``checks``. Equal tables give equal bytes."""
    tested = checked.filter(pl.col("rule") == contract.TYPES)["table"].implode()  # others are no tables of the run
    own = checked.filter(pl.col("table").is_in(tested)).group_by("table", maintain_order=True)
    result = {name: list(_own(TABLES[name], rows)) for (name,), rows in own}
    result["checks"] = list(_across(checked))
    return {name: _dump(name, expectations) for name, expectations in sorted(result.items()) if expectations}


def _dump(name: str, expectations: list[dict[str, Any]]) -> bytes:
    suite = {"name": name, "meta": {"table": name}, "expectations": expectations}
    return json.dumps(suite, ensure_ascii=False, indent=1).encode() + b"\n"


def _own(table: Table, rows: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """The rules of one table that were tested."""
    severities = dict(rows.select("rule", "severity").iter_rows())
    columns = {"column_list": table.names}
    yield _expectation("expect_table_columns_to_match_ordered_list", columns, contract.TYPES, severities)
    for rule in contract.rules(table):
        yield _expectation(*_of_column(table[rule.column], rule.text), rule.text, severities)
    key = contract.unique(table)
    if key in severities and len(table.key) > 1:
        yield _expectation("expect_compound_columns_to_be_unique", {"column_list": list(table.key)}, key, severities)
    elif key in severities:
        yield _expectation("expect_column_values_to_be_unique", {"column": table.key[0]}, key, severities)


def _of_column(column: Column, rule: str) -> tuple[str, dict[str, Any]]:
    if rule.endswith("is never null"):
        return "expect_column_values_to_not_be_null", {"column": column.name}
    if column.allowed:
        return "expect_column_values_to_be_in_set", {"column": column.name, "value_set": list(column.allowed)}
    return "expect_column_values_to_be_between", {"column": column.name, "min_value": column.low, "max_value": column.high}


def _across(checked: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """The rules across tables, as rules of the table ``checks``."""
    for table, rows in checked.group_by("table", maintain_order=True):
        name = str(table[0])
        own = {contract.TYPES, contract.unique(TABLES[name]), *(rule.text for rule in contract.rules(TABLES[name]))}
        for rule, severity in rows.filter(~pl.col("rule").is_in(own)).select("rule", "severity").iter_rows():
            where = f"table == {json.dumps(name)} and rule == {json.dumps(rule, ensure_ascii=False)}"
            kwargs = {"column": "failures", "min_value": 0, "max_value": 0, "row_condition": where, "condition_parser": "pandas"}
            yield _expectation("expect_column_values_to_be_between", kwargs, f"{name}: {rule}", {f"{name}: {rule}": severity})


def _expectation(kind: str, kwargs: dict[str, Any], rule: str, severities: dict[str, str]) -> dict[str, Any]:
    return {"type": kind, "kwargs": kwargs, "severity": SEVERITY[severities.get(rule, "fail")], "meta": {"rule": rule}}
