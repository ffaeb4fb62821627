"""CSV as rows of text, with true line numbers.

A record is one line, or several when a quoted field holds line ends. The header's separator counts: comma, semicolon or
tab. Blank lines are no rows. Records written by the book go through Polars in bulk. Any other stretch is taken apart line
by line, so that one stray quote costs one row and not everything up to the next quote.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO

import polars as pl

from recsys.ingest.lines import LONGEST, Lines
from recsys.ingest.rows import LINE, Fault, Rows, broken_rows

csv.field_size_limit(LONGEST)

SEPARATORS = (",", ";", "\t")


def fields(line: str, separator: str = ",") -> list[str] | None:
    """The fields of one line; none when its quotes do not pair up.

    A tab stands in no name, so between tabs a quote that is not by the book is a sign like any other.
    """
    try:
        return next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error:
        return [_unquoted(field) for field in line.split("\t")] if separator == "\t" else None


def _unquoted(field: str) -> str:
    by_the_book = len(field) > 1 and re.fullmatch(r'"(?:[^"]|"")*"', field)
    return field[1:-1].replace('""', '"') if by_the_book else field


def separator_of(line: str) -> str:
    """The separator that a header line has most of."""
    return max(SEPARATORS, key=line.count)


def rows(blocks: Iterable[Lines], names: Sequence[str], separator: str) -> Iterator[Rows]:
    """Rows of the blocks that follow the header; every field is text, an empty one null."""
    held = _no_lines()
    for block in blocks:
        lines = pl.concat([held, block.frame])
        records, held = _records(lines)
        yield _parsed(lines.head(lines.height - held.height), records, names, separator, block.broken)
    if held.height:
        yield _parsed(held, _grouped(held), names, separator, broken_rows(()))


def _no_lines() -> pl.DataFrame:
    return pl.DataFrame(schema={LINE: pl.Int64, "text": pl.String})


def _records(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lines grouped into records, and the lines of a record that is still open at the end."""
    records = _grouped(lines)
    if not records.height:
        return records, _no_lines()
    closed = records["text"].str.count_matches('"', literal=True) % 2 == 0
    if closed[-1] or len(records["text"][-1]) > LONGEST:
        return records, _no_lines()
    return records.head(-1), lines.filter(pl.col(LINE) >= records[LINE][-1])


def _grouped(lines: pl.DataFrame) -> pl.DataFrame:
    """One row per record: first line, text. A record goes on while an odd number of quotes is open."""
    quotes = lines["text"].str.count_matches('"', literal=True)
    if not quotes.sum():
        return lines
    before = quotes.cum_sum() - quotes
    starts = (before % 2 == 0).cast(pl.Int64).cum_sum().alias("record")
    if starts.n_unique() == lines.height:
        return lines
    groups = lines.with_columns(starts).group_by("record", maintain_order=True)
    return groups.agg(pl.col(LINE).first(), pl.col("text").str.join("\n")).drop("record")


def _parsed(lines: pl.DataFrame, records: pl.DataFrame, names: Sequence[str], separator: str, broken: pl.DataFrame) -> Rows:
    records = records.filter(pl.col("text").str.contains(r"\S"))
    whole = _by_the_book(records["text"], len(names), separator)
    if whole.all():
        return Rows(_split(records, names, separator), records["text"], broken)
    good = records.filter(whole)
    apart = _lines_of(records.filter(~whole), lines, good)
    again = apart["text"].str.contains(_pattern(len(names), separator))
    odd, faults = _one_by_one(apart.filter(~again), names, separator)
    good = pl.concat([good, apart.filter(again)])
    parts = [(_split(good, names, separator), good["text"]), odd]
    frame = pl.concat([part.with_columns(texts.alias("\0text")) for part, texts in parts]).sort(LINE, maintain_order=True)
    return Rows(frame.drop("\0text"), frame["\0text"].alias("text"), pl.concat([broken, broken_rows(faults)]))


def _by_the_book(records: pl.Series, count: int, separator: str) -> pl.Series:
    """Whether each record has ``count`` fields, none of them with other records inside."""
    if not records.str.contains('"', literal=True).any():  # each is one line, and every separator one
        return records.str.count_matches(separator, literal=True) == count - 1
    return records.str.contains(_pattern(count, separator)) & ~_swallows(records, count, separator)


def _lines_of(failed: pl.DataFrame, lines: pl.DataFrame, good: pl.DataFrame) -> pl.DataFrame:
    """The physical lines of the failed records, blank ones left out."""
    starts = pl.concat([failed.select(LINE, bad=True), good.select(LINE, bad=False)]).sort(LINE)
    owned = lines.sort(LINE).join_asof(starts, on=LINE, strategy="backward")
    return owned.filter(pl.col("bad").fill_null(value=False) & pl.col("text").str.contains(r"\S")).drop("bad")


def _pattern(count: int, separator: str) -> str:
    """Matches a record of ``count`` fields written by the book (RFC 4180)."""
    field = rf'(?:"(?:[^"]|"")*"|[^"{separator}]*)'
    return f"^{field}(?:{separator}{field}){{{count - 1}}}$"


def _swallows(records: pl.Series, count: int, separator: str) -> pl.Series:
    """Whether a record of several lines has whole records inside: two stray quotes, not one long field."""
    field = rf'(?:"(?:[^"\n]|"")*"|[^"\n{separator}]*)'
    inside = records.str.contains(f"\n{field}(?:{separator}{field}){{{count - 1}}}\n")
    return inside if count > 1 else pl.repeat(False, len(records), eager=True)


def _split(records: pl.DataFrame, names: Sequence[str], separator: str) -> pl.DataFrame:
    if not records.height:
        return pl.DataFrame(schema={LINE: pl.Int64, **dict.fromkeys(names, pl.String)})
    text = BytesIO(records["text"].str.join("\n").item().encode())
    parsed = pl.read_csv(text, has_header=False, new_columns=list(names), infer_schema=False, separator=separator)
    return parsed.select(records[LINE], *names)


def _apart(lines: pl.DataFrame) -> Iterator[tuple[int, str]]:
    """Numbers and texts of lines; one that ends in the middle, as in files whose lines end in different ways, is several."""
    for number, text in lines.select(LINE, "text").iter_rows():
        parts = text.split("\r")
        whole = all(part.count('"') % 2 == 0 for part in parts)
        yield from ((number, part) for part in (parts if whole else [text]) if part.strip())


def _one_by_one(lines: pl.DataFrame, names: Sequence[str], separator: str) -> tuple[tuple[pl.DataFrame, pl.Series], list[Fault]]:
    good: list[tuple[int, str, list[str]]] = []
    faults: list[Fault] = []
    for number, text in _apart(lines):
        values = fields(text, separator)
        if values is None:
            faults.append((number, None, "quote", "a quoted field is not closed, or is followed by more text", text))
        elif len(values) != len(names):
            faults.append((number, None, "fields", f"{len(values)} fields where the header has {len(names)}", text))
        else:
            good.append((number, text, values))
    columns = {name: [values[place] or None for _, _, values in good] for place, name in enumerate(names)}
    frame = pl.DataFrame(
        {LINE: [number for number, _, _ in good], **columns}, schema={LINE: pl.Int64, **dict.fromkeys(names, pl.String)}
    )
    return (frame, pl.Series("text", [text for _, text, _ in good], dtype=pl.String)), faults
