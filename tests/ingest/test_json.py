"""JSON objects as rows of text."""

from __future__ import annotations

from io import BytesIO

import polars as pl
import pytest

from recsys.ingest import arrays, json, lines
from recsys.ingest.rows import Rows
from recsys.tables import CONTROLS, EVENTS, TRACKS, Table


def read(text: str, table: Table = EVENTS) -> Rows:
    blocks = list(json.read(lines.blocks(BytesIO(text.encode())), table))
    return Rows(pl.concat([block.frame for block in blocks]), None, pl.concat([block.broken for block in blocks]))


def fault(text: str, table: Table = EVENTS) -> tuple[object, ...]:
    return read(text, table).broken.select("column", "code").row(0)


def test_values_become_text_with_their_lines() -> None:
    block = read('{"user_id":"u","weight":1.50,"completed_ms":7}\n\n{"user_id":5,"type":null}\n')
    assert block.frame.select("line", "user_id", "weight", "completed_ms", "type").rows() == [
        (1, "u", "1.5", "7", None),
        (3, "5", None, None, None),
    ]


def test_names_in_capitals_are_ours() -> None:
    block = read('{"USER_ID":"u","Track_Id ":"t","PLAY_COUNT":2}\n{"USER_ID":"u","user_id":"v"}\n{"Type":"x","TYPE":"y"}\n')
    assert block.frame.select("user_id", "track_id", "plays").rows() == [("u", "t", "2")]
    assert block.broken.select("line", "column", "code").rows() == [(2, "USER_ID", "unknown_field"), (3, "Type", "unknown_field")]


@pytest.mark.parametrize(
    ("text", "column", "code"),
    [
        ("{", None, "json"),
        ("[1]", None, "json"),
        ("[" * 5000, None, "json"),
        ('{"user_id":"\\ud800"}', None, "json"),
        ('{"weight":NaN}', "weight", "not_finite"),
        ('{"weight":-Infinity}', "weight", "not_finite"),
        ('{"wieght":1}', "wieght", "unknown_field"),
        ('{"user_id":true}', "user_id", "type"),
        ('{"user_id":1.5}', "user_id", "type"),
        ('{"user_id":{}}', "user_id", "type"),
        ('{"weight":false}', "weight", "type"),
        ('{"weight":[1]}', "weight", "type"),
        ('{"occurred_at":{}}', "occurred_at", "type"),
    ],
)
def test_what_is_no_row(text: str, column: str | None, code: str) -> None:
    assert fault(text) == (column, code)


def test_features_may_be_nested_and_track_id_is_id() -> None:
    block = read('{"track_id":"t","features":{"energy":0.5,"key":-1},"genres":["a"]}\n{"id":"u","features":null}', TRACKS)
    assert block.frame.select("id", "energy", "key", "genres").rows() == [("t", "0.5", "-1", '["a"]'), ("u", None, None, None)]


@pytest.mark.parametrize(
    ("text", "column", "code"),
    [
        ('{"id":"a","track_id":"b"}', "track_id", "twice"),
        ('{"id":"a","energy":0.1,"features":{"energy":0.2}}', "energy", "twice"),
        ('{"id":"a","features":{"energi":0.2}}', "features", "unknown_field"),
        ('{"id":"a","features":[]}', "features", "type"),
        ('{"id":"a","features":{"energy":NaN}}', "energy", "not_finite"),
        ('{"id":"a","genres":5}', "genres", "type"),
        ('{"id":"a","explicit":0.5}', "explicit", "type"),
    ],
)
def test_what_is_no_track(text: str, column: str, code: str) -> None:
    assert fault(text, TRACKS) == (column, code)


def test_the_line_is_shown_as_it_is() -> None:
    line = '{"user_id": "u",  "excluded_tracks": 5}'
    assert read(line, CONTROLS).broken["raw"].to_list() == [line]


def test_arrays_count_rows() -> None:
    (result,) = arrays.elements([{"user_id": "u"}, 7, {"user_id": "v"}])
    block = json.rows(result, EVENTS)
    assert block.frame.select("line", "user_id").rows() == [(1, "u"), (3, "v")]
    assert block.broken.select("line", "code", "raw").rows() == [(2, "json", "7")]


@pytest.mark.parametrize(
    ("text", "ids", "codes"),
    [
        ('{"id":"a"}{"id":"b"} , {"id":"c"}', ["a", "b", "c"], []),
        ('{"id":"a"},', ["a"], []),
        ('{"id":"a"}{"id":"b","tempo":NaN}', ["a"], ["not_finite"]),
        ('{"id":"a"}[{"id":"b"}]', [], ["json"]),
        ('{"id":"a"}{"id":', [], ["json"]),
        (",,", [], ["json"]),
    ],
)
def test_objects_that_follow_one_another_are_rows_each(text: str, ids: list[str], codes: list[str]) -> None:
    block = read(text, TRACKS)
    assert block.frame["id"].to_list() == ids
    assert block.broken["code"].to_list() == codes
    assert set(block.frame["line"]) | set(block.broken["line"]) == {1}


def test_hidden_texts_show_only_columns_of_the_table() -> None:
    (result,) = arrays.elements([{"user_id": True, "ip_addr": "10.9.8.7"}])
    picked = result._replace(rows=[{"user_id": True}])
    assert json.rows(picked, EVENTS, show=False).broken["raw"].to_list() == ['{"user_id":true}']
