"""What a format of exports is made of: fields picked from objects, and columns that become plays."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from recsys.ingest.exports.formats import (
    LISTENS,
    PLAY,
    SONG,
    ExportFormat,
    at,
    columns,
    duration,
    either,
    entry_moment,
    entry_words,
    from_millis,
    mbid,
    mbids,
    millis,
    misdated,
    table,
    text,
    whole,
)
from recsys.ingest.exports.reading import _FORMATS
from recsys.ingest.exports.scrobbles import LASTFM, LASTFM_STATS

MBID = "0a1b2c3d-0000-4000-8000-00000000000f"
DAY = 86_400_000
EVERY = [*_FORMATS, LASTFM, LASTFM_STATS]


@pytest.mark.parametrize(
    ("row", "value"),
    [({"a": {"b": 3}}, 3), ({"a": {"b": None}}, None), ({"a": 5}, None), ({"a": [1]}, None), ({}, None)],
)
def test_at_a_path(row: dict[str, Any], value: object) -> None:
    assert at("a", "b")(row) == value


def test_either_takes_the_first_that_is_there() -> None:
    pick = either(at("a"), at("b"), at("c"))
    assert pick({"a": None, "b": "", "c": "x"}) == "x"
    assert pick({"a": 0, "b": "y"}) == 0
    assert pick({}) is None


@pytest.mark.parametrize(("value", "words"), [("a", "a"), ("", ""), (5, None), (["a"], None), ("a\0", None), (None, None)])
def test_only_words(value: object, words: str | None) -> None:
    assert entry_words(at("x"))({"x": value}) == words


@pytest.mark.parametrize(
    ("value", "unit", "number"),
    [
        (200, 1000, 200_000),
        (0.5, 1000, 500),
        (DAY, 1, DAY),
        (DAY + 1, 1, None),
        (-1, 1, None),
        (True, 1, None),
        ("200", 1, None),
        (float("nan"), 1, None),
        (float("inf"), 1, None),
    ],
)
def test_only_milliseconds_within_a_day(value: object, unit: int, number: int | None) -> None:
    assert whole(at("x"), unit)({"x": value}) == number


@pytest.mark.parametrize(
    ("value", "result"),
    [(MBID, MBID), (f" {MBID.upper()} ", MBID), (MBID[:-1], None), (f"{MBID}0", None), ("", None), (None, None)],
)
def test_only_musicbrainz_ids_of_objects_and_of_columns(value: str | None, result: str | None) -> None:
    assert mbid(at("x"))({"x": value}) == result
    assert pl.DataFrame({"x": [value]}, {"x": pl.String}).select(mbids("x")).item() == result


def test_times_in_milliseconds() -> None:
    times = [631_151_999_999, 631_152_000_000, 0, 1_749_776_100, 1_749_776_100_000, 1_749_776_100_000_000, 4_133_980_800_000]
    frame = pl.DataFrame({"t": times})
    told = {reason.code: frame.select(reason.rows).to_series().to_list() for reason in misdated("t")}
    assert told["epoch"] == [False, False, False, True, False, True, True]
    assert [old and not other for old, other in zip(told["undated"], told["epoch"], strict=True)] == [
        *(True, False, True, False, False, False, False)
    ]
    assert frame.head(2).select(from_millis("t")).to_series().to_list()[1] == datetime(1990, 1, 1, tzinfo=UTC)


FORM = ExportFormat(
    "tool",
    table(
        "tool", columns(text("title", "title"), text("artist", "artist"), duration("ms", "length"), entry_moment("when", "when"))
    ),
    frozenset({"title"}),
    {**{name: SONG[name] for name in ("title", "artist")}, "occurred_at": pl.col("when"), "type": PLAY},
    "title",
    {"artist": at("by", "name")},
)


def test_only_fields_of_the_table_are_picked() -> None:
    row = {"title": "T", "by": {"name": "A", "secret": "s"}, "artist": "not this", "secret": "s", "when": "2024"}
    assert FORM.pick(row) == {"title": "T", "artist": "A", "ms": None, "when": "2024"}


def test_plays_have_every_column_and_null_where_the_format_says_nothing() -> None:
    when = datetime(2024, 1, 1, tzinfo=UTC)
    frame = pl.DataFrame({"title": ["T"], "artist": ["A"], "ms": [5], "when": [when]})
    plays = FORM.plays(frame)
    assert plays.schema == LISTENS
    assert {name: value for name, value in plays.row(0, named=True).items() if value is not None} == {
        "title": "T",
        "artist": "A",
        "occurred_at": when,
        "type": "play",
    }


def test_columns_say_what_is_allowed() -> None:
    assert (millis("t", "x").low, millis("t", "x").null, duration("d", "x").high, duration("d", "x").null) == (
        0,
        False,
        DAY,
        True,
    )


@pytest.mark.parametrize("form", EVERY, ids=lambda form: str(form.name))
def test_every_format_reads_what_it_names_and_makes_listens(form: ExportFormat) -> None:
    empty = pl.DataFrame(schema={**form.table.schema, "file": pl.String})
    assert form.plays(empty).schema == LISTENS
    assert form.names in form.table.names
    assert set(form.fields) <= set(form.table.names)
    assert set(form.pick({})) == set(form.table.names)
    assert all(empty.select(reason.rows).dtypes == [pl.Boolean] for reason in form.left_out)
