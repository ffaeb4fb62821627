"""Large arrays in mapped files: what is not being read need not be in memory, for the system reads it again."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from recsys.errors import LakeError

LEAST = 2**20
"""Bytes of an array that is worth a file."""
Place = Callable[[NDArray[Any]], NDArray[Any]]
"""Where the values of an array shall be: returns them there."""

_open: WeakSet[mmap.mmap] = WeakSet()


def in_memory(array: NDArray[Any]) -> NDArray[Any]:
    """Where the array is."""
    return array


class MappedFolder:
    """Arrays in files of a folder, which is made for them. Where the system allows it the files have no name once they are open:
    they go with the arrays, however the process ends. Else who has the folder removes it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._numbers = folder, count()

    def place(self, array: NDArray[Any]) -> NDArray[Any]:
        """The same values in a file, where they are so many; else the array itself. Raises :class:`LakeError`."""
        if array.nbytes < LEAST:
            return array
        path = self._folder / f"{next(self._numbers)}.npy"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            np.save(path, array, allow_pickle=False)
            opened = open_array(path)
            with suppress(PermissionError):
                path.unlink()
        except OSError as error:
            raise LakeError(f"{path}: an array of the run cannot be written: {error.strerror or error}; make room") from error
        return opened


def open_array(path: Path) -> NDArray[Any]:
    """The array of a .npy file, read where it is used; :func:`drop_pages` knows it."""
    # copy on write: kernels are compiled for arrays that may be written to, but nobody writes to these
    array = np.load(path, mmap_mode="c", allow_pickle=False)
    if isinstance(array.base, mmap.mmap):  # not so of an empty one
        _open.add(array.base)
    return np.asarray(array)


def drop_pages() -> None:
    """Gives back to the system what was read of arrays in files; they stay as they are."""
    for pages in [*_open]:
        if not pages.closed and hasattr(pages, "madvise"):
            pages.madvise(mmap.MADV_DONTNEED)
