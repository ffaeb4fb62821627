"""A sheet of a workbook as rows of text, from real workbooks of a few cells."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import date, datetime

import pytest

from recsys.errors import InputError
from recsys.ingest import ingest_export
from recsys.ingest.exports import workbooks
from recsys.ingest.exports.workbooks import _text, blocks, sheet
from recsys.ingest.files import Source
from recsys.ingest.rows import LINE
from recsys.lake import Lake
from tests.ingest.conftest import Put
from tests.ingest.test_files import packed
from tests.support.workbooks import workbook

ROWS = [("a", "b", "c"), ("x", 5, None), (None, None, None), ("y", 0.5, "z")]


def source(put: Put, data: bytes) -> Source:
    return Source(put("book.xlsx", data))


def test_header_and_rows(put: Put) -> None:
    data = workbook("plays", ROWS)
    header, rows = sheet(source(put, data), data, "plays")
    assert header == ["a", "b", "c"]
    assert [[_text(cell) for cell in row] for row in rows] == [["x", "5", None], [None] * 3, ["y", "0.5", "z"]]


def test_blank_lines_above_the_header_are_passed_over_and_an_empty_sheet_has_none(put: Put) -> None:
    data = workbook("plays", [(None, None), ("a", "b"), ("x", "y")])
    assert sheet(source(put, data), data, "plays")[0] == ["a", "b"]
    data = workbook("plays", [])
    header, rows = sheet(source(put, data), data, "plays")
    assert (header, list(rows)) == ([], [])


@pytest.mark.parametrize("size", [1, 2, 50_000])
def test_blocks_number_rows_below_the_header_and_leave_blank_ones_out(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "_BLOCK", size)
    result = list(blocks(iter([list(row) for row in ROWS[1:]]), ["a", "b", "c"], ["c", "a", "none"]))
    frames = [block.frame for block in result]
    assert all(frame.columns == [LINE, "a", "c"] or frame.columns == [LINE, "c", "a"] for frame in frames)
    assert [row for frame in frames for row in frame.select(LINE, "a", "c").rows()] == [(2, "x", None), (4, "y", "z")]


def test_rows_shorter_than_the_header(put: Put) -> None:
    (block,) = blocks(iter([["x"]]), ["a", "b"], ["a", "b"])
    assert block.frame.select("a", "b").rows() == [("x", None)]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("a", "a"), ("", None), (None, None), (200.0, "200"), (0.5, "0.5"), (float(2**60), str(float(2**60))), (True, "True"),
        (datetime(2024, 1, 5, 14, 23), "2024-01-05T14:23:00"), (date(2024, 1, 5), "2024-01-05"),  # noqa: DTZ001
    ],
)  # fmt: skip
def test_cells_as_a_csv_would_hold_them(cell: object, text: str | None) -> None:
    assert _text(cell) == text


def test_another_sheet_is_named_with_those_that_are_there(put: Put) -> None:
    data = workbook("Sheet1", ROWS)
    with pytest.raises(
        InputError, match=r"book\.xlsx: .*without the sheet 'plays'; there: 'Sheet1'; .*save its sheet plays as CSV"
    ):
        sheet(source(put, data), data, "plays")


def test_what_is_no_workbook(put: Put) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
    with pytest.raises(InputError, match="cannot be opened"):
        sheet(source(put, buffer.getvalue()), buffer.getvalue(), "plays")


def test_what_unpacks_to_too_much(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 1_000_000)
    monkeypatch.setattr("recsys.ingest.files.UNPACKED", 1000)
    monkeypatch.setattr("recsys.ingest.files.RATIO", 2)
    with pytest.raises(OSError, match="unpacks to more than"):
        sheet(source(put, buffer.getvalue()), buffer.getvalue(), "plays")


def test_an_archive_packed_once_more_is_no_workbook(lake: Lake, put: Put) -> None:
    with pytest.raises(InputError, match=r"x\.gz: a zip archive packed once more; unpack it once"):
        ingest_export(lake, "ann", [put("x.gz", gzip.compress(packed("a.json", b"[]")))])
