"""A run in the making, in staging, where no reader looks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import polars as pl

from recsys.errors import LakeError
from recsys.lake import arrays, files, parquet, resume
from recsys.lake.plan import Plan, library_versions
from recsys.lake.records import MANIFEST, File, Manifest, Status
from recsys.tables import OUTPUTS, TABLES

_USER = "user_id"


@dataclass(frozen=True)
class Staged:
    """Collects the files of one run. Parts may be written from several threads, and again after a failed try.

    Each file of a table is recorded the moment it is whole, so that a run of the same plan after a kill goes on from there.
    """

    plan: Plan
    path: Path
    finished: Mapping[str, File] = field(default_factory=dict)
    """Files of tables that a stopped run of this plan left whole, by path."""
    written: dict[str, File] = field(default_factory=dict)
    handed: dict[str, File] = field(default_factory=dict)
    """Files that one step leaves for another and that are no part of the run, by path."""

    def write(self, table: str, frame: pl.DataFrame, part: int = 0) -> None:
        """Write a table, or one part of it, to ``<table>/part-<part>.parquet``.

        Parts are numbered from 0 and follow each other in ``user_id``. One that a stopped run of the plan finished is not written
        again. Raises :class:`InputError` when the frame does not fit the contract, :class:`LakeError` when it cannot be written.
        """
        if table not in OUTPUTS:
            raise LakeError(f"{table!r} is not a table of a run; allowed: {', '.join(OUTPUTS)}")
        known = self.finished.get(_name(table, part))
        if known is not None and (known.rows, known.first_user, known.last_user) == (frame.height, *_bounds(frame)):
            self.written[known.path] = known
            return
        facts = write_part(self.path, table, frame, part)
        self.written[facts.path] = facts

    def adopt(self, records: Iterable[File]) -> None:
        """Take in what others wrote and recorded: parts of tables, and files that are handed on.

        Raises :class:`LakeError` for one that is not whole.
        """
        for facts in records:
            if problem := facts.problem(self.path):
                raise LakeError(f"{problem}; a worker wrote it. Run the same command again")
            (self.written if facts.table else self.handed)[facts.path] = facts

    def handed_file(self, name: str) -> File | None:
        """The record of a file that was handed on, by this run or by a stopped one of its plan."""
        return self.handed.get(name) or self.finished.get(name)

    def resume(self, tables: Iterable[str], part: int) -> bool:
        """Whether a stopped run of this plan had finished a part of all these tables; it then belongs to this run as it is."""
        names = [_name(table, part) for table in tables]
        if not all(name in self.finished for name in names):
            return False
        self.written.update((name, self.finished[name]) for name in names)
        return True

    def write_file(self, name: str, data: bytes) -> None:
        """Write a file that is not part of a table, such as a report; ``name`` may hold folders."""
        with self.open(name) as handle:
            handle.write(data)

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """Fill such a file piece by piece."""
        with files.create(self._place(name), "file") as handle:
            yield handle
        self.written[name] = File.of(self.path, name)

    @property
    def workplace(self) -> Path:
        """Where the folder beside the run is, or would be, for what is not part of it; it goes when the run is made."""
        return self.path.with_name(f"{self.path.name}.work")

    def empty_workplace(self) -> Path:
        """That folder, with nothing in it."""
        self.clear_workplace()
        files.make_folder(self.workplace)
        return self.workplace

    def clear_workplace(self) -> None:
        """Remove that folder, where it is."""
        if self.workplace.exists():
            files.clear(self.workplace)

    def files(self, table: str) -> list[Path]:
        """The parts of a table written so far, in order."""
        return [self.path / name for name in sorted(self.written) if self.written[name].table == table]

    def close(self) -> tuple[File, ...]:
        """Every file, in order of path. Raises :class:`LakeError` when parts are missing or overlap, or a file is not ours."""
        there = {path.relative_to(self.path).as_posix() for path in self.path.rglob("*") if not path.is_dir()}
        there.discard(MANIFEST)  # of a commit that failed and is tried again
        if strays := sorted(there ^ set(self.written)):
            raise LakeError(f"{self.path}: {', '.join(strays)}: not written, or not by this run; start the run again")
        tables: dict[str, list[File]] = defaultdict(list)
        for name in sorted(self.written):
            if table := self.written[name].table:
                tables[table].append(self.written[name])
        for table, parts in tables.items():
            _require_sequence(table, parts)
        return tuple(self.written[name] for name in sorted(self.written))

    def seal(self, status: Status, seconds: Mapping[str, float], metrics: Mapping[str, float]) -> None:
        """Write the manifest and sync every folder. Raises like :meth:`close`."""
        plan = self.plan
        arrays.clear_arrays(self.path)
        manifest = Manifest(
            run=plan.run_id,
            as_of=plan.as_of,
            created_at=datetime.now(UTC),
            status=status,
            code=plan.code,
            versions=library_versions(),
            settings=dict(plan.settings),
            inputs=tuple(batch.as_source for batch in plan.batches),
            earlier=plan.earlier,
            files=self.close(),
            seconds=dict(seconds),
            metrics=dict(metrics),
        )
        with files.create(self.path / MANIFEST, "manifest") as handle:
            handle.write(manifest.dump())
        files.sync_tree(self.path)

    def _place(self, name: str) -> Path:
        if name == MANIFEST:
            raise LakeError(f"{MANIFEST} is written by the commit itself; choose another name")
        path = self.path / name
        files.make_folder(path.parent)
        return path


def write_part(folder: Path, table: str, frame: pl.DataFrame, part: int) -> File:
    """Write a part of a table into the staged run in ``folder``, and record it. Raises like :meth:`Staged.write`."""
    frame = TABLES[table].conform(frame)
    name, (first, last) = _name(table, part), _bounds(frame)
    files.make_folder((folder / name).parent)
    parquet.write(folder / name, frame, TABLES[table], "table")
    facts = File.of(folder, name, table=table, rows=frame.height, first_user=first, last_user=last)
    resume.record_file(folder, facts)
    return facts


def _name(table: str, part: int) -> str:
    return f"{table}/part-{part:05d}.parquet"


def _bounds(frame: pl.DataFrame) -> tuple[str | None, str | None]:
    if _USER not in frame.columns or frame.is_empty():
        return None, None
    first, last = frame.select(pl.col(_USER).min().alias("first"), pl.col(_USER).max().alias("last")).row(0)
    return first, last


def _require_sequence(table: str, parts: list[File]) -> None:
    wanted = [_name(table, number) for number in range(len(parts))]
    if [part.path for part in parts] != wanted:
        raise LakeError(f"{table}: parts {', '.join(part.path for part in parts)} where {', '.join(wanted)} are needed")
    ranges = [(part.first_user, part.last_user, part.path) for part in parts if part.first_user is not None]
    for (_, last, _), (first, _, path) in pairwise(ranges):
        if last is None or first is None or first <= last:
            raise LakeError(f"{path}: starts at user {first!r}, but the part before ends at {last!r}; split users in order")
