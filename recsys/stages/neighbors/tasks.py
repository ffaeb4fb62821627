"""A fit in tasks: importable functions of named arrays, done by this process, or by others that read and write its files.

A task reads arrays of an :class:`ArrayStore` by name and returns new ones. Their bits follow from those and from its values
alone, so they are the same whoever computes them, in whatever order tasks that do not read each other are done.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recsys.mapped import Place, in_memory
from recsys.memory import release

Arrays = Mapping[str, NDArray[Any]]
Value = TypeVar("Value")

MATRIX = ("data", "indices", "indptr", "shape")
"""Arrays of a sparse matrix."""


class ArrayStore:
    """Named arrays, and what was derived from them once."""

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays
        self._derived: dict[Hashable, Any] = {}

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.arrays[name]

    def derived(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """What ``make`` returned the first time it was called for ``key``."""
        if key not in self._derived:
            self._derived[key] = make()
        value: Value = self._derived[key]
        return value

    def has(self, names: Iterable[str]) -> bool:
        """Whether all of these are there."""
        return all(name in self.arrays for name in names)

    def matrix(self, name: str) -> csr_array:
        """The sparse matrix of :func:`matrix_arrays`."""

        def whole() -> csr_array:
            data, indices, indptr, shape = (self[f"{name}.{part}"] for part in MATRIX)
            return csr_array((data, indices, indptr), shape=tuple(shape.tolist()))

        return self.derived(("matrix", name), whole)

    def forget(self, task: FitTask) -> None:
        """Forget the matrix that a task returned."""
        self._derived.pop(("matrix", task.name), None)

    def columns(self, kind: Callable[..., Value], name: str, parts: Sequence[str]) -> Value:
        """A named tuple of arrays."""
        return kind(*(self[f"{name}.{part}"] for part in parts))


class FitTask(NamedTuple):
    """``function(store, *values, threads=…)`` returns the arrays ``parts``, which are called ``<name>.<part>`` from then on."""

    name: str
    function: Callable[..., Arrays]
    values: tuple[Any, ...]
    parts: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """What its arrays are called."""
        return [f"{self.name}.{part}" for part in self.parts]


class Runner(Protocol):
    """Who does tasks."""

    store: ArrayStore
    workers: int
    """How many tasks are done at once."""
    elsewhere: bool
    """Whether others open the model for their listeners, and find who is near whom there."""

    def put(self, arrays: Arrays) -> None:
        """Add arrays that tasks read, and what is to be known of a fit that is stopped."""

    def run(self, tasks: Sequence[FitTask]) -> None:
        """Do the tasks that were not done before; none of them reads what another one of them returns."""

    def forget(self, tasks: Sequence[FitTask]) -> None:
        """What these returned is not read any more; where memory holds it, that is freed."""


Runners = Callable[[str], Runner]
"""Opens the runner of the store of some name."""


class Here:
    """This process does them, one after the other, each on all threads; ``place``: where the arrays shall be."""

    workers = 1
    elsewhere = False

    def __init__(self, threads: int, place: Place = in_memory) -> None:
        self._arrays: dict[str, NDArray[Any]] = {}
        self._threads, self._place = threads, place
        self.store = ArrayStore(self._arrays)

    def put(self, arrays: Arrays) -> None:
        self._arrays.update((name, self._place(array)) for name, array in arrays.items())

    def run(self, tasks: Sequence[FitTask]) -> None:
        for task in tasks:
            if not self.store.has(task.names):
                release()  # what the task before read and worked in
                self.put(results(task, self.store, self._threads))

    def forget(self, tasks: Sequence[FitTask]) -> None:
        for task in tasks:
            self.store.forget(task)
            for name in task.names:
                self._arrays.pop(name, None)


def results(task: FitTask, store: ArrayStore, threads: int) -> dict[str, NDArray[Any]]:
    """The arrays of a task, under their names."""
    arrays = task.function(store, *task.values, threads=threads)
    return {name: np.asarray(arrays[part]) for name, part in zip(task.names, task.parts, strict=True)}


def matrix_arrays(name: str, matrix: csr_array) -> dict[str, NDArray[Any]]:
    """A sparse matrix as arrays."""
    parts = matrix.data, matrix.indices, matrix.indptr, np.array(matrix.shape)
    return {f"{name}.{part}": array for part, array in zip(MATRIX, parts, strict=True)}


def matrix_names(name: str) -> tuple[str, ...]:
    """What these arrays are called."""
    return tuple(f"{name}.{part}" for part in MATRIX)
