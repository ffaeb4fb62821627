"""What a run would be made from, and the id that follows from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING, Any

from recsys.errors import UsageError
from recsys.lake.batches import Batch

if TYPE_CHECKING:
    from recsys.settings import Settings

_HOUSE = Path(__file__).parents[2]
COMPUTING = (
    "recsys/*.py",
    "recsys/matrices/**/*.py",
    "recsys/stages/**/*.py",
    "recsys/evaluation/metrics.py",
    "recsys/evaluation/splits.py",
)
"""Sources, beside sql/, that a run's tables are computed by. Those that only show or store them may change without a new run."""
_LIBRARIES = ("duckdb", "numba", "numpy", "polars", "pyarrow", "scipy")


@dataclass(frozen=True)
class Plan:
    """Inputs, settings, moment and code of a run; equal plans give equal tables.

    ``settings`` are JSON values without those that change no result.
    """

    batches: tuple[Batch, ...]
    settings: Mapping[str, Any]
    as_of: datetime
    code: str
    earlier: tuple[str, ...] = ()
    """Runs whose lists are left out of this one's: see ``Settings.cooldown_runs``."""

    @classmethod
    def of(cls, batches: Iterable[Batch], settings: Settings, as_of: datetime, earlier: Iterable[str] = ()) -> Plan:
        """The plan with this code. Raises :class:`UsageError` when ``as_of`` has no time zone."""
        if as_of.tzinfo is None:
            raise UsageError(f"as_of {as_of.isoformat()} has no time zone; write 2026-01-31T00:00:00Z")
        return cls(tuple(batches), settings.decisive(), as_of.astimezone(UTC), code_version(), tuple(earlier))

    @property
    def run_id(self) -> str:
        """``<as_of date>-<12 hex>``."""
        inputs = ((batch.table, batch.ordinal, batch.digest, batch.kept) for batch in self.batches)
        return run_id(inputs, self.settings, self.as_of, self.code, self.earlier)


def run_id(
    inputs: Iterable[tuple[str, int, str, int]],
    settings: Mapping[str, Any],
    as_of: datetime,
    code: str,
    earlier: Iterable[str] = (),
) -> str:
    """Id of the run made from ``inputs`` (table, ordinal, digest, rows kept), settings, moment, code version and earlier runs.

    Rows kept count too: a batch from which a listener was removed is another input under the same digest.
    """
    as_of = as_of.astimezone(UTC)
    parts = {
        "as_of": as_of.isoformat(timespec="microseconds"),
        "code": code,
        "inputs": sorted(inputs),
        "settings": hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest(),
    }
    if listed := sorted(earlier):
        parts["earlier"] = listed
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    return f"{as_of:%Y-%m-%d}-{digest[:12]}"


@cache
def code_version(house: Path = _HOUSE) -> str:
    """Package version and SHA-256 of the sources in ``house`` that decide a run; the same in every clone and installation."""
    installed = house / "recsys" / "sql"
    models = installed if installed.is_dir() else house / "sql"
    sources = sorted(
        [(path.relative_to(house).as_posix(), path) for pattern in COMPUTING for path in house.glob(pattern)]
        + [(f"sql/{path.name}", path) for path in models.glob("*.sql")]
    )
    digest = hashlib.sha256()
    for name, path in sources:
        content = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return f"{version('recsys')}+{digest.hexdigest()}"


@cache
def processor(facts: Path = Path("/proc/cpuinfo")) -> str:
    """Model of the processor, for kernels compiled for another one may round differently; empty where the system does not say."""
    try:
        lines = facts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that compute and store the tables."""
    return {"python": python_version(), **{name: version(name) for name in _LIBRARIES}}
