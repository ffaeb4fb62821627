"""Reading the files: who is found, what is said when they change, and that memory does not follow the run."""

from __future__ import annotations

import json
import os

import pytest

from recsys import Lake, LakeError, NotFoundError
from recsys.lake import Run
from recsys.lookup.names import FILES, FORMAT, OFFSETS, name
from recsys.lookup.reader import Reader


@pytest.mark.parametrize("user", ["", "*x", "demo-u", "demo-u0011", "zzz", "ÿ", "demo-u001\x00"])
def test_unknown_listeners_get_the_strangers_lists(reader: Reader, user: str) -> None:
    listener = reader.listener(user)
    assert not listener.known
    assert listener.profile == reader.listener("*").profile


def test_every_listener_is_found(reader: Reader, run: Run) -> None:
    assert all(reader.listener(user).known for user in run.read("profiles")["user_id"])


def test_listeners_by_prefix(reader: Reader) -> None:
    assert reader.users("demo-u00") == ["demo-u001", "demo-u002", "demo-u003", "demo-u005"]
    assert reader.users("demo/") == ["demo/ü 100%"]
    assert reader.users("x") == []
    assert "*" not in reader.users("")


def test_slices_of_a_list(reader: Reader) -> None:
    listed = reader.find_list(reader.listener("demo-u001"), "balanced")
    rows = json.loads(b"[%b]" % reader.rows(listed, 0, 100))
    parts = [json.loads(b"[%b]" % reader.rows(listed, first, 3)) for first in (0, 8, 10, 99)]
    assert parts == [rows[:3], rows[8:], [], []]


def test_unknown_list_names_those_there_are(reader: Reader) -> None:
    with pytest.raises(NotFoundError, match="balanced, comfort, deep cuts, discovery"):
        reader.find_list(reader.listener("demo-u002"), "nope")


READS = {
    "users": lambda reader: reader.listener("demo-u001"),
    "names": lambda reader: reader.users("demo-u0"),
    "lists": lambda reader: reader.record(reader.find_list(reader.listener("demo-u001"), "balanced")),
    "rows": lambda reader: reader.rows(reader.find_list(reader.listener("demo-u001"), "balanced"), 0, 5),
    "pool": lambda reader: reader.pool(reader.find_list(reader.listener("demo-u001"), "balanced")),
    "tracks": lambda reader: reader.track(3),
}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("what", ["shorter", "overwritten", "removed"])
def test_a_file_that_changes_is_an_error_not_a_lie(own: Lake, file: str, what: str) -> None:
    run = own.published()
    reader = Reader(run)
    path = run.file(name(file))
    if what == "shorter":
        os.truncate(path, 100)
    elif what == "overwritten":
        with path.open("r+b") as handle:
            handle.write(b"x" * 5000)
        os.utime(path, (1, 1))
    else:
        path.unlink()
    with pytest.raises(LakeError, match="removed or changed"):
        reader.check()
    if what == "shorter":
        with pytest.raises(LakeError, match="removed or changed"):
            READS[file](reader)


@pytest.mark.parametrize("damage", [b"", b"ARROW1\0\0 not really"])
def test_a_damaged_file_is_not_opened(own: Lake, damage: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    run = own.published()
    path = run.file(name("rows"))
    path.write_bytes(damage)
    monkeypatch.setattr(Run, "file", lambda run, wanted: run.path / wanted)
    with pytest.raises(LakeError, match=r"rows\.arrow is missing or damaged"):
        Reader(run)


def test_a_run_without_lookup_files_says_what_to_do(run: Run) -> None:
    bare = Run(run.id, run.path, run.manifest.model_copy(update={"files": ()}), run.digest)
    with pytest.raises(LakeError, match="recsys run"):
        Reader(bare)


def test_files_of_another_format_say_what_to_do(own: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    run = own.published()
    index = run.path / OFFSETS
    index.write_bytes(index.read_bytes().replace(b'"format":%d' % FORMAT, b'"format":%d' % (FORMAT - 1)))
    monkeypatch.setattr(Run, "file", lambda run, wanted: run.path / wanted)
    with pytest.raises(LakeError, match=r"another format.*recsys run"):
        Reader(run)


@pytest.mark.parametrize("index", [b"", b"{}", b"[]", b'{"format":%d}' % FORMAT, b'{"format":%d,"files":{"users":{}}}' % FORMAT])
def test_a_damaged_index_is_not_used(own: Lake, index: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    run = own.published()
    (run.path / OFFSETS).write_bytes(index)
    monkeypatch.setattr(Run, "file", lambda run, wanted: run.path / wanted)
    with pytest.raises(LakeError, match=r"places\.json is damaged"):
        Reader(run)
