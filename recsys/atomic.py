"""Files written whole or not at all, where a power cut may undo it; the lake's own files are :mod:`recsys.lake.files`'."""

from __future__ import annotations

import os
import threading
from pathlib import Path


def write_whole(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Make or replace a file in one step, with these rights less the umask; a device or pipe is written to as it is.

    The folder must exist. Raises :class:`OSError`, and then the file is as it was.
    """
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode), "wb") as handle:
            handle.write(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
