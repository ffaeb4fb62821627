"""Who answers at a scheduler's address, and which workers may take part: everybody else is refused by name."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from threading import Thread
from time import sleep, time

import pytest
from distributed import Client

from flows import cluster
from flows.handshake import describe, require_alike, require_scheduler
from recsys.errors import ClusterError
from recsys.lake.plan import code_version
from recsys.lookup.pieces import pieces_version

WITHOUT = """
import sys

class Without:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("flows", "recsys"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Without())
"""
"""A ``sitecustomize`` of a machine on which recsys is not installed."""


def test_a_worker_says_what_it_is_and_whether_it_sees_the_lake(tmp_path: Path) -> None:
    assert describe(str(tmp_path / "elsewhere"))["sees the lake"] is False
    facts = describe(str(tmp_path))
    assert facts["sees the lake"] is True
    assert (facts["code"], facts["lookup"]) == (code_version(), pieces_version())
    assert {"numba", "numpy", "polars", "python", "dask", "processor", "instructions", "clock"} <= facts.keys()


def test_who_differs_is_named() -> None:
    here = {"code": "a", "processor": "p", "sees the lake": True, "clock": time()}
    require_alike({"w": here}, here)
    for name, value in (("code", "b"), ("processor", "q"), ("sees the lake", False)):
        with pytest.raises(ClusterError, match=f"worker w: {name} is {value}"):
            require_alike({"w": {**here, name: value}}, here)
    with pytest.raises(ClusterError, match="clock differs"):
        require_alike({"w": {**here, "clock": 0.0}}, here)
    with pytest.raises(ClusterError, match=r"worker w cannot run recsys \(No module"):
        require_alike({"v": here, "w": ModuleNotFoundError("No module named 'flows'")}, here)
    with pytest.raises(ClusterError, match="no workers"):
        require_alike({}, here)


@pytest.mark.slow
def test_who_listens_and_says_nothing_is_no_scheduler() -> None:
    with socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(ClusterError, match=r"no Dask scheduler answers at tcp://.* within 5 s"):
            require_scheduler(f"tcp://127.0.0.1:{silent.getsockname()[1]}")


@pytest.mark.slow
def test_a_web_server_is_no_scheduler() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as web:
        Thread(target=web.serve_forever).start()
        try:
            with pytest.raises(ClusterError, match="no Dask scheduler answers"):
                require_scheduler(f"tcp://127.0.0.1:{web.server_port}")
        finally:
            web.shutdown()


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    dask = str(Path(sys.executable).parent / "dask")
    begun = subprocess.Popen([dask, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"], cwd=tmp_path)
    try:
        while begun.poll() is None and not _answers(port):
            sleep(0.1)
        yield f"tcp://127.0.0.1:{port}"
    finally:
        begun.terminate()
        begun.wait(60)


def _answers(port: int) -> bool:
    with socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def worker(scheduler: str, folder: Path, modules: Path) -> Iterator[None]:
    """A worker process that looks into the folder ``modules`` first."""
    dask = [
        sys.executable,
        "-m",
        "distributed.cli.dask_worker",
        scheduler,
        "--nworkers",
        "1",
        "--nthreads",
        "1",
        "--no-dashboard",
    ]
    begun = subprocess.Popen(dask, cwd=folder, env={**os.environ, "PYTHONPATH": str(modules)})
    try:
        yield
    finally:
        begun.terminate()
        begun.wait(60)


@pytest.mark.slow
def test_a_worker_without_recsys_is_named(scheduler: str, tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="the cluster has no workers"), cluster.opened(scheduler, tmp_path):
        pass
    (tmp_path / "sitecustomize.py").write_text(WITHOUT)
    said = ""
    with worker(scheduler, tmp_path, tmp_path):
        for _ in range(200):  # until it has come
            with pytest.raises(ClusterError) as refused, cluster.opened(scheduler, tmp_path):
                pass
            said = str(refused.value)
            if "cannot run" in said:
                break
    assert re.search(r"worker tcp://127.0.0.1:\d+ cannot run recsys \(.*flows", said)


@pytest.mark.slow
def test_a_worker_that_comes_later_and_differs_does_nothing(scheduler: str, tmp_path: Path, root: Path) -> None:
    call = cluster.Call("a call", Path.write_text, (tmp_path / "done", "x"))
    with worker(scheduler, tmp_path, root), Client(scheduler, set_as_default=False) as client:
        client.wait_for_workers(1)
        here = describe(str(tmp_path))
        with pytest.raises(ClusterError, match=r"worker tcp://.*: code is .*, here another; make them alike"):
            cluster.Workers(client, {**here, "code": "another"}, str(tmp_path)).map([call], lambda *_: None)
        assert not (tmp_path / "done").exists()
        cluster.Workers(client, here, str(tmp_path)).map([call], lambda *_: None)
        assert (tmp_path / "done").exists()
