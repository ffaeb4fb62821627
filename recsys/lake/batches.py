"""Batches: one source file ingested into one input table, for ever.

``inputs/<table>/<ordinal>/`` holds ``<digest>.parquet`` (the rows kept), ``rejects/<digest>.parquet`` when rows were
rejected, and ``receipt.json`` (where they came from, and the SHA-256 of both files). The folder is renamed into place as a
whole, so a batch is there with its rejects or not at all. A batch from which somebody was removed
becomes ``<ordinal>.<revision>/`` by one rename, and the folder before it goes.

The ordinal is the order of ingest, and thereby of versions; the
digest is the SHA-256 of the source's bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import polars as pl

from recsys.errors import LakeError
from recsys.inputs import BATCH
from recsys.lake import files, parquet
from recsys.lake.home import NOWHERE, Home
from recsys.lake.records import RECEIPT, BatchSource, File, Receipt, load
from recsys.lake.spool import Spool
from recsys.tables import REJECTS, TABLES


class Rejects(NamedTuple):
    """Rejected rows of a source: those that are kept, and how many more there were by code."""

    rows: pl.DataFrame
    unlisted: Mapping[str, int] = MappingProxyType({})

    @property
    def total(self) -> int:
        """All of them."""
        return self.rows.height + sum(self.unlisted.values())


@dataclass(frozen=True)
class Batch:
    """One ingested source file; ``rows_read`` = ``kept`` + ``rejected``. Ordinals start at 1."""

    table: str
    ordinal: int
    path: Path
    receipt: Receipt
    home: Home = field(default=NOWHERE, repr=False, compare=False)

    @property
    def digest(self) -> str:
        """SHA-256 of the source's bytes."""
        return self.receipt.digest

    @property
    def source(self) -> str:
        """Name of the source file."""
        return self.receipt.source

    @property
    def rows_read(self) -> int:
        """Rows in the source."""
        return self.receipt.rows_read

    @property
    def kept(self) -> int:
        """Rows of the source that are in the table."""
        return self.receipt.kept.rows or 0

    @property
    def rejected(self) -> int:
        """Rows of the source that were rejected; of very many, ``rejects`` has the first and a sample."""
        return ((self.receipt.rejects and self.receipt.rejects.rows) or 0) + sum(self.unlisted.values())

    @property
    def unlisted(self) -> Mapping[str, int]:
        """Rejected rows that are not in ``rejects``, by code."""
        return self.receipt.unlisted or {}

    @property
    def as_source(self) -> BatchSource:
        """The batch as a run's manifest records it."""
        return BatchSource(table=self.table, ordinal=self.ordinal, digest=self.digest, source=self.source, rows=self.kept)

    def read(self) -> pl.DataFrame:
        """The kept rows in the contract's columns (absent ones are null) and the Int32 column ``batch``."""
        self.home.fetch(self.path, self.receipt.kept)
        frame = TABLES[self.table].conform(parquet.read(self.path, self.receipt.kept))
        return frame.with_columns(pl.lit(self.ordinal, pl.Int32).alias(BATCH))

    def file(self) -> Path:
        """The file of the kept rows. Raises :class:`LakeError` when it is missing or any byte has changed."""
        self.home.fetch(self.path, self.receipt.kept)
        if problem := self.receipt.kept.verified(self.path):
            raise LakeError(f"{problem}; restore it from a backup, or remove its folder and ingest its source anew")
        return self.path / self.receipt.kept.path

    def read_rejects(self) -> pl.DataFrame:
        """The rejected rows."""
        if self.receipt.rejects is None:
            return REJECTS.empty()
        self.home.fetch(self.path, self.receipt.rejects)
        return REJECTS.conform(parquet.read(self.path, self.receipt.rejects))

    def fetch(self) -> None:
        """See to it that both files are on this machine."""
        for file in (self.receipt.kept, self.receipt.rejects):
            if file is not None:
                self.home.fetch(self.path, file)


def folders(home: Path) -> list[tuple[int, Path]]:
    """Ordinal and folder of each batch of the table whose folder is ``home``, in ingest order; of a batch that was rewritten,
    the newest."""
    return sorted(_newest(home).items())


def superseded(home: Path) -> list[Path]:
    """Folders of batches as they were before they were rewritten."""
    newest = set(_newest(home).values())
    return [folder for folder in files.children(home) if _revision(folder) is not None and folder not in newest]


def _newest(home: Path) -> dict[int, Path]:
    newest: dict[int, tuple[int, Path]] = {}
    for folder in files.children(home):
        if (named := _revision(folder)) is not None:
            ordinal, revision = named
            newest[ordinal] = max(newest.get(ordinal, (-1, folder)), (revision, folder))
    return {ordinal: folder for ordinal, (_, folder) in newest.items()}


def _revision(folder: Path) -> tuple[int, int] | None:
    """Ordinal and revision that a folder's name tells: ``000003`` is revision 0 of batch 3, ``000003.1`` the next."""
    ordinal, dot, revision = folder.name.partition(".")
    if not ordinal.isdecimal() or (dot and not revision.isdecimal()):
        return None
    return int(ordinal), int(revision or 0)


def digest_of(folder: Path) -> str | None:
    """Digest of the batch in a folder, by the name of its file; none when it is not there."""
    return next((path.stem for path in files.children(folder) if path.suffix == ".parquet"), None)


def open_batch(table: str, ordinal: int, folder: Path, home: Home = NOWHERE) -> Batch:
    """The batch in a folder. Raises :class:`LakeError` when its receipt is missing or damaged."""
    receipt, _ = load(Receipt, folder / RECEIPT)
    batch = Batch(table, ordinal, folder, receipt, home)
    if receipt.kept.path != f"{receipt.digest}.parquet" or batch.rows_read != batch.kept + batch.rejected:
        raise files.damaged(folder / RECEIPT, "digest, names and rows do not agree")
    return batch


def write_batch(
    folder: Path,
    table: str,
    kept: pl.DataFrame | Spool,
    rejects: Rejects,
    source: str,
    digest: str,
    account: Mapping[str, int] | None = None,
) -> None:
    """Fill a staged folder with a batch."""
    name = f"{digest}.parquet"
    files.make_folder(folder)
    refused = None
    if rejects.rows.height:
        files.make_folder(folder / "rejects")
        parquet.write(folder / "rejects" / name, rejects.rows, REJECTS, "rejects")
        refused = File.of(folder, f"rejects/{name}", table="rejects", rows=rejects.rows.height)
    parquet.write(folder / name, kept, TABLES[table], "kept")
    receipt = Receipt(
        digest=digest,
        source=source.encode("utf-8", "backslashreplace").decode(),
        rows_read=kept.height + rejects.total,
        kept=File.of(folder, name, table=table, rows=kept.height),
        rejects=refused,
        unlisted=dict(rejects.unlisted) or None,
        account=None if account is None else dict(account),
    )
    with files.create(folder / RECEIPT, "receipt") as handle:
        handle.write(receipt.dump())
    files.sync_tree(folder)
