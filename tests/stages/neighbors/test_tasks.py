"""Tasks of named arrays: done once, under their names, from what is there."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from recsys.mapped import MappedFolder
from recsys.stages.neighbors.tasks import MATRIX, Arrays, ArrayStore, FitTask, Here, matrix_arrays, matrix_names


def doubled(store: ArrayStore, name: str, *, threads: int) -> Arrays:
    store.derived("calls", list).append((name, threads))
    return {"twice": 2 * store[name]}


def test_a_task_is_done_once_and_its_arrays_are_named_after_it() -> None:
    here = Here(3)
    here.put({"a": np.arange(3)})
    tasks = [FitTask("x", doubled, ("a",), ("twice",)), FitTask("y", doubled, ("x.twice",), ("twice",))]
    here.run(tasks)
    here.run(tasks)
    np.testing.assert_array_equal(here.store["y.twice"], [0, 4, 8])
    assert here.store.derived("calls", list) == [("a", 3), ("x.twice", 3)]
    assert tasks[1].names == ["y.twice"]


def test_matrices_and_tuples_come_back() -> None:
    matrix = csr_array(np.array([[0.0, 2.0, 0.0], [1.0, 0.0, 3.0]]))
    store = ArrayStore(matrix_arrays("m", matrix))
    assert {*store.arrays} == {*matrix_names("m")} == {f"m.{part}" for part in MATRIX}
    np.testing.assert_array_equal(store.matrix("m").toarray(), matrix.toarray())
    assert store.matrix("m") is store.matrix("m")
    assert store.columns(lambda *parts: len(parts), "m", MATRIX) == 4


def test_what_is_not_read_any_more_is_freed_and_can_be_done_again() -> None:
    here = Here(1)
    here.put({"a": np.arange(3)})
    task = FitTask("x", doubled, ("a",), ("twice",))
    here.run([task])
    here.forget([task])
    assert [*here.store.arrays] == ["a"]
    here.run([task])
    assert len(here.store.derived("calls", list)) == 2


def summed(store: ArrayStore, name: str, *, threads: int) -> Arrays:
    """What of files was in memory before, in MiB, and the sum of an array."""
    resident = int(Path("/proc/self/status").read_text(encoding="ascii").split("RssFile:")[1].split()[0]) >> 10
    return {"resident": np.array(resident), "sum": store[name].sum()}


@pytest.mark.skipif(sys.platform != "linux", reason="only there the system says what is in memory")
def test_what_a_task_read_is_given_back_before_the_next(tmp_path: Path) -> None:
    here = Here(1, MappedFolder(tmp_path).place)
    here.put({"a": np.ones(2**23), "b": np.ones(3)})  # 64 MiB
    here.run([FitTask(name, summed, (read,), ("resident", "sum")) for name, read in (("x", "a"), ("y", "b"))])
    assert here.store["x.sum"] == 2**23
    assert here.store["y.resident"] < here.store["x.resident"] + 20
