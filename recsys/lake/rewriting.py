"""What forgetting needs of the lake: batches and runs replaced, each by one rename, and a note that it was done.

Nothing else replaces a batch or a run. Whatever step fails, the same call finishes the work.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import polars as pl

from recsys.errors import LakeError
from recsys.lake import files
from recsys.lake.batches import Batch, Rejects, superseded, write_batch
from recsys.lake.home import STAGING
from recsys.lake.lake import Lake
from recsys.lake.run import Run
from recsys.tables import INPUTS

FORGOTTEN = "FORGOTTEN"
"""File of the lake with one line per act of forgetting; it never says who."""
FORGETTING = "FORGETTING"
"""Empty file of the lake while an act of forgetting is under way; one that was cut short leaves it."""


def rewrite_batch(lake: Lake, batch: Batch, kept: pl.DataFrame, rejects: pl.DataFrame, source: str) -> None:
    """Replace a batch's rows, rejects and source name. Its digest stays, so that the same file is not ingested again."""
    revision = int(batch.path.name.partition(".")[2] or 0) + 1
    staged = lake.root / STAGING / f"{batch.table}-{batch.digest}"
    with lake.writer():
        write_batch(staged, batch.table, kept, Rejects(rejects, batch.unlisted), source, batch.digest)
        if not lake.home.place(staged, batch.path.parent / f"{batch.ordinal:06d}.{revision}", "batch"):
            raise LakeError(f"lake {lake.home.name}: somebody else is forgetting in it; run the same command again")
        remove_superseded(lake)


def remove_superseded(lake: Lake) -> None:
    """Remove batches as they were before they were rewritten."""
    with lake.writer():
        files.make_folder(lake.root / STAGING)
        for table in INPUTS:
            for folder in superseded(lake.root / "inputs" / table):
                lake.home.discard(folder, f"{table}-{folder.name}.removed")


def replace_runs(lake: Lake, runs: Mapping[str, Run]) -> None:
    """Let ``CURRENT`` and its log name the new runs (old id → new run), then remove the old ones."""
    with lake.writer(), lake.home.exclusive():
        pointer = lake.pointer()
        if pointer.renamed(dict(runs)) != pointer:
            lake.point(pointer.renamed(dict(runs)))
        lake.remove_runs(run_id for run_id in runs if run_id in lake.run_ids())


def begun(lake: Lake) -> bool:
    """Mark that forgetting began; true when an act before this one was cut short before its :func:`note`."""
    with lake.writer(), lake.home.exclusive():
        mark = lake.root / FORGETTING
        if mark.exists():
            return True
        lake.home.put(mark, b"")
        return False


def ended(lake: Lake) -> None:
    """Take the mark of :func:`begun` away."""
    with lake.writer():
        lake.home.clear(lake.root / FORGETTING)


def note(lake: Lake, **facts: object) -> None:
    """Add a line to :data:`FORGOTTEN`: when, and how much."""
    with lake.writer(), lake.home.exclusive():
        place = lake.root / FORGOTTEN
        before = files.read(place) if place.exists() else b""
        line = json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds"), **facts})
        lake.home.put(place, before + line.encode() + b"\n")
