"""What came of each file: causes by how often, examples by the first, and what is said when some files were refused."""

from __future__ import annotations

import polars as pl
import pytest

from recsys.errors import InputError
from recsys.ingest.report import MOST_REFUSED, FilesRefusedError, Report, causes, examples
from recsys.lake import Rejects
from recsys.tables import REJECTS


def rejects(*codes: str, unlisted: dict[str, int] | None = None) -> Rejects:
    """One row a code, lines from 2."""
    rows = [
        {"batch": "0", "table": "events", "source": "x", "line": line, "code": code, "reason": f"{code} {line}"}
        for line, code in enumerate(codes, 2)
    ]
    listed = REJECTS.conform(pl.DataFrame(rows)) if rows else REJECTS.empty()
    return Rejects(listed, unlisted or {})


def test_causes_with_those_that_are_not_listed_the_most_frequent_first() -> None:
    assert list(causes(rejects("type", "zone", "type", unlisted={"zone": 5})).items()) == [("zone", 6), ("type", 2)]
    assert list(causes(rejects("b", "a"))) == ["a", "b"]
    assert causes(rejects()) == {}


def test_examples_are_the_first_of_each_code() -> None:
    assert examples(rejects("type", "zone", "type")) == {"type": "line 2: type 2", "zone": "line 3: zone 3"}
    assert examples(rejects(unlisted={"zone": 5})) == {}


@pytest.mark.parametrize("count", [1, MOST_REFUSED, MOST_REFUSED + 3])
def test_refused_files_are_named_and_many_are_counted(count: int) -> None:
    error = FilesRefusedError([InputError(f"f{number}.csv: bad") for number in range(count)], [])
    lines = str(error).splitlines()
    assert lines[: min(count, MOST_REFUSED)] == [f"f{number}.csv: bad" for number in range(min(count, MOST_REFUSED))]
    assert lines[MOST_REFUSED:] == (["… and 3 more files"] if count > MOST_REFUSED else [])


def test_what_the_others_hold_is_said_where_there_are_any() -> None:
    reports = [Report("good.csv", "events", 3, 3)]
    error = FilesRefusedError([InputError("bad.csv: no")], reports)
    assert error.reports == reports
    assert (
        str(error).splitlines()[-1] == "1 of the files refused, nothing of them was ingested; what the others hold is in the lake"
    )
