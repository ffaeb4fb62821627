"""Tables written as words: a header line, then a line a row.

``-`` is null, ``.`` the empty text, ``~`` a space, ``a;b`` a list, ``a=1`` a pair of fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl
import pytest

from recsys import models
from recsys.matrices.song import named_rows
from recsys.tables import TABLES
from tests.support.worlds import Row, frame

SHOWN = {"is_genre": pl.Boolean(), "name": pl.String(), "shown": pl.String()}
NAMES = dict.fromkeys(("id", "user_id", "track_id", "song", "artist", "key"), pl.String())
KEYS = {"batch": pl.Int32(), **NAMES, **SHOWN}
"""Columns that no table's contract holds, or that a view of keys alone is made of."""


def run(model: str, variables: Mapping[str, models.Variable] | None = None, **views: str) -> pl.DataFrame:
    """Rows of a model over views written as words."""
    if model in ("events", "ratings"):
        views.setdefault("releases", "track_id song")
    if model == "names":
        views.setdefault("shown", "is_genre name shown")
    frames = {name: view(name, text) for name, text in views.items()}
    if model == "aliases":
        frames = {name: named_rows(frame) for name, frame in frames.items()}
    return models.run(model, frames, variables)


def view(name: str, text: str) -> pl.DataFrame:
    """A view of a model: every column of the table it is named after; an input has ``batch`` and ``row`` too."""
    table = TABLES.get(name.removeprefix("input_").removeprefix("builtin_"))
    if table is None:
        return pl.DataFrame(rows(text, KEYS), schema={column: KEYS[column] for column in header(text)})
    result = rows(text, {**KEYS, **table.schema})
    whole = frame(table, result)
    if name.startswith("input_"):
        batch = pl.Series("batch", [row.get("batch", 0) for row in result], dtype=pl.Int32)
        return whole.with_columns(batch).with_row_index("row")
    return whole


def expect(result: pl.DataFrame, text: str) -> None:
    """The found rows are those written, in that order, in the columns that are written; numbers within 1e-9."""
    assert result.select(header(text)).to_dicts() == [_about(row) for row in rows(text, result.schema)]


def header(text: str) -> list[str]:
    return text.strip().split("\n")[0].split()


def rows(text: str, schema: Mapping[str, pl.DataType]) -> list[Row]:
    lines = [line.split() for line in text.strip().split("\n")[1:]]
    return [{name: cell(word, schema[name]) for name, word in zip(header(text), line, strict=True)} for line in lines]


def cell(word: str, dtype: pl.DataType) -> Any:
    """The value of a word in a column of that type."""
    if word == "-":
        return None
    text = "" if word == "." else word.replace("~", " ")
    if isinstance(dtype, pl.List):
        return [cell(part, dtype.inner) for part in text.split(";") if part]
    if isinstance(dtype, pl.Struct):
        parts = zip(dtype.fields, text.split("="), strict=True)
        return {field.name: cell(part, field.dtype) for field, part in parts}
    if isinstance(dtype, pl.Datetime):
        return datetime.fromisoformat(text if "T" in text else f"{text}T00:00:00+00:00")
    if dtype == pl.Boolean:
        return {"yes": True, "no": False}[text]
    return float(text) if dtype.is_float() else int(text) if dtype.is_integer() else text


def _about(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _about(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_about(item) for item in value]
    return pytest.approx(value, abs=1e-9) if isinstance(value, float) else value
