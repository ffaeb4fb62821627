"""``recsys run``: the nightly flow, once, in this process."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from flows.report import RunReport
from recsys.cli.options import LakeFolder, PresetName, Threads, lake_folder, moment
from recsys.cli.screen import console, grid, minute, progress, say
from recsys.errors import CheckError, InputError, UsageError
from recsys.lake import Lake
from recsys.settings import Settings, load

AsOf = Annotated[str | None, Parameter(name="--as-of", help="Moment the lists are for, e.g. 2026-06-01 or 2026-06-01T03:00:00Z.")]
Inbox = Annotated[Path | None, Parameter(name="--inbox", help="Folder of new files to ingest first.")]


def run(
    *,
    as_of: AsOf = None,
    preset: PresetName = None,
    inbox: Inbox = None,
    lake: LakeFolder = None,
    threads: Threads = None,
) -> None:
    """Build every listener's lists from the lake, and publish them."""
    settings, _ = load({"preset": preset, "threads": threads})
    folder, when = lake_folder(lake), moment(as_of)
    if not inbox:
        _require_tracks(folder)
    print_report(nightly(folder, settings, when, inbox))
    say("look at a list:  recsys show USER")


def _require_tracks(folder: Path) -> None:
    """Raises :class:`LakeError` or :class:`InputError` at once instead of after the seconds that the flow takes to start."""
    home = Lake(folder)
    home.runs()
    if not home.batches("tracks"):
        raise InputError(f"lake {home.root} has no tracks to recommend; read some:  recsys ingest tracks PATH")


def nightly(lake: Path, settings: Settings, as_of: datetime | None, inbox: Path | None = None) -> RunReport:
    """The flow, with progress; its libraries take seconds to import, so that only happens here."""
    _make_prefect_home()
    from flows import nightly

    with progress() as bars:
        bars("flow", 0, 0)
        return nightly.run(lake, settings, as_of, inbox=inbox, progress=bars)


def _make_prefect_home() -> None:
    """Prefect keeps its state there, and fails late and at length without it. Raises :class:`UsageError`."""
    home = Path(os.environ.get("PREFECT_HOME") or Path.home() / ".prefect")
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{home}: {error.strerror}; set PREFECT_HOME to a folder where Prefect may keep its state") from error


def print_report(report: RunReport) -> None:
    """The run's numbers and broken rules. Raises :class:`CheckError` when the run was kept but not published."""
    if report.already:
        say(f"run {report.run_id} exists already: same inputs, settings and moment, so nothing was to do")
    else:
        numbers = [(name, _number(value)) for name, value in report.numbers.items()]
        console().print(grid(f"run {report.run_id}", ("what", "number"), numbers, right=("number",)))
    for problem in report.problems:
        say(problem)
    if not report.published:
        raise CheckError(f"run {report.run_id} broke a rule and was not published; readers keep the last one; see {report.path}")
    say(f"published {report.run_id}, as of {minute(report.as_of)}: {report.path}")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.4f}"
