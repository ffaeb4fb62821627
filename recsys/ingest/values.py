"""Values of a source column → values of a contract column, with a code for each that cannot be converted.

Empty text is null in every format. Numbers, times and truth values may have spaces around them; ids and names are kept as they
are. Every function takes one column and returns two of its length: values, and codes (null = fine).
"""

from __future__ import annotations

import polars as pl

from recsys.ids import PATTERNS, normalise
from recsys.ingest import nested, times
from recsys.inputs import ANYONE
from recsys.tables import EVENTS, POSTPONED, RANGES, STRINGS, TARGETS, TRACKS, UTC, Column
from recsys.words import spelled

_TRUE, _FALSE = ["true", "1", "yes", "t", "y", "1.0"], ["false", "0", "no", "f", "n", "0.0"]
ABSENT = ["NA", "N/A", "NULL", "Null", "null", "None", r"\N"]
"""What R, databases and Python write for no value; where text is wanted, a name as any other."""
CREDITS = ("artists", "genres")
"""Columns of a track that tables on the web hold in one text, whatever separates it."""
WORDS = (EVENTS["type"], TRACKS["origin"])
"""Columns of words that may be written in any case."""
_EXACT = 2**53  # the largest range in which a float stands for one whole number

Converted = tuple[pl.Series, pl.Series]


def accepts(column: Column, dtype: pl.DataType) -> bool:
    """Whether values of a source type can be read into the column at all."""
    if dtype == pl.Null or dtype == pl.String:
        return True
    if column.dtype in (pl.Float64, pl.Int64):
        return dtype.is_numeric()
    if column.dtype == UTC:
        return dtype.is_numeric() or dtype == pl.Date or isinstance(dtype, pl.Datetime)
    if column.dtype == pl.Boolean:
        return dtype == pl.Boolean or dtype.is_integer()
    if column.dtype == pl.String and column.ids == "date" and (dtype == pl.Date or isinstance(dtype, pl.Datetime)):
        return True
    if column.dtype == pl.String:
        return dtype.is_numeric() or isinstance(dtype, (pl.Categorical, pl.Enum))
    if column.dtype in (TARGETS, RANGES):
        return isinstance(dtype, pl.Struct)
    return isinstance(dtype, pl.List) and _item(column, dtype.inner)


def _item(column: Column, inner: object) -> bool:
    if isinstance(inner, pl.Struct):
        return column.dtype == POSTPONED or (
            column.name in CREDITS and ("name", pl.String) in [(one.name, one.dtype) for one in inner.fields]
        )
    return inner in (pl.String, pl.Null) or (isinstance(inner, pl.DataType) and inner.is_integer())


def convert(column: Column, source: pl.Series, zone: str | None) -> Converted:
    """Values of the column's type; the code says why a value of the source became null.

    A value outside the column's range, not among its allowed words, or null where one is required has a code too.
    """
    source = _without_empty(source)
    if column.dtype in (pl.Float64, pl.Int64, pl.Boolean, UTC) and source.dtype == pl.String and source.is_in(ABSENT).any():
        source = pl.select(pl.when(~source.is_in(ABSENT)).then(source)).to_series()
    values, codes = _typed(column, source, zone)
    frame = pl.DataFrame({"value": values, "code": codes})
    rules = [rule for rule in _rules(column) if rule is not None]
    if not rules:
        return values, codes
    reasons = frame.select(pl.coalesce("code", *rules)).to_series()
    return values, reasons.rename("code")


def _without_empty(source: pl.Series) -> pl.Series:
    if isinstance(source.dtype, (pl.Categorical, pl.Enum)):
        source = source.cast(pl.String)
    if source.dtype != pl.String or not (source == "").any():
        return source
    return pl.select(pl.when(source != "").then(source)).to_series()


def _typed(column: Column, source: pl.Series, zone: str | None) -> Converted:
    if source.dtype == pl.Null:
        return pl.repeat(None, len(source), dtype=column.dtype, eager=True), _fine(source)
    if column.dtype == pl.String:
        return _strings(column, source)
    if column.dtype == pl.Float64:
        return _floats(source)
    if column.dtype == pl.Int64:
        return _integers(source)
    if column.dtype == pl.Boolean:
        return _truths(source)
    if column.dtype == UTC:
        return times.read(source, zone)
    if column.dtype == STRINGS:
        values, codes = nested.lists(source, semicolons=column.name in CREDITS)
        return (normalise(column.ids, values) if column.ids else values), codes
    if column.dtype == RANGES:
        return nested.ranges(source)
    return nested.targets(source) if column.dtype == TARGETS else nested.postponed(source, zone)


