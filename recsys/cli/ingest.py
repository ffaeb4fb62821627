"""``recsys ingest``: files into the lake, with an account of every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from recsys.cli.options import Format, LakeFolder, Quiet, lake_folder
from recsys.cli.screen import console, grid, minute, print_json, progress, say
from recsys.errors import UsageError
from recsys.ingest import FilesRefusedError, Report, ingest, ingest_export
from recsys.lake import Lake
from recsys.text import counted

if TYPE_CHECKING:
    import polars as pl

_Paths = Annotated[list[Path], Parameter(help="Files or folders: Parquet, CSV, JSON Lines; plain, .gz or .zst.")]
Exports = Annotated[list[Path], Parameter(help="Files, folders or zip archives of a personal export.")]
_User = Annotated[str, Parameter(name="--user", help="Listener whose history it is.")]
_Columns = Annotated[
    str | None, Parameter(name="--columns", help="Names of the columns in the files, e.g. title=track_name,id=uri.")
]
Scale = Annotated[str | None, Parameter(name="--scale", help="Maximum of a column that goes to 1 here, e.g. popularity=100.")]
TimeZone = Annotated[str | None, Parameter(name="--time-zone", help="Time zone of times without one, e.g. Europe/Berlin.")]


@Parameter(name="*")
@dataclass(frozen=True)
class Output:
    """What is printed, and whether anything is kept."""

    dry_run: Annotated[
        bool, Parameter(name="--dry-run", help="Store nothing; show the first ten rows as they would be stored.", negative="")
    ] = False
    form: Format = "table"
    quiet: Quiet = False


Counts = tuple[str, str, int, int, int, str]
"""Table, file or files, rows read, kept and rejected, and a remark."""

FIRST = 10
"""Rows that a dry run shows of a file."""
MOST_FILES = 20
"""With more files than this, those with the same fate share a line."""

PLAIN = Output()
_Work = Callable[[Lake, Callable[[str, int, int], None]], Sequence[Report]]

app = App(name="ingest", help="Read files into the lake.", help_format="plaintext")


@app.command(sort_key=0)
def tracks(
    paths: _Paths, /, *, lake: LakeFolder = None, columns: _Columns = None, scale: Scale = None, output: Output = PLAIN
) -> None:
    """Read the catalogue: track metadata and audio features."""
    _ingest("tracks", paths, lake, output, columns=columns, scale=scale)


@app.command(sort_key=1)
def events(
    paths: _Paths, /, *, lake: LakeFolder = None, time_zone: TimeZone = None, columns: _Columns = None, output: Output = PLAIN
) -> None:
    """Read what listeners played, skipped, liked, saved, disliked and hid."""
    _ingest("events", paths, lake, output, time_zone=time_zone, columns=columns)


@app.command(sort_key=2)
def controls(paths: _Paths, /, *, lake: LakeFolder = None, time_zone: TimeZone = None, output: Output = PLAIN) -> None:
    """Read what listeners forbid and postpone."""
    _ingest("controls", paths, lake, output, time_zone=time_zone)


@app.command(sort_key=3)
def requests(paths: _Paths, /, *, lake: LakeFolder = None, output: Output = PLAIN) -> None:
    """Read saved lists, of one listener or of everyone (`*`)."""
    from recsys.settings import load  # here, for no other table needs them

    _ingest("requests", paths, lake, output, modes=load()[0].named_modes)


@app.command(sort_key=4)
def export(
    paths: Exports, /, *, user: _User, lake: LakeFolder = None, time_zone: TimeZone = None, output: Output = PLAIN
) -> None:
    """Read one listener's personal export; addresses, devices and other personal data are left out."""
    _account(lambda home, bars: ingest_export(home, user, paths, time_zone=time_zone, progress=bars), lake, output)


def _ingest(table: str, paths: Sequence[Path], lake: Path | None, output: Output, **options: Any) -> None:
    named = _pairs("--columns", options.pop("columns", None))
    scales = {name: _number(name, value) for name, value in _pairs("--scale", options.pop("scale", None)).items()}
    _account(lambda home, bars: ingest(home, table, paths, columns=named, scale=scales, progress=bars, **options), lake, output)


def _pairs(option: str, text: str | None) -> dict[str, str]:
    """``a=b,c=d`` as pairs. Raises :class:`UsageError` for anything else."""
    pairs = [part.partition("=") for part in (text or "").split(",") if part]
    if not all(name.strip() and sign and value.strip() for name, sign, value in pairs):
        raise UsageError(f"{option} {text}: pairs are needed, as title=track_name,id=uri")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise UsageError(f"--scale {name}={text}: a number is needed, as popularity=100") from error


