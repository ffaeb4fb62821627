"""A batch says exactly what it holds, and notices when that is no longer so."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from recsys.errors import LakeError
from recsys.lake.home import Home
from tests.lake import night


@pytest.fixture
def batch(lake):
    return night.ingest(lake, 1)


def test_layout(batch, lake):
    name = f"{batch.digest}.parquet"
    assert batch.path == lake.root / "inputs" / "events" / "000001"
    result = sorted(path.relative_to(batch.path).as_posix() for path in batch.path.rglob("*") if path.is_file())
    assert result == sorted([name, "receipt.json", f"rejects/{name}"])
    assert (batch.rows_read, batch.kept, batch.rejected, batch.source) == (4, 3, 1, "day-1.csv")


def test_a_batch_without_rejects(lake):
    batch = night.ingest(lake, 2)
    assert (batch.rows_read, batch.kept, batch.rejected) == (3, 3, 0)
    assert batch.read_rejects().is_empty()
    assert sorted(path.name for path in batch.path.iterdir()) == [f"{batch.digest}.parquet", "receipt.json"]


def test_all_files_of_a_batch_are_fetched(lake):
    class Bucket(Home):
        def fetch(self, folder, file):
            fetched.append((folder / file.path).relative_to(batch.path).as_posix())

    for day in (1, 2):
        batch, fetched = night.ingest(lake, day), []
        replace(batch, home=Bucket(batch.path)).fetch()
        name = f"{batch.digest}.parquet"
        assert fetched == [name, f"rejects/{name}"][: 2 if day == 1 else 1]


@pytest.mark.parametrize("part", ["", "rejects"])
@pytest.mark.parametrize("sixteenth", range(16))
def test_truncated_files(part, sixteenth, batch, lake):
    path = batch.path / part / f"{batch.digest}.parquet"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * sixteenth // 16])
    with pytest.raises(LakeError, match=r"parquet is missing or damaged: its content is not what was written"):
        lake.rejects() if part else lake.inputs()


def test_files_that_a_run_reads_itself_are_verified(batch, lake):
    path = batch.path / f"{batch.digest}.parquet"
    assert lake.stored_inputs(lake.batches()).event_files.paths == (path,)
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(LakeError, match=r"parquet.*restore it from a backup"):
        lake.stored_inputs(lake.batches())
    path.unlink()
    with pytest.raises(LakeError, match=r"parquet.*restore it from a backup"):
        lake.stored_inputs(lake.batches())


def test_files_that_a_run_reads_itself_are_fetched_first(batch):
    class Bucket(Home):
        def fetch(self, folder, file):
            (folder / file.path).write_bytes(self.data)

    path, home = batch.path / f"{batch.digest}.parquet", Bucket(batch.path)
    home.data = path.read_bytes()
    path.unlink()
    assert replace(batch, home=home).file().read_bytes() == home.data


@pytest.mark.slow
def test_a_receipt_with_a_flipped_bit_is_refused_or_means_the_same(batch, lake):
    """A flip may only change the words of the source's name, never a count, a digest or the rows."""
    receipt = batch.path / "receipt.json"
    good = receipt.read_bytes()
    rows = batch.read()
    for place in range(0, len(good), 3):
        receipt.write_bytes(good[:place] + bytes([good[place] ^ 4]) + good[place + 1 :])
        try:
            (result,) = lake.batches()
            read, rejects = result.read(), result.read_rejects()
        except LakeError:
            continue
        assert read.equals(rows)
        assert (result.digest, result.rows_read, result.kept, rejects.height) == (batch.digest, 4, 3, 1)


def without_checksum(receipt):
    """As receipts were written before they had one."""
    return {key: value for key, value in json.loads(receipt.read_text()).items() if key != "checksum"}


def test_a_receipt_in_which_a_word_changed_is_refused(batch, lake):
    receipt = batch.path / "receipt.json"
    good = receipt.read_text()
    for word in ("day-1.csv", '"table": "events"', '"rows": 3'):
        assert word in good
        receipt.write_text(good.replace(word, word.replace("3", "2").replace("day", "dey").replace("events", "tracks")))
        with pytest.raises(LakeError, match=r"its content is not what was written|do not agree"):
            lake.batches()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows_read": 9}, "digest, names and rows do not agree"),
        ({"digest": "0" * 64}, "digest, names and rows do not agree"),
        ({"digest": "x"}, "digest String should match pattern"),
        ({"rows_read": None}, "rows_read Input should be a valid integer"),
        ({"format": 2}, "format 2 is newer than this recsys reads \\(1\\); upgrade recsys"),
    ],
)
def test_changed_receipts(change, message, batch, lake):
    receipt = batch.path / "receipt.json"
    receipt.write_text(json.dumps(without_checksum(receipt) | change))
    with pytest.raises(LakeError, match=message):
        lake.batches()


def test_receipts_with_additions_still_read(batch, lake):
    receipt = batch.path / "receipt.json"
    receipt.write_text(json.dumps(without_checksum(receipt) | {"colour": "blue"}))
    assert lake.batches() == [batch]
