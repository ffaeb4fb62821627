"""The fit of a run in tasks, done by its own process or by workers of a cluster: they read arrays of the staged run and write
theirs beside them. What a stopped run of the plan finished, and is whole, is not done again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from flows.cluster import Call, Workers
from recsys.lake import Staged, arrays
from recsys.lake.records import File
from recsys.mapped import MappedFolder
from recsys.stages.neighbors.stage import TUNING_STORE
from recsys.stages.neighbors.tasks import Arrays, ArrayStore, FitTask, Here, Runner, Runners, results


def runners(staged: Staged, threads: int) -> Runners:
    """Opens runners of this process: the model stays in the staged run until that is whole.

    What tuning tries is many times as much, and its outcome is part of the model: that is nowhere but in files without a name.
    """
    nameless = MappedFolder(staged.workplace / TUNING_STORE)
    return lambda name: Here(threads, nameless.place) if name == TUNING_STORE else _InFiles(staged, name, threads)


def runners_elsewhere(staged: Staged, workers: Workers) -> Runners:
    """Opens runners that hand all tasks to workers."""
    return lambda name: _Elsewhere(staged, name, workers)


class _InFiles(Runner):
    """This process does them, one after the other, each on all threads; arrays are files of the staged run."""

    workers = 1
    elsewhere = False

    def __init__(self, staged: Staged, name: str, threads: int = 1) -> None:
        self.store = ArrayStore(arrays.MappedArrays(staged.path, name))
        self._staged, self._name, self._threads = staged, name, threads

    def put(self, named: Arrays) -> None:
        for name, array in named.items():
            if not self._whole([name]):
                self._staged.adopt([arrays.write_array(self._staged.path, f"{self._name}.{name}", array)])

    def run(self, tasks: Sequence[FitTask]) -> None:
        for task in self._todo(tasks):
            self.put(results(task, self.store, self._threads))

    def forget(self, tasks: Sequence[FitTask]) -> None:
        """Files stay, for a run that goes on after this one was stopped."""

    def _todo(self, tasks: Sequence[FitTask]) -> list[FitTask]:
        return [task for task in tasks if not self._whole(task.names)]

    def _whole(self, names: Sequence[str]) -> bool:
        return all(self._staged.handed_file(arrays.array_path(f"{self._name}.{name}")) for name in names)


class _Elsewhere(_InFiles):
    """Workers do tasks."""

    elsewhere = True

    def __init__(self, staged: Staged, name: str, workers: Workers) -> None:
        super().__init__(staged, name)
        self.workers, self._workers = workers.count, workers

    def run(self, tasks: Sequence[FitTask]) -> None:
        calls = [
            Call(f"task {task.name} of the fit", compute, (str(self._staged.path), self._name, task))
            for task in self._todo(tasks)
        ]
        self._workers.map(calls, lambda _, lines: self._staged.adopt([File.model_validate_json(line) for line in lines]))


def compute(folder: str, name: str, task: FitTask) -> list[str]:
    """Do a task on the arrays of the staged run in ``folder``; records of its files as JSON."""
    done = results(task, _store(folder, name), threads=1)
    return [arrays.write_array(Path(folder), f"{name}.{each}", array).model_dump_json() for each, array in done.items()]


@lru_cache(maxsize=1)
def _store(folder: str, name: str) -> ArrayStore:
    """Opened once a worker: what tasks derive from arrays stays for the next ones."""
    return ArrayStore(arrays.MappedArrays(Path(folder), name))
