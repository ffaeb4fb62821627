"""Compiled kernels on the disk: each folder of kernels drops its own when a source that they are made from has changed.

numba keeps compiled code beside its source and looks at that one file only: it does not notice that a kernel which the
kernel calls has changed. So every folder keeps a digest of all sources that its kernels are compiled from, and starts over
when the digest differs. The content decides, not the times of files: a clone, or a clock that is wrong, changes nothing.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

_DIGEST = "sources.sha256"


def drop_stale(folder: Path, *others: Path) -> None:
    """Remove the compiled kernels of ``folder`` unless they were made from its sources, and those of ``others``, as they are now.

    Where the folder cannot be written, numba keeps its files elsewhere or nowhere, and nothing is dropped.
    """
    cache = folder / "__pycache__"
    digest = _digest(folder, *others)
    with suppress(OSError):
        if _recorded(cache) == digest:
            return
        for compiled in cache.glob("*.nb[ci]"):
            compiled.unlink(missing_ok=True)
        cache.mkdir(exist_ok=True)
        (cache / _DIGEST).write_text(digest, encoding="ascii")


def _digest(*folders: Path) -> str:
    digest = hashlib.sha256()
    for source in (path for folder in folders for path in sorted(folder.glob("*.py"))):
        digest.update(f"{source.name}\0".encode() + source.read_bytes())
    return digest.hexdigest()


def _recorded(cache: Path) -> str:
    try:
        return (cache / _DIGEST).read_text(encoding="ascii")
    except FileNotFoundError:
        return ""
