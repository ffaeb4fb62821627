"""The events that a run uses, from frames, or from files in parts of some listeners each: never all of them in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
from duckdb import CoalesceOperator, ColumnExpression, ConstantExpression, FunctionExpression

from recsys import models
from recsys.errors import InputError
from recsys.inputs import ANYONE, InputFiles, Inputs
from recsys.models import Rows, TableRows
from recsys.settings import Settings
from recsys.sizing import Size
from recsys.tables import EVENTS

PART_EVENTS = 2_000_000
"""Events of a part, unless one listener has more: DuckDB then works in some hundred megabytes, and the ratings fit beside it."""


@dataclass(frozen=True)
class EventModel:
    """Model ``sql/events.sql`` with all it needs but the events."""

    aliases: pl.DataFrame
    releases: pl.DataFrame
    as_of: datetime
    future_events: str

    def rows(self, events: Rows) -> pl.DataFrame:
        """The events used, in the columns of ``events``."""
        return EVENTS.conform(models.run("events", self._views(events), self._variables))

    def write(self, events: Rows, path: Path) -> None:
        """The same to a Parquet file."""
        models.write("events", self._views(events), path, self._variables)

    def _views(self, events: Rows) -> dict[str, Rows]:
        return {"input_events": events, "aliases": self.aliases, "releases": self.releases}

    @property
    def _variables(self) -> dict[str, models.Variable]:
        return {"as_of": self.as_of, "future_events": self.future_events}


def listening(events: Rows, as_of: datetime) -> pl.DataFrame:
    """Columns user_id, events and late (those after ``as_of``), sorted; model ``sql/listening.sql``.

    Raises :class:`InputError` when one is called :data:`ANYONE`.
    """
    counts = models.run("listening", {"input_events": events}, {"as_of": as_of})
    if (counts["user_id"] == ANYONE).any():
        raise InputError(f"events.user_id: {ANYONE} stands for a listener without a history; name the listener")
    return counts


def write_parts(events: InputFiles, model: EventModel, counts: pl.DataFrame, folder: Path, most: int = PART_EVENTS) -> list[Path]:
    """Files of the used events in an empty ``folder``: each has all events of some listeners, who follow those of the one before.

    ``counts``: of :func:`listening`; ``most``: events of a part.
    """
    written = []
    for number, part in enumerate(_divided(events, counts, folder, most)):
        written.append(folder / f"used-{number:05d}.parquet")
        model.write(part, written[-1])
    return written


def _divided(events: InputFiles, counts: pl.DataFrame, folder: Path, most: int) -> Iterator[InputFiles | Sequence[Path]]:
    """The ingested events part by part; all of them where they are few."""
    before = pl.col("events").cum_sum() - pl.col("events")
    parts = counts.select("user_id", (before // most).rank("dense").sub(1).cast(pl.Int32).alias("part"))
    count = parts["part"].n_unique()
    if count <= 1:
        yield events
        return
    yield from models.divide("divided", {"input_events": events, "parts": parts}, folder / "ingested", "part", count)


def account_of(parts: Sequence[TableRows]) -> tuple[int, int]:
    """How many events the parts have, and how many plays and other actions they stand for."""
    plays = FunctionExpression("sum", CoalesceOperator(ColumnExpression("plays"), ConstantExpression(1)))
    counts = [models.aggregate(part, [FunctionExpression("count"), plays]) for part in parts]
    return sum(int(rows) for rows, _ in counts), sum(int(total or 0) for _, total in counts)


def inputs_size(inputs: Inputs, settings: Settings) -> Size:
    """What a run of the inputs is about to hold; listeners and pairs are counted by their hashes, within some percent."""
    user, track = ColumnExpression("user_id"), ColumnExpression("track_id")
    values = [FunctionExpression("approx_count_distinct", key) for key in (FunctionExpression("hash", user, track), user)]
    events, pairs, users = map(int, models.aggregate(inputs.event_rows, [FunctionExpression("count"), *values]))
    lists = len(settings.lists) * (users + 1) + inputs.requests.height
    return Size(
        events=events,
        ratings=min(pairs, events),
        listeners=users,
        tracks=inputs.tracks.height,
        candidates=lists * settings.pool,
        rows=lists * settings.list_limit,
    )
