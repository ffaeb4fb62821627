"""Lists, feature targets and postponed tracks: the columns that hold more than one value.

Text is a JSON array or object; where a list of names is wanted, also names separated by ``|``, in the credits and genres of a
track by ``;``, too, and objects with a ``name``. A comma separates nothing, for names have commas of their own. These columns are
read value by value, each distinct one once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import orjson
import polars as pl

from recsys.ingest import times
from recsys.tables import FEATURES, POSTPONED, RANGES, STRINGS, TARGETS, TRACKS

_PYTHON_TEXT = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")
_PYTHON_LIST = re.compile(rf"""\[\s*((?:{_PYTHON_TEXT.pattern})(?:\s*,\s*(?:{_PYTHON_TEXT.pattern}))*)\s*,?\s*\]""")
"""A list of texts as Python shows it: what pandas writes into CSV."""

_Converted = tuple[pl.Series, pl.Series]
T = TypeVar("T")


class _UnreadableError(Exception):
    """A value that cannot be read; the argument is its code."""


def lists(source: pl.Series, *, semicolons: bool = False) -> _Converted:
    """Lists of names. ``semicolons``: whether they separate names, where ``|`` does not."""
    if isinstance(source.dtype, pl.List):
        if isinstance(source.dtype.inner, pl.Struct):
            source = source.list.eval(pl.element().struct.field("name"))
        values = source.cast(STRINGS)
        holes = values.list.eval(pl.element().is_null()).list.any().fill_null(value=False)
        return _where(values, holes)
    distinct = source.unique()
    parsed, codes = _each(distinct, partial(_names, semicolons=semicolons))
    table = pl.DataFrame({"text": distinct, "value": pl.Series(parsed, dtype=STRINGS), "code": pl.Series(codes, dtype=pl.String)})
    joined = pl.DataFrame({"text": source}).join(table, on="text", how="left", nulls_equal=True, maintain_order="left")
    return joined["value"], joined["code"]


def targets(source: pl.Series) -> _Converted:
    """Audio features by name; features left out are null."""
    values, codes = _each(source, _targets)
    return pl.Series(values, dtype=TARGETS), pl.Series(codes, dtype=pl.String)


def ranges(source: pl.Series) -> _Converted:
    """Least and greatest of audio features by name, null for no end; features left out are null."""
    values, codes = _each(source, _ranges)
    return pl.Series(values, dtype=RANGES), pl.Series(codes, dtype=pl.String)


def postponed(source: pl.Series, zone: str | None) -> _Converted:
    """Tracks with the time until which they are postponed; a track named without time has none."""
    parsed, codes = _each(source, _postponed)
    ends = pl.Series([end for pairs in parsed for _, end in pairs or ()], dtype=pl.String)
    times_read, wrong = times.read(ends, zone)
    moments, reasons = iter(times_read), iter(wrong)
    values: list[list[dict[str, Any]] | None] = []
    for row, pairs in enumerate(parsed):
        values.append(None if pairs is None else [{"track_id": track, "until": next(moments)} for track, _ in pairs])
        codes[row] = next(filter(None, [next(reasons) for _ in pairs or ()]), codes[row])
    kept = [None if code else value for value, code in zip(values, codes, strict=True)]
    return pl.Series(kept, dtype=POSTPONED), pl.Series(codes, dtype=pl.String)


def _each(source: pl.Series, read: Callable[[Any], T]) -> tuple[list[T | None], list[str | None]]:
    values: list[T | None] = []
    codes: list[str | None] = []
    for value in source.to_list():
        try:
            values.append(None if value is None else read(value))
            codes.append(None)
        except _UnreadableError as error:
            values.append(None)
            codes.append(str(error))
    return values, codes


def _names(value: str, *, semicolons: bool = False) -> list[str]:
    if not value.lstrip().startswith("["):
        separator = ";" if semicolons and "|" not in value else "|"
        return [name.strip() if separator == ";" else name for name in value.split(separator) if name.strip()]
    try:
        orjson.loads(value)
    except orjson.JSONDecodeError:  # JSON first: its escapes mean more than Python's
        if quoted := _PYTHON_LIST.fullmatch(value.strip()):
            return [re.sub(r"\\(.)", r"\1", one or other) for one, other in _PYTHON_TEXT.findall(quoted[1])]
    return [
        _name(item["name"] if semicolons and isinstance(item, dict) and "name" in item else item) for item in _json(value, list)
    ]


def _name(item: Any) -> str:
    if isinstance(item, bool) or not isinstance(item, (str, int)):
        raise _UnreadableError("type")
    if "\0" in str(item):
        raise _UnreadableError("text")
    return str(item)


def _targets(value: str | dict[str, Any]) -> dict[str, float | None]:
    given = _json(value, dict) if isinstance(value, str) else value
    if not given.keys() <= set(FEATURES):
        raise _UnreadableError("unknown_field")
    return {name: None if given.get(name) is None else _target(name, given[name]) for name in FEATURES}


def _ranges(value: str | dict[str, Any]) -> dict[str, list[float | None] | None]:
    given = _json(value, dict) if isinstance(value, str) else value
    if not given.keys() <= set(FEATURES):
        raise _UnreadableError("unknown_field")
    return {name: None if given.get(name) is None else _range(name, given[name]) for name in FEATURES}


def _range(name: str, value: Any) -> list[float | None]:
    if not isinstance(value, list) or len(value) != len(("least", "greatest")):
        raise _UnreadableError("type")
    return [None if end is None else _target(name, end) for end in value]


def _target(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _UnreadableError("type")
    if not math.isfinite(value):
        raise _UnreadableError("not_finite")
    column = TRACKS[name]
    if column.low is not None and column.high is not None and not column.low <= value <= column.high:
        raise _UnreadableError("range")
    return float(value)


def _postponed(value: str | list[Any]) -> list[tuple[str, str | None]]:
    if isinstance(value, str):
        value = _json(value, list) if value.lstrip().startswith("[") else _names(value)
    return [_postponement(item) for item in value]


def _postponement(item: Any) -> tuple[str, str | None]:
    if not isinstance(item, dict):
        return _name(item), None
    if not item.keys() <= {"track_id", "until"}:
        raise _UnreadableError("unknown_field")
    until = item.get("until")
    if isinstance(until, datetime):
        until = until.isoformat()
    if isinstance(until, bool) or not isinstance(until, (str, int, float, type(None))):
        raise _UnreadableError("type")
    return _name(item.get("track_id")), None if until in (None, "") else str(until)


def _json(text: str, kind: type) -> Any:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _UnreadableError("not_finite" if "NaN" in text or "Infinity" in text else "type") from error
    if not isinstance(value, kind):
        raise _UnreadableError("type")
    return value


def _where(values: pl.Series, holes: pl.Series) -> _Converted:
    columns = pl.select(value=pl.when(~holes).then(values), code=pl.when(holes).then(pl.lit("type")))
    return columns["value"], columns["code"]
