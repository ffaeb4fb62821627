"""Times of many spellings → UTC with microseconds.

Read: ISO 8601, extended or basic, with ``T`` or a space and with an offset or ``Z``; dates with slashes that begin with the year,
and with full stops that begin with the day; words, ``01 Sep 2026, 14:37``, ``September 1, 2026 at 02:37PM`` or as in letters of
e-mail; a date alone; seconds since 1970. What has no offset needs a zone from the caller. In the hour that the clock shows twice,
the first is meant. ``9/1/2026`` is not read: nobody knows which is the month.
"""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from recsys.tables import UTC

FIRST_YEAR, LAST_YEAR = 1990, 2100
_ZERO_YEAR = 1970
"""What tools write that know no time counts from its beginning."""

_LOW, _HIGH = 631_152_000, 4_133_980_800  # seconds from 1970 to 1990-01-01 and to 2101-01-01
_YEAR = 366 * 86_400
_SERIALS = (32_874, 73_416)
"""Days from the end of 1899 to 1990 and to 2101: what a date of a spreadsheet counts, in fractions of a day."""
_NUMBER = r"^[+-]?\d+(?:\.\d+)?$"
_WORDS = tuple(f"{day} {clock}" for day in ("%d %B %Y", "%B %d %Y") for clock in ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p"))
"""Dates in English words, commas and *at* left out."""
_SHORTEST = len("2026-09-01T14:37:00Z")
_NAIVE = pl.Datetime("us")


def read(source: pl.Series, zone: str | None) -> tuple[pl.Series, pl.Series]:
    """UTC times, and a code where there is none though the source has a value.

    ``source``: text, numbers, dates or datetimes; ``zone``: IANA zone of times without one, none = they are refused.
    """
    if isinstance(source.dtype, pl.Datetime) and source.dtype.time_zone is not None:
        values = source.cast(pl.Datetime("us", source.dtype.time_zone)).dt.convert_time_zone("UTC")
        return _within(values, _no_codes(source))
    if source.dtype.is_temporal():
        return _within(*_placed(source.cast(_NAIVE), zone))
    if source.dtype == pl.String:
        return _within(*_text(source, zone))
    return _within(*_epoch(source.cast(pl.Float64)))


def _text(source: pl.Series, zone: str | None) -> tuple[pl.Series, pl.Series]:
    if (plain := _whole(source)) is not None:
        return plain, _no_codes(source)
    text = source.str.strip_chars()
    values = _offset(text)
    rest = values.is_null() & text.is_not_null()
    if not rest.any():
        return values, _no_codes(source)
    plain = _plain(text.filter(rest))
    values, text = _scattered(values, _offset(plain), rest), _scattered(text, plain, rest)
    rest = values.is_null() & text.is_not_null()
    if not rest.any():
        return values, _no_codes(source)
    numbers = text.filter(rest).str.contains(_NUMBER)
    counted, counted_codes = _epoch(pl.select(pl.when(numbers).then(text.filter(rest))).to_series().cast(pl.Float64))
    naive, naive_codes = _placed(_no_offset(text.filter(rest)), zone)
    parsed = pl.select(
        value=pl.when(numbers).then(counted).otherwise(naive),
        code=pl.when(numbers).then(counted_codes).otherwise(naive_codes),
    )
    parsed = parsed.with_columns(code=pl.when(pl.col("value").is_null()).then(pl.col("code").fill_null("time")))
    return _scattered(values, parsed["value"], rest), _scattered(_no_codes(source), parsed["code"], rest)


def _whole(text: pl.Series) -> pl.Series | None:
    """The times where each text is like ``2026-09-01T14:37:00Z``, with a fraction or another offset; none where one is not.

    It takes a twentieth of the time of what reads all spellings.
    """
    shortest = text.str.len_bytes().min()
    if not isinstance(shortest, int) or shortest < _SHORTEST:
        return None
    try:
        return pl.Series(text.name, text.to_arrow().cast(pa.timestamp("us", "UTC")))
    except pa.ArrowInvalid:
        return None


def _plain(text: pl.Series) -> pl.Series:
    """Other spellings of ISO 8601, and dates in the words of e-mail, as the one that is read; everything else as it is."""
    spelled = (
        text.str.replace(r"\[[A-Za-z_/+-]+\]$", "")
        .str.replace(r"^(\d{4})(\d\d)(\d\d)[T ](\d\d):?(\d\d)(?::?(\d\d))?", "${1}-${2}-${3}T${4}:${5}:${6}")
        .str.replace(r"^(\d{4})/(\d\d?)/(\d\d?)\b", "${1}-${2}-${3}")
        .str.replace(r"^(\d\d?)\.(\d\d?)\.(\d{4})\b,?", "${3}-${2}-${1}")
        .str.replace(r"(:\d\d),(\d)", "${1}.${2}")
        .str.replace(r"^(\d{4}-\d\d?-\d\d?[T ]\d\d)(Z|[+-]\d\d:?\d\d)?$", "${1}:00${2}")
        .str.replace(r"^(\d{4}-\d\d?-\d\d?[T ]\d\d?:\d\d):($|[^\d])", "${1}:00${2}")
    )
    mail = spelled.str.replace(r"^[A-Z][a-z]{2},? +", "").str.replace(r" (?:GMT|UTC|Z)$", " +0000")
    parsed = mail.str.to_datetime("%d %b %Y %H:%M:%S %z", time_unit="us", time_zone="UTC", strict=False)
    return pl.select(pl.coalesce(parsed.dt.strftime("%Y-%m-%dT%H:%M:%SZ"), spelled)).to_series()


def _offset(text: pl.Series) -> pl.Series:
    spelled = (
        text.str.replace(r"^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d)( ?(?:[Zz]|UTC|[+-]\d\d).*)$", "${1}:00${2}")
        .str.replace(r" ?UTC$", "Z")
        .str.replace(r" ?([+-]\d\d):?(\d\d)$", "${1}:${2}")
        .str.replace(r"(:\d\d(?:\.\d+)?) ?([+-]\d\d)$", "${1}${2}:00")
    )
    return spelled.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)


