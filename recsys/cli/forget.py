"""``recsys forget``: a listener, or what a provider supplied, out of the whole lake."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from recsys.cli.options import LakeFolder, lake_folder
from recsys.cli.screen import say
from recsys.errors import UsageError
from recsys.forgetting import Listener, Provider
from recsys.forgetting import forget as forget_subject
from recsys.lake import Lake

_User = Annotated[str | None, Parameter(help="Listener.")]
ProviderName = Annotated[str | None, Parameter(name="--provider", help="Instead: everything that this source supplied.")]


def forget(user: _User = None, /, *, provider: ProviderName = None, lake: LakeFolder = None) -> None:
    """Remove a listener from inputs, rejects, stored answers and every run. It cannot be undone.

    Everybody else's lists stay as they are; the next run is made without the listener's votes.
    """
    if (user is None) == (provider is None):
        raise UsageError("name a listener, or a source with --provider")
    subject = Listener(user) if user is not None else Provider(str(provider))
    done = forget_subject(Lake(lake_folder(lake)), subject)
    say(f"removed {done.rows:,} input rows and {done.answers:,} stored answers; rewrote {done.batches:,} batches")
    for run in done.runs:
        say(f"rewrote run {run}")
    for run in done.removed:
        say(f"removed damaged run {run}")
    say("files outside the lake, such as those that were ingested, are as they were; build new lists:  recsys run")
