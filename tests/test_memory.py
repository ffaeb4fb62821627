"""DuckDB with little memory: the same answer, or a clear error."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
import pytest

from recsys import Settings, models
from recsys.checks import CHECKED, checks
from recsys.errors import RecsysError
from tests.test_checks import good


@pytest.fixture
def limited() -> Iterator[None]:
    """DuckDB with 256 MB and no disk to fall back to."""
    models._engine().execute("set memory_limit = '256MB'")
    models._engine().execute("set max_temp_directory_size = '0KB'")
    yield
    models._engine().execute("reset memory_limit")
    models._engine().execute("reset max_temp_directory_size")


def test_a_small_run_is_checked_as_with_more(limited: None) -> None:
    tables = {name: good()[name] for name in CHECKED}
    found = checks(tables, Settings(lists=("balanced",), list_limit=2))
    assert found["passed"].all()


def test_too_much_is_said(limited: None) -> None:
    models._engine().execute("set memory_limit = '32MB'")
    numbers = pl.DataFrame({"id": np.arange(4_000_000)})
    with pytest.raises(RecsysError, match=r"out of memory .* fewer listeners"):
        models.distinct(numbers, ["id"])