def _no_offset(text: pl.Series) -> pl.Series:
    spelled = (
        text.str.replace(r"^(\d{4}-\d\d?-\d\d?)$", "${1}T00:00:00")
        .str.replace(r"^(\d{4}-\d\d?-\d\d?)[T ](\d\d?:\d\d)$", "${1}T${2}:00")
        .str.replace(" ", "T", literal=True)
    )
    iso = spelled.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
    if not iso.null_count():
        return iso
    plain = text.str.replace_all(r",| at\b", "").str.replace_all(r" +", " ").str.replace(r"(\d)([AaPp][Mm])$", "${1} ${2}")
    words = [plain.str.to_datetime(form, time_unit="us", strict=False) for form in _WORDS]
    return pl.select(pl.coalesce(iso, *words)).to_series()


def _placed(naive: pl.Series, zone: str | None) -> tuple[pl.Series, pl.Series]:
    """Times without a zone put into ``zone``."""
    if zone is None:
        codes = pl.select(pl.when(naive.is_not_null()).then(pl.lit("zone"))).to_series()
        return pl.repeat(None, len(naive), dtype=UTC, eager=True), codes
    placed = naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
    codes = pl.select(pl.when(naive.is_not_null() & placed.is_null()).then(pl.lit("time"))).to_series()
    return placed, codes


def _epoch(seconds: pl.Series) -> tuple[pl.Series, pl.Series]:
    size = pl.Series(seconds).abs()
    near = (seconds >= _LOW) & (seconds < _HIGH)
    finer = pl.any_horizontal(*[(size >= _LOW * unit) & (size < _HIGH * unit) for unit in (10**3, 10**6, 10**9)])
    code = (
        pl.when(~seconds.is_finite())
        .then(pl.lit("not_finite"))
        .when(seconds.is_between(*_SERIALS) & (seconds % 1 != 0))
        .then(pl.lit("time"))
        .when((seconds >= 0) & (seconds < _YEAR))
        .then(pl.lit("undated"))
        .when(finer)
        .then(pl.lit("epoch"))
        .when(~near)
        .then(pl.lit("time_range"))
    )
    micros = pl.when(near).then((seconds * 1e6).round()).cast(pl.Int64).cast(UTC)
    parsed = pl.select(value=micros, code=code)
    return parsed["value"], parsed["code"]


def _within(values: pl.Series, codes: pl.Series) -> tuple[pl.Series, pl.Series]:
    outside = ~values.dt.year().is_between(FIRST_YEAR, LAST_YEAR)
    if not outside.any():
        return values, codes
    bounded = pl.select(
        value=pl.when(~outside.fill_null(value=False)).then(values),
        code=pl.when(values.dt.year() == _ZERO_YEAR)
        .then(pl.lit("undated"))
        .when(outside)
        .then(pl.lit("time_range"))
        .otherwise(codes),
    )
    return bounded["value"], bounded["code"]


def _no_codes(source: pl.Series) -> pl.Series:
    return pl.repeat(None, len(source), dtype=pl.String, eager=True)


def _scattered(whole: pl.Series, part: pl.Series, places: pl.Series) -> pl.Series:
    """``whole`` with ``part`` at the rows where ``places`` is true."""
    return whole.scatter(places.arg_true(), part)
