"""JSON Lines and JSON arrays as rows of text.

Every value becomes text, as if it stood in a CSV field, and validation reads it from there: one way for all text formats. What
text cannot tell apart is tested here: a field that is no column, a value given under two names, a JSON type that a column
cannot take.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson
import polars as pl

from recsys.ingest import columns
from recsys.ingest.lines import Lines
from recsys.ingest.rows import LINE, Fault, Rows, broken_rows
from recsys.tables import FEATURES, POSTPONED, RANGES, STRINGS, TARGETS, TRACKS, Column, Table

DECODER = json.JSONDecoder(strict=False)
"""Of one value in a longer text, also of one that is not quite JSON."""
_BETWEEN = re.compile(r"[\s,]*")
_TEXTS = {str, type(None)}
_NUMBERS = {str, int, float, type(None)}
_TAKES: dict[pl.DataType, set[type]] = {
    pl.String(): {str, int, type(None)},
    pl.Float64(): _NUMBERS,
    pl.Int64(): _NUMBERS,
    pl.Boolean(): {str, int, bool, type(None)},
    STRINGS: {str, list, type(None)},
    POSTPONED: {str, list, type(None)},
    TARGETS: {str, dict, type(None)},
    RANGES: {str, dict, type(None)},
}
_JSON_TYPES = {bool: "true or false", dict: "an object", list: "a list", float: "a fraction", int: "a number"}


class Objects(NamedTuple):
    """JSON objects with their line or row numbers and their texts for rejects, and what stood there instead of an object."""

    numbers: list[int]
    rows: list[dict[str, Any]]
    texts: list[str]
    faults: list[Fault]


def objects(lines: Lines) -> Objects:
    """The objects of JSON Lines. Blank lines are no rows."""
    parsed = Objects([], [], [], [])
    for number, text in lines.frame.iter_rows():
        if text.strip():
            strict(parsed, number, text)
    return parsed


def strict(parsed: Objects, number: int, text: str) -> None:
    """Add one object, or several that follow one another, or the fault of a text that is not valid JSON."""
    try:
        put_object(parsed, number, orjson.loads(text), text)
    except orjson.JSONDecodeError as error:
        several = apart(text) or [text]
        if several == [text.strip()] or several == [text]:
            parsed.faults.append((number, *_cause(text, error), _utf8(text)))
            return
        for one in several:
            strict(parsed, number, one)


def apart(text: str) -> list[str] | None:
    """The objects of a text that holds nothing else, one after the other with spaces or commas between; each as it is written."""
    place, several = past(text, 0), []
    while place < len(text):
        try:
            value, end = DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, dict):
            return None
        several.append(text[place:end])
        place = past(text, end)
    return several or None


def past(text: str, place: int) -> int:
    """Where the next element begins, behind spaces and commas."""
    gap = _BETWEEN.match(text, place)
    return gap.end() if gap else place


def put_object(parsed: Objects, number: int, row: Any, text: str) -> None:
    """Add one object with its text, or the fault of another value."""
    if type(row) is dict:
        parsed.numbers.append(number)
        parsed.rows.append(row)
        parsed.texts.append(text)
    else:
        parsed.faults.append((number, None, "json", "a JSON object is needed", text))


def rows(parsed: Objects, table: Table, *, show: bool = True) -> Rows:
    """Objects as a block of text columns; objects of ``tracks`` may hold their audio features in ``features``.

    ``show``: whether rejects may show the objects' texts; otherwise they show only the table's columns.
    """
    known = set(table.names)
    names = {*columns.known(table, nested=True)}
    flat = [row if row.keys() <= known else _flat(row, table, names) for row in parsed.rows]
    wrong: dict[int, tuple[str | None, str, str]] = {
        place: _strange(next(key for key in row if key not in known), row, table)
        for place, row in enumerate(flat)
        if not row.keys() <= known
    }
    cells = {column.name: _cells([row.get(column.name) for row in flat], column, wrong) for column in table}
    texts = pl.Series("text", parsed.texts if show else [_text(row) for row in flat], dtype=pl.String)
    frame = pl.DataFrame({LINE: pl.Series(parsed.numbers, dtype=pl.Int64), **cells})
    refused = broken_rows((parsed.numbers[place], *cause, texts[place]) for place, cause in wrong.items())
    users = [user if isinstance(user := flat[place].get("user_id"), str) else None for place in wrong]
    refused = refused.with_columns(user_id=pl.Series(users, dtype=pl.String))
    good = pl.Series([place not in wrong for place in range(len(flat))], dtype=pl.Boolean)
    return Rows(frame.filter(good), texts.filter(good), pl.concat([broken_rows(parsed.faults), refused]))


def _cells(cells: list[Any], column: Column, wrong: dict[int, tuple[str | None, str, str]]) -> pl.Series:
    """One column as text; the first value of a row that its column cannot take goes into ``wrong``."""
    if column.dtype == pl.String and float in map(type, cells):  # ids that went through a floating-point column
        cells = [int(value) if type(value) is float and value.is_integer() and abs(value) < 2**63 else value for value in cells]
    kinds, taken = set(map(type, cells)), _TAKES.get(column.dtype, _NUMBERS)
    if not kinds <= taken:
        for place, value in enumerate(cells):
            if type(value) not in taken:
                reason = f"{column.name} is {_JSON_TYPES[type(value)]}; {_wanted(taken)} is allowed"
                wrong.setdefault(place, (column.name, "type", reason))
    return pl.Series(cells if kinds <= _TEXTS else _texts(cells, column, wrong), dtype=pl.String)


def _texts(cells: list[Any], column: Column, wrong: dict[int, tuple[str | None, str, str]]) -> list[str | None]:
    """The cells as text; a value that is nested too deeply goes into ``wrong``."""
    texts: list[str | None] = []
    for place, value in enumerate(cells):
        try:
            texts.append(_text(value))
        except orjson.JSONEncodeError:
            texts.append(None)
            wrong.setdefault(place, (column.name, "type", f"{column.name} is nested too deeply; at most 250 levels are read"))
    return texts


def one_per_line(head: bytes) -> bool:
    """Whether a file that begins so has an object on its first line, or a broken one among whole ones, and is no document."""
    first, _, rest = head.replace(b"\r", b"\n").partition(b"\n")
    try:
        row = orjson.loads(first)
    except orjson.JSONDecodeError:
        return first.rstrip().endswith(b"}") or (
            not first.rstrip().endswith((b"{", b"[", b",")) and rest.lstrip().startswith(b"{")
        )
    lists, inner = (
        any(isinstance(value, list) for value in row.values()),
        all(isinstance(value, dict) for value in row.values()),
    )
    return bool(rest.strip()) or not (lists or inner)


def read(blocks: Iterable[Lines], table: Table, named: Callable[[Objects], Objects] = lambda parsed: parsed) -> Iterator[Rows]:
    """Blocks of a JSON Lines file; ``named``: the objects → the same by the names of ``table``."""
    for lines in blocks:
        yield one_by_one(lines, table, named)


def one_by_one(lines: Lines, table: Table, named: Callable[[Objects], Objects] = lambda parsed: parsed) -> Rows:
    """The rows of one block of a JSON Lines file."""
    block = rows(named(objects(lines)), table)
    return Rows(block.frame, block.texts, pl.concat([lines.broken, block.broken]))


def _text(value: Any) -> str | None:
    """A JSON value as a CSV field would hold it."""
    if value is None or type(value) is str:
        return value
    return orjson.dumps(value).decode()


def _flat(row: dict[str, Any], table: Table, names: Collection[str]) -> dict[str, Any]:
    """The row with ``names`` in lower case, aliases renamed, features lifted; what would overwrite something stays as it is."""
    row = _lower(row, names)
    for alias, name in columns.aliases(table).items():
        if alias in row and name not in row:
            row = {name if key == alias else key: value for key, value in row.items()}
    nested = row.get(columns.NESTED, 0) if table is TRACKS else 0
    if nested is None or (isinstance(nested, dict) and _fits(nested, row)):
        row = {key: value for key, value in row.items() if key != columns.NESTED} | (nested or {})
    return row


def _lower(row: dict[str, Any], known: Collection[str]) -> dict[str, Any]:
    """The row with ``USER_ID``, as warehouses write it, as ``user_id``."""
    plain = {key: low for key in row if key not in known and (low := key.strip().lower()) in known and low not in row}
    if len({*plain.values()}) < len(plain):  # twice
        return row
    return {plain.get(key, key): value for key, value in row.items()} if plain else row


def _fits(nested: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    return nested.keys() <= set(FEATURES) and not nested.keys() & row.keys()


def _strange(name: str, row: Mapping[str, Any], table: Table) -> tuple[str | None, str, str]:
    if name in columns.aliases(table):
        return name, "twice", f"both {name!r} and {columns.aliases(table)[name]!r} are given; keep one"
    if name != columns.NESTED or table is not TRACKS:
        return name[:200], "unknown_field", columns.unknown(name, columns.known(table, nested=True))
    nested = row[name]
    if not isinstance(nested, dict):
        return name, "type", f"{name} is {_JSON_TYPES.get(type(nested), 'text')}; an object of audio features is allowed"
    odd = next((key for key in nested if key not in FEATURES), None)
    if odd is not None:
        return name, "unknown_field", columns.unknown(odd, FEATURES)
    twice = next(key for key in nested if key in row)
    return twice, "twice", f"{twice} is given flat and in {name!r}; keep one"


def _wanted(taken: set[type]) -> str:
    names = {list: "a list", dict: "an object", bool: "true or false", float: "a number", int: "a whole number", str: "text"}
    return " or ".join(name for kind, name in names.items() if kind in taken and not (kind is int and float in taken))


def _cause(text: str, error: ValueError) -> tuple[str | None, str, str]:
    """Column, code and reason of a line that is not JSON; many writers put NaN and Infinity into what should be."""
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        row = None
    nested = row.get(columns.NESTED) if isinstance(row, dict) else None
    for name, value in [*_pairs(row), *_pairs(nested)]:
        if isinstance(value, float) and not math.isfinite(value):
            return _utf8(name[:200]), "not_finite", f"{_utf8(name[:200])} is {value}; a finite number or null is allowed"
    if text != _utf8(text):
        return None, "utf8", "a text in the row is not UTF-8; save the file as UTF-8"
    return None, "json", f"not JSON: {error}"


def _pairs(row: Any) -> Iterable[tuple[str, Any]]:
    return row.items() if isinstance(row, dict) else ()


def _utf8(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
