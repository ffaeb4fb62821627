"""The steps of the nightly batch: each wraps what ``recsys`` computes for its stage, and writes its tables."""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import partial
from logging import ERROR, WARNING
from os import cpu_count
from pathlib import Path
from shutil import disk_usage
from time import perf_counter

import polars as pl
from duckdb import CaseExpression, ColumnExpression, ConstantExpression, FunctionExpression

from flows import cluster, documents, fits, parts
from flows.parts import Job, Part, write_requested
from flows.report import TAKEN, RunReport, Untaken
from flows.stages import (
    ATTEMPTS,
    PROGRESS,
    RUN,
    SECONDS,
    ShardTimes,
    count,
    log_stage,
    logger,
    one_behind,
    recorded,
    retried,
    stage,
)
from recsys import models, pipeline
from recsys.errors import LakeError
from recsys.evaluation.quality import judge_run
from recsys.ingest import FilesRefusedError, Report
from recsys.ingest.inbox import ingest_inbox
from recsys.inputs import Inputs, Snapshot
from recsys.lake import Lake, Plan, Run, Staged, cooldown, reports, resume
from recsys.lake import quality as judgements
from recsys.lake.freshness import expected_time
from recsys.lake.home import STAGING
from recsys.lake.records import File, Status
from recsys.lookup import writer
from recsys.mapped import MappedFolder
from recsys.matrices.catalog import Catalog
from recsys.matrices.history import History
from recsys.memory import machine_bytes, release, return_arrays
from recsys.models import Rows, TableRows
from recsys.readers import own_checks, views
from recsys.settings import Settings
from recsys.sizing import gib
from recsys.stages.candidates.scoring import Scorer
from recsys.stages.checks import CHECKED, FITTED, broken_rule, check_tables, drift, foreseen, measure_tables, moments, passed
from recsys.stages.events import inputs_size
from recsys.stages.neighbors.stored import model_tables
from recsys.stages.profiles import profile_listeners
from recsys.stages.ratings import rate_part
from recsys.stages.snapshot import take_snapshot
from recsys.stages.suites import FOLDER as SUITES
from recsys.stages.suites import suites
from recsys.tables import QUALITY

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)

LISTED = ("neighbors", "candidates", "rankings")
"""Stages that take turns, part by part."""


@stage(attempts=ATTEMPTS)
def ingest(lake: Lake, inbox: Path, settings: Settings) -> Untaken:
    """Take in the new files of a folder; those that were taken in before change nothing.

    What was refused, and how many rows were rejected, is returned: a file that one listener dropped there must not cost the
    others their lists.
    """
    try:
        return Untaken(rejected=_counted(ingest_inbox(lake, inbox, modes=settings.named_modes, progress=PROGRESS.get())))
    except FilesRefusedError as error:
        refused = tuple(f"warn: inbox: {line}" for line in str(error).splitlines())
        return Untaken(refused, len(error.refused), _counted(error.reports))


def _counted(reports: Sequence[Report]) -> tuple[str, ...]:
    """Counts rows of files that are new, and says how many of them were rejected."""
    new = [report for report in reports if not report.already]
    read, kept = sum(report.rows_read for report in new), sum(report.kept for report in new)
    count(read, kept)
    causes = sum((Counter(report.causes) for report in new), Counter[str]())
    if not causes:
        return ()
    named = ", ".join(f"{code} {number:,}" for code, number in causes.most_common())
    return (f'warn: inbox: rows rejected: {read - kept:,} of {read:,} ({named}); see  recsys sql "from rejects"',)


@stage("snapshot", attempts=ATTEMPTS, logged=False)
def read(lake: Lake, settings: Settings, as_of: datetime | None) -> tuple[Inputs, Plan]:
    """The inputs as they are now, and the plan of their run."""
    return_arrays()
    if settings.cluster:
        cluster.require_cluster(settings.cluster)  # before anything is computed
    batches = lake.batches()
    inputs = lake.stored_inputs(batches)
    moment = as_of or default_as_of(inputs.event_rows, datetime.now(UTC))
    plan = lake.plan(settings, moment, batches)
    RUN.get()[:] = [plan.run_id]
    return replace(inputs, shown=cooldown.shown(lake, plan.earlier)), plan


