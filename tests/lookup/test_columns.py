"""Columns of an Arrow file by position, beside what Arrow itself reads."""

from __future__ import annotations

import os
from pathlib import Path
from struct import Struct
from zlib import crc32

import pyarrow as pa
import pytest

from recsys import LakeError
from recsys.lookup import columns as columns_of
from recsys.lookup.columns import Columns, sealed
from recsys.lookup.offsets import offsets

IDS = [b"", b"a", b"a\x00", b"ab", b"b", b"c", b"\xc3\xbc"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Seven rows in batches of 3, 0 and 4."""
    schema = pa.schema({"id": pa.large_binary(), "number": pa.int32(), "share": pa.float32()})
    table = pa.table([[sealed(name) for name in IDS], range(7), [row / 4 for row in range(7)]], schema=schema)
    with pa.ipc.new_file(str(tmp_path / "x.arrow"), schema) as writer:
        for part in (table[:3], table[3:3], table[3:]):
            writer.write_batch(part.combine_chunks().to_batches()[0] if part.num_rows else pa.RecordBatch.from_pylist([], schema))
    return tmp_path / "x.arrow"


def test_every_row_is_where_the_index_says(path: Path) -> None:
    columns = Columns(path, offsets(path))
    assert [columns.text("id", row) for row in range(len(columns))] == IDS
    assert columns.numbers(("number", "share"), 1, 2, crc32(Struct("<iiff").pack(1, 2, 0.25, 0.5))) == [[1, 2], [0.25, 0.5]]
    assert columns.numbers(("number",), 3, 4, crc32(Struct("<4i").pack(3, 4, 5, 6))) == [[3, 4, 5, 6]]


def test_two_parts_are_read_at_once_and_each_is_compared_with_its_checksum(tmp_path: Path, path: Path) -> None:
    layout = offsets(path)
    whole = tmp_path / "parts"
    one, other = sealed(b"first"), sealed(b"")
    whole.write_bytes(b"..." + one + other)
    columns = Columns(whole, {**layout, "bytes": whole.stat().st_size})
    assert columns.two_parts((len(one), len(other)), 3) == (one, other)
    for counts, first in (((-1, len(one)), 3), ((len(one), len(other)), 4), ((2**40, 4), 0)):
        with pytest.raises(LakeError, match="was removed or changed"):
            columns.two_parts(counts, first)
    for damaged in (b"x" + one[1:] + other, one + b"x" + other[1:]):
        whole.write_bytes(b"..." + damaged)
        with pytest.raises(LakeError, match="is damaged"):
            columns.two_parts((len(one), len(other)), 3)


@pytest.mark.parametrize("most", [0, 7])
def test_held_places_change_no_row(path: Path, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns_of, "_KEPT", most)
    columns = Columns(path, offsets(path))
    columns.keep("id")
    assert bool(columns._kept) is (most == 7)
    assert [columns.text("id", row) for row in range(len(columns))] == IDS


def test_places_among_sorted_rows(path: Path) -> None:
    columns = Columns(path, offsets(path))
    assert [columns.place("id", key) for key in (*IDS, b"aa", b"\xff")] == [*range(7), 3, 7]


def test_a_file_without_rows(tmp_path: Path) -> None:
    with pa.ipc.new_file(str(tmp_path / "x.arrow"), pa.schema({"id": pa.large_binary()})):
        pass
    columns = Columns(tmp_path / "x.arrow", offsets(tmp_path / "x.arrow"))
    assert len(columns) == columns.place("id", b"x") == 0


def test_reading_behind_the_end_is_an_error(path: Path) -> None:
    columns = Columns(path, offsets(path))
    columns.check()
    os.truncate(path, 200)
    for read in (columns.check, lambda: columns.text("id", 6), lambda: columns.numbers(("number",), 0, 3, 0)):
        with pytest.raises(LakeError, match="removed or changed"):
            read()


def test_bounds_that_are_nonsense_are_an_error(path: Path) -> None:
    result = offsets(path)
    bounds, _ = result["texts"]["id"][0]
    columns = Columns(path, result)
    for first, end in ((5, 2), (0, 2**40), (-(2**40), 0), (2**40, 2**40 + 5)):
        with path.open("r+b") as file:
            file.seek(bounds)
            file.write(first.to_bytes(8, "little", signed=True) + end.to_bytes(8, "little", signed=True))
        with pytest.raises(LakeError, match=r"removed or changed|checksum"):
            columns.text("id", 0)


def test_a_file_of_another_size_is_not_opened(path: Path) -> None:
    with pytest.raises(LakeError, match="missing or damaged"):
        Columns(path, {**offsets(path), "bytes": 5})
    with pytest.raises(LakeError, match="missing or damaged"):
        Columns(path.with_name("none"), offsets(path))
