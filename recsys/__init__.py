"""An offline batch recommender for music: files in, ranked and explained lists out, every result a Parquet table.

The public API is what ``__all__`` names; each name is imported when it is first used, so that ``import recsys`` is quick.

>>> import recsys
>>> tables = recsys.build(recsys.Inputs(tracks=tracks, events=events), as_of=as_of)  # doctest: +SKIP
>>> tables["rankings"]  # doctest: +SKIP
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

for _allocator in ("_RJEM_MALLOC_CONF", "DUCKDB_JE_MALLOC_CONF"):
    # of Polars and of DuckDB, read when they are loaded: what is freed goes back to the system, or a run holds twice what it uses
    os.environ.setdefault(_allocator, "background_thread:true,dirty_decay_ms:300,muzzy_decay_ms:0")

if TYPE_CHECKING:
    from recsys.errors import CheckError, InputError, LakeError, NotFoundError, ProviderError, RecsysError, UsageError
    from recsys.inputs import Inputs
    from recsys.lake import Lake, read
    from recsys.pipeline import build
    from recsys.settings import Settings
    from recsys.tables import TABLES

__all__ = [
    "TABLES",
    "CheckError",
    "InputError",
    "Inputs",
    "Lake",
    "LakeError",
    "NotFoundError",
    "ProviderError",
    "RecsysError",
    "Settings",
    "UsageError",
    "build",
    "read",
]

_HOMES = {"TABLES": "tables", "Inputs": "inputs", "Lake": "lake", "Settings": "settings", "build": "pipeline", "read": "lake"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"recsys.{_HOMES.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
