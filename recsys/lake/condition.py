"""The condition of a lake: what is there, what is not as it should be, and what to do about it. Nothing is changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Literal, NamedTuple

from recsys.errors import RecsysError
from recsys.lake import files
from recsys.lake.lake import Lake
from recsys.lake.lock import Lock
from recsys.lake.run import Run
from recsys.lake.writer import STAGING
from recsys.tables import INPUTS

FREE = 2**30
"""Free bytes on the lake's disk below which a run may not fit."""

_State = Literal["good", "note", "bad"]


class Finding(NamedTuple):
    """One thing that was looked at."""

    what: str
    state: _State
    words: str


def examine(lake: Lake) -> Iterator[Finding]:
    """Folder, disk, lock, leftovers, inputs, runs and pointer; sizes of files are compared, their contents are not."""
    yield from _folder(lake)
    yield _lock(lake)
    left = [path.name for path in files.children(lake.root / STAGING)]
    yield Finding("leftovers", "note", f"{', '.join(left)}; the next writer removes them") if left else _good("leftovers", "none")
    for table in INPUTS:
        yield _inputs(lake, table)
    yield from _runs(lake)
    try:
        run = lake.current()
        yield _good("published", run.id) if run else Finding("published", "note", "nothing yet; `recsys run` builds a run")
    except RecsysError as error:
        yield Finding("published", "bad", str(error))


def _good(what: str, words: str) -> Finding:
    return Finding(what, "good", words)


def _folder(lake: Lake) -> Iterator[Finding]:
    if not os.access(lake.root, os.R_OK | os.W_OK | os.X_OK):
        yield Finding("folder", "bad", f"{lake.root} cannot be written by this user; change its mode or owner")
    else:
        mode = lake.root.stat().st_mode & 0o777
        open_to_all = (
            "; everybody on this machine can read who listens to what; close it with chmod o-rwx" if mode & 0o007 else ""
        )
        yield Finding("folder", "note" if open_to_all else "good", f"{lake.root}, mode {mode:o}{open_to_all}")
    free = shutil.disk_usage(lake.root).free
    yield Finding("disk", "good" if free > FREE else "note", f"{free / 2**30:,.1f} GiB free")


def _lock(lake: Lake) -> Finding:
    lock = Lock(lake.root / ".lock")
    if not lock.held():
        return _good("lock", "free")
    owner = lock.owner()
    return Finding(
        "lock", "note", f"process {owner.pid} on {owner.host} since {owner.since}" if owner else "another process writes"
    )


def _inputs(lake: Lake, table: str) -> Finding:
    what = f"inputs {table}"
    try:
        batches = lake.batches(table)
    except RecsysError as error:
        return Finding(what, "bad", str(error))
    recorded = [(batch, file) for batch in batches for file in (batch.receipt.kept, batch.receipt.rejects) if file]
    for batch, file in recorded:
        if problem := file.problem(batch.path):
            return Finding(what, "bad", f"{problem}; restore it from a backup")
    rows, rejected = sum(batch.kept for batch in batches), sum(batch.rejected for batch in batches)
    return _good(what, f"{len(batches):,} batches, {rows:,} rows, {rejected:,} rejected")


def _runs(lake: Lake) -> Iterator[Finding]:
    runs = {run.id: run for run in lake.runs()}
    failed = sum(run.manifest.status == "failed" for run in runs.values())
    yield _good("runs", f"{len(runs):,}, of which {failed:,} failed their checks")
    newest = max(runs.values(), key=lambda run: run.manifest.created_at, default=None)
    if newest is not None and newest.manifest.status == "failed":
        yield Finding("newest run", "bad", f"{newest.id} broke a rule and was not published; see `recsys runs show {newest.id}`")
    for run_id in lake.run_ids():
        problem = _problem(runs[run_id]) if run_id in runs else "its manifest is missing or damaged"
        if problem:
            yield Finding(f"run {run_id}", "bad", f"{problem}; remove it with `recsys runs prune`, or build it again")


def _problem(run: Run) -> str | None:
    return next((problem for file in run.manifest.files if (problem := file.problem(run.path))), None)
