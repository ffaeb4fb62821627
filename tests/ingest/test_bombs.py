"""Hostile files: every one ends in a plain line, within a gigabyte of memory; what is good in one is taken in all the same."""

from __future__ import annotations

import os
import subprocess
import sys
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
from tests.support.bombs import BOMBS

MAIN = "from recsys.cli import main; main()"
MOST = 2**30
"""Bytes of memory that a command may take at most."""


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_a_hostile_file_costs_a_line(name: str, tmp_path: Path, root: Path) -> None:
    table, file, _ = BOMBS[name]
    path = tmp_path / file
    subprocess.run([sys.executable, "-m", "tests.support.bombs", name, str(path)], cwd=root, check=True)
    command = [sys.executable, "-c", MAIN, "ingest", table, str(path), "--lake", str(tmp_path / "lake")]
    with subprocess.Popen(
        [*command, *(["--user", "u"] if table == "export" else [])],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path,
    ) as process:  # fmt: skip
        said = process.stdout.read() if process.stdout else ""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in (0, 3), said[-2000:]
    assert "Traceback" not in said
    assert "fault of recsys" not in said
    assert 0 < len(said) < 10_000
    assert used.ru_maxrss * 1024 <= MOST


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
