"""``recsys forget``: a listener, or what a provider supplied, out of the whole lake."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter

from recsys.cli.options import Format, LakeFolder, Quiet, lake_folder
from recsys.cli.screen import print_json, say
from recsys.errors import UsageError
from recsys.forgetting import Forgotten, Listener, Provider, preview
from recsys.forgetting import forget as forget_subject
from recsys.lake import Lake
from recsys.text import counted, printable

_User = Annotated[str | None, Parameter(help="Listener.")]
ProviderName = Annotated[str | None, Parameter(name="--provider", help="Remove what this source supplied instead.")]


Yes = Annotated[bool, Parameter(name="--yes", help="Do not ask for confirmation.", negative="")]
_DryRun = Annotated[bool, Parameter(name="--dry-run", help="Only say what would be removed.", negative="")]


def forget(
    user: _User = None,
    /,
    *,
    provider: ProviderName = None,
    yes: Yes = False,
    dry_run: _DryRun = False,
    lake: LakeFolder = None,
    form: Format = "table",
    quiet: Quiet = False,
) -> None:
    """Remove a listener from inputs, rejects, stored answers and every run. It cannot be undone.

    Everybody else's lists stay as they are; the next run is made without the listener's votes.
    """
    if (user is None) == (provider is None):
        raise UsageError("name a listener, or a source with --provider")
    subject = Listener(user) if user is not None else Provider(str(provider))
    home = Lake(lake_folder(lake))
    if dry_run:
        _print(preview(home, subject), form, quiet=quiet, dry_run=True)
        return
    if not yes:
        _ask(subject.kind, subject.id)
    _print(forget_subject(home, subject), form, quiet=quiet)


def _ask(kind: str, name: str) -> None:
    """Raises :class:`UsageError` unless the person at the terminal agrees."""
    if not sys.stdin.isatty():
        raise UsageError("forgetting cannot be undone: add --yes, or try --dry-run first")
    if input(f"Remove {kind} {printable(name)!r} from the whole lake? This cannot be undone. [y/N] ").strip().lower() not in (
        "y",
        "yes",
    ):
        raise UsageError("nothing was removed")


def _print(done: Forgotten, form: str, *, quiet: bool, dry_run: bool = False) -> None:
    if form == "json":
        print_json({"dry_run": dry_run, **asdict(done)})
        return
    if quiet:
        return
    remove, rewrite = ("would remove", "would rewrite") if dry_run else ("removed", "rewrote")
    answers = "the stored answers" if dry_run else counted(done.answers, "stored answer")
    say(f"{remove} {counted(done.rows, 'input row')} and {answers}; {rewrite} {counted(done.batches, 'batch', 'batches')}")
    for run in done.runs:
        say(f"{rewrite} run {run}")
    for run in done.removed:
        say(f"{remove} damaged run {run}")
    if not dry_run:
        say("Files outside the lake, such as those you ingested, stay as they are. Build new lists:  recsys run")
