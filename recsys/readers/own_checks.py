"""Checks that an analyst adds to a lake; like the built-in ones, they keep a run from being published.

    checks/<name>.sql     a query over a run's tables, as in ``recsys sql``: every row that it returns breaks the rule
    checks/<name>.json    a suite of Great Expectations, about the table in its ``meta.table``

In SQL, lines ``-- table: rankings`` and ``-- severity: warn`` at the head say what it is about, and that it only warns. They are
judged when a run is to be published, and are no part of it: what a run holds follows from its inputs and settings alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import polars as pl

from recsys.errors import RecsysError
from recsys.lake import Lake, Run, checks
from recsys.readers import expectations
from recsys.readers.views import SqlSession
from recsys.tables import CHECKS

_WHOLE = "run"
"""Table of a rule that names none."""
_HEAD = re.compile(r"^--\s*(table|severity):\s*(\S+)\s*$", re.MULTILINE)


def judge(lake: Lake, run: Run) -> pl.DataFrame:
    """Every own check in the columns of ``checks``; one that cannot be read or asked is a broken rule of severity ``fail``."""
    rows: list[dict[str, Any]] = []
    for name in checks.names(lake):
        try:
            text = checks.read(lake, name)
            rows += _suite(run, name, text) if name.endswith(".json") else [_query(lake, run, name, text)]
        except RecsysError as error:
            rows.append(_row(_WHOLE, f"{checks.FOLDER}/{name} can be read and asked", "fail", 1, str(error)))
    return CHECKS.conform(pl.DataFrame(rows, schema=CHECKS.schema)).sort("table", "rule", maintain_order=True)


def _query(lake: Lake, run: Run, name: str, text: str) -> dict[str, Any]:
    """The verdict of one query."""
    if not name.endswith(".sql"):
        raise RecsysError(f"neither .sql nor .json: {name}")
    head = dict(_HEAD.findall(text))
    severity = head.get("severity", "fail")
    if severity not in ("fail", "warn"):
        raise RecsysError(f"severity {severity!r}; allowed: fail, warn")
    with SqlSession(lake, run) as session:
        answer = session.run(text)
        if answer is None or answer.columns == ["Success"]:
            raise RecsysError("the last statement asks nothing; a query is needed, whose rows break the rule")
        result = answer.pl()
    example = " ".join(map(str, result.row(0))) if result.height else None
    return _row(head.get("table", _WHOLE), f"{checks.FOLDER}/{name}", severity, result.height, example)


def _suite(run: Run, name: str, text: str) -> Iterator[dict[str, Any]]:
    table, verdicts = expectations.judge(run, text, name.partition(".")[0])
    for one in verdicts:
        yield _row(table, f"{checks.FOLDER}/{name}: {one.rule}", "warn" if one.mild else "fail", one.unexpected, one.example)


def _row(table: str, rule: str, severity: str, failures: int, example: str | None) -> dict[str, Any]:
    facts = {"table": table, "rule": rule, "severity": severity, "passed": not failures, "failures": failures}
    return {**facts, "example": example if failures else None}
