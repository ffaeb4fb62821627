"""A night in a bucket, killed at every step: other machines see the lake before or after it, and the same night finishes it."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("obstore")

from recsys.errors import LakeError
from recsys.lake import Lake, files, pruning
from recsys.lake.bucket.address import CACHE
from recsys.lake.bucket.mirror import Mirror
from tests.lake import night
from tests.lake.bucket.conftest import Machine
from tests.lake.test_files import require_old_or_new
from tests.support.buckets import Proxy

pytestmark = pytest.mark.slow

COMMIT = ("bucket.files", "bucket.record", "bucket.settle", "bucket.swap")
LOCAL = files._POINTS[:: int(os.environ.get("KILLS_APART", "4"))]
"""Steps on the way to a commit, which a folder's tests stop at one by one; here every fourth, or all with KILLS_APART=1."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the lake holds after nights that nobody disturbed."""
    root = tmp_path_factory.mktemp("whole") / "lake"
    _before(Lake(root))
    night.night(root)
    return night.contents(root)


def _before(lake: Lake) -> None:
    night.ingest(lake, 1)
    lake.publish(night.build(lake).id)


def _killed(spawn: Callable[..., Any], url: str, cache: Path, point: str) -> int:
    """The exit code of a night on a machine of its own, which dies at a point."""
    environment = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    process = spawn(root=url, environment={**environment, CACHE: str(cache), files.FAIL_AT: point})
    process.join()
    return int(process.exitcode)


def _require_whole(lake: Lake, whole: dict[str, Any]) -> None:
    assert isinstance(lake.home, Mirror)
    lake.inputs()
    lake.rejects()
    for run in lake.runs():
        assert run.damage() == []
    assert night.contents(lake.root) == whole
    assert set(lake.home.store.entries()) == set(whole)


@pytest.mark.parametrize("point", [*COMMIT, *LOCAL])
def test_a_reader_sees_the_old_or_the_new_and_the_same_night_finishes(
    point: str, machine: Machine, url: str, whole: dict[str, Any], spawn: Callable[..., Any], tmp_path: Path
) -> None:
    _before(machine("there"))
    code = _killed(spawn, url, tmp_path / "here", point)
    assert code in ((-signal.SIGKILL,) if point in COMMIT else (-signal.SIGKILL, 0))
    require_old_or_new(Path(url), machine("third"))
    night_again(machine("here"))
    _require_whole(machine("fourth"), whole)


@pytest.mark.parametrize("point", COMMIT)
def test_the_same_at_the_commit_of_a_run(
    point: str, machine: Machine, url: str, whole: dict[str, Any], spawn: Callable[..., Any], tmp_path: Path
) -> None:
    """Both batches are there already, so that the first time a step is reached is the run's."""
    there = machine("there")
    _before(there)
    old = there.published().id
    for day in (2, 3):
        night.ingest(there, day)
    assert _killed(spawn, url, tmp_path / "here", point) == -signal.SIGKILL
    third = machine("third")
    assert third.published().id == old
    assert third.published().damage() == []
    assert len(third.run_ids()) == (2 if point in ("bucket.settle", "bucket.swap") else 1)
    night_again(machine("here"))
    _require_whole(machine("fourth"), whole)


def test_killed_after_the_swap_readers_have_the_new_run(
    machine: Machine, url: str, whole: dict[str, Any], spawn: Callable[..., Any], tmp_path: Path
) -> None:
    """The step that this machine still owed itself is the only thing that is missing."""
    there = machine("there")
    _before(there)
    for day in (2, 3):
        night.ingest(there, day)
    night.build(there)
    assert _killed(spawn, url, tmp_path / "here", "bucket.settle") == -signal.SIGKILL
    _require_whole(machine("third"), whole)
    assert machine("here").published().id == machine("third").published().id


def test_killed_at_random(
    machine: Machine, url: str, whole: dict[str, Any], spawn: Callable[..., Any], tmp_path: Path, between: Proxy
) -> None:
    chance = random.Random(1)  # noqa: S311
    environment = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    _before(machine("there"))
    for number in range(12):
        process = spawn(root=url, environment={**environment, CACHE: str(tmp_path / "here")})
        process.join(timeout=chance.uniform(0, 1.2))
        process.kill()
        process.join()
        require_old_or_new(Path(url), machine(f"third{number % 3}"))
    night_again(machine("here"))
    _require_whole(machine("fourth"), whole)


@pytest.mark.parametrize("point", ["bucket.remove", "bucket.clear"])
def test_a_removal_that_is_cut_short_is_finished(
    point: str, machine: Machine, url: str, spawn: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = machine("there")
    _before(there)
    old = there.published().id
    night_again(there)
    environment = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    process = spawn(prune_all, root=url, environment={**environment, CACHE: str(tmp_path / "here"), files.FAIL_AT: point})
    process.join()
    assert process.exitcode == -signal.SIGKILL
    third = machine("third")
    assert third.published().damage() == []
    assert (old in third.run_ids()) == (point == "bucket.remove")
    if old in third.run_ids():
        assert third.run(old).damage() == []
    monkeypatch.setattr(pruning, "UPLOAD_GRACE", pruning.UPLOAD_GRACE * 0)
    done = pruning.prune(machine("here"), keep=1, days=0)
    assert done.runs == ((old,) if point == "bucket.remove" else ())
    left = machine("fourth")
    assert isinstance(left.home, Mirror)
    assert not [key for key in left.home.store.entries() if old in key]


def prune_all(root: str, environment: dict[str, str]) -> None:
    os.environ.update(environment)
    pruning.prune(Lake(root), keep=1, days=0)


def night_again(lake: Lake) -> None:
    """The night that was cut short."""
    for day in (2, 3):
        night.ingest(lake, day)
    try:
        lake.publish(night.build(lake).id)
    except LakeError as error:  # pragma: no cover - shown, for a test of many steps
        raise AssertionError(str(error)) from error
