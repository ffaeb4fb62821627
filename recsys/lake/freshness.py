"""How the last night went: age of the published run, a newest run that failed, inputs in no run, rejects, clock, disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from recsys.lake.batches import Batch
from recsys.lake.finding import Finding
from recsys.lake.lake import Lake
from recsys.lake.run import Run
from recsys.sizing import Size, gib
from recsys.text import counted

STALE_HOURS = 36.0
"""Hours after which the published run is old: a night and half a day."""
SKEW = timedelta(minutes=2)
"""What clocks may differ by."""
PACED = 3
"""Newest runs whose pace tells how long the next one takes."""
FREE = 2**30
"""Free bytes on the lake's disk below which a run may not fit."""


def last_night(lake: Lake, batches: Sequence[Batch], *, stale_hours: float = STALE_HOURS) -> Iterator[Finding]:
    """Findings about the newest runs and what came since; ``batches`` are the lake's."""
    now, runs = datetime.now(UTC), lake.runs()
    yield _disk(lake, runs)
    yield _clock(lake, runs, now)
    yield from _newest(runs)
    yield from _age(lake, runs, now, stale_hours)
    if runs:
        yield _waiting(runs, batches)
        yield _rejects(runs, batches)


def _disk(lake: Lake, runs: Sequence[Run]) -> Finding:
    """A run is written whole before it takes its place, beside all others."""
    free = shutil.disk_usage(lake.root).free
    size = run_size(runs[0]) if runs else None
    needed = size.disk if size else 0
    words = f"{gib(free)} free" + (f"; {size.words}" if size else "")
    if free < needed:
        return Finding("disk", "bad", f"{words}: the next one does not fit; make room, e.g. with `recsys runs prune`")
    return Finding("disk", "good" if free > max(FREE, 2 * needed) else "note", words)


def run_size(run: Run) -> Size:
    """The counts of a run by its manifest, as another one of the same inputs would have them."""
    made = run.manifest
    rows = {table: sum(file.rows or 0 for file in made.files if file.table == table) for table in run.tables}
    return Size(
        events=sum(source.rows for source in made.inputs if source.table == "events"),
        ratings=rows.get("ratings", 0),
        listeners=rows.get("profiles", 0),
        tracks=rows.get("tracks", 0),
        candidates=rows.get("candidates", 0),
        rows=rows.get("rankings", 0),
    )


def expected_time(size: Size, runs: Sequence[Run]) -> str:
    """How long a run of the size takes: at the pace of the slowest of the newest runs, for one that went on from a stopped one
    seems fast; where there is none, its processor time."""
    seconds, pace = size.work, "of processor time"
    if paces := [(_pace(run), run.id) for run in runs[:PACED]]:
        slowest, run = max(paces)
        seconds, pace = size.work * slowest, f"at the pace of run {run}"
    return f"{_span(max(timedelta(seconds=seconds), timedelta(minutes=1)))} {pace}"


def _pace(run: Run) -> float:
    """Seconds on the clock for each second of its work."""
    return sum(run.manifest.seconds.values()) / run_size(run).work


def _clock(lake: Lake, runs: Sequence[Run], now: datetime) -> Finding:
    moments = [run.manifest.created_at for run in runs] + [entry.at for entry in lake.publications()]
    ahead = max(moments, default=now) - now
    if ahead > SKEW:
        words = (
            f"it is {now:%Y-%m-%d %H:%M} UTC here, {_span(ahead)} before the newest run was made; set the clock of this machine"
        )
        return Finding("clock", "bad", words)
    return Finding("clock", "good", f"{now:%Y-%m-%d %H:%M} UTC")


def _newest(runs: Sequence[Run]) -> Iterator[Finding]:
    if runs and runs[0].manifest.status == "failed":
        newest = runs[0].id
        words = f"{newest} failed its checks and was not published; see `recsys runs show {newest}`"
        yield Finding("newest run", "bad", words)


def _age(lake: Lake, runs: Sequence[Run], now: datetime, stale_hours: float) -> Iterator[Finding]:
    current = lake.pointer().run
    if not current:
        return
    log = [entry.at for entry in lake.publications()[:1]]
    age = now - max([*log, *(run.manifest.created_at for run in runs if run.id == current)], default=now)
    if age > timedelta(hours=stale_hours):
        words = f"no new run for {_span(age)} (more than {stale_hours:g} hours); run `recsys run`, and look why the night did not"
        yield Finding("age", "bad", words)
    else:
        yield Finding("age", "good", f"published {_span(max(age, timedelta()))} ago")


def _waiting(runs: Sequence[Run], batches: Sequence[Batch]) -> Finding:
    used = {source for run in runs for source in run.manifest.inputs}
    waiting = [batch for batch in batches if batch.as_source not in used]
    if not waiting:
        return Finding("new inputs", "good", "none: every batch is in a run")
    rows = sum(batch.kept for batch in waiting)
    return Finding(
        "new inputs",
        "note",
        f"{counted(len(waiting), 'batch', 'batches')}, {counted(rows, 'row')}, in no run yet; `recsys run` takes them in",
    )


def _rejects(runs: Sequence[Run], batches: Sequence[Batch]) -> Finding:
    """Of batches that came since the run before the newest one: those of the last night, and those after it."""
    before = {(source.table, source.ordinal) for run in runs[1:2] for source in run.manifest.inputs}
    since = [batch for batch in batches if (batch.table, batch.ordinal) not in before and batch.rejected]
    if not since:
        return Finding("new rejects", "good", "none since the run before")
    rows = sum(batch.rejected for batch in since)
    words = f'{counted(rows, "row")} of {counted(len(since), "file")} since the run before; see  recsys sql "from rejects"'
    return Finding("new rejects", "note", words)


def _span(time: timedelta) -> str:
    hours = time.total_seconds() / 3600
    if hours < 1:
        return counted(round(hours * 60), "minute")
    return counted(round(hours), "hour") if hours < 72 else counted(round(hours / 24), "day")
