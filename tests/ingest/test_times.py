"""Times of many spellings."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.ingest import times


def read(value: object, zone: str | None = None, dtype: pl.DataType | None = None) -> tuple[object, object]:
    values, codes = times.read(pl.Series([value], dtype=dtype), zone)
    assert values.dtype == pl.Datetime("us", "UTC")
    return values.item(), codes.item()


@pytest.mark.parametrize(
    ("text", "hour", "minute", "second"),
    [
        ("2024-01-05T14:23:01Z", 14, 23, 1),
        (" 2024-01-05 14:23:01z ", 14, 23, 1),
        ("2024-01-05 14:23:01 UTC", 14, 23, 1),
        ("2024-01-05T14:23Z", 14, 23, 0),
        ("2024-01-05T14:23:01+02:00", 12, 23, 1),
        ("2024-01-05T14:23:01-0530", 19, 53, 1),
        ("2024-01-05 14:23:01 +02", 12, 23, 1),
        ("20240105T142301Z", 14, 23, 1),
        ("20240105 1423Z", 14, 23, 0),
        ("2024-01-05T14Z", 14, 0, 0),
        ("2024-1-5 9:03:00+00:00", 9, 3, 0),
        ("2024/01/05 14:23:01Z", 14, 23, 1),
        ("2024-01-05T14:23:01,000Z", 14, 23, 1),
        ("2024-01-05T14:23:01+02:00[Europe/Berlin]", 12, 23, 1),
        ("Fri, 05 Jan 2024 14:23:01 GMT", 14, 23, 1),
        ("05 Jan 2024 14:23:01 +0200", 12, 23, 1),
        ("1704464581", 14, 23, 1),
        ("1704464581.0", 14, 23, 1),
    ],
)
def test_text(text: str, hour: int, minute: int, second: int) -> None:
    assert read(text) == (datetime(2024, 1, 5, hour, minute, second, tzinfo=UTC), None)


def test_microseconds_are_kept_and_finer_ones_cut() -> None:
    assert read("2024-01-05T14:23:01.123456789Z") == (datetime(2024, 1, 5, 14, 23, 1, 123456, tzinfo=UTC), None)
    assert read(1704464581.25) == (datetime(2024, 1, 5, 14, 23, 1, 250000, tzinfo=UTC), None)


@pytest.mark.parametrize(
    "value",
    [
        "2024-07-05T14:23:00", "2024-07-05 14:23", "05 Jul 2024, 14:23", "5 Jul 2024 14:23", "2024/7/5 14:23", "05.07.2024 14:23",
        "5.7.2024, 14:23:00", "July 5, 2024 at 02:23PM", "July 05 2024 14:23:00", "5 July 2024, 2:23 pm",
        datetime(2024, 7, 5, 14, 23),  # noqa: DTZ001
    ],
)  # fmt: skip
def test_without_a_zone(value: object) -> None:
    assert read(value) == (None, "zone")
    assert read(value, "Europe/Berlin") == (datetime(2024, 7, 5, 12, 23, tzinfo=UTC), None)


def test_dates() -> None:
    assert read(date(2024, 7, 5)) == (None, "zone")
    assert read(date(2024, 7, 5), "UTC") == read("2024-07-05", "UTC") == (datetime(2024, 7, 5, tzinfo=UTC), None)


def test_the_hours_of_clock_changes() -> None:
    assert read("2024-10-27T02:30:00", "Europe/Berlin") == (datetime(2024, 10, 27, 0, 30, tzinfo=UTC), None)
    assert read("2024-03-31T02:30:00", "Europe/Berlin") == (None, "time")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("yesterday", "time"),
        ("7/5/2024 14:23", "time"),
        ("32.01.2024 10:00", "time"),
        ("2024-07-05 14:23 EST", "time"),
        ("45478.6", "time"),
        ("2024-13-01T00:00:00Z", "time"),
        ("9999-12-31T00:00:00Z", "time_range"),
        ("+262142-01-01T00:00:00Z", "time_range"),
        ("99999-01-01T00:00:00Z", "time"),
        ("1989-12-31T23:59:59Z", "time_range"),
        ("2101-01-01T00:00:00Z", "time_range"),
        ("1704464581000", "epoch"),
        (1704464581000000, "epoch"),
        (1704464581000000000, "epoch"),
        (0, "undated"),
        (59_007, "undated"),
        ("1970-01-01T00:00:00Z", "undated"),
        (-1, "time_range"),
        (float("nan"), "not_finite"),
        (None, None),
    ],
)
def test_what_is_refused(value: object, code: str | None) -> None:
    assert read(value) == (None, code)


def test_other_zones_and_units() -> None:
    stamps = pl.Series([datetime(2024, 1, 5, 14, tzinfo=UTC)]).dt.convert_time_zone("Asia/Kolkata").dt.cast_time_unit("ns")
    assert times.read(stamps, None)[0].item() == datetime(2024, 1, 5, 14, tzinfo=UTC)


@pytest.mark.slow
@settings(max_examples=60)
@given(st.lists(st.text(st.sampled_from("0129-+:.TZ ,Jan"), max_size=25), max_size=10), st.sampled_from([None, "Europe/Berlin"]))
def test_every_text_is_a_time_or_has_a_code(texts: list[str], zone: str | None) -> None:
    values, codes = times.read(pl.Series(texts, dtype=pl.String), zone)
    assert (values.is_null() == codes.is_not_null()).all()
    assert values.dt.year().is_between(1990, 2100).all()


@settings(max_examples=60)
@given(st.datetimes(datetime(1990, 1, 2), datetime(2100, 12, 30)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_any_offset(moment: datetime, minutes: int) -> None:
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    values, _ = times.read(pl.Series([f"{moment.isoformat()}{sign}{hours:02d}:{rest:02d}"]), None)
    assert values.dt.epoch("us").item() == pl.Series([moment]).dt.epoch("us").item() - minutes * 60_000_000


OFFSET = r"( ?(Z|z|[+-][0-2][0-9](:?[0-6][0-9])?))?"
SPELLED = r"(19|20)[0-9][0-9]-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9](:[0-6][0-9](\.[0-9]{0,9})?)?" + OFFSET


@settings(max_examples=300, deadline=None)
@given(st.lists(st.from_regex(SPELLED, fullmatch=True), min_size=1, max_size=2))
def test_what_is_read_at_once_is_the_same(texts: list[str]) -> None:
    source = pl.Series(texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(times, "_whole", lambda _: None)
        values, codes = times.read(source, None)
    at_once = times.read(source, None)
    assert (at_once[0].to_list(), at_once[1].to_list()) == (values.to_list(), codes.to_list())


def test_a_column_of_one_spelling_is_read_at_once() -> None:
    assert times._whole(pl.Series(["2024-01-05T14:23:01Z", None, "2024-01-05 14:23:01.5+0200"])) is not None
    assert times._whole(pl.Series(["2024-01-05T14:23:01Z", "2024-01-05"])) is None
