"""What a personal export is to the reader: a contract of the few fields that are read, and how they become plays.

A format's table is also its privacy: whatever is not a field of it (addresses, devices, user names) is dropped while the file is
taken apart, and rejects show only these fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from recsys.ingest.rows import Rows
from recsys.tables import STRINGS, UTC, Column, Table

FIRST, LAST = 631_152_000, 4_133_980_799
"""Seconds from 1970 to the begin of 1990 and to the end of 2100."""

SKIP_MS = 30_000
"""A play shorter than this that was broken off is a skip."""

FILE = "file"
"""Column that :class:`Reason` may look at besides the format's own: the file's name."""

LISTENS = pl.Schema(
    {
        "title": pl.String(),
        "artist": pl.String(),
        "artists": STRINGS,
        "album": pl.String(),
        "mbid": pl.String(),
        "isrc": pl.String(),
        "spotify_id": pl.String(),
        "duration_ms": pl.Int64(),
        "occurred_at": UTC,
        "completed_ms": pl.Int64(),
        "plays": pl.Int64(),
        "type": pl.String(),
        "context": pl.String(),
    }
)
"""What every format becomes: one play (or like) per row, or as many as ``plays``. ``occurred_at`` is its start."""

Entry = Mapping[str, Any]
Picker = Callable[[Entry], Any]


@dataclass(frozen=True)
class Reason:
    """Rows left out: a code and what the reject says, and of which ``column``, if of one."""

    code: str
    words: str
    rows: pl.Expr
    column: str | None = None


@dataclass(frozen=True)
class ExportFormat:
    """One kind of export file.

    ``marks``: keys, or columns, that tell it from the others. ``fields``: how each column of ``table`` is picked from a JSON
    object; a column not named there is picked by its own name. ``listens``: columns of :data:`LISTENS` as expressions over
    ``table``; those left out are null. ``names``: the column to blame when a play names no song. ``prepared``: rows as the file
    has them → rows that can be checked, the same ones in the same order.
    """

    name: str
    table: Table
    marks: frozenset[str]
    listens: Mapping[str, pl.Expr]
    names: str
    fields: Mapping[str, Picker] = field(default_factory=dict)
    left_out: tuple[Reason, ...] = ()
    prepared: Callable[[pl.DataFrame], pl.DataFrame] | None = None

    def pick(self, row: Entry) -> dict[str, Any]:
        """The fields that are read from one JSON object, and no others."""
        return {name: self.fields[name](row) if name in self.fields else row.get(name) for name in self.table.names}

    def ready(self, block: Rows) -> Rows:
        """The same rows, so that they can be checked."""
        return replace(block, frame=self.prepared(block.frame)) if self.prepared and block.frame.height else block

    def plays(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A validated frame of ``table`` → :data:`LISTENS`."""
        absent = {name: pl.lit(None, dtype) for name, dtype in LISTENS.items()}
        return frame.select(**{**absent, **self.listens}).cast(LISTENS)


def table(name: str, columns: Mapping[str, Column]) -> Table:
    """A contract of fields."""
    return Table(name, "input", "one entry of the export", tuple(columns), tuple(columns.values()))


def columns(*specs: Column) -> dict[str, Column]:
    """Columns by name."""
    return {column.name: column for column in specs}


def text(name: str, meaning: str) -> Column:
    """An optional text."""
    return Column(name, pl.String(), meaning, null=True)


def duration(name: str, meaning: str) -> Column:
    """An optional length in milliseconds, at most a day."""
    return Column(name, pl.Int64(), meaning, "ms", null=True, low=0, high=86_400_000)


def entry_moment(name: str, meaning: str) -> Column:
    """A required time."""
    return Column(name, UTC, meaning, "UTC")


def millis(name: str, meaning: str) -> Column:
    """A required time as milliseconds since 1970, to 2100; see :func:`misdated`."""
    return Column(name, pl.Int64(), meaning, "ms since 1970", low=0)


def misdated(name: str) -> tuple[Reason, ...]:
    """Plays whose time is none in milliseconds: it counts another unit, or is before 1990, for the tool did not know it."""
    moment = pl.col(name)
    return (
        Reason(
            "epoch",
            f"{name} counts seconds, micro- or nanoseconds; milliseconds since 1970 are read here; multiply or divide it",
            moment.is_between(FIRST, LAST) | (moment > LAST * 1000 + 999),
            name,
        ),
        Reason(
            "undated", "the tool does not know when it was played; a play without its time is left out", moment < FIRST * 1000
        ),
    )


def unplayed(name: str) -> Reason:
    """Plays of no length in a column."""
    return Reason(
        "interrupted", "it played for no time, so it says neither that the song is liked nor skipped", pl.col(name) == 0
    )


def from_millis(name: str) -> pl.Expr:
    """UTC from milliseconds since 1970."""
    return (pl.col(name) * 1000).cast(UTC)


def at(*path: str) -> Picker:
    """The value at a path of nested objects; none where the path ends early."""

    def pick(row: Entry) -> Any:
        value: Any = row
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    return pick


def either(*pickers: Picker) -> Picker:
    """The first value that is there."""
    return lambda row: next((value for value in (pick(row) for pick in pickers) if value not in (None, "")), None)


def scalar(pick: Picker) -> Picker:
    """Only a text or a number; anything else is left out."""
    return lambda row: value if isinstance(value := pick(row), (str, int, float)) and not isinstance(value, bool) else None


def entry_words(pick: Picker) -> Picker:
    """Only a text; anything else is left out. For fields that a play does without."""
    return lambda row: value if isinstance(value := pick(row), str) and "\0" not in value else None


def whole(pick: Picker, unit: int = 1) -> Picker:
    """Only a number of milliseconds within a day, ``unit`` of them per count; anything else is left out."""

    def read(row: Entry) -> int | None:
        value = pick(row)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value * unit <= 86_400_000:
            return None
        return int(value * unit)

    return read


_MBID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def mbid(pick: Picker) -> Picker:
    """Only a MusicBrainz id; anything else is left out."""
    return lambda row: low if isinstance(value := pick(row), str) and _MBID.fullmatch(low := value.strip().lower()) else None


def mbids(column: str) -> pl.Expr:
    """Only the MusicBrainz ids of a text column."""
    lower = pl.col(column).str.strip_chars().str.to_lowercase()
    return pl.when(lower.str.contains(f"^{_MBID.pattern}$")).then(lower)


PLAY = pl.lit("play")
NAMES = (text("title", "title"), text("artist", "artist"), text("album", "album"))
"""Columns of a table that names a song by these words."""
SONG = {name: pl.col(name) for name in ("title", "artist", "album")}
"""What events take from them."""
CREDITED = {**SONG, "artist": pl.col("artists").list.join(", "), "artists": pl.col("artists")}
"""The same of a table that lists artists instead."""
