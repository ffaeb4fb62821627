"""Rows, texts and answers without one listener."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from recsys.errors import UsageError
from recsys.forgetting.list_names import all_names, renamed, with_names
from recsys.forgetting.spelling import readings, spellings
from recsys.inputs import ANYONE
from recsys.lake import Batch, Lake
from recsys.providers.cache import CACHE_FILE, Cache, State

REMOVED = "removed"
"""Stands for a file name that named the listener."""


@dataclass(frozen=True)
class Listener:
    """A listener to forget, by the exact id. Raises :class:`UsageError` for a blank id and for ``*``."""

    id: str
    lists: Mapping[str, str] = field(default_factory=dict)
    """Names of others' lists that name the listener → what they become; :meth:`within` a lake knows them."""
    kind = "listener"

    def __post_init__(self) -> None:
        if not self.id.strip() or self.id == ANYONE:
            raise UsageError(f"{self.id!r} is not a single listener; name one")

    def within(self, lake: Lake) -> Listener:
        """The listener with the lists of a lake."""
        return replace(self, lists=renamed(all_names(lake), self._hidden))

    def batch(self, batch: Batch) -> tuple[pl.DataFrame, pl.DataFrame, str] | None:
        """Kept rows, rejects and source name of a batch without the listener; none when nothing changes."""
        rows, rejects = batch.read().drop("batch"), batch.read_rejects()
        kept = self.run(batch.table, rows)
        own = "user_id" in rows.columns and rows.height > 0 and kept.is_empty()
        left = self._sources_hidden(self._without_rejects(rejects, mixed=kept.height < rows.height, own=own))
        source, kept = self._hidden(batch.source), self._sources_hidden(kept)
        same = kept.equals(rows) and left.equals(rejects) and source == batch.source
        return None if same else (kept, left, source)

    def _without_rejects(self, rejects: pl.DataFrame, *, mixed: bool, own: bool) -> pl.DataFrame:
        """Rejects without the listener's.

        Those of another listener stay as they are. Of a row whose listener could not be read, the text may hold anybody's id, in
        any spelling and cut: it goes where the batch held rows of the listener (``mixed``), and where it names the listener. The
        whole reject goes where the batch held nobody else's rows (``own``).
        """
        unknown = rejects["user_id"].is_null()
        left = rejects.filter(~(unknown & own) & rejects["user_id"].ne_missing(self.id))
        mixed = mixed or left.height < rejects.height
        rows = [self._without_texts(row, mixed=mixed) if row["user_id"] is None else row for row in left.to_dicts()]
        return pl.DataFrame(rows, schema=rejects.schema)

    def _without_texts(self, row: dict[str, Any], *, mixed: bool) -> dict[str, Any]:
        named = {key for key in ("column", "reason", "raw") if row[key] and any(map(self.named, readings(row[key])))}
        hidden = {"column": None, "reason": REMOVED, "raw": None}
        return row | {key: hidden[key] for key in named | ({"raw"} if mixed else set())}

    def run(self, table: str, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows of a table without the listener, and without the listener as somebody's neighbour."""
        for column in {"user_id", "neighbor_id"} & {*rows.columns}:
            rows = rows.filter(pl.col(column) != self.id)
        if table == "checks":
            named = rows["example"].map_elements(self.named, return_dtype=pl.Boolean, skip_nulls=True).fill_null(value=False)
            rows = rows.with_columns(example=pl.when(named).then(None).otherwise(pl.col("example")))
        return with_names(rows, table, self.lists)

    def named(self, text: str) -> bool:
        """Whether a text names the listener, as a word of its own."""
        return self._word.search(text) is not None

    def holds(self, content: bytes) -> bool:
        """Whether a file names the listener anywhere."""
        return self.named(content.decode("utf-8", "replace"))

    def answers(self, cache: Cache) -> int:
        """Delete stored answers that name the listener, and how far the listener's listens were read; how many."""
        states = 0
        for provider in cache.providers():
            if self.named(cache.state(provider).model_dump_json()):
                with cache.changing(provider) as state:
                    self._forget_state(state)
                states += 1
        return states + cache.delete(self.holds) + self._drafts(cache.folder)

    def _forget_state(self, state: State) -> None:
        for entries in (state.cursors, state.blocked, state.refused):
            for key in [key for key in entries if self.named(key)]:
                del entries[key]
        state.last_error = self._unless_named(state.last_error)
        state.disabled = self._unless_named(state.disabled)

    def _drafts(self, folder: Path) -> int:
        """Remove what writers that were killed left beside the database; how many files."""
        files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(CACHE_FILE)]
        named = [path for path in files if self.holds(path.read_bytes())]
        for path in named:
            path.unlink(missing_ok=True)
        return len(named)

    def _unless_named(self, text: str | None) -> str | None:
        return None if text is None or self.named(text) else text

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
        return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(spellings(self.id))))})(?!\w)")
