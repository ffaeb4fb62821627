"""The order of forgetting: answers, batches, runs, then the note. What is cut short is finished by the same command."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import polars as pl

from recsys.errors import LakeError, NotFoundError
from recsys.lake import Batch, Lake, Plan, Run, Staged
from recsys.lake.rewriting import begun, ended, note, remove_superseded, replace_runs, rewrite_batch
from recsys.lookup import writer
from recsys.lookup.names import FOLDER
from recsys.providers.cache import Cache
from recsys.readers import views
from recsys.stages import suites

MARK = "+forgotten"
"""Ends the code version of a run that was rewritten: no code makes it from its inputs."""
_DERIVED = (views.VIEWS_FILE, f"{FOLDER}/", f"{suites.FOLDER}/")
"""Files and folders made from the tables, whose columns tell whom they hold, and from words of recsys that may be an id too."""


class Subject(Protocol):
    """Who or what is forgotten."""

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    def within(self, lake: Lake, /) -> Subject: ...
    def batch(self, batch: Batch) -> tuple[pl.DataFrame, pl.DataFrame, str] | None: ...
    def run(self, table: str, rows: pl.DataFrame) -> pl.DataFrame: ...
    def holds(self, content: bytes, /) -> bool: ...
    def answers(self, cache: Cache) -> int: ...


@dataclass(frozen=True)
class Forgotten:
    """Input rows and stored answers that went, batches and runs that were rewritten, damaged runs that were removed."""

    rows: int
    answers: int
    batches: int
    runs: tuple[str, ...]
    removed: tuple[str, ...]


def forget(lake: Lake, subject: Subject) -> Forgotten:
    """Take the subject out of the lake: stored answers, inputs and rejects, and every run.

    A batch is rewritten under its number. A run is rewritten without the rows, as a run of its own that says so in its code
    version; everybody else's lists stay as they were made, and the next run is made without the subject's votes. ``CURRENT``
    follows in one step. A run that is damaged cannot be rewritten and is removed. Raises :class:`NotFoundError` when there is
    nothing to forget, and :class:`LakeError` when there is no lake: nobody shall take a wrong folder's word for it.
    """
    lake.require()
    with lake.writer():
        unfinished = begun(lake)
        answers = subject.answers(Cache(lake.root / "cache"))
        remove_superseded(lake)
        lake.clear_unfinished()  # a run that was stopped may hold the subject
        subject = subject.within(lake)
        rows, batches = _rewrite_batches(lake, subject)
        damaged = sorted({*lake.run_ids()} - {run.id for run in lake.runs()} | {run.id for run in lake.runs() if run.damage()})
        if lake.pointer().run in damaged:
            raise LakeError(f"run {lake.pointer().run} is published and damaged; publish another one first: recsys runs rollback")
        lake.remove_runs(damaged)
        rewritten = _rewrite_runs(lake, subject)
        lake.home.leftovers(timedelta())  # uploads that were cut short may hold the subject
        if not (answers or batches or rewritten or unfinished):
            ended(lake)
            raise NotFoundError(f"lake {lake.home.name} holds nothing of this {subject.kind}")
        done = Forgotten(rows, answers, batches, tuple(run.id for run in rewritten.values()), tuple(damaged))
        note(lake, what=subject.kind, rows=rows, answers=answers, batches=batches, runs=len(rewritten))
        ended(lake)
        return done


def _rewrite_runs(lake: Lake, subject: Subject) -> dict[str, Run]:
    """Every run without the subject, by the id that it had: also those that other machines made of a bucket meanwhile."""
    rewritten: dict[str, Run] = {}
    seen: set[str] = set()
    while new := [run for run in reversed(lake.runs()) if run.id not in seen]:
        seen |= {run.id for run in new}
        replaced = {run.id: _rewritten(lake, run, subject) for run in new if _affected(lake, run, subject)}
        replace_runs(lake, replaced)
        rewritten |= replaced
        seen |= {run.id for run in replaced.values()}
        lake.home.sync()
    return rewritten


def preview(lake: Lake, subject: Subject) -> Forgotten:
    """What :func:`forget` would do now, with nothing changed; stored answers are not counted.

    Raises :class:`NotFoundError` when no batch and no run holds the subject.
    """
    lake.require()
    subject = subject.within(lake)
    changes = [(batch, change) for batch in lake.batches() if (change := subject.batch(batch)) is not None]
    rows = sum(_gone(batch, *change[:2]) for batch, change in changes)
    renewed = [batch for batch, (kept, _, source) in changes if (kept.height, source) != (batch.kept, batch.source)]
    sources = {batch.as_source for batch in renewed}  # what a run's manifest says of them
    runs = [run for run in reversed(lake.runs()) if not run.damage()]
    held = tuple(run.id for run in runs if sources & {*run.manifest.inputs} or _affected(lake, run, subject))
    damaged = tuple(sorted({*lake.run_ids()} - {run.id for run in runs}))
    if not (changes or held):
        raise NotFoundError(
            f"lake {lake.home.name} holds nothing of this {subject.kind} in its inputs or runs; stored answers were not counted"
        )
    return Forgotten(rows, 0, len(changes), held, damaged)


def _gone(batch: Batch, kept: pl.DataFrame, rejects: pl.DataFrame) -> int:
    """Rows that a batch loses."""
    return batch.rows_read - sum(batch.unlisted.values()) - kept.height - rejects.height


def _rewrite_batches(lake: Lake, subject: Subject) -> tuple[int, int]:
    """Rows that went, and batches that were rewritten."""
    rows = changed = 0
    for batch in lake.batches():
        if (rewritten := subject.batch(batch)) is not None:
            kept, rejects, source = rewritten
            rows += _gone(batch, kept, rejects)
            changed += 1
            rewrite_batch(lake, batch, kept, rejects, source)
    return rows, changed


def _affected(lake: Lake, run: Run, subject: Subject) -> bool:
    """Whether a run holds the subject, or was made from a batch that was rewritten since."""
    now = {batch.as_source for batch in lake.batches()}
    if not now.issuperset(run.manifest.inputs):
        return True
    others = [file.path for file in run.manifest.files if not file.table and not file.path.startswith(_DERIVED)]
    return any(subject.holds(run.read_file(other)) for other in others) or any(
        not (rows := run.read(table)).equals(subject.run(table, rows)) for table in run.tables
    )


def _rewritten(lake: Lake, run: Run, subject: Subject) -> Run:
    """The run without the subject; the one that a try before this made, if there is one."""
    made = run.manifest
    current = {(batch.table, batch.ordinal): batch for batch in lake.batches()}
    batches = tuple(batch for source in made.inputs if (batch := current.get((source.table, source.ordinal))))
    plan = Plan(batches, made.settings, made.as_of, made.code + MARK, made.earlier)
    if lake.has_run(plan.run_id):
        return lake.run(plan.run_id)
    with lake.stage(plan) as staged:
        for table in run.tables:
            for number, part in enumerate(run.parts(table)):
                staged.write(table, subject.run(table, run.read_part(part)), number)
        _write_others(run, staged, subject)
        return lake.commit(staged, status=made.status, seconds=made.seconds, metrics=made.metrics)


def _write_others(run: Run, staged: Staged, subject: Subject) -> None:
    """Lookup files and views anew, suites as they are; so is any other file, unless it names the subject."""
    others = {file.path for file in run.manifest.files if not file.table}
    looked_up = {path for path in others if path.startswith(f"{FOLDER}/")}
    if views.VIEWS_FILE in others:
        staged.write_file(views.VIEWS_FILE, views.staged_views(staged).encode())
    if looked_up:
        writer.write(staged)
    for other in sorted(others - looked_up - {views.VIEWS_FILE}):
        content = run.read_file(other)
        if other.startswith(_DERIVED) or not subject.holds(content):
            staged.write_file(other, content)
