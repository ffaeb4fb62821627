"""A block of rows against the data contract → the rows kept and the rows rejected.

Everything is done by whole columns; only the rejected rows get a sentence each. A row has one reject: its first cause in the
order of the contract's columns. ``rows.height == kept.height + rejected.height``, always.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from recsys.ingest import values
from recsys.ingest.rows import CODES, LINE, Rows, row_json
from recsys.tables import POSTPONED, RANGES, STRINGS, TARGETS, UTC, Column, Table

_SHOWN = 80
_PART = 100_000
"""Rows whose rejects are written at once."""

_TYPES = {
    pl.String(): "text",
    pl.Float64(): "a number",
    pl.Int64(): "a whole number",
    pl.Boolean(): "true or false (1 0 yes no)",
    STRINGS: "a JSON array of names, or names separated by | (in a track also ;)",
    POSTPONED: 'track ids separated by |, or a JSON array of ids or of {"track_id": …, "until": …}',
    TARGETS: "a JSON object of audio features and numbers in their ranges",
    RANGES: "a JSON object of audio features and [least, greatest], numbers in their ranges or null",
    UTC: "a time with its zone, such as 2026-11-22T03:00:00Z, or seconds since 1970",
}

_ADVICE = {
    "zone": "add Z or an offset, or give --time-zone",
    "epoch": "divide it so that it counts seconds",
    "time_range": "allowed: 1990 to 2100; leave it empty when it is not known",
    "undated": "in a table leave it empty; a play of an export without its time is left out",
    "pattern": "allowed: YYYY, YYYY-MM or YYYY-MM-DD, empty when it is not known",
    "reserved": "* stands for a listener without a history; name the listener",
    "text": "take the NUL character out",
    "not_finite": "a finite number is allowed, empty when it is not known",
}


def validate(table: Table, rows: Rows, zone: str | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Kept rows in the contract's columns and types plus Int64 ``line``; rejected rows as in :func:`rows.broken_rows`.

    ``zone``: IANA name of the zone of times that have none.
    """
    converted = {column.name: _converted(column, rows.frame, zone) for column in table}
    codes = pl.DataFrame({name: code for name, (_, code) in converted.items() if code.null_count() < len(code)})
    kept = pl.DataFrame([rows.frame[LINE], *(value.alias(name) for name, (value, _) in converted.items())])
    if not codes.width:
        return kept, rows.broken
    first = codes.select(
        code=pl.coalesce(pl.all()),
        column=pl.coalesce(pl.when(pl.col(name).is_not_null()).then(pl.lit(name)) for name in codes.columns),
    )
    bad = first["code"].is_not_null()
    users = kept["user_id"] if "user_id" in kept.columns else pl.repeat(None, kept.height, dtype=pl.String, eager=True)
    refused = _rejected(table, rows, first, bad).with_columns(user_id=users.filter(bad))
    return kept.filter(~bad), pl.concat([rows.broken, refused])


def without_repeats(kept: pl.DataFrame, key: Sequence[str], what: str) -> tuple[pl.DataFrame, Iterator[pl.DataFrame]]:
    """The first row of each key, and rejects for the later ones, in parts. Rows must be in file order and have ``line``."""
    first = kept.select(pl.struct(key).is_first_distinct()).to_series()
    if first.all():
        return kept, iter(())
    return kept.filter(first), _repeats(kept, first, key, what)


def _repeats(kept: pl.DataFrame, first: pl.Series, key: Sequence[str], what: str) -> Iterator[pl.DataFrame]:
    origins = kept.filter(first).select(*key, pl.col(LINE).alias("\0origin"))
    reason = pl.concat_str(pl.lit(f"{what} is already on line "), "\0origin", pl.lit("; the first is kept"))
    for part in kept.filter(~first).iter_slices(_PART):
        repeats = part.join(origins, on=list(key), how="left", nulls_equal=True, maintain_order="left")
        yield _rejects(repeats, row_json(part), pl.lit("duplicate"), reason, pl.lit(key[0]))


def rejected(frame: pl.DataFrame, code: pl.Expr, reason: pl.Expr, column: pl.Expr) -> pl.DataFrame:
    """Rejects made from whole rows with ``line``; their raw text is the row as JSON."""
    return _rejects(frame, row_json(frame), code, reason, column)


def _converted(column: Column, frame: pl.DataFrame, zone: str | None) -> values.Converted:
    absent = pl.repeat(None, frame.height, dtype=pl.Null, eager=True)
    return values.convert(column, frame[column.name] if column.name in frame.columns else absent, zone)


def _rejected(table: Table, rows: Rows, first: pl.DataFrame, bad: pl.Series) -> pl.DataFrame:
    cause, place = pl.col("\0code"), pl.col("\0column")
    failed = rows.frame.filter(bad).with_columns(
        first.filter(bad)["code"].alias("\0code"), first.filter(bad)["column"].alias("\0column")
    )
    reason = pl.lit("")
    for name, code in failed.select(place, cause).unique().sort(pl.all()).iter_rows():
        value = pl.col(name) if name in failed.columns else pl.lit(None, pl.String)
        sentence = _sentence(table[name], code, _shown(value, failed.schema.get(name, pl.String())))
        reason = pl.when((place == name) & (cause == code)).then(sentence).otherwise(reason)
    return _rejects(failed, rows.shown(bad), cause, reason, place)


def _rejects(frame: pl.DataFrame, raw: pl.Series, code: pl.Expr, reason: pl.Expr, column: pl.Expr) -> pl.DataFrame:
    user = pl.col("user_id") if "user_id" in frame.columns else pl.lit(None, pl.String)
    return frame.select(LINE, column=column, code=code, reason=reason, raw=raw, user_id=user)


def _sentence(column: Column, code: str, shown: pl.Expr) -> pl.Expr:
    if code == "missing":
        return pl.lit(f"{column.name} is missing or blank; a value is required ({column.meaning})")
    return pl.concat_str(pl.lit(f"{column.name} is "), shown, pl.lit(_wanted(column, code)))


def _wanted(column: Column, code: str) -> str:
    """What a value should have been, in words that follow it."""
    if code == "allowed" and column.allowed:
        return f"; allowed: {', '.join(column.allowed)}"
    if code == "range" and (bounds := _bounds(column)):
        advice = " (does the file count to 100? --scale popularity=100)" if column.name == "popularity" else ""
        return f"; it must be {bounds}{advice}"
    if code == "type" and column.dtype in _TYPES:
        return f"; it must be {' '.join(filter(None, (_TYPES[column.dtype], _bounds(column))))}"
    return f": {CODES[code]}; {allowed(column, code)}"


def _bounds(column: Column) -> str | None:
    """What a number must be; none for a column without both bounds."""
    if column.low is None or column.high is None:
        return None
    return f"between {column.low:,.12g} and {column.high:,.12g}"


def _shown(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    text = value.cast(pl.String)
    if dtype.is_nested():
        text = pl.struct(value.alias("")).struct.json_encode().str.strip_prefix('{"":').str.strip_suffix("}")
    cut = pl.when(text.str.len_chars() > _SHOWN).then(text.str.slice(0, _SHOWN) + "…").otherwise(text)
    return cut.str.replace_all(r"\p{Cc}", "�").fill_null("null")


def allowed(column: Column, code: str = "type") -> str:
    """What a column takes, in words that follow a semicolon."""
    if code in _ADVICE:
        return _ADVICE[code]
    if column.range:
        return f"allowed: {column.range} {column.unit}".rstrip()
    return f"allowed: {_TYPES[column.dtype]}"
