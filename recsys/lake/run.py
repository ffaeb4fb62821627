"""Reading a run: only files that its manifest lists, never a glob."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from recsys.errors import LakeError, NotFoundError
from recsys.lake import files
from recsys.lake.home import NOWHERE, Home
from recsys.lake.records import MANIFEST, File, Manifest, load

if TYPE_CHECKING:
    import polars as pl

# tables are read where the library is imported: who needs none starts in half the time


@dataclass(frozen=True)
class Run:
    """One committed run. ``digest`` is the SHA-256 of its manifest."""

    id: str
    path: Path
    manifest: Manifest
    digest: str
    home: Home = field(default=NOWHERE, repr=False, compare=False)

    @classmethod
    def open(cls, path: Path, home: Home = NOWHERE) -> Run:
        """The run in a folder. Raises :class:`LakeError` when its manifest is missing, damaged or of another run."""
        manifest, data = load(Manifest, path / MANIFEST)
        if manifest.run != path.name:
            raise files.damaged(path / MANIFEST, f"it belongs to run {manifest.run}")
        return cls(path.name, path, manifest, hashlib.sha256(data).hexdigest(), home)

    @property
    def report(self) -> Path:
        """Where its report is, or would be; see :mod:`recsys.lake.reports`."""
        return self.path / "report.html"

    @property
    def tables(self) -> list[str]:
        """Names of the tables in the run."""
        return list(dict.fromkeys(file.table for file in self.manifest.files if file.table))

    def parts(self, table: str) -> list[File]:
        """The records of a table's parts, in order. Raises :class:`NotFoundError` for a table the run does not have."""
        parts = [file for file in self.manifest.files if file.table == table]
        if not parts:
            raise NotFoundError(f"run {self.id} has no table {table!r}; it has: {', '.join(self.tables)}")
        return parts

    def files(self, table: str) -> list[Path]:
        """The parts of a table in order, each with the bytes that were written: once in a process, all of them are read.

        Raises :class:`NotFoundError` for a table the run does not have, :class:`LakeError` for a missing or changed part.
        """
        return [self._present(part) for part in self.parts(table)]

    def file(self, name: str) -> Path:
        """A file that is not part of a table, by its path in the run. Raises like :meth:`files`."""
        others = {file.path: file for file in self.manifest.files if not file.table}
        if name not in others:
            raise NotFoundError(f"run {self.id} has no file {name!r}; it has: {', '.join(others)}")
        return self._present(others[name])

    def read_file(self, name: str) -> bytes:
        """A file that is not part of a table. Raises like :meth:`files`."""
        return files.read(self.file(name))

    def scan(self, table: str) -> pl.LazyFrame:
        """The table, lazily, in the columns of today. Raises like :meth:`files`, which it calls."""
        import polars as pl

        from recsys.lake.former import todays

        rows = pl.scan_parquet(self.files(table), glob=False, hive_partitioning=False)
        return todays(rows, table)

    def read(self, table: str) -> pl.DataFrame:
        """The whole table, every byte compared with its SHA-256. Raises like :meth:`files`."""
        import polars as pl

        return pl.concat([self.read_part(part) for part in self.parts(table)])

    def read_part(self, part: File) -> pl.DataFrame:
        """One part of a table, in the columns of today, every byte compared with its SHA-256."""
        from recsys.lake import parquet
        from recsys.lake.former import todays

        self.home.fetch(self.path, part)
        return todays(parquet.read(self.path, part), part.table or "")

    def damage(self) -> list[str]:
        """Everything about the run that is not as its manifest says, in words; empty when it is whole. Reads every byte."""
        from recsys.lake.plan import run_id

        made = self.manifest
        problems = [problem for file in made.files if (problem := self.home.problem(self.path, file, content=True))]
        inputs = ((source.table, source.ordinal, source.digest, source.rows) for source in made.inputs)
        if run_id(inputs, made.settings, made.as_of, made.code, made.earlier) != self.id:
            problems.append(f"{self.path / MANIFEST}: the run's id does not follow from its inputs, settings, moment and code")
        return problems

    def _present(self, file: File) -> Path:
        self.home.fetch(self.path, file)
        if problem := file.verified(self.path):
            raise LakeError(f"{problem}; run `recsys runs verify {self.id}`, then publish another run")
        return self.path / file.path
