"""The condition of a lake: what is there, what is not as it should be, and what to do about it. Nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Iterator

from recsys.errors import RecsysError
from recsys.lake import files, resume
from recsys.lake.batches import Batch
from recsys.lake.finding import Finding
from recsys.lake.freshness import STALE_HOURS, last_night
from recsys.lake.home import STAGING
from recsys.lake.lake import Lake
from recsys.lake.lock import Lock
from recsys.lake.run import Run
from recsys.tables import INPUTS
from recsys.text import counted


def examine(lake: Lake, *, stale_hours: float = STALE_HOURS) -> Iterator[Finding]:
    """Folder, lock, leftovers, inputs, runs, pointer and the last night; sizes of files are compared, their contents are not.

    ``stale_hours``: age from which on the published run is a fault.
    """
    yield from _folder(lake)
    yield _lock(lake)
    yield _leftovers(lake)
    batches: list[Batch] = []
    for table in INPUTS:
        yield _inputs(lake, table, batches)
    yield from _runs(lake)
    yield from last_night(lake, batches, stale_hours=stale_hours)
    try:
        run = lake.current()
        yield _good("published", run.id) if run else Finding("published", "note", "nothing yet; `recsys run` builds a run")
    except RecsysError as error:
        yield Finding("published", "bad", str(error))


def _good(what: str, words: str) -> Finding:
    return Finding(what, "good", words)


def _folder(lake: Lake) -> Iterator[Finding]:
    where = f"{lake.home.name}, its copy {lake.root}" if lake.home.shared else str(lake.root)
    if not os.access(lake.root, os.R_OK | os.W_OK | os.X_OK):
        yield Finding("folder", "bad", f"{where} cannot be written by this user; change its mode or owner")
    else:
        mode = lake.root.stat().st_mode & 0o777
        open_to_all = (
            "; everybody on this machine can read who listens to what; close it with chmod o-rwx" if mode & 0o007 else ""
        )
        yield Finding("folder", "note" if open_to_all else "good", f"{where}, mode {mode:o}{open_to_all}")


def _lock(lake: Lake) -> Finding:
    lock = Lock(lake.root / ".lock")
    if not lock.held():
        return _good("lock", "free")
    owner = lock.owner()
    return Finding(
        "lock", "note", f"process {owner.pid} on {owner.host} since {owner.since}" if owner else "another process writes"
    )


def _leftovers(lake: Lake) -> Finding:
    """What a writer that is at work, or was stopped, has in staging."""
    stopped = resume.unfinished(lake.root / STAGING)
    resumable = {name for run_id in stopped for name in resume.staged_names(run_id)}
    other = [path.name for path in files.children(lake.root / STAGING) if path.name not in resumable]
    words = [f"{', '.join(other)}; the next writer removes them"] if other else []
    for run_id, count in stopped.items():
        words.append(f"run {run_id} has finished {counted(count, 'file')}; if it was stopped, the next `recsys run` goes on "
                     "from there, or removes them where inputs, settings, moment or code have changed")  # fmt: skip
    return Finding("leftovers", "note", "; ".join(words)) if words else _good("leftovers", "none")


def _inputs(lake: Lake, table: str, known: list[Batch]) -> Finding:
    """The table's batches, which are added to ``known``."""
    what = f"inputs {table}"
    try:
        batches = lake.batches(table)
    except RecsysError as error:
        return Finding(what, "bad", str(error))
    recorded = [(batch, file) for batch in batches for file in (batch.receipt.kept, batch.receipt.rejects) if file]
    for batch, file in recorded:
        if problem := batch.home.problem(batch.path, file):
            return Finding(what, "bad", f"{problem}; restore it from a backup")
    known += batches
    rows, rejected = sum(batch.kept for batch in batches), sum(batch.rejected for batch in batches)
    return _good(what, f"{counted(len(batches), 'batch', 'batches')}, {counted(rows, 'row')}, {rejected:,} rejected")


def _runs(lake: Lake) -> Iterator[Finding]:
    runs = {run.id: run for run in lake.runs()}
    failed = sum(run.manifest.status == "failed" for run in runs.values())
    yield _good("runs", f"{len(runs):,}, of which {failed:,} failed their checks")
    for run_id in lake.run_ids():
        problem = _problem(runs[run_id]) if run_id in runs else "its manifest is missing or damaged"
        if problem:
            yield Finding(f"run {run_id}", "bad", f"{problem}; remove it with `recsys runs prune`, or build it again")


def _problem(run: Run) -> str | None:
    return next((problem for file in run.manifest.files if (problem := run.home.problem(run.path, file))), None)
