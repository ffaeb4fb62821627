"""Suites of Great Expectations judged on a run's tables: the table they are about, the verdicts, what cannot be judged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recsys.contract import TYPES
from recsys.demo import AS_OF
from recsys.errors import InputError
from recsys.lake import Run
from recsys.readers import expectations
from recsys.stages import suites
from tests.support.published import publish

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]  # whole runs; the library's own warnings

FEW: dict[str, Any] = {"type": "expect_column_values_to_be_between", "kwargs": {"column": "rank", "min_value": 1, "max_value": 3}}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return publish(tmp_path_factory.mktemp("suites") / "lake", AS_OF).published()


def judge(run: Run, stem: str, **suite: Any) -> tuple[str, list[expectations.Verdict]]:
    return expectations.judge(run, json.dumps(suite), stem)


@pytest.mark.parametrize(
    ("suite", "stem"),
    [({"meta": {"table": "rankings"}, "name": "lists"}, "x"), ({"meta": 7, "name": "rankings"}, "lists"), ({}, "rankings")],
)
def test_the_table_is_named_in_one_of_three_places(run: Run, suite: dict[str, Any], stem: str) -> None:
    assert expectations.table_of(suite, run, stem) == "rankings"


def test_a_verdict_counts_and_shows_what_breaks_the_rule(run: Run) -> None:
    mild = FEW | {"severity": "warning", "meta": {"rule": "ranks are small"}}
    table, (strict, lenient) = judge(run, "rankings", expectations=[FEW, mild])
    ranks = run.read("rankings")["rank"]
    beyond = ranks.filter(ranks > 3)
    assert table == "rankings"
    assert (strict.mild, strict.success, strict.unexpected) == (False, False, beyond.len())
    assert int(strict.example or 0) in beyond
    assert (lenient.rule, lenient.mild, lenient.unexpected) == ("ranks are small", True, beyond.len())


def test_a_rule_about_the_whole_table(run: Run) -> None:
    height = run.read("profiles").height
    for count, success in ((height, True), (height + 1, False)):
        rule = {"type": "expect_table_row_count_to_equal", "kwargs": {"value": count}}
        _, (verdict,) = judge(run, "profiles", expectations=[rule])
        assert (verdict.success, verdict.unexpected) == (success, int(not success))


@pytest.mark.parametrize(
    ("suite", "message"),
    [
        ({}, "a list `expectations` is needed"),
        ({"expectations": [FEW | {"kwargs": FEW["kwargs"] | {"column": "x"}}]}, "rankings has no column 'x'"),
        ({"expectations": [FEW, {"type": "expect_wonders", "kwargs": {"column": "rank"}}]}, "expect_wonders"),
    ],
)
def test_what_cannot_be_judged_is_said(run: Run, suite: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        judge(run, "rankings", **suite)


def test_the_kept_suites_come_to_the_verdict_of_the_table(run: Run) -> None:
    checked = run.read("checks")
    result = suites.suites(checked)
    assert {*checked.filter(rule=TYPES)["table"], "checks"} == {*result}
    rules: dict[str, bool] = {}
    for name, suite in result.items():
        table, verdicts = expectations.judge(run, suite.decode(), name)
        assert table == name
        rules |= {one.rule if name == "checks" else f"{name}: {one.rule}": one.success for one in verdicts}
    assert rules == {f"{table}: {rule}": held for table, rule, held in checked.select("table", "rule", "passed").iter_rows()}
