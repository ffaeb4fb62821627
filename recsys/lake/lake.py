"""The lake: what is where in its folder, and who may write. Providers keep `cache/`; the lookup opens runs by `CURRENT` itself.

    inputs/<table>/<ordinal>[.<revision>]/        one batch: <digest>.parquet, rejects/, receipt.json
    cache/                                        provider answers
    .staging/                                     work in progress; emptied by the next writer
    runs/<run>/manifest.json + tables + files     one run, never changed afterwards
    FORGOTTEN                                     one line per listener or provider that was forgotten, without the name
    FORGETTING                                    empty; there while that is under way, or was cut short
    CURRENT                                       the published run: its id and the SHA-256 of its manifest, and the log

Readers take no lock: they read ``CURRENT`` once and then only files that the manifest lists. Writers hold ``.lock``.
A batch, a run and the pointer each come into being by one rename; before it, nothing of them can be seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from recsys.errors import CheckError, LakeError, NotFoundError
from recsys.inputs import InputFiles, Inputs
from recsys.lake import batches as _batches
from recsys.lake import cooldown, files, resume
from recsys.lake import pointer as _pointer
from recsys.lake import stamps as _stamps
from recsys.lake.batches import Batch, Rejects
from recsys.lake.home import STAGING, OvertakenError, home_of
from recsys.lake.plan import Plan
from recsys.lake.pointer import CURRENT, Pointer, Publication
from recsys.lake.records import MANIFEST, Status
from recsys.lake.run import Run
from recsys.lake.spool import Spool
from recsys.lake.staged import Staged
from recsys.lake.stamps import Stamps
from recsys.lake.writer import Writer
from recsys.tables import INPUTS, REJECTS, TABLES

if TYPE_CHECKING:
    from recsys.settings import Settings

AHEAD = timedelta(days=1)
"""A run that was made this long after now was made by a clock that is wrong."""
FRESH = 1.0
"""Seconds for which what was learnt of a bucket counts as what it is now; whoever changes it is refused by the bucket itself."""
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Lake:
    """A lake in the folder ``root``, or in a bucket (``s3://bucket/prefix``); nothing is created before the first write.

    ``wait``: seconds a writer waits for another one. Every method raises :class:`LakeError` when the lake is missing (on
    reading runs), damaged, locked or not writable.
    """

    def __init__(self, root: str | Path, *, wait: float = 0) -> None:
        self.home = home_of(root)
        self._writer = Writer(self.home.root, wait, lambda: self.home.sync(FRESH))
        self._digests: dict[Path, str | None] = {}
        self._staged: set[str] = set()
        self._looked = False

    @property
    def root(self) -> Path:
        """Its folder on this machine; that of a bucket is brought up to date before it is first looked at."""
        if not self._looked:
            self.home.sync()
            self._looked = True
        return self.home.root

    def writer(self) -> AbstractContextManager[None]:
        """Hold the lock for a block of writes: without it, every write takes the lock for itself. Blocks may nest."""
        return self._writer.hold()

    # Inputs

    def add_batch(
        self,
        table: str,
        kept: pl.DataFrame | Spool,
        *,
        rejects: pl.DataFrame | Rejects,
        source: str,
        digest: str,
        rows_read: int,
        account: Mapping[str, int] | None = None,
    ) -> Batch | None:
        """Store one source file's rows and rejects in one step; none when ``digest`` is already in ``table``.

        ``digest`` is the SHA-256 of the source's bytes in hexadecimal; ``account`` goes into the receipt.
        Raises :class:`InputError` when a frame does not fit its contract, :class:`LakeError` when rows are unaccounted for.
        """
        if table not in INPUTS or not _DIGEST.fullmatch(digest):
            raise LakeError(f"batch {digest!r} of {table!r}: a SHA-256 and one of {', '.join(INPUTS)} are needed")
        refused = rejects if isinstance(rejects, Rejects) else Rejects(rejects)
        kept = kept if isinstance(kept, Spool) else TABLES[table].conform(kept)
        refused = refused._replace(rows=REJECTS.conform(refused.rows))
        if rows_read != kept.height + refused.total:
            counts = f"{rows_read} rows read, but {kept.height} kept and {refused.total} rejected"
            raise LakeError(f"{source}: {counts}; nothing was ingested")
        with self._writer.alone():
            if self.has_batch(table, digest):
                return None
            home = self.root / "inputs" / table
            staged = self._staging / f"{table}-{digest}"
            _batches.write_batch(staged, table, kept, refused, source, digest, account)
            files.make_folder(home)
            self._writer.require()
            while True:
                ordinal = max((ordinal for ordinal, _ in _batches.folders(home)), default=0) + 1
                if self.home.place(staged, home / f"{ordinal:06d}", "batch"):
                    return _batches.open_batch(table, ordinal, home / f"{ordinal:06d}", self.home)
                if self.has_batch(table, digest):  # another machine ingested the same file meanwhile
                    return None

    def has_batch(self, table: str, digest: str) -> bool:
        """Whether a source of this digest was ingested into the table."""
        return self.batch(table, digest) is not None

    def batch(self, table: str, digest: str) -> Batch | None:
        """The batch of a source by its digest; none when there is none. Each folder is looked into once."""
        for ordinal, folder in self._folders(table):
            if folder not in self._digests:
                self._digests[folder] = self._digest(table, ordinal, folder)
            if self._digests[folder] == digest:
                return _batches.open_batch(table, ordinal, folder, self.home)
        return None

    def _digest(self, table: str, ordinal: int, folder: Path) -> str | None:
        if self.home.shared:  # its file may not be here yet
            return _batches.open_batch(table, ordinal, folder).digest
        return _batches.digest_of(folder)

    def stamps(self) -> AbstractContextManager[Stamps]:
        """What is known of files that were read before."""
        return _stamps.stamps(self.root)

    def batches(self, table: str | None = None) -> list[Batch]:
        """Batches of one table, or of all, in ingest order. None in a lake that does not exist yet."""
        tables = INPUTS if table is None else (table,)
        return [
            _batches.open_batch(name, ordinal, folder, self.home) for name in tables for ordinal, folder in self._folders(name)
        ]

    def input(self, table: str, batches: Iterable[Batch] | None = None) -> pl.DataFrame:
        """All rows of one input table with the ``batch`` column, in ingest order. Empty in a lake that does not exist yet."""
        chosen = self.batches(table) if batches is None else [batch for batch in batches if batch.table == table]
        empty = TABLES[table].empty().with_columns(pl.lit(0, pl.Int32).alias("batch"))
        return pl.concat([empty, *(batch.read() for batch in chosen)])

    def inputs(self, batches: Iterable[Batch] | None = None) -> Inputs:
        """The four input tables, of all batches or of those given."""
        self.require()
        chosen = self.batches() if batches is None else list(batches)
        tracks, events, controls, requests = (self.input(table, chosen) for table in INPUTS)
        return Inputs(tracks, events, controls, requests)

    def stored_inputs(self, batches: Sequence[Batch]) -> Inputs:
        """The same with the events left in their files, of which every byte is compared with its SHA-256."""
        events = InputFiles(TABLES["events"], tuple(batch.file() for batch in batches if batch.table == "events"))
        tracks, controls, requests = (self.input(table, batches) for table in ("tracks", "controls", "requests"))
        return Inputs(tracks=tracks, controls=controls, requests=requests, event_files=events)

    def rejects(self) -> pl.DataFrame:
        """Every rejected row, by table and ingest order."""
        self.require()
        return pl.concat([REJECTS.empty(), *(batch.read_rejects() for batch in self.batches())])

    # Runs

    def plan(self, settings: Settings, as_of: datetime, batches: Iterable[Batch] | None = None) -> Plan:
        """What a run of ``batches`` (none = all so far) would be made from; its ``run_id`` tells whether that run exists."""
        self.require()
        chosen = self.batches() if batches is None else batches
        return Plan.of(chosen, settings, as_of, cooldown.earlier_runs(self, as_of, settings.cooldown_runs))

    @contextmanager
    def stage(self, plan: Plan) -> Iterator[Staged]:
        """A folder to write a run into, under the lock. What is not committed when the block ends is removed.

        After a kill or an interrupt finished tables stay, for the next run of the same plan; one of another plan removes them.
        Raises :class:`LakeError` when a batch of the plan is not in the lake any more.
        """
        with self._writer.hold():
            self._require_batches(plan)
            if plan.run_id in self._staged:
                raise LakeError(f"run {plan.run_id} is already being made by this process; wait for it")
            self.clear_unfinished(but=plan.run_id)
            self._staged.add(plan.run_id)
            try:
                with resume.reopened(self._staging / plan.run_id, plan) as finished:
                    yield Staged(plan, self._staging / plan.run_id, finished)
            finally:
                self._staged.discard(plan.run_id)
                Staged(plan, self._staging / plan.run_id).clear_workplace()

    def clear_unfinished(self, but: str = "") -> None:
        """Remove what stopped runs had finished, except that of the run ``but`` and of those that are being made."""
        with self._writer.hold():
            resume.sweep_unfinished(self._staging, {but, *self._staged})

    def commit(self, staged: Staged, *, status: Status, seconds: Mapping[str, float], metrics: Mapping[str, float]) -> Run:
        """Make the staged run a run of the lake; one that exists and is whole is left as it is and returned.

        Raises :class:`LakeError` when a batch it was made from was rewritten or removed since: it may hold somebody who was
        forgotten.
        """
        run_id, target = staged.plan.run_id, self.root / "runs" / staged.plan.run_id
        if self.has_run(run_id):
            return self.run(run_id)
        staged.seal(status, seconds, metrics)
        files.make_folder(target.parent)
        self._require_batches(staged.plan)
        self._writer.require()
        if target.exists():
            files.move(target, self._staging / f"{run_id}.damaged", "aside")
        if self.home.place(staged.path, target, "run"):
            self._confirm(staged.plan)
        return self.run(run_id)

    def _confirm(self, plan: Plan) -> None:
        """In a bucket nobody was kept out: a run whose batches were rewritten before its manifest was there is taken away."""
        try:
            if self.home.shared:
                self._require_batches(plan)
        except LakeError:
            self.remove_runs([plan.run_id])
            raise

    def publish(self, run_id: str, *, accept: str | None = None) -> Run:
        """Make a run the current one. Raises :class:`CheckError` when one of its checks failed and nobody accepts that.

        ``accept``: why a run that failed its checks is published all the same; it is kept in ``CURRENT``.
        """
        with self._writer.alone(), self.home.exclusive():
            run = self.run(run_id)
            if problems := run.damage():
                raise LakeError(f"run {run_id} is damaged and was not published: {problems[0]}")
            if run.manifest.status == "passed":
                accept = None
            elif accept is None:
                raise CheckError(
                    f"run {run_id} failed its checks and was not published; see `recsys runs show {run_id}`; to publish it all "
                    f'the same:  recsys publish {run_id} --accept "why"'
                )
            publication = Publication(run=run.id, at=datetime.now(UTC), accepted=accept)
            self._point(self.pointer().publish(run.id, run.digest, publication), publication)
            return run

    def _point(self, pointer: Pointer, publication: Publication) -> None:
        try:
            self.point(pointer)
        except OvertakenError as error:
            now = self.pointer()
            if publication in now.log:  # this one was published, and another one after it
                return
            at = f" at {now.log[0].at:%Y-%m-%d %H:%M:%S} UTC" if now.log else ""
            raise LakeError(
                f"lake {self.home.name}: another writer was first and published run {now.run}{at}; run {publication.run} is "
                f"stored and was not published; to publish it all the same:  recsys publish {publication.run}"
            ) from error

    def publications(self) -> tuple[Publication, ...]:
        """Every publication, newest first. Empty when ``CURRENT`` is missing or damaged."""
        return self.pointer().log

    def rollback(self) -> Run:
        """Publish the run that was published before the current one. Raises :class:`LakeError` when there is none left."""
        with self._writer.alone(), self.home.exclusive():
            pointer = self.pointer()
            ids = [entry.run for entry in pointer.log]
            before = pointer.log[len(ids) - ids[::-1].index(pointer.run) :] if pointer.run in ids else ()
            for entry in before:
                if self.has_run(entry.run):
                    return self.publish(entry.run, accept=entry.accepted)
        raise LakeError(f"lake {self.home.name}: no run was published before {pointer.run or 'now'}; try `recsys publish RUN`")

    def current(self) -> Run | None:
        """The published run; none when nothing was published yet.

        A damaged pointer is an error that names the run to publish. It does not fall back by itself: the newest run may be
        one that was rolled back.
        """
        self.home.sync(FRESH)
        self.require()
        while True:
            before = self.pointer()
            try:
                return self._pointed()
            except (LakeError, NotFoundError) as error:
                if self.pointer() == before:  # else another run was published, and the one that was read may be gone
                    raise LakeError(f"{error}; {self._advice()}") from error

    def _pointed(self) -> Run | None:
        pointer = _pointer.read(self._current)
        if pointer is None:
            return None
        run = self.run(pointer.run)
        if run.digest != pointer.digest:
            raise LakeError(f"{run.path / MANIFEST}: changed since it was published")
        return run

    def published(self) -> Run:
        """The published run. Raises :class:`LakeError` when there is none."""
        run = self.current()
        if run is None:
            raise LakeError(f"lake {self.home.name} has no published run; {self._advice()}")
        return run

    def run(self, run_id: str) -> Run:
        """The run of this id. Raises :class:`NotFoundError` when there is none."""
        self.require()
        if run_id not in self.run_ids():
            raise NotFoundError(f"lake {self.home.name} has no run {run_id!r}; see `recsys runs list`")
        return Run.open(self.root / "runs" / run_id, self.home)

    def has_run(self, run_id: str) -> bool:
        """Whether the run exists and is whole: every byte is read."""
        try:
            return not self.run(run_id).damage()
        except (LakeError, NotFoundError):
            return False

    def run_ids(self) -> list[str]:
        """Ids of all runs, damaged ones too, sorted."""
        return [path.name for path in files.children(self.root / "runs") if path.is_dir()]

    def runs(self) -> list[Run]:
        """Every run whose manifest can be read, newest first; :meth:`run` says what is wrong with another one.

        A run of a clock that was ahead comes last: it would be the newest for years.
        """
        self.require()
        opened = []
        for run_id in self.run_ids():
            try:
                opened.append(Run.open(self.root / "runs" / run_id, self.home))
            except LakeError:
                continue
        latest = datetime.now(UTC) + AHEAD
        return sorted(opened, key=lambda run: (run.manifest.created_at <= latest, run.manifest.created_at, run.id), reverse=True)

    def pointer(self) -> Pointer:
        """What ``CURRENT`` says; it points nowhere when it is missing or damaged."""
        try:
            return _pointer.read(self._current) or Pointer("", "")
        except LakeError:
            return Pointer("", "")

    def point(self, pointer: Pointer) -> None:
        """Replace ``CURRENT`` in one step; :meth:`publish` is the way to publish."""
        with self._writer.alone():
            self.home.put(self._current, pointer.dump(), self._writer.require)

    def remove_runs(self, run_ids: Iterable[str]) -> None:
        """Remove runs, each out of sight of readers in one step first."""
        with self._writer.alone():
            files.make_folder(self._staging)
            for run_id in run_ids:
                self._writer.require()
                self.home.discard(self.root / "runs" / run_id, f"{run_id}.removed")

    def scratch(self, name: str) -> Path:
        """Place in staging of what is of use only while a writer works. The next writer removes what was left there."""
        files.make_folder(self._staging)
        return self._staging / name

    @property
    def _staging(self) -> Path:
        return self.root / STAGING

    @property
    def _current(self) -> Path:
        return self.root / CURRENT

    def _folders(self, table: str) -> list[tuple[int, Path]]:
        return _batches.folders(self.root / "inputs" / table)

    def _require_batches(self, plan: Plan) -> None:
        """Every batch of the plan is in the lake as it was read: number, revision, digest, rows."""
        now = {(batch.path.name, batch.as_source) for batch in self.batches()}
        for batch in plan.batches:
            if (batch.path.name, batch.as_source) not in now:
                what = f"lake {self.home.name}: batch {batch.ordinal} of {batch.table} was rewritten or removed"
                raise LakeError(f"{what} after this run had read it; nothing was stored. Run the same command again")

    def require(self) -> None:
        """Raises :class:`LakeError` when there is no lake."""
        if not files.children(self.root):
            raise LakeError(f"no lake at {self.home.name}; run `recsys demo` or `recsys ingest`, or name another with --lake")

    def _advice(self) -> str:
        whole = (run for run in self.runs() if run.manifest.status == "passed" and not run.damage())
        newest = next(whole, None)
        return f"run `recsys publish {newest.id}`" if newest else "run `recsys run` to build a new one"
