"""The options that several commands share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from recsys import compiled
from recsys.errors import UsageError
from recsys.lake import default_root
from recsys.lake.home import home_of

LakeFolder = Annotated[Path | None, Parameter(name="--lake", help="Lake: folder or s3://…; else RECSYS_LAKE, else data/lake.")]
Format = Annotated[Literal["table", "json"], Parameter(name="--format", help="How to print.")]
Quiet = Annotated[bool, Parameter(name="--quiet", help="Print nothing unless something is wrong.", negative="")]
Document = Annotated[Literal["table", "json", "markdown"], Parameter(name="--format", help="How to print.")]
PresetName = Annotated[Literal["default", "reference"] | None, Parameter(name="--preset", help="Starting point of the settings.")]
Threads = Annotated[int | None, Parameter(name="--threads", help="Worker threads; never changes a result.")]


@Parameter(name="*")
@dataclass(frozen=True)
class Output:
    """How a command prints, and whether."""

    form: Format = "table"
    quiet: Quiet = False


PLAIN = Output()


def lake_folder(given: Path | None) -> Path:
    """The lake's folder, or its address in a bucket: the option, the environment, ``.env`` here, or the default."""
    root = given or default_root()
    compiled.in_lake(home_of(root).root)
    return root


def moment(text: str | None, option: str = "--as-of") -> datetime | None:
    """A moment in UTC from a date or an ISO 8601 time of an option; without a zone it counts as UTC."""
    if text is None:
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option} {text!r} is not a time; write 2026-06-01 or 2026-06-01T03:00:00Z") from error
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
