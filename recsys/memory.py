"""How much memory this process may use: the machine's, or less where its control group allows less. What it no longer needs."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from recsys.mapped import drop_pages

_GROUPS = Path("/proc/self/cgroup")
_ROOT = Path("/sys/fs/cgroup")
_M_MMAP_THRESHOLD = -3
"""Of malloc.h."""
LARGE = 4 * 2**20


def machine_bytes(groups: Path = _GROUPS, root: Path = _ROOT) -> int:
    """The smallest of the machine's memory and the limits of the control groups (version 2 or 1) that hold this process."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([whole, *(limit for folder in _folders(groups, root) for limit in _limits(folder))])


def default_limit() -> int:
    """Half of the memory, for DuckDB: the other half is for frames, arrays and the system."""
    return machine_bytes() // 2


def return_arrays() -> None:
    """From now on the memory of an array of :data:`LARGE` bytes goes back to the system when the array goes.

    Left to itself, glibc does so from 32 MiB on. Below, it keeps what lies under a block in use, in a heap for each thread: the
    fit of 20,000 listeners to 100,000 tracks took 400 MiB more, and left 200. (Polars and DuckDB: ``recsys/__init__.py``.)
    """
    if (option := getattr(_c_library(), "mallopt", None)) is not None:
        option(_M_MMAP_THRESHOLD, LARGE)


def release() -> None:
    """Gives back to the system what was freed of smaller blocks, where the C library is glibc, and pages of mapped arrays."""
    drop_pages()
    if (trim := getattr(_c_library(), "malloc_trim", None)) is not None:
        trim(0)


def _c_library() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if sys.platform == "linux" else None


def _folders(groups: Path, root: Path) -> list[Path]:
    """Folders of the process's control groups and of those above them; within a container only the root is to be seen."""
    try:
        lines = groups.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    homes = [root, root / "memory"]
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory"):
            home = root / controllers
            own = home / path.lstrip("/")
            homes += [own, *(parent for parent in own.parents if home in parent.parents)]
    return homes


def _limits(folder: Path) -> list[int]:
    """Limits that a control group sets; ``max`` is none."""
    texts = []
    for name in ("memory.max", "memory.limit_in_bytes"):
        try:
            texts.append((folder / name).read_text(encoding="ascii").strip())
        except (OSError, UnicodeDecodeError):
            continue
    return [int(text) for text in texts if text.isdecimal()]
