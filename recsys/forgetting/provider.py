"""Tracks and answers without what one provider supplied."""

from __future__ import annotations

import json
from dataclasses import dataclass

import polars as pl

from recsys.errors import UsageError
from recsys.lake import Batch, Lake
from recsys.providers.cache import Cache
from recsys.providers.merge import FROM_FILE, MENTION, ORDER, provenance, without
from recsys.tables import TRACKS

_NAMES = tuple(sorted({name for order in ORDER.values() for name in order} - {FROM_FILE, MENTION}))


@dataclass(frozen=True)
class Provider:
    """A provider to forget. Raises :class:`UsageError` for a name that is none."""

    id: str
    kind = "provider"

    def __post_init__(self) -> None:
        if self.id not in _NAMES:
            raise UsageError(f"{self.id!r} supplies no tracks; allowed: {', '.join(_NAMES)}")

    def within(self, _lake: Lake) -> Provider:
        """The same in every lake."""
        return self

    def batch(self, batch: Batch) -> tuple[pl.DataFrame, pl.DataFrame, str] | None:
        """Kept rows, rejects and source name of a batch without the provider's values; none when nothing changes.

        A track of which the provider told everything goes as a whole; so do the rejects of a batch that it supplied.
        """
        if batch.table != "tracks":
            return None
        supplied = batch.source.split(" ")[0] == self.id
        rows, rejects = batch.read().drop("batch"), batch.read_rejects()
        kept = self._without(rows, whole=True)
        if kept.equals(rows) and not (supplied and rejects.height):
            return None
        return kept, rejects.clear() if supplied else rejects, self.id if supplied else batch.source

    def run(self, table: str, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows of a run's table without the provider's values; every track keeps its id, so that lists still hold."""
        return self._without(rows, whole=False) if table == "tracks" else rows

    def holds(self, _content: bytes) -> bool:
        """Files beside the tables are made from them, or hold no values of tracks."""
        return False

    def answers(self, cache: Cache) -> int:
        """Delete everything stored about the provider; the number of answers."""
        return cache.forget(self.id)

    def _without(self, rows: pl.DataFrame, *, whole: bool) -> pl.DataFrame:
        """In order; ``whole``: drop a track that nobody else told about, instead of keeping its bare id."""
        told = rows["provenance"].str.contains(json.dumps(self.id), literal=True).fill_null(value=False)
        changed = {place: without(rows.row(place, named=True), self.id) for place in told.arg_true()}
        names = [self.id in provenance(rows.row(place, named=True))[0].values() for place in changed]
        if not any(names):
            return rows
        bare: dict[str, object] = dict.fromkeys(TRACKS.names)
        left = [
            changed.get(place, row) or (None if whole else bare | {"id": row["id"]}) for place, row in enumerate(rows.to_dicts())
        ]
        return pl.DataFrame([row for row in left if row], schema=TRACKS.schema)
