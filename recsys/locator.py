"""numba's side of :mod:`recsys.compiled`: the class that it asks where compiled code lies and what its stamp is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from numba.core.caching import CacheImpl, _CacheLocator

from recsys import compiled


class KernelLocator(_CacheLocator):
    """Of one kernel."""

    def __init__(self, folder: Path, place: Path, line: int) -> None:
        self._folder, self._place, self._line = folder, place, line

    def get_cache_path(self) -> str:
        return str(self._place)

    def get_source_stamp(self) -> str:
        return compiled.stamp(self._folder)

    def get_disambiguator(self) -> str:
        return str(self._line)

    @classmethod
    def from_function(cls, py_func: Callable[..., Any], py_file: str) -> Self | None:
        """None for what is no kernel of ours, or where nothing can be written."""
        folder = Path(py_file).parent
        if not compiled.is_kernels(folder) or (place := compiled.home(folder)) is None:
            return None
        return cls(folder, place, py_func.__code__.co_firstlineno)


def install() -> None:
    """Let numba ask it first."""
    locators: list[Any] = CacheImpl._locator_classes
    if KernelLocator not in locators:
        locators.insert(0, KernelLocator)