def _rules(column: Column) -> list[pl.Expr | None]:
    value = pl.col("value")
    blank = value.is_null()
    if column.dtype == pl.String:
        blank = blank | ~value.str.contains(r"\S")
    outside = (None if column.low is None else value < column.low, None if column.high is None else value > column.high)
    return [
        None if column.null else pl.when(blank).then(pl.lit("missing")),
        pl.when(~_word(column, value).is_in(list(column.allowed))).then(pl.lit("allowed")) if column.allowed else None,
        pl.when(value == ANYONE).then(pl.lit("reserved")) if column is EVENTS["user_id"] else None,
        *(None if side is None else pl.when(side).then(pl.lit("range")) for side in outside),
    ]


def _word(column: Column, value: pl.Expr) -> pl.Expr:
    """The word as it is compared: modes without outer space and case, as the lists compare them."""
    return value.str.strip_chars().str.to_lowercase() if column.name == "mode" else value


def _strings(column: Column, source: pl.Series) -> Converted:
    """Texts; a whole number of a floating-point column is one without its ``.0``."""
    text = _wholes(source) if source.dtype.is_float() else source.cast(pl.String)
    if isinstance(source.dtype, pl.Decimal):
        text = text.str.replace(r"\.0+$", "")
    broken = pl.select(source.is_not_null() & text.is_null()).to_series()
    text = normalise(column.ids, text) if column.ids else text
    text = spelled(text, column.allowed) if column in WORDS else text
    code = pl.when(text.str.contains("\0", literal=True)).then(pl.lit("text")).when(broken).then(pl.lit("type"))
    if column.ids == "date":
        code = code.when(~text.str.contains(PATTERNS["date"])).then(pl.lit("pattern"))
    return _coded(text, code)


def _wholes(source: pl.Series) -> pl.Series:
    whole = (source % 1 == 0) & (source.abs() <= _EXACT)
    return pl.select(pl.when(whole).then(source).cast(pl.Int64, strict=False).cast(pl.String)).to_series()


def _floats(source: pl.Series) -> Converted:
    values = _number(source)
    if values.is_finite().all() and values.null_count() == source.null_count():
        return values, _fine(source)
    code = (
        pl.when(source.is_not_null() & values.is_null()).then(pl.lit("type")).when(~values.is_finite()).then(pl.lit("not_finite"))
    )
    return _coded(values, code)


def _integers(source: pl.Series) -> Converted:
    text = source.str.strip_chars() if source.dtype == pl.String else source
    values = text.cast(pl.Int64, strict=False) if text.dtype == pl.String or text.dtype.is_integer() else _nothing(source)
    if values.null_count() == source.null_count():
        return values, _fine(source)
    number = _number(source)
    whole = (number == number.floor()) & (number.abs() <= _EXACT)
    parsed = pl.select(
        value=pl.coalesce(values, pl.when(whole).then(number).cast(pl.Int64, strict=False)),
        code=pl.when(values.is_not_null() | source.is_null() | whole.fill_null(value=False))
        .then(pl.lit(None, pl.String))
        .when(number.is_null())
        .then(pl.lit("type"))
        .when(~number.is_finite())
        .then(pl.lit("not_finite"))
        .when(number != number.floor())
        .then(pl.lit("type"))
        .otherwise(pl.lit("range")),
    )
    return parsed["value"], parsed["code"]


def _truths(source: pl.Series) -> Converted:
    if source.dtype == pl.Boolean:
        return source, _fine(source)
    word = source.cast(pl.String).str.strip_chars().str.to_lowercase()
    values = pl.select(pl.when(word.is_in(_TRUE)).then(pl.lit(True)).when(word.is_in(_FALSE)).then(pl.lit(False))).to_series()
    return _coded(values, pl.when(source.is_not_null() & values.is_null()).then(pl.lit("type")))


def _number(source: pl.Series) -> pl.Series:
    text = source.str.strip_chars() if source.dtype == pl.String else source
    return text.cast(pl.Float64, strict=False)


def _coded(values: pl.Series, code: pl.Expr) -> Converted:
    """Values and codes, with null for every value that has a code."""
    codes = pl.select(code).to_series()
    if codes.null_count() == len(codes):
        return values, codes
    return pl.select(pl.when(codes.is_null()).then(values)).to_series(), codes


def _fine(source: pl.Series) -> pl.Series:
    return pl.repeat(None, len(source), dtype=pl.String, eager=True)


def _nothing(source: pl.Series) -> pl.Series:
    return pl.repeat(None, len(source), dtype=pl.Int64, eager=True)
