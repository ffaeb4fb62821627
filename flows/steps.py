"""The steps of the nightly flow: each wraps one function of ``recsys``, and adds retries where it touches the disk."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from logging import ERROR, WARNING
from pathlib import Path

import polars as pl
from prefect.artifacts import create_table_artifact
from prefect.logging import get_run_logger

from flows import documents
from flows.report import RunReport
from flows.stages import PROGRESS, stage
from recsys import pipeline
from recsys.ingest import FilesRefusedError
from recsys.ingest.inbox import ingest_inbox
from recsys.inputs import Inputs
from recsys.lake import Lake, Plan, Run, Staged
from recsys.lake.records import Status
from recsys.lookup import writer
from recsys.readers import views
from recsys.settings import Settings
from recsys.stages import checks as checking
from recsys.stages import profiles as profiling
from recsys.stages import ratings as rating
from recsys.stages import snapshot as taking
from recsys.stages.candidates.scoring import Scorer
from recsys.stages.snapshot import Snapshot
from recsys.tables import CHECKS


@stage(retries=2)
def ingest(lake: Lake, inbox: Path) -> tuple[str, ...]:
    """Take in the new files of a folder; those that were taken in before change nothing.

    What was refused is returned in words: a file that one listener dropped there must not cost the others their lists.
    """
    try:
        ingest_inbox(lake, inbox, progress=PROGRESS.get())
    except FilesRefusedError as error:
        return tuple(f"warn: inbox: {line}" for line in str(error).splitlines())
    return ()


@stage(retries=2)
def read(lake: Lake, settings: Settings, as_of: datetime | None) -> tuple[Inputs, Plan]:
    """The inputs as they are now, and the plan of their run."""
    batches = lake.batches()
    inputs = lake.inputs(batches)
    moment = as_of or default_as_of(inputs.events, datetime.now(UTC))
    return inputs, lake.plan(settings, moment, batches)


def default_as_of(events: pl.DataFrame, now: datetime) -> datetime:
    """The start of today, or the newest event up to ``now`` when that is later: new events count, and a repeat is a no-op."""
    today = datetime.combine(now.date(), time(), UTC)
    newest = events.filter(pl.col("occurred_at") <= now)["occurred_at"].max()
    return max(today, newest) if isinstance(newest, datetime) else today


@stage()
def snapshot(inputs: Inputs, settings: Settings, as_of: datetime) -> Snapshot:
    """Latest versions of everything."""
    return taking.take_snapshot(inputs, settings, as_of)


@stage()
def ratings(taken: Snapshot, settings: Settings) -> pl.DataFrame:
    """What each listener's events say about each track."""
    return rating.rate(taken, settings)


@stage()
def prepare(taken: Snapshot, rated: pl.DataFrame, settings: Settings) -> Scorer:
    """Frames to arrays."""
    return pipeline.prepare(taken, rated, settings)


@stage()
def profiles(taken: Snapshot, rated: pl.DataFrame, scorer: Scorer) -> pl.DataFrame:
    """What each listener's history says about the listener."""
    return profiling.profile_listeners(taken, rated, scorer)


@stage(shown=False)
def shard(scorer: Scorer, first: int, last: int) -> pipeline.Shard:
    """Neighbours, candidates and rankings of one shard of listeners."""
    return pipeline.shard(scorer, first, last, PROGRESS.get())


@stage(retries=2, shown=False)
def write(staged: Staged, tables: Mapping[str, pl.DataFrame], part: int = 0) -> None:
    """Tables, or one part of them, into the staged run."""
    for name, frame in tables.items():
        staged.write(name, frame, part)


@stage()
def checks(staged: Staged, settings: Settings) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the staged tables measure, and which rules they break; both are written beside them."""
    files = {name: staged.files(name) for name in checking.CHECKED}
    checked, measured = checking.check_tables(files, settings), checking.measure_tables(files)
    staged.write("metrics", measured)
    staged.write("checks", checked)
    if settings.data_docs:
        for name, page in documents.pages(checked, staged.plan.run_id, staged.plan.as_of).items():
            staged.write_file(f"docs/{name}", page)
    return checked, measured


@stage(retries=2)
def lookup(staged: Staged) -> None:
    """What readers open beside the tables: the files of the lookup, and the views of analysts."""
    writer.write(staged)
    staged.write_file(views.NAME, views.staged_views(staged).encode())


@stage(retries=2)
def commit(lake: Lake, staged: Staged, checked: pl.DataFrame, measured: pl.DataFrame, seconds: Mapping[str, float]) -> Run:
    """The staged run becomes a run of the lake."""
    status: Status = "passed" if checking.passed(checked) else "failed"
    return lake.commit(staged, status=status, seconds=seconds, metrics=dict(measured.select("name", "value").iter_rows()))


@stage(retries=2)
def publish(lake: Lake, run: Run, *, already: bool, noted: tuple[str, ...] = ()) -> RunReport:
    """Readers get the run, unless a check failed; how far it is from the one they had is reported, after what was ``noted``."""
    broken = pl.concat([run.read("checks"), _drift(lake, run)]).filter(~pl.col("passed"))
    published = run.manifest.status == "passed"
    if published:
        lake.publish(run.id)
    numbers = dict(run.manifest.metrics)
    outcome = "published" if published else "NOT published"
    problems = [
        *noted,
        *(
            f"{row['severity']}: {row['table']}: {row['rule']} ({row['failures']:,}, for example {row['example']})"
            for row in broken.to_dicts()
        ),
    ]
    for problem in problems:
        get_run_logger().log(WARNING if problem.startswith("warn") else ERROR, problem)
    create_table_artifact(
        [
            *({"what": problem, "number": "broken"} for problem in problems),
            *({"what": name, "number": f"{value:,.10g}"} for name, value in numbers.items()),
        ],
        key="nightly",
        description=f"run {run.id} as of {run.manifest.as_of:%Y-%m-%d %H:%M} UTC, {outcome}",
    )
    return RunReport(run.id, run.manifest.as_of, run.path, already, published, numbers, tuple(problems))


def _drift(lake: Lake, run: Run) -> pl.DataFrame:
    """Warnings about the difference from the published run; none when there is no other one that can be read."""
    before = next((found for found in lake.runs() if found.id == lake.pointer().run != run.id and not found.damage()), None)
    if before is None or not {*checking.CHECKED} <= {*before.tables}:
        return CHECKS.empty()
    old, new = ({name: found.files(name) for name in checking.CHECKED} for found in (before, run))
    return checking.compare(old, new, Settings.model_validate(run.manifest.settings))
