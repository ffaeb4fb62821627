"""Clean-up removes what nobody needs, and nothing else."""

from __future__ import annotations

import errno
import os
import shutil
from datetime import timedelta
from itertools import count

import pytest

from recsys.errors import LakeError
from recsys.lake import Lake, files
from recsys.lake.pruning import Pruned, in_use, prune, using
from recsys.lookup.columns import Columns, Layout
from tests.lake import night

pytestmark = pytest.mark.slow  # whole runs


@pytest.fixture
def nights(lake):
    """Six runs, oldest first; the third is published."""
    runs = []
    for day in range(6):
        night.ingest(lake, day)
        runs.append(night.build(lake))
    lake.publish(runs[2].id)
    return runs


@pytest.fixture
def later(nights):
    return nights[-1].manifest.created_at + timedelta(days=10)


def test_the_newest_and_the_published_run_stay(lake, nights, later):
    done = prune(lake, keep=2, days=7, now=later)
    assert done == Pruned(runs=tuple(nights[number].id for number in (3, 1, 0)))
    assert {run.id for run in lake.runs()} == {nights[number].id for number in (2, 4, 5)}
    assert lake.published() == nights[2]
    assert [run.damage() for run in lake.runs()] == [[], [], []]


def test_young_runs_stay(lake, nights, later):
    assert prune(lake, keep=1, days=11, now=later) == Pruned()
    assert len(lake.runs()) == 6


def test_a_dry_run_only_says_it(lake, nights, later):
    before = night.contents(lake.root)
    assert len(prune(lake, keep=2, days=7, now=later, dry_run=True).runs) == 3
    assert night.contents(lake.root) == before


def test_damaged_runs_and_leftovers_go(lake, nights, later):
    (nights[0].path / "manifest.json").write_text("{")
    (lake.root / ".staging" / "dead").mkdir()
    done = prune(lake, keep=9, days=7, now=later)
    assert done == Pruned(damaged=(nights[0].id,), leftovers=("dead",))
    assert nights[0].id not in lake.run_ids()
    assert list((lake.root / ".staging").iterdir()) == []


def test_a_damaged_published_run_stays(lake, nights, later):
    (nights[2].path / "manifest.json").write_text("{")
    assert prune(lake, keep=9, days=7, now=later) == Pruned()
    assert nights[2].id in lake.run_ids()


def test_a_run_that_a_reader_has_open_stays(lake, nights, later):
    path = nights[0].path / "lookup" / "users.txt"
    assert not in_use(nights[0])
    held = Columns(path, Layout(bytes=path.stat().st_size, starts=[0], numbers={}, texts={}))
    assert in_use(nights[0])
    done = prune(lake, keep=1, days=7, now=later)
    assert done.in_use == (nights[0].id,)
    assert nights[0].id in lake.run_ids()
    del held


def test_runs_under_an_open_session_stay(lake, nights, later):
    with using(nights):
        assert in_use(nights[0])
        done = prune(lake, keep=1, days=7, now=later)
        assert set(done.in_use) == {nights[number].id for number in (0, 1, 3, 4)}
    assert not in_use(nights[0])


def test_a_run_of_a_clock_that_was_ahead_is_not_the_newest(lake, nights):
    before = nights[0].manifest.created_at - timedelta(days=3)
    assert {run.id for run in nights if run.id != nights[2].id} == {*prune(lake, keep=1, days=7, now=before).runs, nights[5].id}


def test_an_error_at_any_step_leaves_whole_runs(lake, nights, later, tmp_path):
    for number in count(1):
        copy = Lake(shutil.copytree(lake.root, tmp_path / str(number)))
        calls, reach = count(1), files.reach

        def fail(point, calls=calls, reach=reach, number=number):
            reach(point)
            if next(calls) == number:
                raise OSError(errno.EIO, os.strerror(errno.EIO))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(files, "reach", fail)
            try:
                prune(copy, keep=2, days=7, now=later)
            except LakeError:
                pass
            else:
                break
        assert all(run.damage() == [] for run in copy.runs())
        prune(copy, keep=2, days=7, now=later)
        assert {run.id for run in copy.runs()} == {nights[kept].id for kept in (2, 4, 5)}
        assert list((copy.root / ".staging").iterdir()) == []
    assert number > 10
