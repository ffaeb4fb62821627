"""``recsys publish``: which run readers get."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from cyclopts import Parameter

from recsys.cli.options import LakeFolder, lake_folder
from recsys.cli.runs import OneRun
from recsys.cli.screen import minute, say
from recsys.errors import CheckError, UsageError
from recsys.lake import Lake
from recsys.readers import own_checks
from recsys.stages.checks import passed

Accept = Annotated[str | None, Parameter(name="--accept", help="Publish even if checks fail; say why.")]


def publish(run: OneRun, /, *, accept: Accept = None, lake: LakeFolder = None) -> None:
    """Make a run the published one, for instance an older one."""
    require_reason(accept)
    home = Lake(lake_folder(lake))
    if accept is None:
        _require_own_checks(home, run)
    published = home.publish(run, accept=accept)
    say(f"published {published.id}, as of {minute(published.manifest.as_of)}: {published.path}")
    if published.manifest.status != "passed":
        say(f"published in spite of failed checks; recorded reason: {accept}")


def require_reason(accept: str | None) -> None:
    """Raises :class:`UsageError` for a blank reason."""
    if accept is not None and not accept.strip():
        raise UsageError('--accept needs a reason, which is kept:  --accept "rankings are short on purpose"')


def _require_own_checks(lake: Lake, run: str) -> None:
    """Raises :class:`CheckError` for a run that an analyst's own check holds back."""
    judged = own_checks.judge(lake, lake.run(run))
    if passed(judged):
        return
    first = judged.filter(~pl.col("passed"), pl.col("severity") == "fail").row(0, named=True)
    rule = f"{first['table']}: {first['rule']} ({first['failures']:,}, for example {first['example']})"
    raise CheckError(f'run {run} was not published: {rule}; to publish it all the same:  recsys publish {run} --accept "why"')
