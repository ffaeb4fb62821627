"""Values of single columns, and what is wrong with them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.ingest import values
from recsys.tables import CONTROLS, EVENTS, INPUTS, REQUESTS, TABLES, TRACKS, UTC, Column


def read(column: Column, value: object, dtype: pl.DataType | None = None) -> tuple[object, object]:
    result, codes = values.convert(column, pl.Series([value], dtype=dtype, strict=False), None)
    assert result.dtype == column.dtype
    return result.to_list()[0], codes.item()


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        (TRACKS["energy"], " 0.5 ", 0.5),
        (TRACKS["energy"], "1e-3", 0.001),
        (TRACKS["energy"], 1, 1.0),
        (TRACKS["energy"], "", None),
        (TRACKS["loudness"], "-60", -60.0),
        (TRACKS["duration_ms"], "180000.0", 180000),
        (TRACKS["duration_ms"], 180000.0, 180000),
        (TRACKS["explicit"], "True", True),
        (TRACKS["explicit"], "no", False),
        (TRACKS["explicit"], 1, True),
        (TRACKS["explicit"], "t", True),
        (TRACKS["explicit"], "0.0", False),
        (TRACKS["explicit"], "NA", None),
        (TRACKS["popularity"], "N/A", None),
        (TRACKS["duration_ms"], "NULL", None),
        (EVENTS["occurred_at"], r"\N", None),
        (EVENTS["type"], " SAVE", "save"),
        (TRACKS["title"], "NA", "NA"),
        (TRACKS["release_date"], date(2011, 5, 1), "2011-05-01"),
        (TRACKS["release_date"], datetime(2011, 5, 1, 12), "2011-05-01"),  # noqa: DTZ001
        (TRACKS["release_date"], "2011-00-00", "2011"),
        (TRACKS["release_date"], "2011-05-00", "2011-05"),
        (TRACKS["release_date"], "0000", None),
        (TRACKS["genres"], "rock| pop|", ["rock", " pop"]),
        (TRACKS["genres"], '["rock","a|b"]', ["rock", "a|b"]),
        (TRACKS["genres"], ["rock"], ["rock"]),
        (TRACKS["genres"], [], []),
        (TRACKS["id"], 7, "7"),
        (TRACKS["id"], " a ", " a "),
        (REQUESTS["limit"], "-3", -3),
        (CONTROLS["postponed_tracks"], "a|b", [{"track_id": "a", "until": None}, {"track_id": "b", "until": None}]),
        (
            CONTROLS["postponed_tracks"],
            '["a",{"track_id":"b"}]',
            [{"track_id": "a", "until": None}, {"track_id": "b", "until": None}],
        ),
    ],
)
def test_read(column: Column, value: object, expected: object) -> None:
    assert read(column, value) == (expected, None)


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        (TRACKS["energy"], "loud", "type"),
        (TRACKS["energy"], "0,5", "type"),
        (TRACKS["energy"], "nan", "not_finite"),
        (TRACKS["energy"], float("-inf"), "not_finite"),
        (TRACKS["energy"], "1e999", "not_finite"),
        (TRACKS["energy"], 1.0000001, "range"),
        (TRACKS["loudness"], "-60.1", "range"),
        (TRACKS["popularity"], "57", "range"),
        (TRACKS["duration_ms"], "-1", "range"),
        (TRACKS["duration_ms"], "1.5", "type"),
        (TRACKS["duration_ms"], "9" * 25, "range"),
        (TRACKS["duration_ms"], "nan", "not_finite"),
        (TRACKS["explicit"], "maybe", "type"),
        (TRACKS["explicit"], 2, "type"),
        (TRACKS["id"], None, "missing"),
        (TRACKS["id"], "", "missing"),
        (TRACKS["id"], " \t", "missing"),
        (TRACKS["title"], "a\0b", "text"),
        (TRACKS["genres"], '["a",null]', "type"),
        (TRACKS["genres"], '["a"', "type"),
        (TRACKS["genres"], ["a", None], "type"),
        (EVENTS["type"], "listen", "allowed"),
        (EVENTS["type"], "pl ay", "allowed"),
        (EVENTS["weight"], "101", "range"),
        (REQUESTS["feature_targets"], '{"energy":2}', "range"),
        (REQUESTS["feature_targets"], '{"energi":0.2}', "unknown_field"),
        (REQUESTS["feature_targets"], '{"energy":"x"}', "type"),
        (REQUESTS["feature_targets"], '{"energy":NaN}', "not_finite"),
        (REQUESTS["feature_targets"], "[]", "type"),
        (CONTROLS["postponed_tracks"], '[{"track_id":"a","until":"2027-01-01"}]', "zone"),
        (CONTROLS["postponed_tracks"], '[{"until":"2027-01-01T00:00:00Z"}]', "type"),
        (CONTROLS["postponed_tracks"], '[{"track_id":"a","till":1}]', "unknown_field"),
    ],
)
def test_refused(column: Column, value: object, code: str) -> None:
    assert read(column, value)[1] == code


def test_feature_targets_left_out_are_null() -> None:
    result, code = read(REQUESTS["feature_targets"], '{"energy":0.5}')
    assert code is None
    assert isinstance(result, dict)
    assert {name: value for name, value in result.items() if value is not None} == {"energy": 0.5}


COLUMNS = [column for name in INPUTS for column in TABLES[name]]
JUNK = (
    st.none()
    | st.text(max_size=12)
    | st.sampled_from(["1", "-1", "0.5", "nan", "[]", '["a"]', "{}", "true", "2024-01-05T00:00:00Z", "null"])
)


@settings(max_examples=80)
@given(st.sampled_from(COLUMNS), st.lists(JUNK, max_size=6))
def test_any_text_becomes_a_good_value_or_a_code(column: Column, cells: list[str | None]) -> None:
    source = pl.Series(cells, dtype=pl.String)
    result, codes = values.convert(column, source, None)
    assert result.dtype == column.dtype
    assert len(result) == len(codes) == len(cells)
    for cell, value, code in zip(cells, result.to_list(), codes.to_list(), strict=True):
        if code is None:
            absent = cell in values.ABSENT and column.dtype in (pl.Float64, pl.Int64, pl.Boolean, UTC)
            absent |= column.ids == "date" and (cell or "").strip().startswith("0000")
            assert (value is None) == (cell in (None, "") or absent)
            assert not column.allowed or value in (None, *column.allowed)
            if isinstance(value, float):
                assert column.low is None or value >= column.low
                assert column.high is None or value <= column.high


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: str(column.name))
def test_every_column_takes_its_own_type_and_text(column: Column) -> None:
    assert values.accepts(column, column.dtype)
    assert values.accepts(column, pl.String())
    assert not values.accepts(column, pl.Binary())
    assert not values.accepts(column, pl.Boolean()) or column.dtype == pl.Boolean
    assert values.accepts(column, UTC) == (column.dtype == UTC or column.ids == "date")


STRUCT = pl.Struct({"x": pl.Int64()})
KINDS = {
    "null": pl.Null(), "text": pl.String(), "int": pl.Int32(), "float": pl.Float32(), "decimal": pl.Decimal(9, 2),
    "bool": pl.Boolean(), "date": pl.Date(), "time": pl.Datetime("ms"), "word": pl.Categorical(), "enum": pl.Enum(["a"]),
    "struct": STRUCT, "texts": pl.List(pl.String()), "ints": pl.List(pl.Int64()), "nulls": pl.List(pl.Null()),
    "floats": pl.List(pl.Float64()), "structs": pl.List(STRUCT), "bytes": pl.Binary(),
}  # fmt: skip


@pytest.mark.parametrize(
    ("column", "kinds"),
    [
        (TRACKS["energy"], "int float decimal"),
        (TRACKS["duration_ms"], "int float decimal"),
        (EVENTS["occurred_at"], "int float decimal date time"),
        (TRACKS["explicit"], "int bool"),
        (TRACKS["title"], "int float decimal word enum"),
        (TRACKS["genres"], "texts ints nulls"),
        (CONTROLS["postponed_tracks"], "texts ints nulls structs"),
        (REQUESTS["feature_targets"], "struct"),
        (REQUESTS["feature_bounds"], "struct"),
    ],
)
def test_types_that_a_column_is_read_from(column: Column, kinds: str) -> None:
    assert {name for name, kind in KINDS.items() if values.accepts(column, kind)} == {"null", "text", *kinds.split()}


def test_only_numbers_lose_their_decimals_as_texts() -> None:
    assert read(TRACKS["title"], "1.0") == ("1.0", None)
    assert read(TRACKS["title"], Decimal("7.00")) == ("7", None)
    assert read(TRACKS["title"], Decimal("7.50")) == ("7.50", None)
    assert read(TRACKS["title"], 7.0) == ("7", None)
    assert read(TRACKS["title"], 7.5) == (None, "type")
    for sign in (1, -1):
        assert read(TRACKS["title"], sign * 2.0**53) == (str(sign * 2**53), None)
        assert read(TRACKS["title"], sign * 2.0**54) == (None, "type")


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("7", (7, None)), (" 7 ", (7, None)), ("7.0", (7, None)), (7.5, (None, "type")), ("x", (None, "type")),
        ("", (None, None)),
        (float("inf"), (None, "not_finite")), (2.0**53, (None, "range")), (2.0**54, (None, "range")), (-1, (None, "range")),
        (86_400_000, (86_400_000, None)), (86_400_001, (None, "range")), (0, (0, None)),
    ],
)  # fmt: skip
def test_whole_numbers(value: object, result: tuple[object, object]) -> None:
    got, code = read(TRACKS["duration_ms"], value)
    assert (got if code is None else None, code) == result
