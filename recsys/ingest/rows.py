"""Rows on their way from a file to a table, and why some do not arrive.

Readers yield :class:`Rows` blocks. A row is either in ``frame`` or in ``broken``; validation moves more of them to the
broken ones. :data:`CODES` is the whole vocabulary of causes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

from recsys.lake.batches import Rejects
from recsys.tables import REJECTS

CODES = {
    "utf8": "the line, or a text in the row, is not UTF-8",
    "overlong": "the line is longer than 4 MiB",
    "json": "the line is not one JSON object",
    "quote": "a quoted CSV field is not closed, or is followed by more text",
    "fields": "the CSV line has more or fewer fields than the header",
    "unknown_field": "the row has a field that is not a column",
    "twice": "the row gives one value under two names",
    "missing": "a required value is missing, empty or blank",
    "type": "the value has the wrong type",
    "text": "the text holds a NUL character",
    "not_finite": "the number is NaN or infinite",
    "range": "the number is outside the column's range",
    "allowed": "the value is not an allowed word",
    "pattern": "the text does not have the column's form",
    "reserved": "the name is reserved",
    "time": "the time cannot be read",
    "zone": "the time has no zone, and no --time-zone was given",
    "epoch": "the number counts milli-, micro- or nanoseconds; seconds since 1970 are read",
    "time_range": "the time is before 1990 or after 2100",
    "undated": "the time is in 1970, which tools write when they do not know it",
    "duplicate": "the file has this key, or this play, on an earlier line",
    "podcast": "a podcast episode, left out on purpose",
    "audiobook": "an audiobook, left out on purpose",
    "video": "a video, left out on purpose",
    "interrupted": "a play that broke off by itself, which says nothing of the song, left out on purpose",
    "incognito": "a private session, left out on purpose",
    "not_a_play": "an entry of a scrobble log that is neither a play nor a like, left out on purpose",
}
"""Every cause of a rejected row: code → meaning."""

ON_PURPOSE = frozenset({"podcast", "audiobook", "video", "incognito", "not_a_play", "undated", "interrupted"})
"""Codes of rows that are whole but not wanted: a file of nothing else is still a good file."""

LINE = "line"
"""Int64 column beside a block's columns: line of the file, or row number in Parquet and JSON arrays; first = 1."""

_LONGEST_RAW = 2000
_LISTED = 10_000
"""Rejected rows of a file that are kept in order; of those after them, :data:`SAMPLE`."""
_SAMPLE = 1_000

_FAULT = {name: REJECTS[name].dtype for name in ("line", "column", "code", "reason", "raw")}

Fault = tuple[int, str | None, str, str, str | None]
"""Line, column, code, reason, raw text."""


@dataclass(frozen=True)
class Rows:
    """One block of a file.

    ``frame``: the source's columns by the contract's names, in any type, and :data:`LINE`. ``texts``: each row as the file has
    it, parallel to ``frame``; none = shown as JSON. ``broken``: rows that could not be taken apart, see :func:`broken_rows`.
    """

    frame: pl.DataFrame
    texts: pl.Series | None = None
    broken: pl.DataFrame = field(default_factory=lambda: broken_rows(()))

    @property
    def height(self) -> int:
        """Rows read: usable ones and broken ones."""
        return self.frame.height + self.broken.height

    def shown(self, chosen: pl.Series) -> pl.Series:
        """Text of the rows that the Boolean ``chosen`` picks."""
        if self.texts is not None:
            return self.texts.filter(chosen)
        return row_json(self.frame.filter(chosen))


def broken_rows(faults: Iterable[Fault]) -> pl.DataFrame:
    """A frame of rejects that does not know its file yet: line, column, code, reason, raw, user_id (null)."""
    frame = pl.DataFrame(list(faults), schema=_FAULT, orient="row")
    return frame.with_columns(pl.col("raw").str.slice(0, _LONGEST_RAW), pl.lit(None, pl.String).alias("user_id"))


class Refused:
    """The rejected rows of one file: all are counted; the first :data:`LISTED`, the first of each code, and a sample are kept."""

    def __init__(self) -> None:
        self.causes: Counter[str] = Counter()
        """All of them by code."""
        self._listed = broken_rows(())
        self._sample = broken_rows(())

    @property
    def count(self) -> int:
        """All of them."""
        return self.causes.total()

    def add(self, broken: pl.DataFrame) -> None:
        """Count rows as in :func:`broken_rows`, and keep some."""
        if broken.is_empty():
            return
        room = max(0, _LISTED - self._listed.height)
        first = broken["code"].is_first_distinct() & ~broken["code"].is_in(list(self.causes))
        listed = first | (pl.int_range(broken.height, eager=True) < room)
        self.causes.update(dict(broken.group_by("code").len().iter_rows()))
        if listed.any():
            self._listed = _alone(pl.concat([self._listed, broken.filter(listed)]))
        if not listed.all():
            self._sample = _alone(pl.concat([self._sample, broken.filter(~listed)]).sort(_drawn(), LINE).head(_SAMPLE))

    def table(self, *, batch: str, table: str, source: str, user: str | None = None) -> Rejects:
        """The table ``rejects`` of the file, by line, and what it leaves out; ``user``: the listener whose file it is."""
        facts = {"batch": pl.lit(batch), "table": pl.lit(table), "source": pl.lit(source)}
        rows = pl.concat([self._listed, self._sample]).with_columns(pl.col("raw").str.slice(0, _LONGEST_RAW), **facts)
        rows = rows.with_columns(pl.col("user_id").fill_null(pl.lit(user, pl.String)))
        unlisted = self.causes - Counter(dict(rows.group_by("code").len().iter_rows()))
        return Rejects(REJECTS.conform(rows.sort("line", "column", maintain_order=True)), dict(sorted(unlisted.items())))


def _alone(frame: pl.DataFrame) -> pl.DataFrame:
    """A copy that holds the texts of its own rows alone: a chosen row keeps the texts of its whole block in memory."""
    return pl.DataFrame(frame.to_arrow(compat_level=pl.CompatLevel.oldest()), schema=frame.schema)


def _drawn() -> pl.Expr:
    """The same draw for a line every time (Knuth's multiplicative hash): the least are a sample."""
    return (pl.col(LINE) % 2**31 * 2_654_435_761) % 2**32


def rejects(broken: Iterable[pl.DataFrame], *, batch: str, table: str, source: str, user: str | None = None) -> pl.DataFrame:
    """The table ``rejects`` of a few rows: see :class:`Refused`."""
    refused = Refused()
    for frame in broken:
        refused.add(frame)
    return refused.table(batch=batch, table=table, source=source, user=user).rows


def row_json(frame: pl.DataFrame) -> pl.Series:
    """Each row as a JSON object; columns without any value in the frame are left out."""
    names = [name for name in frame.columns if name != LINE and frame[name].null_count() < frame.height]
    if not names:
        return pl.repeat("{}", frame.height, dtype=pl.String, eager=True).alias("raw")
    return frame.select(pl.struct(names).struct.json_encode()).to_series().alias("raw")


def quoted(value: object) -> str:
    """A value for a message: short, on one line."""
    text = str(value)
    return repr(text if len(text) <= 80 else text[:80] + "…")
