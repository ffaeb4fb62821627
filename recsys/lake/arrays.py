"""Arrays of a run in the making: a .npy file each in a folder of the staged run, recorded as its tables are, never published.

They are what a fit goes on from, and what processes that share the work of a run hand each other. One that a stopped run
finished stays for the next run of the same plan; :func:`clear_arrays` removes all of them before the run is sealed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.lake import files, resume
from recsys.lake.records import File
from recsys.mapped import open_array

ARRAYS = "arrays"
"""In the folder of the staged run."""


def array_path(name: str) -> str:
    """Where the array called ``name`` lies in the staged run."""
    return f"{ARRAYS}/{name}.npy"


def write_array(folder: Path, name: str, array: NDArray[Any]) -> File:
    """Write an array into the staged run in ``folder``, and record it. Raises :class:`LakeError` when it cannot be written."""
    path = folder / array_path(name)
    files.make_folder(path.parent)
    with files.create(path, "file") as handle:
        np.save(handle, array, allow_pickle=False)
    facts = File.of(folder, array_path(name))
    resume.record_file(folder, facts)
    return facts


def clear_arrays(folder: Path) -> None:
    """Remove the arrays of the staged run, where there are any."""
    if (folder / ARRAYS).exists():
        files.clear(folder / ARRAYS)


class MappedArrays(Mapping[str, NDArray[Any]]):
    """The arrays of the staged run in ``folder`` whose names begin with ``prefix`` and a dot, by the rest; read where used."""

    def __init__(self, folder: Path, prefix: str) -> None:
        self._folder, self._prefix = folder, prefix

    def __getitem__(self, name: str) -> NDArray[Any]:
        try:
            return open_array(self._folder / array_path(f"{self._prefix}.{name}"))
        except FileNotFoundError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        suffix, begin = ".npy", f"{self._prefix}."
        for path in files.children(self._folder / ARRAYS):
            if path.name.startswith(begin) and path.name.endswith(suffix):
                yield path.name.removeprefix(begin).removesuffix(suffix)

    def __len__(self) -> int:
        return sum(1 for _ in self)
