"""How much memory this process may use: the machine's, or less where its control group allows less. What it no longer needs."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_GROUPS = Path("/proc/self/cgroup")
_ROOT = Path("/sys/fs/cgroup")


def machine_bytes(groups: Path = _GROUPS, root: Path = _ROOT) -> int:
    """The smallest of the machine's memory and the limits of the control groups (version 2 or 1) that hold this process."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([whole, *(limit for folder in _folders(groups, root) for limit in _limits(folder))])


def default_limit() -> int:
    """Half of the memory, for DuckDB: the other half is for frames, arrays and the system."""
    return machine_bytes() // 2


def release() -> None:
    """Gives freed memory of arrays back to the system. (Polars and DuckDB do so by themselves, see ``recsys/__init__.py``.)

    The C library keeps what lies below a block in use, and each thread has a heap of its own: between two stages that was half of
    what a run held. Only glibc can be told.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)


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
