"""A run in the making takes only what fits the contract, in parts that follow each other."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest

from recsys.errors import InputError, LakeError
from recsys.lake import files
from recsys.tables import OUTPUTS, TABLES
from tests.lake import night


@pytest.fixture
def staged(lake):
    night.ingest(lake, 1)
    with lake.stage(night.plan(lake)) as staged:
        yield staged


def test_every_table_of_a_run_can_be_written(staged):
    for table in OUTPUTS:
        staged.write(table, TABLES[table].empty())
    assert [file.table for file in staged.close()] == sorted(OUTPUTS)


def test_frames_that_do_not_fit(staged):
    with pytest.raises(InputError, match="neighbors: column 'weight' is required"):
        staged.write("neighbors", night.neighbors(["u"]).drop("weight"))
    with pytest.raises(LakeError, match="'events' is not a table of a run; allowed: tracks, songs, controls"):
        staged.write("events", night.events(1))
    with pytest.raises(LakeError, match=r"manifest.json is written by the commit itself"):
        staged.write_file("manifest.json", b"")
    assert staged.close() == ()


def test_files_of_a_table_and_a_place_to_work(staged):
    for part, users in enumerate((["a"], ["b"])):
        staged.write("neighbors", night.neighbors(users), part)
    staged.write_file("about.txt", b"")
    assert staged.files("neighbors") == [staged.path / "neighbors" / f"part-0000{part}.parquet" for part in range(2)]
    assert staged.files("tracks") == []
    staged.clear_workplace()
    for _ in range(2):
        place = staged.empty_workplace()
        assert (place, list(place.iterdir())) == (staged.workplace, [])
        (place / "draft").write_text("x")
    staged.clear_workplace()
    assert not staged.workplace.exists()


def test_parts_written_by_threads_and_twice_over(staged):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda part: staged.write("neighbors", night.neighbors([f"u{part}"]), part), range(8)))
    staged.write("neighbors", night.neighbors(["u3", "u3x"]), 3)
    written = staged.close()
    assert [file.first_user for file in written] == [f"u{part}" for part in range(8)]
    assert (written[3].last_user, written[3].rows) == ("u3x", 2)


def test_empty_parts_have_no_users(staged):
    for part, users in enumerate((["a"], [], ["b"])):
        frame = night.neighbors(users) if users else TABLES["neighbors"].empty()
        staged.write("neighbors", frame, part)
    assert [file.first_user for file in staged.close()] == ["a", None, "b"]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({1: ["a"]}, "parts neighbors/part-00001.parquet where neighbors/part-00000.parquet are needed"),
        ({0: ["b"], 1: ["a"]}, "starts at user 'a', but the part before ends at 'b'; split users in order"),
        ({0: ["a", "b"], 1: ["b"]}, "starts at user 'b', but the part before ends at 'b'"),
    ],
)
def test_parts_out_of_order(parts, message, staged):
    for part, users in parts.items():
        staged.write("neighbors", night.neighbors(users), part)
    with pytest.raises(LakeError, match=re.escape(message)):
        staged.close()


def test_strays_and_losses(staged):
    staged.write("neighbors", night.neighbors(["a"]))
    (staged.path / "neighbors" / "tmp.parquet").write_bytes(b"")
    (staged.path / "neighbors" / "part-00000.parquet").unlink()
    with pytest.raises(LakeError, match=r"neighbors/part-00000.parquet, neighbors/tmp.parquet: not written, or not by this run"):
        staged.close()


def test_files_piece_by_piece(staged):
    with staged.open("docs/index.html") as handle:
        handle.write(b"<p>")
        handle.write(b"hello")
    (file,) = staged.close()
    assert (file.path, file.bytes, file.table) == ("docs/index.html", 8, None)


def test_metrics_have_no_users(staged):
    staged.write("metrics", pl.DataFrame({"stage": ["s"], "name": ["n"], "value": [1.0], "unit": [""]}))
    assert staged.close()[0].first_user is None


def test_a_commit_that_failed_can_be_tried_again(staged, lake, monkeypatch):
    staged.write("neighbors", night.neighbors(["a"]))

    def fail(*_):
        raise LakeError("not now")

    with monkeypatch.context() as patch:
        patch.setattr(files, "move", fail)
        with pytest.raises(LakeError, match="not now"):
            lake.commit(staged, status="passed", seconds={}, metrics={})
    assert lake.commit(staged, status="passed", seconds={}, metrics={}).damage() == []
