"""The kernels of a night, compiled at once in as many processes as there are processors.

Compiled when they are first called, they come one after another, which takes minutes. ``kernels.json`` names those that Python
calls, with the types of their arguments and the seconds that each took, greatest first; ``python -m tests.kernels`` writes it.
What it lacks is compiled on its first call, as ever.
"""

from __future__ import annotations

import gc
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from pkgutil import walk_packages
from queue import Empty, SimpleQueue
from typing import Any, cast

from numba import types as _types

_LISTED = "kernels.json"
TITLE = "compiling kernels, once"

types: Any = _types
"""numba's types, of which its stubs say too little."""
_WORKER = "from recsys.compiling import work; work()"
_IMPORTER = "from recsys.compiling import import_all; import_all()"


@dataclass(frozen=True)
class Kernel:
    """A kernel for arguments of certain types: its place in the list, module, name, types, and the seconds it takes."""

    place: int
    module: str
    name: str
    types: tuple[Any, ...]
    seconds: float

    @property
    def function(self) -> Any:
        """numba's dispatcher."""
        return getattr(import_module(self.module), self.name)

    @property
    def signature(self) -> tuple[Any, ...]:
        """The types of the arguments as numba's."""
        return tuple(map(_decoded, self.types))

    @property
    def is_there(self) -> bool:
        """Whether the sources have such a kernel, with so many arguments of such types."""
        try:
            function = getattr(self.function, "py_func", self.function)
            return len(inspect.signature(function).parameters) == len(self.signature)
        except (ImportError, AttributeError, TypeError):
            return False

    @property
    def is_compiled(self) -> bool:
        """Whether compiled code for this processor lies on the disk."""
        function = self.function
        store: Any = getattr(function, "_cache", None)
        if not hasattr(store, "_index_key"):  # compiled code is kept nowhere, or nothing is compiled
            return True
        key = store._index_key(self.signature, function.targetctx.codegen())
        name = store._cache_file._load_index().get(key)
        return name is not None and os.path.exists(store._cache_file._data_path(name))  # noqa: PTH110


def kernels() -> list[Kernel]:
    """The listed kernels, those that take longest first."""
    rows = json.loads((files("recsys") / _LISTED).read_text(encoding="utf-8"))
    return [Kernel(place, module, name, tuple(kinds), took) for place, (module, name, kinds, took) in enumerate(rows)]


def lacking() -> list[Kernel]:
    """Listed kernels that are not compiled for this processor and these sources."""
    return [kernel for kernel in kernels() if kernel.is_there and not kernel.is_compiled]


def compile_all(wanted: list[Kernel], progress: Callable[[str, int, int], None] | None = None, processes: int = 0) -> int:
    """Compile the kernels; ``processes``: 0 = as many as there are processors. Returns in how many processes.

    ``progress`` hears of every kernel, in hundredths of seconds. A process that dies costs nothing but time.
    """
    queue: SimpleQueue[Kernel] = SimpleQueue()
    for kernel in wanted:
        queue.put(kernel)
    total, done = sum(_weight(kernel) for kernel in wanted), [0]

    def drive(_: int) -> None:
        with _worker() as worker:
            while (kernel := _next(queue)) is not None and _compiled(worker, kernel):
                done[0] += _weight(kernel)
                if progress:
                    progress(TITLE, done[0], total)

    count = min(processes or len(os.sched_getaffinity(0)), len(wanted))
    if count:
        if progress:
            progress(TITLE, 0, total)
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(drive, range(count)))
    return count


@contextmanager
def importing() -> Iterator[None]:
    """Beside the block, a process imports every module here, so that its bytecode, and that of what it needs, is on the disk."""
    process = subprocess.Popen([sys.executable, "-P", "-c", _IMPORTER], env=_writing(), stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        yield
    finally:
        process.wait()


def import_all() -> None:
    """The other end of :func:`importing`; modules for which an extra is not installed are left out."""
    for package in map(import_module, ("recsys", "flows")):
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                with suppress(ImportError):
                    import_module(module.name)


def _writing() -> dict[str, str]:
    """The environment, but that bytecode is kept."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def work() -> None:
    """The other end of :func:`compile_all`: reads places in the list, compiles, answers."""
    gc.disable()  # looking for garbage among what a compiler keeps is a tenth of the time; the process ends with its work
    listed = kernels()
    for line in sys.stdin:
        kernel = listed[int(line)]
        with suppress(Exception):  # the first call will say what is wrong
            kernel.function.compile(kernel.signature)
        print(kernel.place, flush=True)  # noqa: T201


def _worker() -> subprocess.Popen[str]:
    command, pipe, nowhere = [sys.executable, "-P", "-c", _WORKER], subprocess.PIPE, subprocess.DEVNULL
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nowhere, text=True, env=_writing())  # noqa: S603


def _compiled(worker: subprocess.Popen[str], kernel: Kernel) -> bool:
    try:
        cast("Any", worker.stdin).write(f"{kernel.place}\n")
        cast("Any", worker.stdin).flush()
        return bool(cast("Any", worker.stdout).readline())
    except OSError:
        return False


def _next(queue: SimpleQueue[Kernel]) -> Kernel | None:
    try:
        return queue.get_nowait()
    except Empty:
        return None


def _weight(kernel: Kernel) -> int:
    return 1 + int(100 * kernel.seconds)


def encoded(kind: Any) -> Any:
    """A numba type as JSON values."""
    if isinstance(kind, types.Array):
        return ["array", str(kind.dtype), kind.ndim, kind.layout, kind.mutable]
    if isinstance(kind, types.BaseNamedTuple):
        named = f"{kind.instance_class.__module__}:{kind.instance_class.__qualname__}"
        return ["named", named, *map(encoded, kind.types)]
    if isinstance(kind, types.BaseTuple):
        return ["tuple", *map(encoded, kind.types)]
    return str(kind)


def _decoded(value: Any) -> Any:
    """The other way round."""
    if isinstance(value, str):
        return types.boolean if value == "bool" else getattr(types, value)
    kind, *parts = value
    if kind == "array":
        dtype, ndim, layout, mutable = parts
        return types.Array(_decoded(dtype), ndim, layout, readonly=not mutable)
    if kind == "named":
        module, _, name = parts[0].partition(":")
        kinds, named = tuple(map(_decoded, parts[1:])), getattr(import_module(module), name)
        if len(kinds) != len(named._fields):
            raise TypeError(f"{parts[0]} has other fields")
        return types.BaseTuple.from_types(kinds, named)
    return types.BaseTuple.from_types(tuple(map(_decoded, parts)))
