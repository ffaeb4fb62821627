"""Buckets on a real server of this machine, and machines that share one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from recsys.lake import Lake
from recsys.lake.bucket.address import CACHE, ENDPOINTS
from tests.support import buckets

_numbers = count(1)
Machine = Callable[[str], Lake]


@pytest.fixture(scope="session")
def port() -> Iterator[int]:
    """A server of buckets."""
    pytest.importorskip("obstore")
    pytest.importorskip("moto")
    with buckets.server() as number:
        yield number


@pytest.fixture
def between(port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[buckets.Proxy]:
    """What every request goes through."""
    for name in ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    for name, value in buckets.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with buckets.proxy(port) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        yield proxy


@pytest.fixture
def url(between: buckets.Proxy) -> str:
    """An empty lake in a bucket of its own."""
    name = f"music-{next(_numbers)}"
    buckets.make_bucket(between.port, name)
    return f"s3://{name}/lakes/one"


@pytest.fixture
def machine(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The lake as a machine of this name sees it, in a process that has just begun."""

    def open_lake(name: str) -> Lake:
        monkeypatch.setenv(CACHE, str(tmp_path / name))
        return Lake(url)

    return open_lake
