"""Compiled kernels on the disk: where they lie, and which sources they are good for.

numba keeps compiled code and looks at the one file that a kernel stands in: it does not notice that a kernel which the kernel
calls has changed. So the stamp of compiled code here is a digest of all sources that it is made from, and of the compiler. The
content decides, not the times of files: a clone, or a clock that is wrong, changes nothing.

Each stamp has a folder of its own, so that no other code is ever run, and who goes back to earlier sources need not compile them
again. The folders lie in the first of these that can be written: ``NUMBA_CACHE_DIR``, ``__pycache__`` beside the source,
``cache/kernels`` in the lake, the user's cache folder, a temporary folder of the user's own. Where this user cannot write beside
the source, as in an image, what was compiled there is copied.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

_SOURCES: dict[Path, tuple[Path, ...]] = {}
"""Folder of kernels → the sources, files or folders, that its kernels are made from."""
_LAKE: list[Path] = []
_PREFIX = "kernels-"
_STAMPS = 3
"""Stamps of a folder whose compiled code stays: this one, and the two that were used last before it."""


def cached(folder: Path, *sources: Path) -> None:
    """Keep the compiled kernels of ``folder``, which are made from ``sources``: files, or folders of them."""
    from recsys.locator import install

    _SOURCES[folder] = sources
    if place := home(folder):
        with suppress(OSError):
            _tidy(place)
    install()


def _tidy(place: Path) -> None:
    """Remove what a crash left empty, code of stamps that were not used lately, and code without a folder of its stamp."""
    os.utime(place)
    for path in place.iterdir():
        if not path.stat().st_size:
            path.unlink(missing_ok=True)
    stamps = sorted(place.parent.glob(f"{_PREFIX}*"), key=lambda path: (path != place, -path.stat().st_mtime_ns))
    for stale in stamps[_STAMPS:]:
        shutil.rmtree(stale, ignore_errors=True)
    for stale in (*place.parent.glob("*.nb[ic]"), *place.parent.glob("sources.sha256")):
        stale.unlink(missing_ok=True)


def in_lake(root: Path) -> None:
    """The lake of this process, whose cache may hold compiled kernels where nothing else can."""
    _LAKE[:] = [root]


def is_kernels(folder: Path) -> bool:
    """Whether :func:`cached` was called for the folder."""
    return folder in _SOURCES


@cache
def stamp(folder: Path) -> str:
    """SHA-256 of all sources that the kernels of a folder are made from, and of the versions of what compiles them."""
    import llvmlite
    import numba
    import numpy as np

    digest = hashlib.sha256(repr([each.__version__ for each in (numba, llvmlite, np)]).encode())
    for source in (path for each in _SOURCES[folder] for path in (sorted(each.glob("*.py")) if each.is_dir() else [each])):
        digest.update(f"{source.name}\0".encode() + source.read_bytes())
    return digest.hexdigest()


@cache
def home(folder: Path) -> Path | None:
    """Where compiled kernels of a folder lie; none where nothing can be written."""
    name = f"{_PREFIX}{stamp(folder)[:16]}"
    locked: list[Path] = []
    for place in (root / name for root in _roots(folder)):
        if _writable(place):
            if folder / "__pycache__" / name in locked and not any(place.iterdir()):
                _copy(folder / "__pycache__" / name, place)
            return place
        locked.append(place)
    return None


def _copy(place: Path, chosen: Path) -> None:
    """What was compiled beside the sources, by an installation that cannot be written now; no reader sees half of it."""
    apart = chosen.with_name(f".{chosen.name}.{os.getpid()}")
    with suppress(OSError):
        if any(place.iterdir()):
            shutil.copytree(place, apart)
            apart.replace(chosen)
    shutil.rmtree(apart, ignore_errors=True)


def _roots(folder: Path) -> Iterator[Path]:
    own = f"{folder.name}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}"
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(chosen) / own
    yield folder / "__pycache__"
    for lake in _LAKE:
        if lake.is_dir():
            yield lake / "cache" / "kernels" / own
    with suppress(RuntimeError):  # no home
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "recsys" / own
    yield _temporary() / own


def _temporary() -> Path:
    """A folder of this user's alone: whoever can write there decides what this process runs."""
    place = Path(tempfile.gettempdir()) / f"recsys-kernels-{os.getuid()}"
    with suppress(OSError):
        place.mkdir(mode=0o700, exist_ok=True)
        status = place.lstat()
        if stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o077:
            return place
    return Path(tempfile.mkdtemp(prefix="recsys-kernels-"))


def _writable(place: Path) -> bool:
    try:
        place.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=place).close()
    except OSError:
        return False
    return True