def resumed(staged: Staged) -> None:
    """Say what a run of the same plan that was stopped had finished, if there was one: it is whole, and stays."""
    files = sum(file.table is not None for file in staged.finished.values())
    if not files:
        return
    logger().info(
        "run=%s resumed: %d files of tables that a stopped run had finished are whole and kept", staged.plan.run_id, files
    )
    if report := PROGRESS.get():
        report(f"resumed, {files:,} files kept", files, files)


def default_as_of(events: Rows, now: datetime) -> datetime:
    """The start of today, or the newest event up to ``now`` when that is later: new events count, and a repeat is a no-op."""
    today = datetime.combine(now.date(), time(), UTC)
    moment = FunctionExpression("epoch_us", ColumnExpression("occurred_at"))
    past = CaseExpression(moment <= ConstantExpression((now - _EPOCH) // _MICROSECOND), moment)
    (newest,) = models.aggregate(events, [FunctionExpression("max", past)])
    return today if newest is None else max(today, _EPOCH + newest * _MICROSECOND)


@stage("snapshot", logged=False)
def size(lake: Lake, inputs: Inputs, settings: Settings) -> None:
    """Say how much memory, disk and time the run will take. Raises :class:`RecsysError` when there is less of the first two."""
    needed = inputs_size(inputs, settings)
    memory, disk = machine_bytes(), disk_usage(lake.root).free + resume.unfinished_bytes(lake.root / STAGING)
    there = f"{gib(memory)} and {gib(disk)}"
    logger().info("size: %s, of %s; about %s", needed.words, there, expected_time(needed, lake.runs()))
    if not settings.oversize:
        needed.require(memory, disk)


@stage(attempts=ATTEMPTS)
def snapshot(staged: Staged, inputs: Inputs, settings: Settings) -> Snapshot:
    """Latest versions of everything."""
    resolved = take_snapshot(inputs, settings, staged.plan.as_of, staged.empty_workplace())
    _write(staged, {"tracks": resolved.tracks, "songs": resolved.songs, "controls": resolved.controls})
    numbers = dict(resolved.account.select("name", "value").iter_rows())
    count(inputs.tracks.height + int(numbers["events ingested"]), resolved.tracks.height + int(numbers["events used"]))
    return resolved


@stage()
def ratings(staged: Staged, snapshot: Snapshot, settings: Settings) -> Sequence[Path]:
    """What each listener's events say about each track, part by part: each is written, read back, and tried again alone.

    They stay in their files, which are returned.
    """
    for part, events in enumerate(snapshot.event_parts):
        if not staged.resume(["ratings"], part):
            retried(_rate)(staged, snapshot, events, settings, part)
    files = staged.files("ratings")
    count(*models.scan(files).select(pl.col("events").sum(), pl.len()).collect().row(0))
    return files


def _rate(staged: Staged, snapshot: Snapshot, events: TableRows, settings: Settings, part: int) -> None:
    staged.write("ratings", rate_part(snapshot, events, settings), part)


@stage(attempts=ATTEMPTS)
def profiles(staged: Staged, snapshot: Snapshot, rated: Sequence[Path], settings: Settings) -> tuple[Catalog, History]:
    """What each listener's history says about the listener; the catalogue and all histories as arrays, for what follows."""
    catalog, history = pipeline.arrange(snapshot, rated, settings, MappedFolder(staged.workplace / "history").place)
    if not staged.resume(["profiles"], 0):
        _write(staged, {"profiles": profile_listeners(snapshot, rated, catalog, history, settings)})
    count(history.rating.nnz, len(history.users))
    return catalog, history


@stage()
def neighbors(
    staged: Staged, snapshot: Snapshot, catalog: Catalog, history: History, settings: Settings,
    workers: cluster.Workers | None = None,
) -> Scorer:  # fmt: skip
    """The model of similar listeners, fitted to all histories; who is near whom follows part by part, below."""
    threads = settings.threads or cpu_count() or 1
    runners = fits.runners_elsewhere(staged, workers) if workers else fits.runners(staged, threads)
    scorer = pipeline.fit(snapshot, catalog, history, settings, runners)
    model = model_tables(scorer.similar, catalog.ids)
    retried(_write)(staged, model)
    count(history.rating.nnz, sum(table.height for table in model.values()))
    return scorer


@stage("neighbors, candidates, rankings", shown=False)
def lists(staged: Staged, scorer: Scorer, ranges: Sequence[tuple[int, int]]) -> None:
    """Neighbours, candidates and rankings, shard of listeners by shard; the three share its time. One is written while the next
    is computed."""
    todo = _unfinished(staged, ranges, len(scorer.history.users))
    shares = ShardTimes()
    computed = pipeline.shards(scorer, [(part.first, part.last) for part in todo], PROGRESS.get(), shares)
    with one_behind() as behind:
        for part in todo:
            started = perf_counter()
            tables = next(computed)._asdict()
            release()
            behind(partial(retried(_write), staged, tables, part.number))
            for name, seconds in shares.lap(perf_counter() - started).items():
                SECONDS.get()[name] += seconds
                rows = {"part": part.number, "rows_in": part.last - part.first, "rows_out": tables[name].height}
                log_stage(name, seconds, rows)
            del tables  # not in memory while the next is computed, once it is written


@stage("neighbors, candidates, rankings", shown=False)
def lists_elsewhere(
    staged: Staged, snapshot: Snapshot, ranges: Sequence[tuple[int, int]], settings: Settings, workers: cluster.Workers
) -> None:
    """The same, and the lookup's files of the lists, by the workers of a cluster; the stages share the wall time by theirs."""
    started, listeners, spent = perf_counter(), len(snapshot.users), dict.fromkeys((*LISTED, parts.LOOKUP), 0.0)
    todo = _unfinished(staged, ranges, listeners)

    def done(number: int, answer: tuple[list[str], dict[str, float]]) -> None:
        part, (lines, seconds) = todo[number], answer
        records = [File.model_validate_json(line) for line in lines]
        staged.adopt(records)
        rows = {record.table: record.rows or 0 for record in records}
        spent[parts.LOOKUP] += seconds[parts.LOOKUP]
        for name in LISTED:
            spent[name] += seconds[name]
            log_stage(name, seconds[name], {"part": part.number, "rows_in": part.last - part.first, "rows_out": rows[name]})
            if report := PROGRESS.get():
                report(name, max(1, listeners * len(staged.files(name)) // len(ranges)), listeners)

    requested = write_requested(snapshot.lists, staged.workplace)
    job = Job(str(staged.path), str(requested), settings.model_dump_json(), staged.plan.as_of.isoformat())
    workers.map([cluster.Call(f"part {part.number} of the lists", parts.make, (job, part)) for part in todo], done)
    whole = sum(spent.values()) or 1.0
    for name in spent:
        SECONDS.get()[name] += (perf_counter() - started) * spent[name] / whole


def _unfinished(staged: Staged, ranges: Sequence[tuple[int, int]], listeners: int) -> list[Part]:
    """The parts of lists that no stopped run had finished. The others take no time, but count as progress."""
    report, unfinished = PROGRESS.get(), list[Part]()
    for part in (Part(number, *bounds) for number, bounds in enumerate(ranges)):
        if not staged.resume(pipeline.Shard._fields, part.number):
            unfinished.append(part)
            continue
        logger().info("stage=neighbors, candidates, rankings part=%d finished before, not computed again", part.number)
        for name in LISTED:
            SECONDS.get()[name] += 0.0
            if report:
                report(name, part.last, listeners)
    return unfinished


def _write(staged: Staged, tables: Mapping[str, pl.DataFrame], part: int = 0) -> None:
    """Tables, or one part of them, into the staged run."""
    for name, frame in tables.items():
        staged.write(name, frame, part)


@stage()
def checks(staged: Staged, snapshot: Snapshot, settings: Settings) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the staged tables measure, and which rules they break; both are written beside them."""
    files = {name: staged.files(name) for name in (*CHECKED, *FITTED)}
    checked, measured = check_tables(files, settings, snapshot.account), measure_tables(files, snapshot.account)
    _write(staged, {"metrics": measured, "checks": checked})
    for name, suite in suites(checked).items():
        staged.write_file(f"{SUITES}/{name}.json", suite)
    count(sum(file.rows or 0 for file in staged.written.values()), checked.height)
    return checked, measured


@stage("publish", attempts=ATTEMPTS, logged=False)
def lookup(staged: Staged) -> None:
    """What readers open beside the tables: the files of the lookup, and the views of analysts."""
    writer.write(staged)
    staged.write_file(views.VIEWS_FILE, views.staged_views(staged).encode())


@stage("publish", attempts=ATTEMPTS, logged=False)
def commit(lake: Lake, staged: Staged, checked: pl.DataFrame, measured: pl.DataFrame, seconds: Mapping[str, float]) -> Run:
    """The staged run becomes a run of the lake."""
    status: Status = "passed" if passed(checked) else "failed"
    return lake.commit(staged, status=status, seconds=seconds, metrics=dict(measured.select("name", "value").iter_rows()))


@stage(attempts=ATTEMPTS)
def publish(lake: Lake, run: Run, *, already: bool, untaken: Untaken = TAKEN, accept: str | None = None) -> RunReport:
    """Readers get the run, unless a check failed; how far it is from the one they had is reported, after what is ``untaken``.

    ``accept``: why readers get it whatever failed.
    """
    judged = pl.concat([_drift(lake, run), _foreseen(lake, run), own_checks.judge(lake, run)])
    broken = pl.concat([run.read("checks"), judged]).filter(~pl.col("passed")).sort("severity", maintain_order=True)
    published = bool(accept) or (run.manifest.status == "passed" and passed(judged))
    if published:
        lake.publish(run.id, accept=accept)
    ranked = sum(file.rows or 0 for file in run.manifest.files if file.table == "rankings")
    count(ranked, ranked if published else 0)
    rules = [
        (f"{row['severity']}: {broken_rule(row['table'], row['rule'])} ({row['failures']:,}", row["example"])
        for row in broken.to_dicts()
    ]
    problems = (*untaken.problems, *(f"{rule}, for example {example})" for rule, example in rules))
    counts = (*untaken.counts, *(f"{rule})" for rule, _ in rules))
    for problem in counts if recorded() else problems:
        logger().log(WARNING if problem.startswith("warn") else ERROR, problem)
    logger().info("run=%s as_of=%s %s", run.id, run.manifest.as_of.isoformat(), "published" if published else "NOT published")
    return RunReport(run.id, run.manifest.as_of, run.path, already, published, dict(run.manifest.metrics), problems, counts)


@stage("checks", logged=False)
def quality(lake: Lake, snapshot: Snapshot) -> None:
    """The lists that readers have, judged by what came since. Whatever is wrong with that costs no night."""
    try:
        current = lake.current()
        if current is not None and current.manifest.as_of < snapshot.as_of and not current.damage():
            judgements.add(lake, judge_run(current, snapshot.event_parts, snapshot.as_of))
    except Exception:  # a figure must never cost a night
        logger().exception("the published lists could not be judged")


@stage("publish", logged=False)
def report(lake: Lake, run: Run, outcome: RunReport) -> RunReport:
    """The page about the run, beside it. Whatever is wrong with it, the lists are published: it is a warning then."""
    from recsys.report.making import page  # here, for nothing but a new run needs the library of charts

    try:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return replace(outcome, page=reports.write(lake, run, page(lake, run, peak)))
    except Exception as error:  # a page must never cost a night
        logger().exception("the report of run %s could not be made", run.id)
        return replace(outcome, problems=(*outcome.problems, f"warn: report: it could not be made: {error}; see recsys report"))


@stage("publish", logged=False)
def data_docs(lake: Lake, run: Run, settings: Settings, outcome: RunReport) -> RunReport:
    """The pages of Great Expectations beside the run: where they are wanted, or their seconds do not count against the run's.

    Whatever is wrong with them costs no night; that the library comes to another verdict than the table ``checks`` is said.
    """
    wanted = settings.data_docs if settings.data_docs != "auto" else sum(SECONDS.get().values()) > documents.WORTHWHILE
    if not wanted:
        return outcome
    try:
        reports.write_pages(lake, run, documents.pages(run.read("checks"), run.id, run.manifest.as_of))
    except Exception as error:  # pages must never cost a night
        logger().exception("the Data Docs of run %s could not be made", run.id)
        return replace(outcome, problems=(*outcome.problems, f"warn: data docs: they could not be made: {error}"))
    return outcome


def _foreseen(lake: Lake, run: Run) -> pl.DataFrame:
    """Whether the lists that readers have were worse than those before; nothing is known where the judgements cannot be read."""
    try:
        known = judgements.read(lake)
    except LakeError as error:
        logger().warning("the judgements of earlier lists cannot be read: %s", error)
        known = QUALITY.empty()
    return foreseen(known, lake.pointer().run, Settings.model_validate(run.manifest.settings))


def _drift(lake: Lake, run: Run) -> pl.DataFrame:
    """Rules about the published run and this one's moment; fewer when there is no other one that can be read."""
    before = next((each for each in lake.runs() if each.id == lake.pointer().run != run.id and not each.damage()), None)
    published = before.manifest.as_of if before else None
    return pl.concat([drift(run, before), moments(run.manifest.as_of, published, datetime.now(UTC))])
