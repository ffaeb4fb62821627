"""DuckDB with little memory: the same answer, or a clear error. What is freed goes back to the system."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest
from duckdb import ConstantExpression, FunctionExpression

from recsys import Settings, models
from recsys.errors import RecsysError
from recsys.memory import default_limit, machine_bytes
from recsys.stages.checks import CHECKED, check_tables
from tests.stages.test_checks import good


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[None]:
    """DuckDB with 256 MB and no disk to fall back to."""
    with models.limited(256 * 2**20, tmp_path / "spill"):
        set_limits("256MB")
        yield


def set_limits(memory: str, disk: str = "0KB") -> None:
    """Other limits for the rest of the block."""
    con = models._limited.get()
    assert con is not None
    con.execute(f"set memory_limit = '{memory}'")
    con.execute(f"set max_temp_directory_size = '{disk}'")


def test_a_small_run_is_checked_as_with_more(limited: None) -> None:
    tables = {name: good()[name] for name in CHECKED}
    frame = check_tables(tables, Settings(lists=("balanced",), list_limit=2))
    assert frame["passed"].all()


def test_too_much_is_said(limited: None) -> None:
    set_limits("32MB")
    numbers = pl.DataFrame({"id": np.arange(4_000_000)})
    with pytest.raises(RecsysError, match=r"out of memory .* memory_limit, .* fewer listeners"):
        models.distinct(numbers, ["id"])


def settings_of_database() -> tuple[object, ...]:
    names = [FunctionExpression("current_setting", ConstantExpression(name)) for name in ("memory_limit", "temp_directory")]
    return models.aggregate(pl.DataFrame({"x": [1]}), [FunctionExpression("any_value", name) for name in names])


def test_half_of_the_memory_where_nothing_is_set(tmp_path: Path) -> None:
    with duckdb.connect(config={"memory_limit": f"{default_limit()}B"}) as con:
        half = con.sql("select current_setting('memory_limit')").fetchall()[0][0]
    assert settings_of_database()[0] == half
    with models.limited(None, tmp_path / "spill"):
        assert settings_of_database() == (half, str(tmp_path / "spill"))


def test_a_block_has_its_own_limit_and_folder(tmp_path: Path) -> None:
    before = settings_of_database()
    with models.limited(100 * 2**20, tmp_path / "spill"):
        assert settings_of_database() == ("100.0 MiB", str(tmp_path / "spill"))
        with models.connect(tmp_path / "other") as con:  # as a reader beside the models does
            assert con.sql("select current_setting('memory_limit')").fetchall() == [("100.0 MiB",)]
    assert settings_of_database() == before


def test_what_does_not_fit_goes_to_that_folder_and_is_gone_afterwards(tmp_path: Path) -> None:
    numbers = pl.DataFrame({"id": np.arange(4_000_000)})
    with models.limited(64 * 2**20, tmp_path / "spill"):
        set_limits("32MB", "1GB")
        assert models.distinct(numbers, ["id"]) == 4_000_000
        assert [path for path in tmp_path.iterdir() if path.name == "spill"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("lines", "files", "limit"),
    [
        ("0::/a/b", {"a/b/memory.max": "max", "a/memory.max": "1000000"}, 1_000_000),
        ("0::/a/b", {"a/b/memory.max": "2000000", "a/memory.max": "3000000"}, 2_000_000),
        ("0::/", {"memory.max": "1000000"}, 1_000_000),
        ("4:memory:/a\n0::/", {"memory/a/memory.limit_in_bytes": "1000000"}, 1_000_000),
        ("4:memory:/of/the/host", {"memory/memory.limit_in_bytes": "1000000"}, 1_000_000),
        ("4:memory:/a", {"memory/a/memory.limit_in_bytes": str(2**63 - 4096)}, None),
        ("4:cpu:/a", {"cpu/a/memory.max": "1000000"}, None),
        (None, {}, None),
    ],
)
def test_a_control_group_may_allow_less(lines: str | None, files: dict[str, str], limit: int | None, tmp_path: Path) -> None:
    groups, root = tmp_path / "cgroup", tmp_path / "fs"
    if lines is not None:
        groups.write_text(lines)
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text + "\n")
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert machine_bytes(groups, root) == (limit or whole)


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


HEAPS = """
import sys, numpy
from recsys.memory import LARGE, release, return_arrays
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 >> 20
def left(size, count):
    before = resident()
    blocks = [numpy.ones(size // 8) for _ in range(count)]
    held, blocks = resident() - before, blocks[-1:]  # what lies below a block in use stays
    return held, resident() - before
numpy.ones(3 * LARGE // 8)  # freed at once: from now on smaller arrays lie in heaps, unless that is forbidden
if "return" in sys.argv:
    return_arrays()
large = left(2 * LARGE, 30)
small = left(LARGE // 64, 4_000)
if "release" in sys.argv:
    release()
print(*large, *small, resident())
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="only glibc can be told what to give back")
def test_freed_arrays_go_back_to_the_system() -> None:
    def run(*words: str) -> list[int]:
        said = subprocess.run([sys.executable, "-c", HEAPS, *words], capture_output=True, text=True, check=True).stdout
        return [int(word) for word in said.split()]

    plain, told = run(), run("return", "release")
    assert told[0] > 200  # MiB held
    assert told[1] < plain[1] - 150
    assert told[2] > 200
    assert told[4] < told[2] // 2  # without it some 100 to 200 MiB stay, depending on what else lies in the heap
