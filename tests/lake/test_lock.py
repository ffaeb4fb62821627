"""One writer at a time; the dead do not count."""

from __future__ import annotations

import json
import os
import signal
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import pytest

from recsys.errors import LakeError
from recsys.lake import Lake
from recsys.lake.lock import Lock
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
