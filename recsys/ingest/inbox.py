"""A folder that files are dropped into for the next run to take in.

inbox/tracks/…  inbox/events/…  inbox/controls/…  inbox/requests/…   files of that table
inbox/exports/<user>/…                                               personal listening histories of that listener
inbox/.refused/…                                                     what could not be used, each with its reason beside it
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from recsys.errors import InputError, UsageError
from recsys.ingest import files
from recsys.ingest.exports import ingest_export
from recsys.ingest.report import FilesRefusedError, Report
from recsys.ingest.tables import Progress, ingest
from recsys.lake import Lake
from recsys.tables import INPUTS

EXPORTS = "exports"
REFUSED = ".refused"
REASON = ".reason.txt"
"""What the name of a reason ends in, after the name of its file."""


def ingest_inbox(lake: Lake, inbox: Path, *, modes: Iterable[str] = (), progress: Progress | None = None) -> list[Report]:
    """Take in every new file of the folder. Files stay where they are, and are known by their bytes the next time; one that
    cannot be used is set aside, unless it may be good the next time. ``modes``: those that a request may name, none = any.

    Raises :class:`InputError` when the folder does not exist, and :class:`FilesRefusedError` after all other files were taken in
    when some could not be used.
    """
    if not inbox.is_dir():
        raise InputError(f"inbox {inbox} is not a folder; create it with subfolders {', '.join((*INPUTS, EXPORTS))}")
    reports: list[Report] = []
    refused: list[InputError] = []
    for table, folder in _jobs(inbox):
        if not any(files.inside(folder)):
            continue
        try:
            if table == EXPORTS:
                reports += ingest_export(lake, folder.name, [folder], progress=progress)
            else:
                reports += ingest(lake, table, [folder], modes=modes, progress=progress)
        except FilesRefusedError as error:
            refused += error.refused
            reports += error.reports
        except (InputError, UsageError) as error:
            refused.append(error if isinstance(error, InputError) else InputError(f"{folder}: {error}"))
    if refused:
        raise FilesRefusedError([set_aside(inbox, error) for error in refused], reports)
    return reports


def _jobs(inbox: Path) -> Iterator[tuple[str, Path]]:
    """Table, or ``exports``, and folder of each job."""
    yield from ((table, inbox / table) for table in INPUTS if (inbox / table).is_dir())
    exports = inbox / EXPORTS
    if exports.is_dir():
        yield from ((EXPORTS, folder) for folder in sorted(exports.iterdir()) if folder.is_dir())


def set_aside(inbox: Path, error: InputError) -> InputError:
    """Move the file of an error to ``.refused``, with its reason beside it; the error says where it is now."""
    path = error.path
    if path is None or error.passing or not path.is_file() or not path.is_relative_to(inbox):
        return error
    place = inbox / REFUSED / path.relative_to(inbox)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        path.replace(place)
        place.with_name(place.name + REASON).write_text(f"{error}\n", encoding="utf-8", errors="backslashreplace")
    except OSError as fault:
        return InputError(f"{error} (and it could not be set aside: {fault.strerror})")
    return InputError(f"{error} (set aside: {place})")
