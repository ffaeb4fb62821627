"""``recsys ingest``: files into the lake, with an account of every row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from recsys.cli.options import LakeFolder, lake_folder
from recsys.cli.screen import console, grid, progress, say
from recsys.ingest import FilesRefusedError, Report, ingest, ingest_export
from recsys.lake import Lake

Paths = Annotated[list[Path], Parameter(help="Files or folders: Parquet, CSV, JSON Lines; plain, .gz or .zst.")]
Exports = Annotated[list[Path], Parameter(help="Files or folders of a Spotify, ListenBrainz or Last.fm export.")]
User = Annotated[str, Parameter(name="--user", help="Listener whose history it is.")]
TimeZone = Annotated[str | None, Parameter(name="--time-zone", help="Zone of times that name none, e.g. Europe/Berlin.")]

app = App(name="ingest", help="Read files into the lake.", help_format="plaintext")


@app.command(sort_key=0)
def tracks(paths: Paths, /, *, lake: LakeFolder = None) -> None:
    """Read the catalogue: track metadata and audio features."""
    _ingest("tracks", paths, lake)


@app.command(sort_key=1)
def events(paths: Paths, /, *, lake: LakeFolder = None, time_zone: TimeZone = None) -> None:
    """Read what listeners played, skipped, liked, saved, disliked and hid."""
    _ingest("events", paths, lake, time_zone)


@app.command(sort_key=2)
def controls(paths: Paths, /, *, lake: LakeFolder = None, time_zone: TimeZone = None) -> None:
    """Read what listeners forbid and postpone."""
    _ingest("controls", paths, lake, time_zone)


@app.command(sort_key=3)
def requests(paths: Paths, /, *, lake: LakeFolder = None) -> None:
    """Read saved lists, of one listener or of everyone (`*`)."""
    _ingest("requests", paths, lake)


@app.command(sort_key=4)
def export(paths: Exports, /, *, user: User, lake: LakeFolder = None, time_zone: TimeZone = None) -> None:
    """Read one listener's personal export; addresses, devices and other personal data are left out."""
    folder = lake_folder(lake)
    with progress() as bars:
        _account(lambda: ingest_export(Lake(folder), user, paths, time_zone=time_zone, progress=bars))


def _ingest(table: str, paths: Sequence[Path], lake: Path | None, time_zone: str | None = None) -> None:
    folder = lake_folder(lake)
    with progress() as bars:
        _account(lambda: ingest(Lake(folder), table, paths, time_zone=time_zone, progress=bars))


def _account(work: Callable[[], Sequence[Report]]) -> None:
    """Print what came of each file, also of the good ones when others were refused."""
    try:
        print_reports(work())
    except FilesRefusedError as error:
        print_reports(error.reports)
        raise
    say("build the lists:  recsys run")


def print_reports(reports: Sequence[Report]) -> None:
    """An account of every file: rows read = kept + rejected, and each cause of rejection with one example."""
    numbers = ("read", "kept", "rejected")
    rows = [(*_counts(report), _remark(report)) for report in reports]
    if rows:
        console().print(grid(None, ("table", "file", *numbers, ""), rows, right=numbers))
    causes = [(report.source, *cause) for report in reports for cause in _causes(report)]
    if causes:
        console().print(grid("rejected rows", ("file", "rows", "cause", "for example"), causes, right=("rows",)))


def _remark(report: Report) -> str:
    matched = "" if report.matched is None else f"{report.matched:,} songs found in the catalogue"
    already = "already in the lake" if report.already else ""
    return "; ".join(part for part in (already, matched, report.note) if part)


def _counts(report: Report) -> tuple[str, str, int, int, int]:
    return report.table, report.source, report.rows_read, report.kept, report.rejected


def _causes(report: Report) -> list[tuple[int, str, str]]:
    return [(count, code, report.examples.get(code, "")) for code, count in report.causes.items()]
