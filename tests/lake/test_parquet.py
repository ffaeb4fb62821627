"""Equal frames give equal bytes; what is written is what is read."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recsys.errors import LakeError
from recsys.lake import parquet
from recsys.lake.records import File
from recsys.tables import PROFILES, TABLES


@pytest.fixture(scope="module")
def profiles() -> pl.DataFrame:
    """More rows than a row group holds."""
    rows = parquet.ROW_GROUP + 1000
    number = pl.int_range(rows, eager=True)
    frame = pl.DataFrame(
        {
            "user_id": pl.select(pl.format("u{}", number % 1000)).to_series(),
            "confidence": number / rows,
            "interaction_count": number,
        }
    ).with_columns(
        taste=np.random.default_rng(1).random((rows, 12)),
        taste_audio=pl.col("interaction_count") % 2 == 0,
        exploration_readiness=pl.lit(0.5),
        friction=pl.lit(0.0),
        top_genres=pl.lit([{"name": "ambient", "strength": 1.0}], PROFILES["top_genres"].dtype),
        top_artists=pl.lit([], PROFILES["top_artists"].dtype),
        cold=pl.lit(False),
        updated_at=pl.lit(datetime(2026, 1, 31, tzinfo=UTC)),
    )
    return PROFILES.conform(frame)


def written(folder: Path, frame: pl.DataFrame, table=PROFILES) -> File:
    folder.mkdir(exist_ok=True)
    parquet.write(folder / "f.parquet", frame, table, "table")
    return File.of(folder, "f.parquet")


@pytest.mark.slow
def test_equal_frames_give_equal_bytes(profiles, tmp_path):
    pieces = pl.concat([profiles[:1000], profiles[1000:90_001], profiles[90_001:]], rechunk=False)
    assert (profiles.n_chunks(), pieces.n_chunks()) == (1, 3)
    slices = pl.concat([profiles[:7], profiles])[7:]
    threads = pa.cpu_count()
    result = [written(tmp_path, frame).sha256 for frame in (profiles, profiles, pieces, slices)]
    pa.set_cpu_count(1)
    result.append(written(tmp_path, pieces).sha256)
    pa.set_cpu_count(threads)
    assert len(set(result)) == 1


@pytest.mark.slow
def test_rows_come_back_and_the_contract_with_them(profiles, tmp_path):
    file = written(tmp_path, profiles)
    assert parquet.read(tmp_path, file).equals(profiles)
    metadata = pq.read_metadata(tmp_path / "f.parquet")
    assert [metadata.row_group(number).num_rows for number in range(2)] == [parquet.ROW_GROUP, 1000]
    schema = metadata.schema.to_arrow_schema()
    assert schema.metadata == {b"table": b"profiles", b"grain": b"one user"}
    assert schema.field("friction").metadata[b"unit"] == b"0\xe2\x80\x931"
    assert [field.nullable for field in schema] == [column.null for column in PROFILES]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_table_can_be_empty(table, tmp_path):
    assert parquet.read(tmp_path, written(tmp_path, table.empty(), table)).schema == table.schema


def test_no_flipped_bit_goes_unnoticed(profiles, tmp_path):
    file = written(tmp_path, profiles[:20])
    path = tmp_path / file.path
    good = path.read_bytes()
    for place in range(0, len(good), 61):
        path.write_bytes(good[:place] + bytes([good[place] ^ 16]) + good[place + 1 :])
        with pytest.raises(LakeError, match="its content is not what was written"):
            parquet.read(tmp_path, file)
    path.write_bytes(good)
    assert parquet.read(tmp_path, file).height == 20


def test_pages_have_checksums_for_readers_without_the_manifest(profiles, tmp_path):
    path = tmp_path / written(tmp_path, profiles[:500]).path
    good = path.read_bytes()
    metadata = pq.read_metadata(path).row_group(0)
    for column in map(metadata.column, range(metadata.num_columns)):
        start = column.dictionary_page_offset or column.data_page_offset
        place = start + column.total_compressed_size - 3  # the end of its last page
        path.write_bytes(good[:place] + bytes([good[place] ^ 16]) + good[place + 1 :])
        with pytest.raises(OSError, match="CRC"):
            pq.ParquetFile(path, page_checksum_verification=True).read()
        with pytest.raises(LakeError, match="CRC"):  # as if it was written so: its SHA-256 is the one that is recorded
            parquet.read(tmp_path, File.of(tmp_path, path.name))


@pytest.mark.parametrize("damage", ["rows", "columns", "types", "cut"])
def test_a_file_that_reads_back_differently_is_refused(damage, profiles, tmp_path, monkeypatch):
    write = pq.write_table

    def broken(table: pa.Table, handle, **options):
        narrow = table.schema.field("interaction_count").with_type(pa.int32())
        table = {
            "rows": table[:-1],
            "columns": table.drop_columns(["friction"]),
            "types": table.cast(table.schema.set(table.schema.get_field_index(narrow.name), narrow)),
            "cut": table,
        }[damage]
        write(table, handle, **options)
        if damage == "cut":
            handle.truncate(1000)

    monkeypatch.setattr(pq, "write_table", broken)
    with pytest.raises(LakeError, match=r"f.parquet is missing or damaged"):
        parquet.write(tmp_path / "f.parquet", profiles[:20], PROFILES, "table")


def test_missing_file(tmp_path):
    file = File(path="gone.parquet", bytes=1, sha256=hashlib.sha256(b"").hexdigest())
    with pytest.raises(LakeError, match=r"gone.parquet is missing or damaged: No such file"):
        parquet.read(tmp_path, file)


def test_texts_have_dictionaries_and_numbers_that_hardly_repeat_have_none(profiles, tmp_path):
    written(tmp_path, profiles[:1000])
    group = pq.read_metadata(tmp_path / "f.parquet").row_group(0)
    columns = [group.column(place) for place in range(group.num_columns)]
    plain = {column.path_in_schema for column in columns if not column.has_dictionary_page}
    assert plain >= {"confidence", "taste.list.element", "top_genres.list.element.strength"}
    assert not plain & {"user_id", "interaction_count", "top_genres.list.element.name"}
