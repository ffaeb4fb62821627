"""Which digest a file had when it was last read: one that was not touched since is known without reading it again.

A cache, ``cache/stamps.json``: lost, damaged or wrong, it only costs time. It holds no names: a file is known by the hash of its
path.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from recsys.errors import LakeError
from recsys.lake import files

NAME = "stamps.json"
_SETTLED_NS = 2_000_000_000
"""A file that changed less than this before it was read may change again within one tick of its clock."""

Stamp = tuple[int, int, int, int]
"""Size in bytes; when the content, and when anything about the file changed, in nanoseconds; inode. Who replaces a file can set
the first time, and neither of the last two."""


class Stamps:
    """Digests by key and stamp."""

    def __init__(self, entries: dict[str, list[int | str]]) -> None:
        self._entries = entries
        self.changed = False

    def digest(self, key: str, stamp: Stamp, read: Callable[[], str]) -> str:
        """The digest of what ``key`` names: the one of last time while its stamp is the same, else what ``read`` returns."""
        name = sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        *known, digest = self._entries.get(name) or [""]
        if known == [*stamp] and isinstance(digest, str):
            return digest
        digest = read()
        if max(stamp[1:3]) < time.time_ns() - _SETTLED_NS:
            self._entries[name] = [*stamp, digest]
            self.changed = True
        return digest

    def dump(self) -> bytes:
        return json.dumps(self._entries, sort_keys=True).encode()


@contextmanager
def stamps(root: Path) -> Iterator[Stamps]:
    """The stamps of a lake; what is learnt is stored when the block ends, if the lake exists by then."""
    path = root / "cache" / NAME
    known = Stamps(_read(path))
    try:
        yield known
    finally:
        if known.changed and root.is_dir():
            with contextlib.suppress(LakeError):
                files.put_cache(path, known.dump())


def _read(path: Path) -> dict[str, list[int | str]]:
    try:
        entries = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return {key: value for key, value in entries.items() if isinstance(value, list)} if isinstance(entries, dict) else {}
