"""Records are stored the same way every time, and refuse what could lead a reader astray."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from recsys.errors import LakeError
from recsys.lake import records
from recsys.lake.records import File, Manifest, load
from tests.lake import night

DIGEST = "0" * 64


@pytest.fixture
def stored(lake):
    night.ingest(lake, 1)
    return night.build(lake).path / "manifest.json"


def test_what_is_stored_is_what_is_loaded(stored):
    manifest, data = load(Manifest, stored)
    assert manifest.dump() == data == stored.read_bytes()
    assert data.endswith(b"}\n")
    assert list(json.loads(data)) == sorted(json.loads(data))


@pytest.mark.parametrize("path", ["", ".", "..", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a/"])
def test_paths_outside_the_folder_are_refused(path):
    with pytest.raises(ValidationError, match="not a path inside the folder"):
        File(path=path, bytes=0, sha256=DIGEST)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "EOF while parsing"),
        (b"[]", "Input should be an object"),
        (b"{}", "run Field required"),
        (b"\xff", "Invalid JSON"),
    ],
)
def test_damaged_manifests(stored, data, message):
    stored.write_bytes(data)
    with pytest.raises(LakeError, match=f"manifest.json is missing or damaged: .*{message}"):
        load(Manifest, stored)


def test_manifests_of_other_versions(stored):
    made = json.loads(stored.read_text())
    del made["checksum"]
    stored.write_text(json.dumps(made | {"mood": "blue"}))
    assert load(Manifest, stored)[0].run == made["run"]
    stored.write_text(json.dumps(made | {"format": 2}))
    with pytest.raises(LakeError, match="format 2 is newer than this recsys reads"):
        load(Manifest, stored)
    stored.unlink()
    with pytest.raises(LakeError, match="No such file"):
        load(Manifest, stored)


def test_numbers_that_are_none_are_refused(stored):
    made = load(Manifest, stored)[0].model_dump()
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValidationError, match="finite number"):
            Manifest(**(made | {"metrics": {"x": value}}))


def test_problems_of_a_file(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    file = File.of(tmp_path, "a")
    assert file.problem(tmp_path, content=True) is None
    path.write_bytes(b"abd")
    assert file.problem(tmp_path) is None
    assert file.problem(tmp_path, content=True) == f"{path}: its content is not what was written"
    path.write_bytes(b"ab")
    assert file.problem(tmp_path) == f"{path}: 2 bytes where 3 were written"
    path.unlink()
    assert file.problem(tmp_path) == f"{path}: cannot be read: No such file or directory"
    path.symlink_to("b")
    assert file.problem(tmp_path) == f"{path}: not a regular file"


def test_a_file_that_is_not_there_cannot_be_verified(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    file = File.of(tmp_path, "a")
    assert file.verified(tmp_path) is None
    path.unlink()
    assert file.verified(tmp_path) == f"{path}: cannot be read: No such file or directory"


def test_what_was_verified_is_read_again_when_it_changes(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    file = File.of(tmp_path, "a")
    for settled in (2**62, -(2**62)):  # its clock may not have moved on yet; it has
        monkeypatch.setattr(records, "_SETTLED_NS", settled)
        for content, problem in ((b"abc", None), (b"abd", f"{path}: its content is not what was written")):
            path.write_bytes(content)
            assert file.verified(tmp_path) == file.verified(tmp_path) == problem
