"""Compiled loops over pairs: neighbours, votes, scores, diversity. Arrays in, arrays out; no frame, no name, no clock."""

from contextlib import suppress
from pathlib import Path


def _drop_stale() -> None:
    """Compiled code older than a source goes: a kernel's cache does not notice that a kernel which it calls has changed."""
    home = Path(__file__).parent
    changed = max(source.stat().st_mtime for source in home.glob("*.py"))
    with suppress(OSError):
        for compiled in (home / "__pycache__").glob("*.nb[ci]"):
            if compiled.stat().st_mtime < changed:
                compiled.unlink(missing_ok=True)


_drop_stale()
