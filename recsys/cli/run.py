"""``recsys run``: the nightly flow, once, in this process."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from cyclopts import Parameter

from flows.alerts import alerting
from flows.report import RunReport
from recsys.cli.compile import compile_kernels
from recsys.cli.options import PLAIN, LakeFolder, Output, PresetName, Threads, lake_folder, moment
from recsys.cli.publish import Accept, require_reason
from recsys.cli.screen import console, grid, minute, print_json, progress, say, warn
from recsys.errors import CheckError, InputError
from recsys.lake import Lake
from recsys.settings import Settings, load

AsOf = Annotated[str | None, Parameter(name="--as-of", help="Moment the lists are for, e.g. 2026-06-01 or 2026-06-01T03:00:00Z.")]
Inbox = Annotated[Path | None, Parameter(name="--inbox", help="Folder of new files to ingest first.")]

Cluster = Annotated[str | None, Parameter(name="--cluster", help="Who makes the lists: local:N or tcp://HOST:8786.")]

PATIENCE = 3.0
"""Seconds that a Prefect server has to answer."""


def run(
    *,
    as_of: AsOf = None,
    preset: PresetName = None,
    inbox: Inbox = None,
    accept: Accept = None,
    lake: LakeFolder = None,
    threads: Threads = None,
    cluster: Cluster = None,
    output: Output = PLAIN,
) -> None:
    """Build every listener's lists from the lake, and publish them."""
    settings, _ = load({"preset": preset, "threads": threads, "cluster": cluster})
    folder, when = lake_folder(lake), moment(as_of)
    require_reason(accept)
    if not inbox:
        with alerting(settings):
            _require_tracks(folder)
    report = nightly(folder, settings, when, inbox, accept, quiet=output.quiet)
    if output.form == "json":
        print_json(asdict(report) | {"numbers": {name: _whole(value) for name, value in report.numbers.items()}})
    elif not output.quiet:
        print_report(report)
        say("look at a list:  recsys show USER")
    require_published(report, quiet=output.quiet)


def _require_tracks(folder: Path) -> None:
    """Raises :class:`LakeError` or :class:`InputError` at once instead of after the seconds that the flow takes to start."""
    home = Lake(folder)
    home.runs()
    if not home.batches("tracks"):
        raise InputError(f"lake {home.home.name} has no tracks to recommend; read some:  recsys ingest tracks PATH")


def nightly(
    lake: Path,
    settings: Settings,
    as_of: datetime | None,
    inbox: Path | None = None,
    accept: str | None = None,
    *,
    quiet: bool = False,
) -> RunReport:
    """The night, with bars on a terminal and a log line per stage elsewhere; ``quiet``: warnings and errors alone."""
    if quiet or not sys.stderr.isatty():
        level = logging.WARNING if quiet else logging.INFO
        logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(message)s")
    with progress(shown=not quiet) as bars, _night() as night:
        if settings.neighborhood == "blended":  # the kernels of the other one are few
            compile_kernels(bars)
        return night(lake, settings, as_of, inbox=inbox, accept=accept, progress=bars)


@contextmanager
def _night() -> Iterator[Callable[..., RunReport]]:
    """The nightly batch: recorded by Prefect where an API is configured and answers, else plain."""
    from flows import nightly

    api = os.environ.get("PREFECT_API_URL")
    if not api or not _answers(api):
        yield nightly.run
        return
    with TemporaryDirectory(prefix="recsys-prefect-") as home:  # what Prefect keeps on this side is of no use afterwards
        os.environ.setdefault("PREFECT_HOME", home)
        from flows import deployments

        yield deployments.run


def _answers(api: str) -> bool:
    """Whether a Prefect server answers there; a warning when not: lists matter more than their record."""
    import httpx

    try:
        httpx.get(f"{api.rstrip('/')}/health", timeout=PATIENCE).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        warn(f"Prefect at {api} does not answer ({str(error) or type(error).__name__}); this run is not recorded there")
        return False
    return True


def print_report(report: RunReport) -> None:
    """The run's numbers and broken rules."""
    if report.already:
        say(f"Nothing to do: run {report.run_id} has the same inputs, settings and moment.")
    else:
        numbers = [(name, _number(value)) for name, value in report.numbers.items()]
        console().print(grid(f"run {report.run_id}", ("what", "number"), numbers, right=("number",)))
    for problem in report.problems:
        say(problem)
    if report.page:
        say(f"report: {report.page}")
    if report.published:
        say(f"published {report.run_id}, as of {minute(report.as_of)}: {report.path}")


def require_published(report: RunReport, *, quiet: bool = False) -> None:
    """Raises :class:`CheckError` when the run was kept but not published; ``quiet``: with the rules, which nobody has seen."""
    if not report.published:
        failed = [problem for problem in report.problems if problem.startswith("fail")] if quiet else []
        kept = f"run {report.run_id} failed its checks and was not published; readers keep the one they have"
        anyway = f'to publish it all the same:  recsys publish {report.run_id} --accept "why"'
        raise CheckError("\n".join([f"{kept}. See  recsys runs show {report.run_id}; {anyway}", *failed]))


def _whole(value: float) -> float:
    """A count without the fraction that its column has, for who reads JSON."""
    return int(value) if value.is_integer() else value


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.4f}"
