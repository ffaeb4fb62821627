"""Whole rows against the contract."""

from __future__ import annotations

import polars as pl
import pytest

from recsys.ingest.rows import LINE, Rows, broken_rows
from recsys.ingest.validation import validate, without_repeats
from recsys.tables import EVENTS, TRACKS, Column, Table


def rows(**columns: list[object]) -> Rows:
    height = len(next(iter(columns.values())))
    return Rows(pl.DataFrame({LINE: range(10, 10 + height), **columns}, schema_overrides={LINE: pl.Int64}))


def test_a_row_has_one_reject_its_first_cause_in_the_order_of_the_contract() -> None:
    block = rows(completed_ms=["-5", "x", "7"], type=["play", "listen", "play"], track_id=["t", "t", "t"], user_id=["u", "", "u"])
    kept, rejected = validate(EVENTS, block)
    assert kept.select(LINE, "user_id", "completed_ms").rows() == [(12, "u", 7)]
    assert rejected.select("line", "column", "code").rows() == [(10, "completed_ms", "range"), (11, "user_id", "missing")]
    assert rejected["reason"][0] == "completed_ms is -5; it must be between 0 and 86,400,000"
    assert rejected["raw"][0] == '{"completed_ms":"-5","type":"play","track_id":"t","user_id":"u"}'


def test_a_value_of_the_wrong_kind_is_told_what_it_must_be() -> None:
    plays = ["many", "2", "3"]
    _, rejected = validate(EVENTS, rows(user_id=["u"] * 3, track_id=["t"] * 3, type=["play", "love", "play"], plays=plays))
    assert rejected["reason"].to_list() == [
        "plays is many; it must be a whole number between 1 and 1,000,000",
        "type is love; allowed: play, skip, like, dislike, save, hide",
    ]


def test_kept_rows_have_the_contract_and_broken_ones_stay_broken() -> None:
    broken = broken_rows([(1, None, "json", "not JSON", "{")])
    kept, rejected = validate(EVENTS, Rows(rows(user_id=["u"], track_id=["t"], type=["like"]).frame, broken=broken))
    assert kept.drop(LINE).schema == EVENTS.schema
    assert rejected.equals(broken)


def test_a_required_column_that_no_row_has() -> None:
    kept, rejected = validate(EVENTS, rows(user_id=["u", "v"], type=["like", "like"]))
    assert kept.is_empty()
    assert rejected["code"].to_list() == ["missing", "missing"]


def test_reasons_are_short_and_printable() -> None:
    _, rejected = validate(EVENTS, rows(user_id=["u"], track_id=["t"], type=["\x1b[31m" + "x" * 500]))
    assert "\x1b" not in rejected["reason"][0]
    assert len(rejected["reason"][0]) < 250
    assert len(rejected["raw"][0]) > 500


def test_repeats_name_the_line_that_is_kept() -> None:
    frame = pl.DataFrame({LINE: [2, 3, 4], "id": ["a", "b", "a"], "x": [1, 2, 3]})
    kept, parts = without_repeats(frame, ("id",), "id")
    (rejected,) = parts
    assert kept["x"].to_list() == [1, 2]
    assert rejected.row(0) == (4, "id", "duplicate", "id is already on line 2; the first is kept", '{"id":"a","x":3}', None)


def test_repeats_of_a_key_of_two_columns_stand_under_the_first() -> None:
    frame = pl.DataFrame({LINE: [1, 2], "user_id": ["u", "u"], "list": ["mix", "mix"]})
    _, parts = without_repeats(frame, ("user_id", "list"), "the list")
    (rejected,) = parts
    assert rejected.select("column", "user_id").rows() == [("user_id", "u")]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("popularity", "63", "; it must be between 0 and 1 (does the file count to 100? --scale popularity=100)"),
        ("valence", "63", "; it must be between 0 and 1"),
        ("acousticness", "6", "; it must be between 0 and 1"),
        ("explicit", "maybe", "; it must be true or false (1 0 yes no)"),
        ("release_date", "1.2.20", ": the text does not have the column's form; allowed: YYYY, YYYY-MM or YYYY-MM-DD,"
         " empty when it is not known"),
        ("energy", "nan", ": the number is NaN or infinite; a finite number is allowed, empty when it is not known"),
    ],
)  # fmt: skip
def test_each_cause_says_what_is_allowed(column: str, value: str, reason: str) -> None:
    _, rejected = validate(TRACKS, rows(id=["t"], **{column: [value]}))
    assert rejected["reason"].to_list() == [f"{column} is {value}{reason}"]
    assert rejected["user_id"].to_list() == [None]  # a track is nobody's


def test_a_reject_knows_its_listener() -> None:
    _, rejected = validate(EVENTS, rows(user_id=["ann", "", "*"], track_id=["t"] * 3, type=["love", "love", "like"]))
    assert rejected["user_id"].to_list() == ["ann", None, "*"]
    assert rejected["reason"][2] == (
        "user_id is *: the name is reserved; * stands for a listener without a history; name the listener"
    )


def test_a_column_with_one_bound_and_one_without() -> None:
    columns = (
        Column("id", pl.String(), "which"),
        Column("age", pl.Float64(), "how old", "years", null=True, low=0.0),
        Column("name", pl.String(), "what", null=True),
    )
    table = Table("things", "input", "one row a thing", ("id",), columns)
    _, rejected = validate(table, rows(id=["a", "b", "c"], age=["-1", "x", None], name=["n", "n", "a\0b"]))
    assert [" ".join(reason.split(": ", 1)[-1].split()) for reason in rejected["reason"]] == [
        "the number is outside the column's range; allowed: 0 … years",
        "age is x; it must be a number",
        "the text holds a NUL character; take the NUL character out",
    ]


@pytest.mark.parametrize(("length", "shown"), [(80, "y" + "x" * 79), (81, "y" + "x" * 79 + "…")])
def test_eighty_characters_of_a_value_are_shown(length: int, shown: str) -> None:
    _, rejected = validate(EVENTS, rows(user_id=["u"], track_id=["t"], type=["y" + "x" * (length - 1)]))
    assert rejected["reason"][0].startswith(f"type is {shown}; allowed: ")
