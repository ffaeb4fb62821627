"""compose.yaml without docker: what it starts exists, listens on this machine alone, and works as processes of this machine."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from socket import create_server
from time import monotonic, sleep
from typing import Any

import httpx
import pytest
import yaml

from recsys.cli.app import COMMANDS, build
from recsys.lake.bucket.address import CACHE, ENDPOINTS
from recsys.settings import ENVIRONMENT

KEY = "a-key-of-the-test"
OTHERS = {"API_KEYS", "RECSYS_LAKE", CACHE, *ENDPOINTS, "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
DASK = {"scheduler": "dask_scheduler", "worker": "dask_worker"}


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    return (root / "compose.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def services(text: str) -> dict[str, dict[str, Any]]:
    return yaml.safe_load(text)["services"]


def words(service: dict[str, Any]) -> list[str]:
    """What a container of the service runs; the image's own entry point is ``recsys``."""
    return [*service.get("entrypoint", ["recsys"]), *service.get("command", [])]


def test_every_command_is_one_that_its_program_takes(services: dict[str, dict[str, Any]]) -> None:
    programs = set()
    for name, service in services.items():
        program, *arguments = words(service)
        programs.add(program)
        if program == "recsys":
            assert arguments[0] in COMMANDS, name
            build().parse_args(arguments, exit_on_error=False, print_error=False)
        elif program == "dask":
            command = import_module(f"distributed.cli.{DASK[arguments[0]]}").main
            with command.make_context(arguments[0], arguments[1:]) as context:
                assert not context.params.get("preload_argv"), name
        elif program == "moto_server":
            takes = argparse.ArgumentParser(exit_on_error=False)
            takes.add_argument("-H")
            takes.add_argument("-p", type=int)
            takes.parse_args(arguments)
        else:
            assert arguments[0] == "-c", name
            compile(arguments[1], name, "exec")
    assert programs == {"recsys", "dask", "moto_server", "python"}


def test_what_a_service_needs_is_there(text: str, services: dict[str, dict[str, Any]]) -> None:
    volumes = yaml.safe_load(text)["volumes"]
    for name, service in services.items():
        assert service.get("depends_on", {}).keys() <= services.keys(), name
        assert {volume.partition(":")[0] for volume in service.get("volumes", [])} <= volumes.keys(), name
        assert service.get("environment", {}).keys() <= OTHERS | ENVIRONMENT.keys(), name
        for condition in (needs["condition"] for needs in service.get("depends_on", {}).values()):
            assert condition in ("service_started", "service_healthy", "service_completed_successfully"), name
    for name in ("night", "worker"):
        assert services[name]["volumes"] == ["night:/data"], "workers write into the folder of the run"
    assert services["store"]["image"].endswith(f":{version('moto')}"), "the store is the one that the tests use"


def test_only_the_lookup_can_be_reached_and_needs_a_key(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        if name == "store":
            assert service["ports"] == ["127.0.0.1:8350:8350"]
        else:
            assert service["network_mode"] == "service:store", name
            assert "ports" not in service, name
        if name == "lookup":
            assert service["environment"]["API_KEYS"].startswith("${API_KEYS:?")
        elif name in ("store", "scheduler"):
            assert "127.0.0.1" in service["command"], name
        assert "0.0.0.0" not in service.get("command", []) or name == "lookup"  # noqa: S104


def test_the_page_and_the_file_say_the_same(root: Path, text: str) -> None:
    page = (root / "docs" / "cluster.md").read_text(encoding="utf-8")
    lines = [line.removeprefix("#   ") for line in text.splitlines() if line.startswith("#   ")]
    assert len(lines) == 5
    assert "\n".join(lines) in page
    assert "--extra cluster" in (root / "Dockerfile").read_text(encoding="utf-8")


@pytest.fixture
def running(text: str, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The services as processes, on free ports, every volume a folder; the commands of the others, with their environments."""
    ports = dict(zip(("5000", "8786", "8350"), _free(3), strict=True))
    moved = re.sub(r"\b(?:5000|8786)\b", lambda number: ports[number[0]], text).replace("0.0.0.0", "127.0.0.1")  # noqa: S104
    services = yaml.safe_load(re.sub(r"\$\{API_KEYS:[^}]*\}", KEY, moved))["services"]
    services["lookup"]["command"] += ["--port", ports["8350"]]
    started, result = [], {"lookup": f"http://127.0.0.1:{ports['8350']}"}
    try:
        for name, service in services.items():
            folder = tmp_path / next((volume.partition(":")[0] for volume in service.get("volumes", [])), name)
            folder.mkdir(exist_ok=True)
            environment = {key: value.replace("/data", str(folder)) for key, value in service.get("environment", {}).items()}
            result[name if name != "lookup" else "server"] = one = (words(service), folder, environment)
            if name == "bucket":
                _until(lambda one=one: _process(*one).wait(60) == 0)
            elif "profiles" not in service:
                started += [_process(*one) for _ in range(service.get("deploy", {}).get("replicas", 1))]
        yield result
    finally:
        for process in reversed(started):  # workers before their scheduler, the store last
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def _free(count: int) -> list[str]:
    servers = [create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [str(server.getsockname()[1]) for server in servers]
    finally:
        for server in servers:
            server.close()


def _process(command: list[str], folder: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    own = {"PATH": path, "HOME": str(folder), "DO_NOT_TRACK": "1", "NO_PROXY": "127.0.0.1", **environment}
    with (folder / "log").open("a") as log:
        return subprocess.Popen(command, cwd=folder, env=own, stdout=log, stderr=log, text=True)


def _until(done: Any, seconds: float = 300) -> Any:
    """What ``done`` says once it is true."""
    until = monotonic() + seconds
    while not (result := done()):
        assert monotonic() < until
        sleep(0.5)
    return result


@pytest.mark.slow
def test_a_night_on_the_workers_reaches_the_lookup(running: dict[str, Any], tmp_path: Path) -> None:
    command, folder, environment = running["night"]
    assert _process([command[0], "demo"], folder, environment).wait() == 0, (folder / "log").read_text()
    with httpx.Client(base_url=running["lookup"], headers={"X-API-Key": KEY}, trust_env=False) as client:
        # the lookup looks into the bucket every five seconds
        reply = _until(lambda: (answer := client.get("/v1/users/demo-u001/recommendations")).is_success and answer)
    assert reply.json()["fallback"] is False
    assert (tmp_path / "lookup").is_dir()
