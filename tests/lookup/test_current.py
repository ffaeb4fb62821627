"""Following the published run: moves, damage and absence under a running server."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import httpx
import pytest

from recsys import Lake
from recsys.lookup import current
from recsys.lookup.app import build
from recsys.lookup.names import name
from tests.support.serving import serving

pytestmark = pytest.mark.slow  # whole runs

LIST = "/v1/users/demo-u001/recommendations"


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause before a run is tried again."""
    monkeypatch.setattr(current, "_PAUSE", 0.0)


def test_moves_with_the_pointer_and_drops_no_request(own: Lake) -> None:
    runs = own.run_ids()
    seen: set[str] = set()
    failed: list[int] = []
    stop = threading.Event()

    def ask(where: str) -> None:
        with httpx.Client(base_url=where, trust_env=False) as client:
            while not stop.is_set():
                answer = client.get(LIST)
                if answer.status_code == 200:
                    seen.add(answer.json()["run"]["id"])
                else:
                    failed.append(answer.status_code)

    with serving(build(own.root, log=None)) as where, httpx.Client(base_url=where, trust_env=False) as client:
        threads = [threading.Thread(target=ask, args=(where,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for run in (*runs, *runs):
            own.publish(run)
            answer = client.get("/readyz")
            assert answer.json()["run"]["id"] == run
        stop.set()
        for thread in threads:
            thread.join()
    assert failed == []
    assert seen <= set(runs)


def test_an_etag_does_not_outlive_its_publication(own: Lake) -> None:
    older, _ = own.run_ids()
    with serving(build(own.root, log=None)) as where, httpx.Client(base_url=where, trust_env=False) as client:
        tag = client.get(LIST).headers["etag"]
        assert client.get(LIST, headers={"if-none-match": tag}).status_code == 304
        own.publish(older)
        assert client.get(LIST, headers={"if-none-match": tag}).status_code == 200


@pytest.mark.parametrize("damage", ["removed", "shorter", "pointer", "unpublished", "manifest"])
def test_damage_is_a_problem_and_repair_is_seen(own: Lake, tmp_path: Path, damage: str) -> None:
    run, pointer = own.published(), own.root / "CURRENT"
    spare = shutil.copytree(own.root, tmp_path / "spare")
    with serving(build(own.root, log=None)) as where, httpx.Client(base_url=where, trust_env=False) as client:
        assert client.get("/readyz").status_code == 200
        if damage == "removed":
            shutil.rmtree(run.path)
        elif damage == "shorter":
            os.truncate(run.file(name("rows")), 1000)
        elif damage == "pointer":
            pointer.write_bytes(b"\x00nonsense")
        elif damage == "unpublished":
            pointer.unlink()
        else:
            (run.path / "manifest.json").write_text("{")
            os.utime(pointer)
        for _ in range(2):
            answer = client.get(LIST)
            assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
            assert str(own.root) not in answer.text
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 503
        shutil.rmtree(run.path, ignore_errors=True)
        shutil.copytree(spare / "runs" / run.id, run.path)
        shutil.copy(spare / "CURRENT", tmp_path / "CURRENT")
        (tmp_path / "CURRENT").rename(pointer)
        assert client.get(LIST).status_code == 200


def test_no_lake_at_all(tmp_path: Path) -> None:
    with serving(build(tmp_path / "none", log=None)) as where, httpx.Client(base_url=where, trust_env=False) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/").status_code == 200
        for path in ("/readyz", LIST, "/v1/runs/current", "/v1/tracks/x", "/v1/users"):
            assert client.get(path).status_code == 503
