"""One writer at a time: an advisory lock that the system releases when its owner dies."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from recsys.errors import LakeError
from recsys.lake import files

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PAUSE = 0.05
_held: set[int] = set()


def _drop_in_child() -> None:
    """A forked child must not keep its dead parent's lock alive."""
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_drop_in_child)


@dataclass(frozen=True)
class _Owner:
    """A writer, as it signs the lock; ``since`` in UTC. A pid means nothing on another host or after another boot."""

    pid: int
    host: str
    boot: str
    since: str


class Lock:
    """Lock on a file that says who holds it. The text is for people; ``flock`` decides."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, wait: float = 0) -> None:
        """Take the lock, waiting up to ``wait`` seconds. Raises :class:`LakeError` naming the owner."""
        deadline = time.monotonic() + wait
        while not self._acquire():
            if time.monotonic() >= deadline:
                raise LakeError(self._refusal())
            time.sleep(_PAUSE)

    def require(self) -> None:
        """Raises :class:`LakeError` when the file was removed or replaced since the lock was acquired: another may write now."""
        if self._descriptor is None or not self._names(self._descriptor):
            raise LakeError(
                f"{self.path} was removed or replaced while this process was writing, so another one may write too; "
                "nothing more was written. Leave that file alone, and run the same command again"
            )

    def release(self) -> None:
        """Give the lock back. The file stays: removing it would let two writers lock two files of one name."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None and descriptor in _held:
            _held.discard(descriptor)
            os.close(descriptor)

    def held(self) -> bool:
        """Whether anybody holds the lock now."""
        path = self.path
        try:
            with path.open("rb") as handle:
                return not _locked(handle.fileno())
        except FileNotFoundError:
            return False

    def owner(self) -> _Owner | None:
        """Who last took the lock, when that can be read and the process still lives, or is on another machine."""
        try:
            owner = _Owner(**json.loads(self.path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        here = (owner.host, owner.boot) == (socket.gethostname(), _boot())
        return owner if not here or _lives(owner.pid) else None

    def _acquire(self) -> bool:
        """Lock the file that now has the name; one that was removed before it was locked keeps nobody out."""
        with files.guard(self.path):
            files.reach("lock.create")
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            acquired = _locked(descriptor) and self._names(descriptor)
            if acquired:
                with files.guard(self.path):
                    _sign(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        if acquired:
            self._descriptor = descriptor
            _held.add(descriptor)
        else:
            os.close(descriptor)
        return acquired

    def _names(self, descriptor: int) -> bool:
        """Whether the file's name still leads to the file that is open."""
        try:
            return os.path.samestat(os.fstat(descriptor), self.path.stat())
        except OSError:
            return False

    def _refusal(self) -> str:
        lake, owner = self.path.parent, self.owner()
        if owner is None:
            return f"lake {lake}: another process is writing to it; try again when it is done"
        return (
            f"lake {lake}: process {owner.pid} on {owner.host} has been writing to it since {owner.since}; "
            f"try again when it is done, or stop it with `kill {owner.pid}`"
        )


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError, TypeError):
        return False
    return True


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sign(descriptor: int) -> None:
    owner = _Owner(os.getpid(), socket.gethostname(), _boot(), datetime.now(UTC).isoformat(timespec="seconds"))
    files.reach("lock.clear")
    os.ftruncate(descriptor, 0)
    files.reach("lock.write")
    os.pwrite(descriptor, json.dumps(asdict(owner)).encode() + b"\n", 0)


def _boot() -> str:
    return _BOOT_ID.read_text(encoding="ascii").strip() if _BOOT_ID.exists() else ""
