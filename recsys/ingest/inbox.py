"""A folder that files are dropped into for the next run to take in.

inbox/tracks/…  inbox/events/…  inbox/controls/…  inbox/requests/…   files of that table
inbox/exports/<user>/…                                               personal listening histories of that listener
"""

from __future__ import annotations

from pathlib import Path

from recsys.errors import InputError, UsageError
from recsys.ingest.exports import ingest_export
from recsys.ingest.report import FilesRefusedError, Report
from recsys.ingest.tables import Progress, ingest
from recsys.lake import Lake
from recsys.tables import INPUTS

EXPORTS = "exports"


def ingest_inbox(lake: Lake, inbox: Path, *, progress: Progress | None = None) -> list[Report]:
    """Take in every new file of the folder; the files stay where they are, and are known by their bytes the next time.

    Raises :class:`InputError` when the folder does not exist, and :class:`FilesRefusedError` after all other files were taken in
    when some could not be used.
    """
    if not inbox.is_dir():
        raise InputError(f"inbox {inbox} is not a folder; create it with subfolders {', '.join((*INPUTS, EXPORTS))}")
    reports: list[Report] = []
    refused: list[InputError] = []
    jobs = [(table, inbox / table) for table in INPUTS]
    jobs += [(EXPORTS, folder) for folder in sorted((inbox / EXPORTS).glob("*")) if folder.is_dir()]
    for table, folder in jobs:
        if not any(path.is_file() for path in folder.rglob("*")):
            continue
        try:
            if table == EXPORTS:
                reports += ingest_export(lake, folder.name, [folder], progress=progress)
            else:
                reports += ingest(lake, table, [folder], progress=progress)
        except (InputError, UsageError) as error:
            refused.append(error if isinstance(error, InputError) else InputError(f"{folder}: {error}"))
            reports += error.reports if isinstance(error, FilesRefusedError) else []
    if refused:
        raise FilesRefusedError(refused, reports)
    return reports
