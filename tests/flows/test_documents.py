"""Data Docs: the same verdict as the table, the same pages each time, nothing that calls home."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from flows.documents import pages
from recsys.errors import CheckError
from recsys.tables import CHECKS

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
AS_OF = datetime(2026, 6, 1, tzinfo=UTC)


def checked(failures: int) -> pl.DataFrame:
    rows = [
        {"table": "lists", "rule": "rank lies in 1 …", "severity": "fail", "passed": not failures, "failures": failures},
        {"table": "rankings", "rule": "every row has a reason", "severity": "warn", "passed": True, "failures": 0},
    ]
    return CHECKS.conform(pl.DataFrame(rows))


def test_pages_are_the_same_each_time_and_show_what_failed() -> None:
    first, again = pages(checked(3), "run", AS_OF), pages(checked(3), "run", AS_OF)
    assert first == again
    page = first["validations/lists/run/20260601T000000.000000Z/run-lists.html"].decode()
    assert "rank lies in 1 …" in page
    assert "Failed" in page
    assert "great-expectations-web-assets" not in "".join(text.decode() for name, text in first.items() if name.endswith("html"))
    assert "index.html" in first


def test_another_verdict_is_an_error() -> None:
    with pytest.raises(CheckError, match=r"lists: rank lies in 1 …: .* disagree"):
        pages(checked(3).with_columns(passed=pl.lit(True)), "run", AS_OF)
