"""One writer at a time; the dead do not count."""

from __future__ import annotations

import fcntl
import json
import os
import signal
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import pytest

from recsys.errors import LakeError
from recsys.lake import Lake, files
from recsys.lake.lock import Lock
from recsys.lake.pointer import Pointer
from tests.lake import night


def hold(root: str, tell: Connection) -> None:
    """Take the lock, say so, and keep it until told to go."""
    with Lake(root).writer():
        tell.send(os.getpid())
        tell.recv()


@pytest.fixture
def holder(lake, spawn):
    """A process that holds the lock, and the line to it."""
    mine, theirs = Pipe()
    process = spawn(hold, root=str(lake.root), tell=theirs)
    assert mine.recv() == process.pid
    yield process, mine
    process.kill()
    process.join()
    process.close()
    mine.close()
    theirs.close()


def test_a_living_owner_is_named(lake, holder):
    process, _ = holder
    with pytest.raises(LakeError, match=rf"process {process.pid} on .* has been writing to it since 20.*`kill {process.pid}`"):
        night.ingest(lake, 1)
    with pytest.raises(LakeError, match="try again when it is done"):
        Lake(lake.root, wait=0.1).publish("x")
    assert lake.batches() == []
    assert lake._writer.lock.owner().pid == process.pid


def test_a_waiting_writer_gets_its_turn(lake, holder):
    _, line = holder
    line.send("go")
    assert night.ingest(Lake(lake.root, wait=60), 1) is not None


def test_a_dead_owner_does_not_block(lake, holder):
    process, _ = holder
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert lake._writer.lock.owner() is None
    assert night.ingest(lake, 1) is not None


def leave_child(root: str, tell: Connection) -> None:
    """Take the lock, fork a child that lives on, and die."""
    with Lake(root).writer():
        if os.fork() == 0:
            tell.send("forked")  # by then it has dropped what it inherited
            tell.poll(None)
            os._exit(0)
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_a_child_of_a_dead_owner_does_not_block(lake, spawn):
    mine, theirs = Pipe()
    process = spawn(leave_child, root=str(lake.root), tell=theirs)
    assert mine.recv() == "forked"
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert night.ingest(lake, 1) is not None
    mine.close()
    theirs.close()


@pytest.mark.parametrize("text", ["", "garbage", "[]", "{}", json.dumps({"pid": 1, "host": "h"})])
def test_an_owner_that_cannot_be_read_is_just_another_process(tmp_path, text):
    lock, other = Lock(tmp_path / ".lock"), Lock(tmp_path / ".lock")
    lock.acquire()
    lock.path.write_text(text)
    with pytest.raises(LakeError, match="another process is writing to it"):
        other.acquire()
    lock.release()
    other.acquire()
    other.release()


def test_an_owner_on_another_machine_is_believed(tmp_path):
    lock, other = Lock(tmp_path / ".lock"), Lock(tmp_path / ".lock")
    lock.acquire()
    owner = {"pid": 2**22 + 1, "host": "elsewhere", "boot": "b", "since": "2026-01-01T00:00:00+00:00"}
    lock.path.write_text(json.dumps(owner))
    with pytest.raises(LakeError, match="on elsewhere has been writing"):
        other.acquire()
    lock.release()


def test_a_lock_that_was_removed_while_it_was_held_stops_its_writer(lake):
    night.ingest(lake, 1)
    run = night.build(lake)
    with lake.writer():
        lake._writer.lock.path.unlink()
        with (
            Lake(lake.root).writer(),  # another one may write now
            pytest.raises(LakeError, match="was removed or replaced while this process was writing"),
        ):
            lake.publish(run.id)
    assert lake.current() is None
    assert lake.publish(run.id).id == lake.published().id


@pytest.mark.parametrize("act", ["add_batch", "commit", "point", "remove_runs"])
def test_no_step_that_readers_see_without_the_lock(act, lake):
    night.ingest(lake, 1)
    run = lake.publish(night.build(lake).id)
    night.ingest(lake, 2)
    before = night.contents(lake.root)
    acts = {
        "add_batch": lambda: night.ingest(lake, 3),
        "commit": lambda: night.build(lake),
        "point": lambda: lake.point(Pointer("0", "0" * 64)),
        "remove_runs": lambda: lake.remove_runs([run.id]),
    }
    reach, moves = files.reach, []

    def removed(point):
        """Remove the lock as late as can be: where the step writes, and before it renames."""
        reach(point)
        if point.endswith((".create", ".settle")) and point != "lock.create":
            lake._writer.lock.path.unlink(missing_ok=True)
        moves.extend([point] * point.endswith(".rename"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "reach", removed)
        (lake.root / ".staging").rmdir()
        with pytest.raises(LakeError, match="was removed or replaced"):
            acts[act]()
    with lake.writer():
        assert moves == []
    assert night.contents(lake.root) == before


def test_a_name_that_leads_elsewhere_by_the_time_it_is_locked_is_opened_anew(tmp_path, monkeypatch):
    lock, other = Lock(tmp_path / ".lock"), Lock(tmp_path / ".lock")
    flock = fcntl.flock

    def late(descriptor, how):
        flock(descriptor, how)
        monkeypatch.setattr(fcntl, "flock", flock)
        lock.path.unlink()
        other.acquire()

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(LakeError, match="has been writing to it since"):
        lock.acquire()
    other.require()
    other.release()
