"""How batches, runs and the pointer reach the disk. The lock, and providers' answers in `cache/`, are written by their owners.

A file is created in staging, filled and synced; then it, or the folder it lies in, is renamed to its final name and the
folders of both names are synced. A rename is the only way into a place that readers look at.

Every call that changes the disk is announced by :func:`reach`. With ``RECSYS_FAIL_AT=<point>`` in the environment the
process is killed there (SIGKILL), which is how recovery is tested.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import signal
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from recsys.atomic import write_whole
from recsys.errors import LakeError, UsageError

FAIL_AT = "RECSYS_FAIL_AT"

_POINTS = (
    *(
        f"{file}.{step}"
        for file in ("kept", "rejects", "receipt", "table", "parts", "file", "manifest", "current")
        for step in ("create", "write", "sync")
    ),
    *(f"{move}.{step}" for move in ("batch", "aside", "run", "current") for step in ("rename", "settle")),
    "lock.create",
    "lock.clear",
    "lock.write",
    "folder.create",
    "folder.settle",
    "tree.sync",
    "sweep.file",
    "sweep.folder",
    "sweep.settle",
)
"""Every fail point, in words: what is written, and the step that comes next."""

BUCKET_POINTS = tuple(f"bucket.{step}" for step in ("files", "record", "settle", "swap", "remove", "clear"))
"""Those of a lake in a bucket: before its files go up, before its record, before the folder here follows, and so on."""

_CAUSES = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "the disk quota is used up; free some space",
    errno.EFBIG: "the file would be larger than the system allows; raise `ulimit -f`",
    errno.EMFILE: "too many open files; raise `ulimit -n`",
    errno.ENFILE: "too many open files on this machine; close some programs",
    errno.EROFS: "the disk is read-only; choose another lake with --lake or RECSYS_LAKE",
    errno.EACCES: "permission denied; change its mode, or choose another lake with --lake or RECSYS_LAKE",
    errno.EPERM: "not permitted; choose another lake with --lake or RECSYS_LAKE",
    errno.EEXIST: "a file is in the way of a folder; choose another lake with --lake or RECSYS_LAKE",
    errno.ENOTDIR: "a file is in the way of a folder; choose another lake with --lake or RECSYS_LAKE",
    errno.EIO: "the disk reports an error; check the disk",
}


def reach(point: str) -> None:
    """Die here when ``RECSYS_FAIL_AT`` says so. Raises :class:`UsageError` when it names no fail point."""
    if point not in (*_POINTS, *BUCKET_POINTS):
        raise ValueError(f"{point!r} is not in POINTS")
    wanted = os.environ.get(FAIL_AT)
    if wanted is None:
        return
    if wanted not in (*_POINTS, *BUCKET_POINTS):
        raise UsageError(f"{FAIL_AT}={wanted} is no fail point; allowed: {' '.join((*_POINTS, *BUCKET_POINTS))}")
    if wanted == point:
        os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def guard(path: Path, verb: str = "write") -> Iterator[None]:
    """Turn an operating system error into a :class:`LakeError` that says what to do."""
    try:
        yield
    except OSError as error:
        cause = _CAUSES.get(error.errno or 0, f"{error.strerror or error}; put that right")
        raise LakeError(f"cannot {verb} {path}: {cause}, and try again; the lake is as it was") from error


@contextmanager
def create(path: Path, what: str) -> Iterator[BinaryIO]:
    """Open a staged file to fill; it is synced when the block ends. A file left by a failed try is replaced."""
    with guard(path):
        reach(f"{what}.create")
        with path.open("wb") as handle:
            reach(f"{what}.write")
            yield handle
            reach(f"{what}.sync")
            handle.flush()
            os.fsync(handle.fileno())


def append(path: Path, data: bytes, what: str) -> None:
    """Add to a staged file in one write, synced. One that is cut short by a kill leaves part of ``data`` at the end."""
    with guard(path):
        reach(f"{what}.create")
        with path.open("ab", buffering=0) as handle:
            reach(f"{what}.write")
            handle.write(data)
            reach(f"{what}.sync")
            os.fsync(handle.fileno())


def move(source: Path, target: Path, what: str) -> None:
    """Rename within the lake and sync the folders of both names.

    A rename that reports an error may have happened: the outcome is read back, and only a rename that did not happen is
    an error. A folder is never renamed over one that has content.
    """
    with guard(target):
        inode = source.lstat().st_ino
        reach(f"{what}.rename")
        try:
            source.rename(target)
        except OSError:
            if source.exists() or not target.exists() or target.lstat().st_ino != inode:
                raise
    try:
        for folder in (target.parent, source.parent):
            reach(f"{what}.settle")
            _sync(folder)
    except OSError as error:
        raise LakeError(
            f"{target} is in place, but the disk did not confirm it ({error.strerror}); "
            "check the disk and run the same command again: it finds what is there"
        ) from error


def put_file(staging: Path, place: Path, content: bytes, what: str, confirm: Callable[[], None] | None = None) -> None:
    """Make, or replace in one step, a small file that readers look at; ``confirm`` may still raise before that step."""
    staged = staging / place.name
    make_folder(staging)
    with create(staged, what) as handle:
        handle.write(content)
    if confirm:
        confirm()
    move(staged, place, what)


def put_cache(place: Path, content: bytes) -> None:
    """Make or replace a file that may be lost: in one step, and without waiting for the disk."""
    with guard(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, content)


def make_folder(path: Path, mode: int = 0o777) -> None:
    """Create a folder and the missing ones above it, each synced into its parent; ``mode`` is that of the last one."""
    with guard(path):
        for folder in reversed((path, *path.parents)):
            if not folder.is_dir():
                reach("folder.create")
                folder.mkdir(mode if folder == path else 0o777, exist_ok=True)
                reach("folder.settle")
                _sync(folder.parent)


def sync_tree(path: Path) -> None:
    """Sync every folder of a staged tree; its files were synced when they were written."""
    with guard(path):
        for folder, _, _ in os.walk(path):
            reach("tree.sync")
            _sync(Path(folder))


def sweep(staging: Path, settled: tuple[Path, ...], keep: Container[str] = ()) -> None:
    """Remove what a dead writer left in staging, but for ``keep``, and sync the folders it may have renamed things into."""
    with guard(staging):
        for left in children(staging):
            if left.name not in keep:
                clear(left)
        for folder in settled:
            if folder.is_dir():
                reach("sweep.settle")
                _sync(folder)


def clear(path: Path) -> None:
    """Remove a staged file or folder; nothing else is ever removed."""
    with guard(path):
        if path.is_dir() and not path.is_symlink():
            reach("sweep.folder")
            shutil.rmtree(path)
        else:
            reach("sweep.file")
            path.unlink(missing_ok=True)


def read(path: Path) -> bytes:
    """A whole file of the lake. Raises :class:`LakeError` when it is missing or cannot be read."""
    with guard(path, "read"):
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise damaged(path, error.strerror) from error


def children(folder: Path) -> list[Path]:
    """What is in a folder, by name; nothing when there is no such folder."""
    with guard(folder, "read"):
        try:
            return sorted(folder.iterdir())
        except FileNotFoundError:
            return []


def damaged(path: Path, cause: object) -> LakeError:
    """The error for a file of the lake that is not as it was written."""
    return LakeError(f"{path} is missing or damaged: {cause}; restore it from a backup, or remove its folder and build it anew")


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
