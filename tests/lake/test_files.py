"""The commit protocol: whatever step fails, a reader sees the old lake or the new one, and the next night completes."""

from __future__ import annotations

import ast
import errno
import os
import random
import resource
import shutil
import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from recsys.errors import LakeError, UsageError
from recsys.lake import Lake, files
from tests.lake import night
from tests.lake.night import contents

LAKE = Path(files.__file__).parent
CHANGES = {
    *("chmod", "fsync", "ftruncate", "link", "makedirs", "mkdir", "open", "pwrite", "remove", "rename", "renames"),
    *("replace", "rmdir", "rmtree", "sink_parquet", "symlink", "symlink_to", "touch", "truncate", "unlink", "write_bytes"),
    *("write_parquet", "write_text", "_sync"),
}


def require_old_or_new(root: Path, lake: Lake | None = None) -> None:
    lake = lake or Lake(root)
    run = lake.current()
    assert run is not None
    assert run.damage() == []
    assert run.read("neighbors").height == 3
    ordinals = [batch.ordinal for batch in lake.batches("events")]
    assert ordinals == list(range(1, len(ordinals) + 1))
    assert lake.inputs().events.height == 3 * len(ordinals)
    assert lake.rejects().height == sum(batch.rejected for batch in lake.batches())


@pytest.mark.slow
@pytest.mark.parametrize("point", files._POINTS)
def test_killed_at_every_point(point, disturbed, after, spawn):
    process = spawn(root=str(disturbed), environment={files.FAIL_AT: point})
    process.join()
    assert process.exitcode == -signal.SIGKILL
    require_old_or_new(disturbed)
    night.night(disturbed)
    assert contents(disturbed) == after


@pytest.mark.slow
def test_failure_of_every_call(before, after, tmp_path):
    for number in count(1):
        root = shutil.copytree(before, tmp_path / str(number))
        if _night_without_call(root, number):
            break
        require_old_or_new(root)
        if number % 5 == 0:
            night.night(root)
            assert contents(root) == after
    assert number > 60
    assert contents(root) == after


def _night_without_call(root: Path, number: int) -> bool:
    """Whether the night has fewer calls than ``number``; else that call failed, and the night with it."""
    calls, reach = count(1), files.reach

    def fail(point):
        reach(point)
        if next(calls) == number:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "reach", fail)
        try:
            night.night(root)
        except LakeError:
            return False
    return next(calls) <= number


@pytest.mark.slow
def test_killed_at_random(before, after, spawn, tmp_path):
    chance = random.Random(1)  # noqa: S311
    for number in range(200):
        root = shutil.copytree(before, tmp_path / str(number))
        process = spawn(root=str(root), hasty=False)
        process.join(timeout=chance.uniform(0, 0.15))
        process.kill()
        process.join()
        require_old_or_new(root)
        night.night(root)
        assert contents(root) == after
        shutil.rmtree(root)


def test_unknown_fail_points_are_refused(monkeypatch):
    monkeypatch.setenv(files.FAIL_AT, "coffee")
    with pytest.raises(UsageError, match=r"coffee is no fail point; allowed: kept\.create"):
        files.reach("run.rename")
    with pytest.raises(ValueError, match="coffee"):
        files.reach("coffee")


@pytest.mark.slow
@pytest.mark.parametrize("module", sorted(LAKE.glob("*.py")), ids=lambda path: path.stem)
def test_every_write_step_has_a_fail_point(module):
    """Each call that changes the disk follows a ``reach`` of its own, in files.py or lock.py and nowhere else."""
    text = module.read_text()
    for function in ast.walk(ast.parse(text)):
        if not isinstance(function, ast.FunctionDef) or function.name in ("_sync", "put_cache"):  # a cache may be lost
            continue
        announced = False
        for name, call in _calls(function, text):
            if name == "reach":
                announced = True
            elif name in CHANGES and not _harmless(call, module.stem):
                assert announced, f"{module.name}: {call} has no fail point"
                announced = False


def _calls(function: ast.FunctionDef, text: str) -> list[tuple[str, str]]:
    """Name and text of each call in a function, in order."""
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    names = [call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func) for call in calls]
    return [(name, ast.get_source_segment(text, call) or "") for name, call in zip(names, calls, strict=True)]


def _harmless(call: str, module: str) -> bool:
    """Calls of such a name that read, work on strings, or lead through files.py."""
    return call.startswith(
        (
            "files.",
            "self.open",
            "Run.open",
            "os.open(folder",
            'path.open("rb")',
            '(run.path / name).open("rb")',
            "whole.write_parquet(content",
        )
    ) or (module not in ("files", "lock") and ("replace(" in call or "rename(FORMER_NAMES" in call))  # of texts, of columns


