"""The commands on a lake in a bucket, from two machines: ingest, run, look, forget, prune, verify; and a server that follows."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

pytest.importorskip("obstore")

from recsys.cli.app import run
from recsys.demo import AS_OF
from recsys.lake import Lake
from recsys.lake.bucket.address import CACHE
from recsys.lake.bucket.mirror import Mirror
from tests.lake.bucket.conftest import Machine
from tests.support.buckets import ENVIRONMENT, Proxy
from tests.support.bytes import naming
from tests.support.published import EARLIER, commit, corner
from tests.support.serving import SECONDS

pytestmark = pytest.mark.slow

WHO = "demo-u001"


class Answer(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


Command = Callable[..., Answer]


@pytest.fixture
def recsys(url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Runs a command on the lake, on a machine of this name, in an empty working folder."""
    monkeypatch.chdir(tmp_path)

    def call(on: str, *arguments: object) -> Answer:
        capsys.readouterr()
        monkeypatch.setenv(CACHE, str(tmp_path / on))
        code = run([*map(str, arguments), "--lake", url])
        return Answer(code, *capsys.readouterr())

    return call


def bytes_of(home: Mirror) -> dict[str, bytes]:
    return {key: (home.store.read(key) or (b"",))[0] for key in home.store.entries()}


def test_a_journey(recsys: Command, machine: Machine, between: Proxy, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    inputs = corner()
    for table in ("tracks", "events", "controls"):
        getattr(inputs, table).drop("batch").write_parquet(tmp_path / f"{table}.parquet")
        assert recsys("here", "ingest", table, f"{table}.parquet").code == 0
    assert "already" in recsys("there", "ingest", "tracks", "tracks.parquet").out
    for as_of in (EARLIER, AS_OF):
        answer = recsys("here", "run", "--as-of", as_of.isoformat(), "--accept", "a corner of the world")
        assert answer.code == 0, answer.err
    assert recsys("there", "show", WHO).out == recsys("here", "show", WHO).out
    listed = json.loads(recsys("there", "runs", "list", "--format", "json").out)
    assert [one["published"] for one in listed] == ["published", ""]
    track = json.loads(recsys("there", "show", WHO, "--format", "json").out)["rows"][0]["track_id"]
    assert recsys("there", "why", WHO, track).code == 0
    assert recsys("there", "sql", "select count(distinct user_id) n from input_events", "--format", "csv").out == "n\n7\n"
    assert "is whole" in recsys("there", "runs", "verify").out
    assert recsys("there", "doctor", "--stale-hours", 1e6).code == 0
    asked = between.count("GET", ".parquet")
    assert "Nothing to do" in recsys("here", "run", "--as-of", AS_OF.isoformat(), "--accept", "again").out
    assert between.count("GET", ".parquet") == asked
    assert recsys("there", "runs", "rollback").code == 0
    assert json.loads(recsys("here", "runs", "list", "--format", "json").out)[1]["published"] == "published"

    assert recsys("there", "forget", WHO, "--yes").code == 0
    assert recsys("here", "runs", "verify").code == 0
    assert recsys("here", "show", WHO).code == 6
    home = machine("here").home
    assert isinstance(home, Mirror)
    word = re.compile(rf"\b{WHO}\b".encode())
    assert [key for key, content in bytes_of(home).items() if word.search(content)] == []
    for on in ("here", "there"):
        assert naming(machine(on).root, WHO) == []
    there = machine("there").root  # it wrote all of it
    assert {key for key in bytes_of(home) if not (there / key).is_file()} == set()
    newest = json.loads(recsys("here", "runs", "list", "--format", "json").out)[0]["run"]
    assert recsys("there", "publish", newest).code == 0
    assert "removed run" in recsys("here", "runs", "prune", "--keep", 1, "--days", 0).out
    assert len(json.loads(recsys("there", "runs", "list", "--format", "json").out)) == 1
    assert recsys("there", "runs", "verify").code == 0
    assert recsys("there", "forget", WHO, "--yes").code == 6
    said = caplog.text.encode() + b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not any(secret.encode() in said for secret in list(ENVIRONMENT.values())[:2])


@pytest.mark.parametrize("command", [("runs", "list"), ("show", WHO), ("run",), ("ingest", "events", "x.parquet"), ("doctor",)])
def test_a_bucket_that_does_not_answer_is_one_line(
    command: tuple[str, ...], recsys: Command, between: Proxy, tmp_path: Path
) -> None:
    corner().events.drop("batch").write_parquet(tmp_path / "x.parquet")
    between.fault = lambda _: "403"
    answer = recsys("here", *command)
    assert answer.code == 4
    assert "refuses these credentials" in answer.err + answer.out
    assert "Traceback" not in answer.err


def test_an_address_that_is_none_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runs", "list", "--lake", "ftp://music/one"]) == 2
    assert "s3://BUCKET/PREFIX" in capsys.readouterr().err


def test_a_server_follows_the_bucket(machine: Machine, url: str, tmp_path: Path, between: Proxy) -> None:
    from tests.support.published import publish

    folder = publish(tmp_path / "folder")
    here = machine("here")
    for batch in folder.batches():
        frame, facts = batch.read().drop("batch"), batch.receipt
        rejects = batch.read_rejects()
        here.add_batch(batch.table, frame, rejects=rejects, source=facts.source, digest=facts.digest, rows_read=facts.rows_read)
    settings = _small()
    first = here.publish(commit(here, settings, EARLIER).id)
    command = [sys.executable, "-c", "from recsys.cli import main; main()", "serve", "--port", "0", "--lake", url]
    environment = {**os.environ, CACHE: str(tmp_path / "there"), "PYTHONUNBUFFERED": "1", "COLUMNS": "200", "API_KEYS": ""}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stdout is not None
        (address,) = re.findall(r"http://\S+", server.stdout.readline())
        with httpx.Client(base_url=address, trust_env=False) as client:
            assert client.get("v1/runs/current").json()["run"]["id"] == first.id
            second = here.publish(commit(here, settings, AS_OF).id)
            until = time.monotonic() + 5 * SECONDS
            while client.get("v1/runs/current").json()["run"]["id"] != second.id:
                assert time.monotonic() < until, "the server did not follow"
                time.sleep(0.2)
            between.fault = lambda _: "503"
            assert client.get(f"v1/users/{WHO}/recommendations").status_code == 200
        server.send_signal(signal.SIGTERM)
        assert server.wait(SECONDS) in (0, -signal.SIGTERM)


def _small() -> object:
    from recsys.settings import Settings

    return Settings(list_limit=10, pool=40)


def test_python_reads_it_by_its_address(machine: Machine, url: str, tmp_path: Path) -> None:
    import recsys
    from tests.lake import night

    here = machine("here")
    night.ingest(here, 1)
    here.publish(night.build(here).id)
    assert recsys.read("neighbors", lake=url).collect().height == 3
    assert isinstance(Lake(url), Lake)
