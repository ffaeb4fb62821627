"""A sheet of an Excel workbook as rows of text."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from io import BytesIO
from itertools import islice
from typing import Any

import polars as pl
from python_calamine import CalamineError, CalamineWorkbook

from recsys.errors import InputError
from recsys.ingest.files import Source, require_modest
from recsys.ingest.magic import WORKBOOK
from recsys.ingest.rows import LINE, Rows

_BLOCK = 50_000
"""Rows of a block."""


def sheet(source: Source, data: bytes, name: str) -> tuple[list[str], Iterator[list[Any]]]:
    """The header and the rows below it of the sheet ``name``. Raises :class:`InputError` for a workbook that cannot be opened
    or has no such sheet, and :class:`OSError` for one that unpacks to too much."""
    advice = f"export it again, or save its sheet {name} as CSV (UTF-8)"
    with zipfile.ZipFile(BytesIO(data)) as archive:
        require_modest(archive, len(data))
        if WORKBOOK not in archive.namelist() and source.name.lower().endswith((".gz", ".zst")):
            raise InputError(f"{source.label}: a zip archive packed once more; unpack it once")
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(data))
        if name not in book.sheet_names:
            there = ", ".join(map(repr, book.sheet_names[:20])) or "none"
            raise InputError(f"{source.label}: an Excel workbook without the sheet {name!r}; there: {there}; {advice}")
        rows = iter(book.get_sheet_by_name(name).iter_rows())
        header = next((list(row) for row in rows if any(_text(cell) for cell in row)), [])
    except CalamineError as error:
        raise InputError(f"{source.label}: an Excel workbook that cannot be opened ({error}); {advice}") from error
    return [_text(cell) or "" for cell in header], (list(row) for row in rows)


def blocks(rows: Iterator[list[Any]], names: Sequence[str], wanted: Sequence[str]) -> Iterator[Rows]:
    """Blocks of the columns in ``wanted``, as text; a line is a row of the sheet below its header, blank ones are none."""
    number = 1
    places = {name: names.index(name) for name in wanted if name in names}
    while chunk := list(islice(rows, _BLOCK)):
        cells = [(number + step, [_text(cell) for cell in row]) for step, row in enumerate(chunk, 1)]
        filled = [(line, row) for line, row in cells if any(row)]
        number += len(chunk)
        columns = {
            name: pl.Series(name, [row[place] if place < len(row) else None for _, row in filled], dtype=pl.String)
            for name, place in places.items()
        }
        yield Rows(pl.DataFrame({LINE: pl.Series([line for line, _ in filled], dtype=pl.Int64), **columns}))


def _text(cell: Any) -> str | None:
    """A cell as a CSV field would hold it."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    if isinstance(cell, (datetime, date)):
        return cell.isoformat()
    return str(cell)
