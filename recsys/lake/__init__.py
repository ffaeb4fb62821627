"""The lake: inputs, runs and the pointer to the published one. See :mod:`recsys.lake.lake` for the layout.

Each name is imported when it is first used: who only reads a run's files, as the lookup does, starts without a table library.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recsys.lake.batches import Batch, Rejects
    from recsys.lake.lake import Lake
    from recsys.lake.plan import Plan, code_version
    from recsys.lake.reading import read
    from recsys.lake.records import Manifest
    from recsys.lake.run import Run
    from recsys.lake.staged import Staged
    from recsys.lake.stamps import Stamps

__all__ = ["Batch", "Lake", "Manifest", "Plan", "Rejects", "Run", "Staged", "Stamps", "code_version", "default_root", "read"]

_DEFAULT = "data/lake"

_HOMES = {
    "Batch": "batches",
    "Lake": "lake",
    "Manifest": "records",
    "Plan": "plan",
    "Rejects": "batches",
    "Run": "run",
    "Staged": "staged",
    "Stamps": "stamps",
    "code_version": "plan",
    "read": "reading",
}


def default_root() -> Path:
    """The lake's folder where none is named: ``RECSYS_LAKE`` in the environment or ``.env``, else ``data/lake``."""
    from recsys.sources import variable

    return Path(variable("RECSYS_LAKE") or _DEFAULT)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"recsys.lake.{_HOMES[name]}"), name)
