"""Rows, texts and answers without one listener."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from recsys.errors import UsageError
from recsys.inputs import ANYONE
from recsys.lake import Batch
from recsys.providers.cache import Cache

REMOVED = "removed"
"""Stands for a file name that named the listener."""


@dataclass(frozen=True)
class Listener:
    """A listener to forget, by the exact id. Raises :class:`UsageError` for a blank id and for ``*``."""

    id: str
    kind = "listener"

    def __post_init__(self) -> None:
        if not self.id.strip() or self.id == ANYONE:
            raise UsageError(f"{self.id!r} is nobody in particular; name one listener")

    def batch(self, batch: Batch) -> tuple[pl.DataFrame, pl.DataFrame, str] | None:
        """Kept rows, rejects and source name of a batch without the listener; none when nothing changes.

        A batch that holds nobody else's rows is the listener's own file: all its rejects go.
        """
        rows, rejects = batch.read().drop("batch"), batch.read_rejects()
        kept, own = self.run(batch.table, rows), "user_id" in rows.columns
        alone = own and rows.height > 0 and kept.is_empty()
        left = rejects.clear() if alone else self._unnamed(rejects, "raw", "reason")
        source = self._hidden(batch.source)
        kept, left = self._sources_hidden(kept), self._sources_hidden(left)
        same = kept.equals(rows) and left.equals(rejects) and source == batch.source
        return None if same else (kept, left, source)

    def run(self, table: str, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows of a table without the listener, and without the listener as somebody's neighbour."""
        for column in {"user_id", "neighbor_id"} & {*rows.columns}:
            rows = rows.filter(pl.col(column) != self.id)
        if table == "checks":
            named = rows["example"].map_elements(self.named, return_dtype=pl.Boolean, skip_nulls=True).fill_null(value=False)
            rows = rows.with_columns(example=pl.when(named).then(None).otherwise(pl.col("example")))
        return rows

    def named(self, text: str) -> bool:
        """Whether a text names the listener, as a word of its own."""
        return self._word.search(text) is not None

    def holds(self, content: bytes) -> bool:
        """Whether a file names the listener anywhere."""
        return self.named(content.decode("utf-8", "replace"))

    def answers(self, cache: Cache) -> int:
        """Delete stored answers that name the listener, and how far the listener's listens were read; how many."""
        walks = 0
        for provider in cache.providers():
            if self.named(cache.state(provider).model_dump_json()):
                with cache.changing(provider) as state:
                    for told in (state.cursors, state.blocked, state.refused):
                        for key in [key for key in told if self.named(key)]:
                            del told[key]
                    state.last_error = self._unless_named(state.last_error)
                    state.disabled = self._unless_named(state.disabled)
                walks += 1
        return walks + cache.delete(self.holds)

    def _unless_named(self, text: str | None) -> str | None:
        return None if text is None or self.named(text) else text

    def _unnamed(self, rows: pl.DataFrame, *columns: str) -> pl.DataFrame:
        for column in columns:
            named = [value is not None and self.named(value) for value in rows[column]]
            rows = rows.filter(~pl.Series(named, dtype=pl.Boolean))
        return rows

    def _sources_hidden(self, rows: pl.DataFrame) -> pl.DataFrame:
        if "source" not in rows.columns:
            return rows
        hidden = {source: self._hidden(source) for source in rows["source"].drop_nulls().unique()}
        changed = {source: name for source, name in hidden.items() if source != name}
        return rows.with_columns(pl.col("source").replace(changed)) if changed else rows

    def _hidden(self, source: str) -> str:
        return self._word.sub(REMOVED, source)

    @cached_property
    def _word(self) -> re.Pattern[str]:
        spellings = {self.id, json.dumps(self.id)[1:-1], json.dumps(self.id, ensure_ascii=False)[1:-1]}
        return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(spellings)))})(?!\w)")