def test_everything_is_synced_before_its_rename_and_the_folders_after(disturbed, monkeypatch):
    synced: set[int] = set()
    owed: set[int] = set()
    rename = Path.rename

    def sync(descriptor):
        synced.add(os.fstat(descriptor).st_ino)
        owed.discard(os.fstat(descriptor).st_ino)

    def checked(source, target):
        tree = [source, *source.rglob("*")] if source.parent.name == ".staging" else []
        assert {path.stat().st_ino for path in tree} <= synced
        assert not owed
        owed.update((source.parent.stat().st_ino, target.parent.stat().st_ino))
        rename(source, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "rename", checked)
    night.night(disturbed)
    assert synced
    assert not owed


@pytest.mark.slow
@pytest.mark.parametrize("what", ["batch", "aside", "run", "current"])
def test_rename_that_reports_an_error_but_happened(what, disturbed, after, monkeypatch):
    _break_rename(monkeypatch, what, happens=True)
    night.night(disturbed)
    assert contents(disturbed) == after


@pytest.mark.slow
@pytest.mark.parametrize("what", ["batch", "aside", "run", "current"])
def test_rename_that_did_not_happen(what, disturbed, after, monkeypatch):
    with monkeypatch.context() as patch:
        _break_rename(patch, what, happens=False)
        with pytest.raises(LakeError, match=r"cannot write .*: the disk reports an error"):
            night.night(disturbed)
    require_old_or_new(disturbed)
    night.night(disturbed)
    assert contents(disturbed) == after


def _break_rename(patch: pytest.MonkeyPatch, what: str, *, happens: bool) -> None:
    rename, reach, at = Path.rename, files.reach, []

    def spy(point):
        reach(point)
        at[:] = [point]

    def broken(source, target):
        if happens or at != [f"{what}.rename"]:
            rename(source, target)
        if at == [f"{what}.rename"]:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    patch.setattr(files, "reach", spy)
    patch.setattr(Path, "rename", broken)


def test_unconfirmed_rename_is_found_by_the_next_night(disturbed, after, monkeypatch):
    reach = files.reach

    def fail(point):
        reach(point)
        if point == "run.settle":
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(files, "reach", fail)
        with pytest.raises(LakeError, match=r"is in place, but the disk did not confirm it .* run the same command again"):
            night.night(disturbed)
    assert len(Lake(disturbed).runs()) == 2
    night.night(disturbed)
    assert contents(disturbed) == after


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        (resource.RLIMIT_FSIZE, 2_000, "the file would be larger than the system allows"),
        (resource.RLIMIT_NOFILE, 12, "too many open files"),
    ],
    ids=["disk", "handles"],
)
def test_limits_of_the_machine(limit, value, message, disturbed, after, spawn, tmp_path):
    said = tmp_path / "said"
    process = spawn(root=str(disturbed), said=str(said), limits={limit: value})
    process.join()
    assert (process.exitcode, message in said.read_text()) == (LakeError.exit_code, True)
    require_old_or_new(disturbed)
    night.night(disturbed)
    assert contents(disturbed) == after


def test_folder_that_cannot_be_written(tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("mine")
    with pytest.raises(LakeError, match="a file is in the way of a folder; choose another lake"):
        night.ingest(Lake(in_the_way / "lake"), 1)
    with pytest.raises(LakeError, match="a file is in the way of a folder; choose another lake"):
        night.ingest(Lake(in_the_way), 1)
    assert in_the_way.read_text() == "mine"


@pytest.fixture
def read_only(disturbed: Path) -> Iterator[Path]:
    """The lake, without any right to write."""
    everything = (disturbed, *disturbed.rglob("*"))
    for path in everything:
        path.chmod(0o500 if path.is_dir() else 0o400)
    yield disturbed
    for path in everything:
        path.chmod(0o700)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder(read_only, before):
    with pytest.raises(LakeError, match="permission denied"):
        night.night(read_only)
    one, other = ({path.relative_to(root): path.read_bytes() for path in _files(root)} for root in (read_only, before))
    assert one == other


def _files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file() and path.name != ".lock"]


def test_folders_and_their_modes(tmp_path):
    mask = os.umask(0o022)
    try:
        files.make_folder(tmp_path / "a" / "b", 0o700)
        files.make_folder(tmp_path / "c")
    finally:
        os.umask(mask)
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("a", "a/b", "c")] == [0o755, 0o700, 0o755]


def test_what_is_gone_already_is_cleared(tmp_path):
    files.clear(tmp_path / "nothing")
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    (tmp_path / "folder").mkdir()
    files.clear(tmp_path / "link")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize("names", [("source", "target"), ("target", "source")])
def test_a_rename_that_failed_is_not_taken_for_done_because_something_is_there(names, tmp_path, monkeypatch):
    def fail(self, target):
        self.unlink()
        raise OSError(errno.EIO, "broken")

    for name in names:  # whichever has the greater number on the disk
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(LakeError, match="the disk reports an error"):
        files.move(tmp_path / "source", tmp_path / "target", "run")
    assert (tmp_path / "target").read_text() == "target"
