"""A run's report from the lake: rejects of its own batches alone, and an error in words for tables that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys.errors import NotFoundError
from recsys.lake import Lake
from recsys.report.making import _rejects, page
from tests.lake import night


def test_rejects_of_the_batches_that_the_run_was_made_from(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    night.ingest(lake, 1)
    run = night.build(lake)
    night.ingest(lake, 3)
    assert _rejects(lake, run).to_dicts() == [{"table": "events", "code": "type", "rows": 1, "reason": "no such type"}]
    assert _rejects(lake, night.build(lake))["rows"].to_list() == [2]


def test_a_run_without_rejects(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    night.ingest(lake, 2)
    assert _rejects(lake, night.build(lake)).is_empty()


def test_a_run_of_other_tables_is_an_error_in_words(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    night.ingest(lake, 1)
    with pytest.raises(NotFoundError, match="has no table"):
        page(lake, night.build(lake))
