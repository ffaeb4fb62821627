"""What a flow run tells its caller."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class RunReport:
    """One run of the nightly flow."""

    run_id: str
    as_of: datetime
    path: Path
    already: bool
    """The run existed: same inputs, settings, as_of and code, so nothing was to do."""
    published: bool
    numbers: dict[str, float] = field(default_factory=dict)
    """What the run measured, by name."""
    problems: tuple[str, ...] = ()
    """Broken rules, with one example each."""
