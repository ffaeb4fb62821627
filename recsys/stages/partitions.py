"""A run's tables in partitions: ranges of listeners, so that what is asked of all of them is asked of some at a time.

What a partition has is decided by the rows alone, not by how they were divided among files, damaged ones included: counts of
partitions add up to those of the tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pyarrow.parquet as pq

from recsys import models
from recsys.models import TableRows, Within

BY_LISTENER = ("controls", "ratings", "profiles", "neighbors", "lists", "candidates", "rankings")
"""Tables whose rows belong to a listener each."""
LISTENERS = 16_384
"""Of a partition: some gigabyte less than a hundred thousand take, while what a partition costs is little beside its rows."""
_LISTENER = "user_id"


class _File(NamedTuple):
    """A file and the least and greatest listener in it; none where its footer does not say, or where rows have none."""

    path: Path
    least: str | None
    greatest: str | None

    def meets(self, low: str | None, high: str | None) -> bool:
        """Whether it may have rows from ``low`` on and before ``high``."""
        if self.least is None or self.greatest is None:
            return True
        return (low is None or self.greatest >= low) and (high is None or self.least < high)


def partitions(tables: Mapping[str, TableRows], listeners: int = LISTENERS) -> Iterator[dict[str, TableRows | Within]]:
    """Those of the ``tables`` that are :data:`BY_LISTENER`, of up to so many ``listeners`` of table ``profiles`` at a time.

    One partition where any of them is a frame: it is in memory as it is.
    """
    own = {name: tables[name] for name in BY_LISTENER}
    files = {name: [*map(_file, rows)] for name, rows in own.items() if not isinstance(rows, pl.DataFrame)}
    bounds = [None, *_bounds(own["profiles"], listeners), None] if len(files) == len(own) else [None, None]
    for low, high in pairwise(bounds):
        yield dict(own) if low is high is None else {name: _within(rows, low, high) for name, rows in files.items()}


def _bounds(profiles: TableRows, listeners: int) -> list[str]:
    """Listeners with which a partition begins, the first one's left out."""
    ids = models.scan(profiles).select(pl.col(_LISTENER).drop_nulls().unique().sort()).collect().to_series()
    return ids.gather_every(listeners).to_list()[1:]


def _within(files: Sequence[_File], low: str | None, high: str | None) -> Within:
    """One file at least: it says of which columns there is nothing."""
    paths = [file.path for file in files if file.meets(low, high)]
    return Within(tuple(paths or [files[0].path]), _LISTENER, low, high)


def _file(path: Path) -> _File:
    footer = pq.read_metadata(path)
    number = footer.schema.names.index(_LISTENER)
    groups = [footer.row_group(group).column(number).statistics for group in range(footer.num_row_groups)]
    if not groups or not all(group is not None and group.has_min_max and group.null_count == 0 for group in groups):
        return _File(path, None, None)
    return _File(path, min(group.min for group in groups), max(group.max for group in groups))
