"""Checks that an analyst adds to a lake: queries and suites, and what cannot be read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from recsys import Lake
from recsys.demo import AS_OF
from recsys.readers import own_checks
from recsys.stages import suites
from recsys.tables import CHECKS
from tests.support.published import publish

pytestmark = pytest.mark.slow  # whole runs

SHORT = "-- table: lists\nselect user_id, list from lists where returned < 1000000"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return publish(tmp_path_factory.mktemp("own") / "lake", AS_OF)


@pytest.fixture(autouse=True)
def _no_checks(lake: Lake) -> None:
    """Each test writes its own."""
    for path in (lake.root / "checks").glob("*"):
        path.unlink()


def put(lake: Lake, name: str, text: str | dict[str, Any]) -> None:
    (lake.root / "checks").mkdir(exist_ok=True)
    (lake.root / "checks" / name).write_text(text if isinstance(text, str) else json.dumps(text))


def judged(lake: Lake) -> list[tuple[Any, ...]]:
    return own_checks.judge(lake, lake.published()).select("table", "rule", "severity", "passed", "failures", "example").rows()


def test_a_lake_without_checks_has_none(lake: Lake) -> None:
    assert judged(lake) == []


def test_rows_of_a_query_break_its_rule(lake: Lake) -> None:
    put(lake, "short.sql", SHORT)
    put(lake, "known.sql", "-- severity: warn\nselect 1 from profiles where false;")
    height = lake.published().read("lists").height
    (known, short) = judged(lake)[::-1]
    assert short[:5] == ("lists", "checks/short.sql", "fail", False, height)
    assert "balanced" in short[5]
    assert known == ("run", "checks/known.sql", "warn", True, 0, None)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.sql", "select from nowhere at all", "Parser Error"),
        ("a.sql", "select * from no_such_table", "no_such_table"),
        ("a.sql", "copy lists to 'x.csv'", "not allowed here"),
        ("a.sql", "select * from read_csv('/etc/passwd')", "disabled"),
        ("a.sql", "-- severity: loud\nselect 1", "allowed: fail, warn"),
        ("a.sql", "set variable x = 1", "a query is needed"),
        ("a.txt", "no", "neither .sql nor .json"),
        ("lists.json", "{", "not JSON"),
        ("lists.json", "[]", "a list `expectations` is needed"),
        ("nowhere.json", '{"expectations": [{"type": "x"}]}', "no table is named"),
        ("lists.json", '{"expectations": [{"type": "expect_no_such_thing", "kwargs": {"column": "list"}}]}', "expect_no_such"),
        ("lists.json", '{"expectations": [{"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "x"}}]}', "'x'"),
    ],
)
@pytest.mark.filterwarnings("default")
def test_what_cannot_be_read_is_said_and_stops(lake: Lake, name: str, text: str, says: str) -> None:
    put(lake, name, text)
    ((table, rule, severity, passed, failures, example),) = judged(lake)
    assert (table, rule, severity, passed, failures) == ("run", f"checks/{name} can be read and asked", "fail", False, 1)
    assert says in example


@pytest.mark.filterwarnings("default")
def test_a_suite_of_great_expectations(lake: Lake) -> None:
    few = {"type": "expect_column_values_to_be_between", "kwargs": {"column": "rank", "min_value": 1, "max_value": 3}}
    mild = {**few, "severity": "warning", "meta": {"rule": "ranks are small"}}
    fine = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "track_id"}}
    put(lake, "rankings.mine.json", {"name": "mine", "expectations": [few, mild, fine]})
    rows = judged(lake)
    ranks = lake.published().read("rankings")["rank"]
    assert {(row[0], row[2], row[3], row[4]) for row in rows} == {
        ("rankings", "fail", False, ranks.filter(ranks > 3).len()),
        ("rankings", "warn", False, ranks.filter(ranks > 3).len()),
        ("rankings", "fail", True, 0),
    }
    assert "checks/rankings.mine.json: ranks are small" in [row[1] for row in rows]


def test_equal_tables_have_equal_suites_and_broken_rules_break_them() -> None:
    row = {"table": "lists", "rule": "returned = rows in rankings", "severity": "warn", "passed": False, "failures": 2}
    checked = CHECKS.conform(pl.DataFrame([row], schema=CHECKS.schema))
    first = suites.suites(checked)
    assert first == suites.suites(checked)
    (across,) = json.loads(first["checks"])["expectations"]
    assert across["severity"] == "warning"
    assert 'rule == "returned = rows in rankings"' in across["kwargs"]["row_condition"]


def test_the_library_costs_nobody_who_has_no_suites(lake: Lake, tmp_path: Path) -> None:
    script = (
        "import sys, flows.nightly, recsys.cli.serve, recsys.cli.show\n"
        "from recsys import Lake\nfrom recsys.readers import own_checks\n"
        f"lake = Lake({str(lake.root)!r})\nassert own_checks.judge(lake, lake.published()).height == 1\n"
        "print('great_expectations' in sys.modules)"
    )
    put(lake, "known.sql", "select 1 where false")
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
