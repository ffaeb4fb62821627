"""Rules of a run as suites: one a table, what was tested and no more, the same bytes each time."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from recsys import contract
from recsys.stages.suites import SEVERITY, suites
from recsys.tables import CHECKS, LISTS


def checked(*rows: tuple[str, str]) -> pl.DataFrame:
    """Rules of table ``lists`` with their severity."""
    facts = [
        {"table": "lists", "rule": rule, "severity": severity, "passed": True, "failures": 0, "example": None}
        for rule, severity in rows
    ]
    return CHECKS.conform(pl.DataFrame(facts, schema_overrides={"example": pl.String}))


def read(table: pl.DataFrame) -> dict[str, dict[str, Any]]:
    return {name: json.loads(text) for name, text in suites(table).items()}


def test_the_contract_of_a_table_and_its_key() -> None:
    rule = next(iter(contract.rules(LISTS)))
    result = read(checked((contract.TYPES, "fail"), (rule.text, "warn"), (contract.unique(LISTS), "fail")))
    (suite,) = result.values()
    assert suite["name"] == "lists"
    kinds = [one["type"] for one in suite["expectations"]]
    assert kinds[0] == "expect_table_columns_to_match_ordered_list"
    assert kinds[-1] == "expect_compound_columns_to_be_unique"
    assert suite["expectations"][0]["kwargs"]["column_list"] == LISTS.names
    severities = {one["meta"]["rule"]: one["severity"] for one in suite["expectations"]}
    assert (severities[rule.text], severities[contract.TYPES]) == (SEVERITY["warn"], SEVERITY["fail"])
    assert suite["expectations"][-1]["kwargs"]["column_list"] == list(LISTS.key)


def test_a_rule_across_tables_counts_no_row() -> None:
    (one,) = read(checked(('a "rule"', "warn")))["checks"]["expectations"]
    assert (one["severity"], one["meta"]["rule"]) == ("warning", 'lists: a "rule"')
    assert (one["kwargs"]["min_value"], one["kwargs"]["max_value"]) == (0, 0)
    assert one["kwargs"]["row_condition"] == 'table == "lists" and rule == "a \\"rule\\""'


def test_equal_tables_give_equal_bytes_and_none_gives_none() -> None:
    table = checked((contract.TYPES, "fail"), ("x", "warn"))
    assert suites(table) == suites(table.clone())
    assert list(suites(table)) == sorted(suites(table))
    assert suites(CHECKS.empty()) == {}
