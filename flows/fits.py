"""The fit of a run in tasks that workers of a cluster do: they read arrays of the staged run and write theirs beside them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from flows.cluster import Call, Workers
from recsys.lake import Staged, arrays
from recsys.lake.records import File
from recsys.stages.neighbors.tasks import Arrays, ArrayStore, FitTask, Runner, Runners, results


def runners(staged: Staged, workers: Workers) -> Runners:
    """Opens runners of arrays in the staged run."""
    return lambda name: _Elsewhere(staged, workers, name)


class _Elsewhere(Runner):
    """Workers do tasks. What a stopped run of the plan finished, and is whole, is not done again."""

    def __init__(self, staged: Staged, workers: Workers, name: str) -> None:
        self.store = ArrayStore(arrays.MappedArrays(staged.path, name))
        self.workers = workers.count
        self._staged, self._workers, self._name = staged, workers, name

    def put(self, named: Arrays) -> None:
        for name, array in named.items():
            if not self._whole([name]):
                self._staged.adopt([arrays.write_array(self._staged.path, f"{self._name}.{name}", array)])

    def run(self, tasks: Sequence[FitTask]) -> None:
        todo = [task for task in tasks if not self._whole(task.names)]
        calls = [Call(f"task {task.name} of the fit", compute, (str(self._staged.path), self._name, task)) for task in todo]
        self._workers.map(calls, lambda _, lines: self._staged.adopt([File.model_validate_json(line) for line in lines]))

    def forget(self, tasks: Sequence[FitTask]) -> None:
        """Files stay, for a run that goes on after this one was stopped."""

    def _whole(self, names: Sequence[str]) -> bool:
        return all(self._staged.handed_file(arrays.array_path(f"{self._name}.{name}")) for name in names)


def compute(folder: str, name: str, task: FitTask) -> list[str]:
    """Do a task on the arrays of the staged run in ``folder``; records of its files as JSON."""
    done = results(task, _store(folder, name), threads=1)
    return [arrays.write_array(Path(folder), f"{name}.{each}", array).model_dump_json() for each, array in done.items()]


@lru_cache(maxsize=1)
def _store(folder: str, name: str) -> ArrayStore:
    """Opened once a worker: what tasks derive from arrays stays for the next ones."""
    return ArrayStore(arrays.MappedArrays(Path(folder), name))
