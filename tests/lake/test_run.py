"""Whatever happens to a run's files, a reader gets the rows that were written or an error that names the file."""

from __future__ import annotations

import io
import os
import random
from dataclasses import replace

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recsys.errors import LakeError, NotFoundError
from recsys.lake import Lake, Run, files, read, records
from recsys.lake.home import Home
from recsys.tables import FORMER_NAMES, TABLES
from tests.lake import night


@pytest.fixture
def run(lake):
    night.ingest(lake, 1)
    return lake.publish(night.build(lake).id)


@pytest.fixture
def part(run):
    return run.path / "neighbors" / "part-00001.parquet"


def test_reading(run):
    assert run.tables == ["neighbors"]
    assert [path.name for path in run.files("neighbors")] == ["part-00000.parquet", "part-00001.parquet"]
    assert run.read("neighbors")["user_id"].to_list() == ["u0", "u1", "u2"]
    assert run.scan("neighbors").collect().equals(run.read("neighbors"))
    assert run.file("lookup/users.txt").read_text() == "u0\nu1\nu2"


def test_a_folder_may_have_any_name(tmp_path):
    lake = Lake(tmp_path / "[FLAC] user_id=7 a*b?")
    night.ingest(lake, 1)
    run = night.build(lake)
    assert run.scan("neighbors").collect().equals(run.read("neighbors"))
    assert run.report == run.path / "report.html"


def test_a_run_is_the_same_wherever_its_lake_is_kept(run):
    assert Run.open(run.path) == Run.open(run.path, Home(run.path)) == run


def test_only_what_the_manifest_lists_is_read(run):
    (run.path / "neighbors" / "part-00002.parquet").write_bytes(b"junk")
    (run.path / "neighbors" / "tmp_part.parquet").write_bytes(b"")
    assert run.read("neighbors").height == run.scan("neighbors").collect().height == 3
    assert run.damage() == []


def test_columns_of_the_version_before_have_todays_names(lake, monkeypatch):
    now, former = TABLES["candidates"], {new: old for old, new in FORMER_NAMES["candidates"].items()}
    columns = tuple(replace(column, name=former.get(column.name, column.name)) for column in now if column.name != "safety")
    rows = pl.DataFrame({column.name: ["a"] if column.dtype == pl.String else [1] for column in columns})
    night.ingest(lake, 1)
    monkeypatch.setitem(TABLES, "candidates", replace(now, columns=columns))
    with lake.stage(night.plan(lake)) as staged:
        staged.write("candidates", rows)
        run = lake.commit(staged, status="passed", seconds={}, metrics={})
    assert {"content", "popularity"} <= set(pl.read_parquet_schema(run.files("candidates")[0]))
    monkeypatch.undo()
    assert run.read("candidates").schema == run.scan("candidates").collect().schema == now.schema
    assert run.read("candidates")["safety"].to_list() == [0]


def test_unknown_tables_and_files(run):
    with pytest.raises(NotFoundError, match="has no table 'rankings'; it has: neighbors"):
        run.read("rankings")
    with pytest.raises(NotFoundError, match=r"has no file 'neighbors/part-00000\.parquet'; it has: lookup/users.txt"):
        run.file("neighbors/part-00000.parquet")


@pytest.mark.slow
def test_every_damage_is_found(run, part, lake):
    chance = random.Random(1)  # noqa: S311
    good = part.read_bytes()
    cuts = [good[: len(good) * sixteenth // 16] for sixteenth in range(16)]
    flips = [
        good[:place] + bytes([good[place] ^ 1 << chance.randrange(8)]) + good[place + 1 :]
        for place in chance.sample(range(len(good)), 100)
    ]
    for data in [*cuts, *flips, good + b"\0"]:
        part.write_bytes(data)
        with pytest.raises(LakeError, match=r"part-00001.parquet is missing or damaged"):
            run.read("neighbors")
        assert any("part-00001.parquet: " in problem for problem in run.damage())
        with pytest.raises(LakeError, match=r"part-00001.parquet: .* written; run `recsys runs verify"):
            run.scan("neighbors")
    part.write_bytes(good)
    assert run.damage() == []
    assert lake.current().read("neighbors").height == 3


def test_missing_and_replaced_files(run, part):
    kept = part.rename(run.path / "elsewhere")
    with pytest.raises(LakeError, match=r"part-00001.parquet: cannot be read: No such file"):
        run.scan("neighbors")
    part.symlink_to(kept)
    with pytest.raises(LakeError, match="not a regular file"):
        run.files("neighbors")
    part.unlink()
    part.mkdir()
    with pytest.raises(LakeError, match="is missing or damaged: Is a directory"):
        run.read("neighbors")


def test_a_manifest_of_another_run(run, lake):
    other = lake.root / "runs" / "2026-01-01-000000000000"
    run.path.rename(other)
    with pytest.raises(LakeError, match=f"it belongs to run {run.id}"):
        lake.run(other.name)


@pytest.mark.parametrize("key", ["code", "as_of", "settings", "inputs"])
def test_the_id_is_derived_again(key, run):
    other = {"code": "other", "as_of": run.manifest.created_at, "settings": {"pool": 7}, "inputs": ()}[key]
    changed = run.manifest.model_copy(update={key: other})
    (problem,) = type(run)(run.id, run.path, changed, run.digest).damage()
    assert "the run's id does not follow" in problem


def test_read_finds_the_lake_and_the_run(lake, monkeypatch, tmp_path):
    night.ingest(lake, 1)
    run = lake.publish(night.build(lake).id)
    night.ingest(lake, 2)
    night.ingest(lake, 3)
    newer = night.build(lake)
    monkeypatch.setenv("RECSYS_LAKE", str(lake.root))
    assert read("neighbors").collect().equals(run.read("neighbors"))
    assert read("neighbors", run=newer.id, lake=lake.root).collect().height == newer.read("neighbors").height
    monkeypatch.delenv("RECSYS_LAKE")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LakeError, match=f"no lake at {tmp_path / 'data' / 'lake'}"):
        read("neighbors")


def test_a_file_is_read_once_in_a_process_and_again_when_it_changes(run, part, monkeypatch):
    monkeypatch.setattr(records, "_SETTLED_NS", 0)
    digest, read = files.digest, []
    monkeypatch.setattr(files, "digest", lambda path: read.append(path) or digest(path))
    run.scan("neighbors")
    run.scan("neighbors")
    assert len(read) == 2
    good = part.read_bytes()
    before = part.stat()
    part.write_bytes(good[:50] + bytes([good[50] ^ 1]) + good[51:])
    os.utime(part, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(LakeError, match="its content is not what was written"):
        run.scan("neighbors")


def test_a_file_that_was_just_written_is_not_trusted_to_stay(run, monkeypatch):
    digest, read = files.digest, []
    monkeypatch.setattr(records, "_SETTLED_NS", 10**15)
    monkeypatch.setattr(files, "digest", lambda path: read.append(path) or digest(path))
    run.files("neighbors")
    run.files("neighbors")
    assert len(read) == 4


@pytest.mark.slow
def test_pages_have_checksums_of_their_own(run, part):
    """Who opens the file without its SHA-256 is warned too."""
    good = part.read_bytes()
    whole = pq.ParquetFile(part, page_checksum_verification=True).read()
    assert whole.num_rows == 2
    refused = 0
    for place in range(4, len(good)):
        data = io.BytesIO(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        try:
            pq.ParquetFile(data, page_checksum_verification=True).read()
        except (OSError, ValueError, pa.ArrowException) as error:
            refused += "CRC checksum" in str(error)
    assert refused > 50
