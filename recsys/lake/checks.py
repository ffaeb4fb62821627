"""The folder ``checks`` of a lake: what its analyst wrote there. See :mod:`recsys.readers.own_checks`."""

from __future__ import annotations

from pathlib import Path

from recsys.errors import LakeError
from recsys.lake import files
from recsys.lake.lake import Lake

FOLDER = "checks"


def names(lake: Lake) -> list[str]:
    """Names of its files, sorted, but for hidden ones; of another kind too: none must be passed over in silence."""
    return sorted(path.name for path in files.children(lake.root / FOLDER) if path.is_file() and path.name[0] != ".")


def read(lake: Lake, name: str) -> str:
    """The text of one. Raises :class:`LakeError` for a file that cannot be read as UTF-8."""
    path: Path = lake.root / FOLDER / name
    try:
        return files.read(path).decode()
    except UnicodeDecodeError as error:
        raise LakeError(f"{path}: not UTF-8; save it as UTF-8") from error
