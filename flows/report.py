"""What a flow run says to its caller, and how it ends when its outcome is no success."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from recsys.errors import CheckError, RecsysError


@dataclass(frozen=True)
class Untaken:
    """What a night could not take in from its inbox."""

    refused: tuple[str, ...] = ()
    """Why files were refused, in words that name them."""
    files: int = 0
    """How many were."""
    rejected: tuple[str, ...] = ()
    """How many rows of the other files were rejected, in words that name no file and no row."""

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything in words."""
        return self.refused + self.rejected

    @property
    def counts(self) -> tuple[str, ...]:
        """The same without names."""
        return (*((f"warn: inbox: {self.files:,} refused",) if self.files else ()), *self.rejected)


TAKEN = Untaken()
"""Nothing was left."""


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
    counts: tuple[str, ...] = ()
    """The same without examples and names: what may be recorded outside the lake."""
    page: Path | None = None
    """The report about the run, where it was made."""


class UnpublishedError(CheckError):
    """The flow run's end when a check failed: its run was built and kept, and readers keep the one they had."""

    def __init__(self, report: RunReport) -> None:
        super().__init__(f"run {report.run_id} was not published: {'; '.join(report.counts)}")
        self.report = report

    def __reduce__(self) -> tuple[type[Exception], tuple[str]]:
        """Stored by somebody else, it is its words alone."""
        return CheckError, (str(self),)


class RecordedError(RecsysError):
    """What Prefect hears of an error: where and of which kind, for the words may hold ids and rows. ``cause`` is the error."""

    def __init__(self, stage: str, cause: Exception) -> None:
        super().__init__(f"{stage}: {type(cause).__name__}; the words are in the output of the command")
        self.cause = cause

    def __reduce__(self) -> tuple[type[Exception], tuple[str]]:
        """Stored by somebody else, it is its words alone."""
        return RecsysError, (str(self),)
