"""DuckDB with little memory: the same answer, or a clear error. What is freed goes back to the system."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import polars as pl
import pytest

from recsys import Settings, models
from recsys.errors import RecsysError
from recsys.stages.checks import CHECKED, check_tables
from tests.stages.test_checks import good


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
    frame = check_tables(tables, Settings(lists=("balanced",), list_limit=2))
    assert frame["passed"].all()


def test_too_much_is_said(limited: None) -> None:
    models._engine().execute("set memory_limit = '32MB'")
    numbers = pl.DataFrame({"id": np.arange(4_000_000)})
    with pytest.raises(RecsysError, match=r"out of memory .* fewer listeners"):
        models.distinct(numbers, ["id"])


FREED = """
import recsys, duckdb, polars, time
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 >> 20
duckdb.execute("set enable_progress_bar = false")  # it would be printed where a query takes its time
before = resident()
frame = polars.select(polars.int_range(20_000_000))
assert resident() > before + 100
del frame
duckdb.execute("select count(*) from (select range % 4000000 as k, count(*) from range(8000000) group by all)").fetchall()
deadline = time.monotonic() + 120  # of a busy machine
while resident() > before + 60 and time.monotonic() < deadline:
    time.sleep(0.1)
print(resident() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the allocators that can be told are those of Linux")
def test_freed_memory_goes_back_to_the_system() -> None:
    plain = {name: value for name, value in os.environ.items() if not name.endswith("MALLOC_CONF")}
    said = subprocess.run([sys.executable, "-c", FREED], env=plain, capture_output=True, text=True, check=True).stdout
    left = said.splitlines()[-1]
    assert int(left) < 60  # without it, 150 MiB of Polars's and 190 of DuckDB's stay
