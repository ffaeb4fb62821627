"""The run's id follows from inputs, settings, moment and code, and from nothing else."""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from recsys.errors import UsageError
from recsys.lake import Lake
from recsys.lake.plan import COMPUTING, Plan, code_version, library_versions, run_id
from recsys.settings import Settings
from tests.lake import night

INPUTS = [("events", 1, "a" * 64, 3), ("tracks", 1, "b" * 64, 2)]


def test_the_id_is_the_same_for_the_same_plan_in_any_order_and_zone():
    wanted = run_id(INPUTS, {"a": 1, "b": 2}, night.AS_OF, "code")
    elsewhere = night.AS_OF.astimezone(timezone(timedelta(hours=-5)))
    assert run_id(reversed(INPUTS), {"b": 2, "a": 1}, elsewhere, "code") == wanted == "2026-01-31-31392a1d1bd8"


@pytest.mark.parametrize(
    "other",
    [
        {"inputs": INPUTS[:1]},
        {"inputs": [("events", 2, "a" * 64, 3), INPUTS[1]]},
        {"inputs": [("events", 1, "c" * 64, 3), INPUTS[1]]},
        {"inputs": [("events", 1, "a" * 64, 2), INPUTS[1]]},
        {"settings": {"a": 2}},
        {"as_of": night.AS_OF + timedelta(microseconds=1)},
        {"code": "code2"},
    ],
    ids=["batch", "ordinal", "digest", "rows", "settings", "moment", "code"],
)
def test_whatever_differs_gives_another_id(other):
    same = {"inputs": INPUTS, "settings": {"a": 1}, "as_of": night.AS_OF, "code": "code"}
    assert run_id(**(same | other)) != run_id(**same)


def test_threads_do_not_count_and_settings_digest_agrees():
    one, two = (Plan.of([], Settings(threads=threads), night.AS_OF) for threads in (1, 2))
    assert one == two
    assert hashlib.sha256(json.dumps(one.settings, sort_keys=True).encode()).hexdigest() == Settings().digest()
    assert one.run_id != Plan.of([], Settings(list_limit=7), night.AS_OF).run_id


def test_a_moment_needs_a_zone():
    with pytest.raises(UsageError, match="as_of 2026-01-31T00:00:00 has no time zone"):
        Plan.of([], Settings(), datetime(2026, 1, 31))  # noqa: DTZ001
    assert Plan.of([], Settings(), datetime(2026, 1, 31, tzinfo=UTC)).run_id.startswith("2026-01-31-")


def test_code_version_is_the_same_in_every_clone(root, tmp_path):
    for name in ("recsys/matrices", "recsys/lake", "sql"):
        shutil.copytree(root / name, tmp_path / "one" / name)
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    one, two = (code_version(tmp_path / name) for name in ("one", "two"))
    assert one == two
    source = tmp_path / "two" / "recsys" / "matrices" / "catalog.py"
    source.write_bytes(source.read_bytes().replace(b"\n", b"\r\n"))
    (tmp_path / "two" / "recsys" / "notes.txt").write_text("not code")
    (tmp_path / "two" / "recsys" / "lake" / "plan.py").write_text("")  # stores runs, computes nothing of them
    code_version.cache_clear()
    assert code_version(tmp_path / "two") == one
    source.write_text("")
    code_version.cache_clear()
    assert code_version(tmp_path / "two") != one


def test_code_version_of_an_installation_is_that_of_its_clone(root, tmp_path):
    for folder, models in (("clone", "sql"), ("installed", "recsys/sql")):
        shutil.copytree(root / "recsys" / "matrices", tmp_path / folder / "recsys" / "matrices")
        shutil.copytree(root / "sql", tmp_path / folder / models)
    assert code_version(tmp_path / "installed") == code_version(tmp_path / "clone")
    code_version.cache_clear()
    (tmp_path / "installed" / "recsys" / "sql" / "ratings.sql").write_text("")
    assert code_version(tmp_path / "installed") != code_version(tmp_path / "clone")


@pytest.mark.slow
def test_code_version_covers_every_module_that_computes(root):
    named = "(module.__file__ for name, module in sys.modules.items() if name.split('.')[0] == 'recsys')"
    command = [sys.executable, "-c", f"import sys, recsys.pipeline; print(*{named}, sep='\\n')"]
    loaded = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()
    covered = {path for pattern in COMPUTING for path in root.glob(pattern)}
    assert {Path(path).relative_to(root).as_posix() for path in loaded if Path(path) not in covered} == {
        "recsys/evaluation/__init__.py"
    }


def test_code_version_and_libraries(root):
    assert code_version() == code_version(root)
    version, _, digest = code_version().partition("+")
    assert (version, len(digest)) == ("0.1.0", 64)
    assert library_versions().keys() >= {"python", "polars", "duckdb", "numba"}


def test_order_of_versions_decides_the_run(tmp_path):
    lakes = [Lake(tmp_path / "".join(map(str, days))) for days in itertools.permutations((1, 2))]
    for lake, days in zip(lakes, itertools.permutations((1, 2)), strict=True):
        for day in days:
            night.ingest(lake, day)
    assert night.plan(lakes[0]).run_id != night.plan(lakes[1]).run_id


def test_a_plan_of_chosen_batches_does_not_see_later_ones(lake):
    night.ingest(lake, 1)
    batches = lake.batches()
    wanted = lake.plan(Settings(), night.AS_OF)
    night.ingest(lake, 2)
    assert lake.plan(Settings(), night.AS_OF, batches) == wanted
    assert lake.inputs(batches).events["batch"].unique().to_list() == [1]
