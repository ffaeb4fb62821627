"""What came of everything that was asked for, on the screen and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from recsys.cli.ingest import print_reports
from recsys.cli.options import Format
from recsys.cli.screen import console, print_json, say
from recsys.errors import ProviderError
from recsys.providers.account import Summary
from recsys.providers.listens import Listens

SHOWN = 10
"""Warnings and skipped items printed; the rest is counted."""


def print_summary(summary: Summary, form: Format, done: str) -> None:
    """The account, causes and warnings. Raises :class:`ProviderError` when something was not brought that may come later."""
    if form == "json":
        print_json(as_json(summary))
    else:
        asked, *parts = summary.account.items()
        counts = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in parts)
        say(f"{done}: {asked[1]:,} asked = {counts}")
        if summary.events:
            say(f"events: {summary.events:,} new")
        if summary.access:
            say(f"access: {summary.access}")
        for title, skips in (("skipped", summary.skipped), ("failed", summary.failed)):
            _print_some(title, [f"{skip.code}: {skip.name}: {skip.reason}" for skip in skips])
        _print_some("warnings", summary.warnings)
        _print_some("notes", summary.notes)
        _print_some("not whole", summary.problems)
    if summary.shortfall:
        raise ProviderError(summary.shortfall)


def as_json(summary: Summary) -> dict[str, object]:
    """The numbers of the account by name, and every skipped and failed item."""
    skips = [asdict(skip) for skip in (*summary.failed, *summary.skipped)]
    return {**asdict(summary), **summary.account, "causes": summary.causes, "rejects": skips, "shortfall": summary.shortfall}


def _print_some(title: str, lines: Sequence[str]) -> None:
    if lines:
        more = f" (the first {SHOWN})" if len(lines) > SHOWN else ""
        console().print(f"{len(lines):,} {title}{more}")
        for line in lines[:SHOWN]:
            console().print(f"  {line}", soft_wrap=True, markup=False)


def print_listens(outcome: Listens, form: Format) -> None:
    """What ingest said of each file, and the account."""
    if form == "table":
        print_reports(outcome.reports)
        if not outcome.summary.account["asked"] - outcome.summary.unchanged:
            say(f"{outcome.summary.source} has no listens that the lake lacks")
    print_summary(outcome.summary, form, "listens")
