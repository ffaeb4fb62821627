"""Blocks of writes: nested, from several threads, and given back whatever happens."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recsys.errors import LakeError
from recsys.lake import Lake, files
from tests.lake import night


def test_writers_of_one_lake_may_nest_and_the_lock_is_given_back(lake):
    other = Lake(lake.root)
    with lake.writer(), lake.writer():
        night.ingest(lake, 1)
        with pytest.raises(LakeError, match=f"process {os.getpid()} on"):
            night.ingest(other, 2)
    assert night.ingest(other, 2) is not None


def handles() -> int:
    """Open files of this process; 0 where the system does not tell."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


def test_no_handle_stays_open(lake):
    night.night(lake.root)
    with lake.writer():
        pass
    before = handles()
    for _ in range(3):
        with lake.writer(), pytest.raises(LakeError, match="has been writing"):
            night.ingest(Lake(lake.root), 9)
        with pytest.raises(KeyError), lake.stage(night.plan(lake)):
            raise KeyError
        night.night(lake.root)
        lake.published().read("neighbors")
    assert handles() == before


def test_threads_of_one_lake_take_turns(lake):
    with lake.writer(), ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda day: night.ingest(lake, day % 6), range(12)))
    assert [batch.ordinal for batch in lake.batches()] == list(range(1, 7))


def test_leftovers_that_cannot_be_removed_give_the_lock_back(lake, monkeypatch):
    night.ingest(lake, 1)
    (lake.root / ".staging" / "left").write_text("x")

    def refuse(path):
        raise LakeError(f"cannot write {path}")

    with monkeypatch.context() as patch:
        patch.setattr(files, "clear", refuse)
        with pytest.raises(LakeError, match="cannot write"):
            night.ingest(lake, 2)
    assert night.ingest(Lake(lake.root), 2) is not None
    assert list((lake.root / ".staging").iterdir()) == []
