"""The door: keys, hosts, request ids, the access log and the headers of every answer."""

from __future__ import annotations

import base64
import hmac
import io
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from recsys import Lake
from recsys.lookup import gateway
from recsys.lookup.app import build
from recsys.lookup.gateway import LOOPBACK
from tests.support.serving import serving

KEYS = ("first-key-12345", "second-key-1234")
LIST = "/v1/users/demo-u001/recommendations"


@pytest.fixture(scope="module")
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture(scope="module")
def locked(published: Lake, log: io.StringIO) -> Iterator[httpx.Client]:
    with serving(build(published.root, keys=KEYS, log=log)) as where, httpx.Client(base_url=where, trust_env=False) as client:
        yield client


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"me:{password}".encode()).decode()


@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-key": KEYS[0]},
        {"x-api-key": KEYS[1]},
        {"authorization": f"Bearer {KEYS[1]}"},
        {"authorization": f"bearer {KEYS[0]}"},
        {"authorization": basic(KEYS[0])},
    ],
)
def test_any_key_opens(locked: httpx.Client, headers: dict[str, str]) -> None:
    assert locked.get(LIST, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-api-key": ""},
        {"x-api-key": "wrong"},
        {"x-api-key": KEYS[0][:-1]},
        {"x-api-key": ",".join(KEYS)},
        {"authorization": KEYS[0]},
        {"authorization": "Basic !!"},
        {"authorization": basic("wrong")},
        {"authorization": "Bearer"},
    ],
)
@pytest.mark.parametrize("path", [LIST, "/", "/openapi.json", "/v1/providers/status", "/nothing"])
def test_without_a_key_only_health_answers(locked: httpx.Client, headers: dict[str, str], path: str) -> None:
    answer = locked.get(path, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.headers["www-authenticate"].startswith("Basic")
    assert locked.get("/healthz").status_code == locked.get("/readyz").status_code == 200


def test_every_answer_has_its_headers(locked: httpx.Client) -> None:
    for path in ("/healthz", LIST, "/nothing"):
        headers = locked.get(path, headers={"x-api-key": KEYS[0]}).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_request_ids(locked: httpx.Client) -> None:
    given = locked.get("/healthz", headers={"x-request-id": "abc-1.2_3"})
    assert given.headers["x-request-id"] == "abc-1.2_3"
    made = {
        locked.get("/healthz", headers={"x-request-id": bad}).headers["x-request-id"] for bad in ("", "a b", "x" * 65, "a\tb")
    }
    assert len(made) == 4


@pytest.mark.slow
def test_one_line_per_request_without_keys_or_query(locked: httpx.Client, log: io.StringIO) -> None:
    time.sleep(2 * gateway.LOG_SECONDS)
    log.truncate(log.seek(0))
    locked.get(f"{LIST}?list=comfort", headers={"x-api-key": KEYS[0], "x-request-id": "line-1"})
    locked.get("/v1/users/a%0Ab/lists", headers={"x-api-key": "not-the-key-987"})
    until = time.monotonic() + 20
    while log.getvalue().count("\n") < 2 and time.monotonic() < until:
        time.sleep(0.01)
    first, second = log.getvalue().splitlines()
    assert "id=line-1 method=GET path=/v1/users/demo-u001/recommendations" in first
    assert " status=200 bytes=" in first
    assert " ms=" in first
    assert "path=/v1/users/a%0Ab/lists status=401" in second
    assert not any(secret in log.getvalue() for secret in (*KEYS, "not-the-key-987", "comfort"))


def test_a_name_from_elsewhere_does_not_reach_a_keyless_server(published: Lake) -> None:
    with (
        serving(build(published.root, hosts=LOOPBACK, log=None)) as where,
        httpx.Client(base_url=where, trust_env=False) as client,
    ):
        assert client.get("/readyz").status_code == 200
        for host, status in (
            ("localhost:80", 200),
            ("[::1]:9", 200),
            ("evil.example", 421),
            ("127.0.0.1.evil.example", 421),
            ("", 421),
        ):
            assert client.get("/readyz", headers={"host": host}).status_code == status


def test_a_body_that_never_comes_is_given_up(published: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "BODY_SECONDS", 0.05)
    with serving(build(published.root, log=None)) as where:
        host, port = where.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=20) as wire:
            wire.sendall(b"POST /v1/recommendations HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
            assert b" 408 " in wire.recv(200)


def test_a_bug_is_a_problem_too_and_goes_to_the_log(
    published: Lake, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError("a bug")

    with serving(build(published.root, log=None)) as where, httpx.Client(base_url=where, trust_env=False) as client:
        with monkeypatch.context() as broken:
            broken.setattr("recsys.lookup.current.Current.get", fail)
            answer = client.get(LIST)
        assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
        assert "a bug" not in answer.text
        assert client.get(LIST).status_code == 200
    assert "a bug" in caplog.text


def test_every_key_is_compared_whichever_is_right(published: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, compared = ("first-key-1", "other-key-2", "third-key-3"), []
    compare = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda one, other: compared.append(one) or compare(one, other))
    with (
        serving(build(published.root, keys=keys, log=None)) as where,
        httpx.Client(base_url=where, trust_env=False) as client,
    ):
        for key, status in (*((key, 200) for key in keys), ("first", 401), ("no-such-key", 401)):
            compared.clear()
            assert client.get("/v1/runs/current", headers={"X-API-Key": key}).status_code == status
            assert compared == [key.encode() for key in keys]
