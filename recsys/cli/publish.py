"""``recsys publish``: which run readers get."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from recsys.cli.options import LakeFolder, lake_folder
from recsys.cli.runs import OneRun
from recsys.cli.screen import minute, say
from recsys.errors import UsageError
from recsys.lake import Lake

Accept = Annotated[str | None, Parameter(name="--accept", help="Why a run that failed its checks is published all the same.")]


def publish(run: OneRun, /, *, accept: Accept = None, lake: LakeFolder = None) -> None:
    """Make a run the published one, for instance an older one."""
    require_reason(accept)
    published = Lake(lake_folder(lake)).publish(run, accept=accept)
    say(f"published {published.id}, as of {minute(published.manifest.as_of)}: {published.path}")
    if published.manifest.status != "passed":
        say(f"its failed checks are accepted, and that is recorded: {accept}")


def require_reason(accept: str | None) -> None:
    """Raises :class:`UsageError` for a blank reason."""
    if accept is not None and not accept.strip():
        raise UsageError('--accept needs a reason, which is kept:  --accept "rankings are short on purpose"')
