"""Compiled kernels on the disk: where they lie, and which sources they are good for.

numba keeps compiled code and looks at the one file that a kernel stands in: it does not notice that a kernel which the kernel
calls has changed. So the stamp of compiled code here is a digest of all sources that it is made from. The content decides, not
the times of files: a clone, or a clock that is wrong, changes nothing.

The code lies in the first of these that can be written: ``NUMBA_CACHE_DIR``, ``__pycache__`` beside the source, ``cache/kernels``
in the lake, the user's cache folder, a temporary folder of the user's own.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

_SOURCES: dict[Path, tuple[Path, ...]] = {}
"""Folder of kernels → the sources, files or folders, that its kernels are made from."""
_LAKE: list[Path] = []
_DIGEST = "sources.sha256"


def cached(folder: Path, *sources: Path) -> None:
    """Keep the compiled kernels of ``folder``, which are made from ``sources``: files, or folders of them."""
    from recsys.locator import install

    _SOURCES[folder] = sources
    _drop_stale(folder)
    install()


def _drop_stale(folder: Path) -> None:
    """Remove compiled code of other sources: its index may name classes that are gone, which numba cannot read."""
    place = home(folder)
    if place is None:
        return
    record = place / _DIGEST
    with suppress(OSError):
        if record.exists() and record.read_text(encoding="ascii") == stamp(folder):
            return
        for stale in place.glob("*.nb[ic]"):
            stale.unlink(missing_ok=True)
        record.write_text(stamp(folder), encoding="ascii")


def in_lake(root: Path) -> None:
    """The lake of this process, whose cache may hold compiled kernels where nothing else can."""
    _LAKE[:] = [root]


def is_kernels(folder: Path) -> bool:
    """Whether :func:`cached` was called for the folder."""
    return folder in _SOURCES


@cache
def stamp(folder: Path) -> str:
    """SHA-256 of all sources that the kernels of a folder are made from."""
    digest = hashlib.sha256()
    for source in (path for each in _SOURCES[folder] for path in (sorted(each.glob("*.py")) if each.is_dir() else [each])):
        digest.update(f"{source.name}\0".encode() + source.read_bytes())
    return digest.hexdigest()


@cache
def home(folder: Path) -> Path | None:
    """Where compiled kernels of a folder lie; none where nothing can be written."""
    return next((place for place in _places(folder) if _writable(place)), None)


def _places(folder: Path) -> Iterator[Path]:
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
