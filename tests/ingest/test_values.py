"""Values of single columns, and what is wrong with them."""

from __future__ import annotations

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
        (EVENTS["type"], "Play", "allowed"),
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
            assert (value is None) == (cell in (None, ""))
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
    assert values.accepts(column, UTC) == (column.dtype == UTC)
