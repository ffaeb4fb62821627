"""What a Parquet file may take of the memory: refused by its footer or by a batch, and good files of every encoding are read."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recsys.errors import InputError
from recsys.ingest import budget
from recsys.ingest.columns import Header
from recsys.ingest.files import Source
from recsys.ingest.parquet import read
from recsys.tables import TRACKS


def test_a_footer_that_says_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"id": [str(number) for number in range(1000)]}), path, compression="zstd")
    footer, packed = pq.read_metadata(path), path.stat().st_size
    budget.require_modest(footer, packed)
    monkeypatch.setattr("recsys.ingest.files.UNPACKED", 10)
    monkeypatch.setattr("recsys.ingest.files.RATIO", 0)
    with pytest.raises(OSError, match="unpacks to more than"):
        budget.require_modest(footer, packed)


def test_a_column_of_long_lists_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "_LISTED", 2)
    monkeypatch.setattr(budget, "LONG", 5)
    path = tmp_path / "t.parquet"
    for length in (7, 8):
        pq.write_table(pa.table({"genres": [["x"] * length]}), path)
        if length == 7:
            budget.require_modest(pq.read_metadata(path), 10**6)
        else:
            with pytest.raises(OSError, match=r"genres.* has 8 values in 1 rows"):
                budget.require_modest(pq.read_metadata(path), 10**6)


def test_a_dictionary_is_judged_before_it_is_written_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"id": ["x" * 100] * 1000}), path)
    monkeypatch.setattr("recsys.ingest.files.UNPACKED", 10)
    monkeypatch.setattr("recsys.ingest.files.RATIO", 80_000 / path.stat().st_size)
    with pytest.raises(InputError, match="unpacks to more than"):
        list(read(Source(path), Header.of(TRACKS, {}, {})))
    monkeypatch.setattr("recsys.ingest.files.RATIO", 120_000 / path.stat().st_size)
    assert sum(block.height for block in read(Source(path), Header.of(TRACKS, {}, {}))) == 1000


def test_long_texts_are_written_out_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "_BLOCK", 5_000)
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"id": [f"{number}" for number in range(100)], "title": ["x" * 400, "y"] * 50}), path)
    blocks = list(read(Source(path), Header.of(TRACKS, {}, {})))
    assert len(blocks) > 4
    assert [line for block in blocks for line in block.frame["line"]] == list(range(1, 101))
    assert [title for block in blocks for title in block.frame["title"]] == ["x" * 400, "y"] * 50


@pytest.mark.parametrize("encoding", ["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY", "PLAIN"])
def test_every_encoding_of_texts_is_read(encoding: str, tmp_path: Path) -> None:
    path, texts = tmp_path / "t.parquet", [f"track {number}" for number in range(3000)]
    options = {"use_dictionary": False, "column_encoding": {"id": encoding}}
    pq.write_table(pa.table({"id": texts}), path, row_group_size=700, **options)
    assert [text for block in read(Source(path), Header.of(TRACKS, {}, {})) for text in block.frame["id"]] == texts


def test_lists_over_many_row_groups_are_read(tmp_path: Path) -> None:
    path, genres = tmp_path / "t.parquet", [[f"g{number % 7}", "rock"] for number in range(3000)]
    pq.write_table(pa.table({"id": [str(number) for number in range(3000)], "genres": genres}), path, row_group_size=100)
    assert [row for block in read(Source(path), Header.of(TRACKS, {}, {})) for row in block.frame["genres"].to_list()] == genres


def test_a_flipped_bit_in_a_page_is_seen(tmp_path: Path) -> None:
    path, table = tmp_path / "t.parquet", pa.table({"id": ["abcdefgh" * 20]})
    pq.write_table(table, path, compression="none", write_page_checksum=True, write_statistics=False)
    data = bytearray(path.read_bytes())
    data[data.index(b"abcdefgh") + 3] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match="unreadable Parquet"):
        list(read(Source(path), Header.of(TRACKS, {}, {})))


def test_what_was_read_of_a_file_does_not_stay_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, rows = tmp_path / "t.parquet", 4_000
    monkeypatch.setattr(budget, "_ROWS", rows)
    monkeypatch.setattr(budget, "_TOGETHER", 2 * rows)
    schema = pa.schema([("id", pa.string())])
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
        for group in range(64):
            writer.write_table(pa.table([[f"{group}-{row}".rjust(100) for row in range(rows)]], schema))
    before, most = pa.total_allocated_bytes(), 0
    for block in budget.batches(path, pq.ParquetFile(path), path.stat().st_size):
        most = max(most, pa.total_allocated_bytes() - before)
        del block
    assert most < path.stat().st_size / 2