def _account(work: _Work, lake: Path | None, output: Output) -> None:
    """Do the work, and print what came of each file, also of the good ones when others were refused."""
    with TemporaryDirectory(prefix="recsys-") as draft, progress(shown=not output.quiet) as bars:
        home = Lake(draft) if output.dry_run else Lake(lake_folder(lake))
        try:
            reports, refused = work(home, bars), None
        except FilesRefusedError as error:
            reports, refused = error.reports, error
        rows = {batch.source: batch.read().drop("batch") for batch in home.batches()} if output.dry_run else {}
    if output.dry_run:  # nothing is known of the catalogue there
        reports = [replace(report, matched=None) for report in reports]
    if output.form == "json":
        shown = {source: {"rows": _filled(frame.head(FIRST)).to_dicts()} for source, frame in rows.items()}
        print_json([asdict(report) | shown.get(report.source, {}) for report in reports])
    elif not output.quiet:
        print_reports(reports)
        for source, frame in rows.items():
            _print_rows(source, frame)
    if refused:
        raise refused
    if output.form == "table" and not output.quiet:
        say("nothing was ingested: leave --dry-run out" if output.dry_run else "build the lists:  recsys run")


def _filled(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows without columns that have no value in them."""
    return rows.select(column for column in rows.columns if rows[column].null_count() < rows.height)


def _print_rows(source: str, rows: pl.DataFrame) -> None:
    first = _filled(rows.head(FIRST))
    shown = ([_flat(cell) for cell in row] for row in first.iter_rows())
    console().print(grid(f"{source}, first {first.height} of {rows.height:,} rows", first.columns, shown))


def _flat(cell: object) -> object:
    """A cell as people write it: the values of a list or an object one after the other, a moment to the minute."""
    if isinstance(cell, list):
        return ", ".join(str(_flat(part)) for part in cell)
    if isinstance(cell, dict):
        return " ".join(str(_flat(part)) for part in cell.values() if part is not None)
    return minute(cell) if isinstance(cell, datetime) else cell


def print_reports(reports: Sequence[Report]) -> None:
    """An account of every file: rows read = kept + rejected, and each cause of rejection with one example."""
    if not reports:
        return
    numbers = ("read", "kept", "rejected")
    many = len({report.source for report in reports}) > MOST_FILES
    rows = [_together(*group) for group in _alike(reports)] if many else [_counts(report) for report in reports]
    console().print(grid(None, ("table", "file", *numbers, ""), rows, right=numbers))
    causes = _causes_together(reports) if many else [(report.source, *cause) for report in reports for cause in _causes(report)]
    if causes:
        console().print(grid("rejected rows", ("file", "rows", "cause", "for example"), causes, right=("rows",)))


def _counts(report: Report) -> Counts:
    matched = "" if report.matched is None else _matched(report.table, report.matched)
    remark = "; ".join(part for part in (_already(report), matched, report.note) if part)
    return report.table, report.source, report.rows_read, report.kept, report.rejected, remark


def _matched(table: str, matched: int) -> str:
    if table == "events":
        return f"{counted(matched, 'event')} of tracks in the catalogue"
    return f"{counted(matched, 'song')} found in the catalogue"


def _already(report: Report) -> str:
    return "already in the lake" if report.already else ""


def _alike(reports: Sequence[Report]) -> list[tuple[str, str, list[Report]]]:
    """Reports of one table and fate together, in order of appearance."""
    groups: dict[tuple[str, str], list[Report]] = {}
    for report in reports:
        groups.setdefault((report.table, _already(report) or report.note), []).append(report)
    return [(table, fate, group) for (table, fate), group in groups.items()]


def _together(table: str, fate: str, group: Sequence[Report]) -> Counts:
    read, kept, rejected = (sum(getattr(report, name) for report in group) for name in ("rows_read", "kept", "rejected"))
    files = group[0].source if len(group) == 1 else f"{len(group):,} files, {group[0].source} … {group[-1].source}"
    return table, files, read, kept, rejected, fate


def _causes(report: Report) -> list[tuple[int, str, str]]:
    return [(count, code, report.examples.get(code, "")) for code, count in report.causes.items()]


def _causes_together(reports: Sequence[Report]) -> list[tuple[str, int, str, str]]:
    """Each cause over all files, with one example."""
    counts: Counter[str] = Counter()
    first: dict[str, tuple[str, str]] = {}
    sources: dict[str, set[str]] = {}
    for report in reports:
        for count, code, example in _causes(report):
            counts[code] += count
            first.setdefault(code, (report.source, example))
            sources.setdefault(code, set()).add(report.source)
    return [
        (f"{len(sources[code]):,} files", count, code, ": ".join(part for part in first[code] if part))
        for code, count in counts.most_common()
    ]
