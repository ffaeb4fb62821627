"""A run that was stopped goes on: what it had finished is verified and stays, and the bytes are those of an undisturbed run."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from recsys.errors import LakeError
from recsys.forgetting import Listener, forget
from recsys.lake import Lake, files, parquet, resume
from recsys.lake.condition import examine
from recsys.lake.plan import processor
from recsys.lake.pruning import prune
from tests.lake import night

USERS = ("u0", "u1", "u2")


def part(staged, number: int) -> None:
    staged.write("neighbors", night.neighbors([USERS[number]]), number)


def interrupted(lake: Lake, parts: int = 2) -> Path:
    """A run of three parts that was stopped after some; the folder it left."""
    with suppress(KeyboardInterrupt), lake.stage(night.plan(lake)) as staged:
        for number in range(parts):
            part(staged, number)
        staged.write_file("lookup/users.txt", b"half")
        raise KeyboardInterrupt
    return staged.path


def whole(lake: Lake) -> dict[str, object]:
    """The lake after a run of three parts, none of which were there before."""
    with lake.stage(night.plan(lake)) as staged:
        for number in range(3):
            part(staged, number)
        staged.write_file("lookup/users.txt", b"all")
        lake.commit(staged, status="passed", seconds={}, metrics={})
    return night.contents(lake.root)


@pytest.fixture
def wanted(tmp_path):
    other = Lake(tmp_path / "undisturbed")
    night.ingest(other, 1)
    return whole(other)


@pytest.fixture
def stopped(lake):
    night.ingest(lake, 1)
    return interrupted(lake)


def written(monkeypatch) -> list[str]:
    """Names of the tables that are written from now on."""
    names, write = [], parquet.write
    monkeypatch.setattr(parquet, "write", lambda path, *rest: (names.append(path.name), write(path, *rest)))
    return names


def test_finished_parts_are_not_written_again(lake, stopped, wanted, monkeypatch):
    names = written(monkeypatch)
    assert whole(lake) == wanted
    assert names == ["part-00002.parquet"]
    assert files.children(lake.root / ".staging") == []


def test_finished_parts_need_not_be_computed(lake, stopped, wanted):
    with lake.stage(night.plan(lake)) as staged:
        assert [staged.resume(["neighbors"], number) for number in range(3)] == [True, True, False]
        assert not staged.resume(["neighbors", "candidates"], 0)
        part(staged, 2)
        staged.write_file("lookup/users.txt", b"all")
        lake.commit(staged, status="passed", seconds={}, metrics={})
    assert night.contents(lake.root) == wanted


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGES = {
    "a bit": lambda folder: flip(folder / "neighbors" / "part-00000.parquet"),
    "the end": lambda folder: (folder / "neighbors" / "part-00000.parquet").write_bytes(b"PAR1"),
    "a file": lambda folder: (folder / "neighbors" / "part-00000.parquet").unlink(),
    "no record": lambda folder: (folder / "neighbors" / "part-00002.parquet").write_bytes(b"half"),
    "the record": lambda folder: flip(folder.with_name(f"{folder.name}.parts")),
    "the last line": lambda folder: os.truncate(record(folder), record(folder).stat().st_size - 20),
    "a line": lambda folder: record(folder).write_bytes(record(folder).read_bytes() + b'{"path": "../../CURRENT"}\n'),
    "all of the record": lambda folder: record(folder).write_bytes(b""),
}


def record(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.parts")


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_not_as_recorded_is_made_anew(damage, lake, stopped, wanted):
    DAMAGES[damage](stopped)
    assert whole(lake) == wanted


def test_other_libraries_or_another_processor_start_anew(lake, stopped, monkeypatch):
    maker = resume.Maker.of(night.plan(lake))
    assert len(resume.finished(stopped, maker)) == 2
    for other in ({"processor": "other"}, {"versions": {"numba": "0"}}, {"run": "x"}):
        assert resume.finished(stopped, maker.model_copy(update=other)) == {}


def test_a_table_of_another_length_is_written_anew(lake, stopped, monkeypatch):
    names = written(monkeypatch)
    with lake.stage(night.plan(lake)) as staged:
        staged.write("neighbors", night.neighbors(["u0", "u0x"]), 0)
        assert staged.written["neighbors/part-00000.parquet"].rows == 2
    assert names == ["part-00000.parquet"]


def test_only_a_run_of_the_same_plan_goes_on(lake, stopped):
    other = replace(night.plan(lake), code="1")
    night.ingest(lake, 2)
    assert stopped.is_dir()  # another writer leaves it alone
    with lake.stage(replace(other, batches=tuple(lake.batches()))) as staged:
        assert staged.finished == {}
        assert not stopped.exists()
    assert files.children(lake.root / ".staging") == []


def test_an_error_leaves_nothing(lake):
    night.ingest(lake, 1)
    with suppress(LakeError), lake.stage(night.plan(lake)) as staged:
        part(staged, 0)
        raise LakeError("the disk is full")
    assert files.children(lake.root / ".staging") == []


def test_forgetting_and_pruning_remove_it(lake, stopped):
    prune(lake, keep=9, days=9, dry_run=True)
    assert stopped.is_dir()
    prune(lake, keep=9, days=9)
    assert files.children(lake.root / ".staging") == []
    left = interrupted(lake)
    forget(lake, Listener("u1"))
    assert not left.exists()
    assert not record(left).exists()


def test_doctor_says_what_is_there(lake, stopped):
    (words,) = [finding.words for finding in examine(lake) if finding.what == "leftovers"]
    assert words.startswith(
        f"run {stopped.name} has finished 2 files; if it was stopped, the next `recsys run` goes on from there"
    )


def test_a_folder_or_a_record_alone_is_swept(lake, stopped):
    record(stopped).rename(stopped.with_name("2026-01-01-x.parts"))
    with lake.writer():
        assert files.children(lake.root / ".staging") == []


def test_processor(tmp_path):
    (tmp_path / "facts").write_text("processor\t: 0\nmodel name\t: Some CPU @ 2.8GHz\nmodel name\t: other\n")
    assert processor(tmp_path / "facts") == "Some CPU @ 2.8GHz"
    assert processor(tmp_path / "none") == ""


@pytest.mark.slow
def test_killed_while_a_part_is_recorded(disturbed, after, spawn):
    for point in ("parts.write", "parts.sync", "table.sync", "file.create"):
        process = spawn(root=str(disturbed), environment={files.FAIL_AT: point})
        process.join()
        assert process.exitcode == -signal.SIGKILL
    night.night(disturbed)
    assert night.contents(disturbed) == after
