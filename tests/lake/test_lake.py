"""The lake as its users see it: ingest order, runs, and the published one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import recsys.lake
from recsys.errors import CheckError, InputError, LakeError, NotFoundError
from recsys.lake import Lake
from recsys.tables import INPUTS, REJECTS, TRACKS
from tests.lake import night


def tracks(*ids: str, **columns: object) -> pl.DataFrame:
    return pl.DataFrame({"id": list(ids), **columns})


def add(lake: Lake, table: str, frame: pl.DataFrame, digest: str) -> object:
    return lake.add_batch(table, frame, rejects=REJECTS.empty(), source="file", digest=digest * 64, rows_read=frame.height)


@pytest.mark.slow
def test_importing_and_using_the_lake_is_light(root):
    code = (
        "import sys, tempfile, pathlib; from tests.lake import night;"
        "night.night(pathlib.Path(tempfile.mkdtemp()) / 'lake');"
        "print(*({'prefect', 'numba', 'duckdb', 'scipy', 'pandas', 'great_expectations'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert (done.stdout, done.stderr) == ("\n", "")


def test_nothing_is_created_before_the_first_write(lake):
    assert lake.batches() == []
    assert not lake.has_batch("events", "a" * 64)
    assert lake.input("tracks").columns == [*TRACKS.names, "batch"]
    for ask in (
        lake.inputs,
        lake.rejects,
        lake.current,
        lake.published,
        lake.runs,
        lambda: lake.run("x"),
        lambda: night.plan(lake),
    ):
        with pytest.raises(LakeError, match=rf"no lake at {re.escape(str(lake.root))}; run `recsys demo` or `recsys ingest`"):
            ask()
    assert not lake.root.exists()


def test_batches_keep_the_order_of_ingest(lake):
    for day in (5, 2, 9):
        night.ingest(lake, day)
    add(lake, "tracks", tracks("t1"), "f")
    assert [(batch.ordinal, batch.source, batch.rejected) for batch in lake.batches("events")] == [
        (1, "day-5.csv", 1),
        (2, "day-2.csv", 0),
        (3, "day-9.csv", 1),
    ]
    assert [batch.table for batch in lake.batches()] == ["tracks", "events", "events", "events"]
    events = lake.inputs().events
    assert events["batch"].to_list() == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert events["track_id"].unique(maintain_order=True).to_list() == ["t5", "t2", "t9"]
    assert lake.inputs().tracks.row(0, named=True)["batch"] == 1
    assert lake.rejects()["batch"].to_list() == [lake.batches("events")[number].digest for number in (0, 2)]


def test_a_source_is_ingested_once(lake):
    first = night.ingest(lake, 1)
    assert first is not None
    listing = night.contents(lake.root)
    assert night.ingest(lake, 1) is None
    assert night.contents(lake.root) == listing
    assert lake.has_batch("events", first.digest)
    assert not lake.has_batch("controls", first.digest)


def test_a_batch_without_rows_is_remembered(lake):
    batch = lake.add_batch(
        "events", night.events(1)[:0], rejects=night.refused("b" * 64), source="bad", digest="b" * 64, rows_read=1
    )
    assert (batch.rows_read, batch.kept, batch.rejected) == (1, 0, 1)
    assert lake.has_batch("events", "b" * 64)
    assert lake.inputs().events.is_empty()
    empty = add(lake, "requests", pl.DataFrame(schema={"user_id": pl.String(), "list": pl.String()}), "c")
    assert lake.batches("requests") == [empty]


def test_rows_unaccounted_for_are_refused(lake):
    with pytest.raises(LakeError, match=r"f\.csv: 5 rows read, but 3 kept and 1 rejected; nothing was ingested"):
        lake.add_batch("events", night.events(1), rejects=night.refused("a" * 64), source="f.csv", digest="a" * 64, rows_read=5)
    with pytest.raises(InputError, match="column 'track_id' is required"):
        add(lake, "events", pl.DataFrame({"user_id": ["u"], "type": ["play"]}), "a")
    with pytest.raises(LakeError, match="a SHA-256 and one of tracks, events"):
        add(lake, "profiles", tracks("a"), "a")
    with pytest.raises(LakeError, match="a SHA-256 and one of tracks, events"):
        add(lake, "tracks", tracks("a"), "../x")
    assert not lake.root.exists()


def test_older_batches_read_absent_columns_as_null(lake, monkeypatch):
    older = TRACKS.columns[:3]
    with monkeypatch.context() as patch:
        patch.setitem(recsys.lake.lake.TABLES, "tracks", type(TRACKS)("tracks", "input", "", ("id",), older))
        add(lake, "tracks", tracks("a", title=["A"]), "a")
    add(lake, "tracks", tracks("b", title=["B"], energy=[0.5]), "b")
    result = lake.inputs().tracks
    assert result.select("id", "title", "energy", "batch").rows() == [("a", "A", None, 1), ("b", "B", 0.5, 2)]


def test_names_that_are_not_unicode_are_kept_readable(lake):
    lake.add_batch("events", night.events(1), rejects=REJECTS.empty(), source="caf\udce9.csv", digest="a" * 64, rows_read=3)
    assert lake.batches("events")[0].source == "caf\\udce9.csv"


def test_a_run_and_its_manifest(lake):
    night.ingest(lake, 1)
    run = night.build(lake)
    assert lake.current() is None
    made = run.manifest
    assert (made.run, made.status, made.as_of) == (run.id, "passed", night.AS_OF)
    assert [(source.table, source.ordinal, source.source, source.rows) for source in made.inputs] == [
        ("events", 1, "day-1.csv", 3)
    ]
    assert [(file.path, file.rows, file.first_user, file.last_user) for file in made.files] == [
        ("lookup/users.txt", None, None, None),
        ("neighbors/part-00000.parquet", 1, "u0", "u0"),
        ("neighbors/part-00001.parquet", 2, "u1", "u2"),
    ]
    assert made.metrics == {"users": 3}
    assert "threads" not in made.settings
    assert lake.publish(run.id) == lake.current() == lake.published() == run
    line, publication = (lake.root / "CURRENT").read_text().splitlines()
    assert line.split()[:2] == [run.id, run.digest]  # then the checksum of the file itself
    assert run.id in publication


def test_a_repeated_run_changes_nothing(lake):
    night.ingest(lake, 1)
    first = night.build(lake)
    assert night.build(lake) == first
    assert lake.has_run(first.id)
    assert lake.run_ids() == [first.id]
    assert list((lake.root / ".staging").iterdir()) == []


def test_a_damaged_run_is_built_again(lake):
    night.ingest(lake, 1)
    first = night.build(lake)
    (first.path / "lookup" / "users.txt").write_text("x")
    assert not lake.has_run(first.id)
    assert night.build(lake).damage() == []


def test_what_is_not_committed_is_removed(lake):
    night.ingest(lake, 1)
    before = night.contents(lake.root)
    with lake.stage(night.plan(lake)) as staged:
        staged.write("neighbors", night.neighbors(["u0"]))
        with pytest.raises(LakeError, match="is already being made by this process"):
            lake.stage(night.plan(lake)).__enter__()
    assert night.contents(lake.root) == before
    assert lake.run_ids() == []


def test_a_failed_run_is_kept_but_not_published(lake):
    night.ingest(lake, 1)
    good = lake.publish(night.build(lake).id)
    night.ingest(lake, 2)
    bad = night.build(lake, status="failed")
    with pytest.raises(CheckError, match=f"run {bad.id} failed its checks and was not published"):
        lake.publish(bad.id)
    assert lake.published() == good
    assert [run.id for run in lake.runs()] == [bad.id, good.id]


@pytest.mark.slow
def test_runs_are_listed_newest_first(lake):
    made = []
    for day in range(6):
        night.ingest(lake, day)
        made.append(night.build(lake).id)
    assert made not in (sorted(made), sorted(made, reverse=True))
    assert [run.id for run in lake.runs()] == made[::-1]


def test_publishing_an_older_run_brings_it_back(lake):
    night.ingest(lake, 1)
    first = lake.publish(night.build(lake).id)
    night.ingest(lake, 2)
    lake.publish(night.build(lake).id)
    assert lake.publish(first.id) == lake.current() == first


def test_a_damaged_run_is_not_published(lake):
    night.ingest(lake, 1)
    run = night.build(lake)
    (run.path / "neighbors" / "part-00000.parquet").unlink()
    with pytest.raises(LakeError, match=r"is damaged and was not published: .*part-00000.parquet"):
        lake.publish(run.id)


def test_unknown_runs(lake):
    night.ingest(lake, 1)
    for unknown in ("2026-01-01-000000000000", "..", "", "../inputs"):
        with pytest.raises(NotFoundError, match="see `recsys runs list`"):
            lake.run(unknown)
    with pytest.raises(LakeError, match="has no published run; run `recsys run` to build a new one"):
        lake.published()


def test_one_damaged_run_does_not_hide_the_others(lake):
    night.ingest(lake, 1)
    run = lake.publish(night.build(lake).id)
    other = lake.root / "runs" / "2026-01-01-000000000000"
    other.mkdir()
    (other / "manifest.json").write_text("[]")
    assert lake.runs() == [run]
    assert lake.run_ids() == [other.name, run.id]
    with pytest.raises(LakeError, match=r"manifest.json is missing or damaged"):
        lake.run(other.name)


@pytest.mark.slow
def test_processes_share_a_lake(lake, spawn):
    """Two processes ingest five files each, two of them the same: eight batches, in eight places."""
    days = ([1, 2, 3, 4, 5], [5, 4, 6, 7, 8])
    processes = [spawn(night.ingest_all, root=str(lake.root), days=some) for some in days]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    batches = lake.batches("events")
    assert [batch.ordinal for batch in batches] == list(range(1, 9))
    assert len({batch.digest for batch in batches}) == 8
    assert list((lake.root / ".staging").iterdir()) == []


def test_same_sources_in_another_lake_give_the_same_bytes(tmp_path):
    one, other = tmp_path / "one" / "lake", tmp_path / "other"
    for root in (one, other):
        night.night(root)
    assert night.contents(one) == night.contents(other)


def test_every_input_can_be_ingested(lake):
    for number, table in enumerate(INPUTS):
        add(lake, table, recsys.lake.lake.TABLES[table].empty(), str(number))
    assert [batch.table for batch in lake.batches()] == list(INPUTS)


def test_only_whole_folders_count(lake):
    night.ingest(lake, 1)
    home = lake.root / "inputs" / "events"
    (home / ".DS_Store").write_text("x")
    assert len(lake.batches()) == 1
    (home / "000002").mkdir()
    with pytest.raises(LakeError, match=r"000002/receipt.json is missing or damaged: No such file"):
        lake.inputs()


def test_paths_may_be_text(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Lake("lake").root == tmp_path / "lake"


def test_only_the_named_runs_are_removed(lake):
    night.ingest(lake, 1)
    first = night.build(lake)
    night.ingest(lake, 2)
    second = night.build(lake)
    lake.remove_runs([first.id])
    assert (lake.run_ids(), lake.runs()) == ([second.id], [second])
    assert not (lake.root / "runs" / first.id).exists()
    lake.remove_runs([])
    assert lake.run_ids() == [second.id]
