from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from recsys.providers.access import Access
from recsys.providers.cache import LONGEST_REST
from recsys.providers.errors import (
    BlockedError,
    ForbiddenError,
    MalformedError,
    MissingError,
    UnauthorizedError,
    UnavailableError,
)
from recsys.providers.http import _ATTEMPTS, LARGEST_BODY, Service
from recsys.providers.limits import Limiter
from tests.support.wire import Clock, Wire, error

ADDRESS = "GET api.test/v1/things/1"
PATH = "/things/1"


class Thing(BaseModel):
    name: str


@pytest.fixture
def service(open_access: Callable[..., Access]) -> Service:
    return Service(open_access(), "spotify", "https://api.test/v1")


def ask(service: Service) -> str:
    return service.get(Thing, PATH).name


def test_threads_that_ask_first_share_one_client(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[httpx.Client] = []
    together = threading.Barrier(4)

    def client(**options: Any) -> httpx.Client:
        with contextlib.suppress(threading.BrokenBarrierError):
            together.wait(0.05)  # were the others let in here, they would come
        opened.append(open_client(**options))
        return opened[-1]

    open_client = httpx.Client
    monkeypatch.setattr(httpx, "Client", client)
    with ThreadPoolExecutor(4) as workers:
        clients = set(workers.map(lambda _: service.access.client, range(4)))
    assert clients == set(opened)
    assert len(opened) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_is_retried_and_may_pass(service: Service, wire: Wire, status: int) -> None:
    wire.on(ADDRESS, httpx.Response(status), {"name": "x"})
    assert ask(service) == "x"
    assert len(wire.asked) == 2


@pytest.mark.parametrize(
    "failure", [httpx.ReadTimeout("slow"), httpx.ConnectError("down"), httpx.RemoteProtocolError("cut"), httpx.Response(502)]
)
def test_a_lasting_failure_is_tried_a_bounded_number_of_times(
    service: Service, wire: Wire, failure: Exception | httpx.Response
) -> None:
    wire.on(ADDRESS, failure)
    with pytest.raises(UnavailableError):
        ask(service)
    assert len(wire.asked) == _ATTEMPTS


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (error(401, "bad"), UnauthorizedError),
        (error(403), ForbiddenError),
        (error(403, "Forbidden"), ForbiddenError),
        (error(404, "no"), MissingError),
        (httpx.Response(410), MissingError),
        (error(400, "Invalid limit"), MalformedError),
        (httpx.Response(200, text="<!doctype html><p>hello"), MalformedError),
        (httpx.Response(200, text="half a {"), MalformedError),
        (httpx.Response(200, json={"title": "drifted"}), MalformedError),
        (httpx.Response(200, json=[1]), MalformedError),
        (httpx.Response(302, headers={"location": "https://evil.test/v1/things/1"}), MalformedError),
        (httpx.Response(302, headers={"location": "http://api.test/v1/things/1"}), MalformedError),
        (httpx.Response(302, headers={"location": "http://api.test:443/v1/things/1"}), MalformedError),
        (httpx.Response(302, headers={"location": "https://api.test:8443/v1/things/1"}), MalformedError),
        (httpx.Response(302, headers={"location": "//api.test:8443/v1/things/1"}), MalformedError),
        (httpx.Response(302), MalformedError),
    ],
)
def test_what_will_not_pass_is_not_retried(
    service: Service, wire: Wire, answer: httpx.Response, expected: type[Exception]
) -> None:
    wire.on(ADDRESS, answer)
    with pytest.raises(expected):
        ask(service)
    assert {request.url.host for request in wire.asked} == {"api.test"}
    assert len(wire.asked) <= 4


def test_a_redirect_on_the_same_host_is_followed(service: Service, wire: Wire) -> None:
    wire.on(ADDRESS, httpx.Response(301, headers={"location": "/v1/things/2"}))
    wire.on("GET api.test/v1/things/2", {"name": "moved"})
    assert ask(service) == "moved"


def test_redirects_count_against_the_limit(open_access: Callable[..., Access], wire: Wire, clock: Clock) -> None:
    wire.on("GET api.test/v1/things/1", httpx.Response(301, headers={"location": "/v1/things/2"}))
    wire.on("GET api.test/v1/things/2", {"name": "moved"})
    slow = replace(open_access(), limiter=lambda _: Limiter(1.05, clock, clock.sleep))
    before = clock()
    with slow:
        assert Service(slow, "musicbrainz", "https://api.test/v1").get(Thing, PATH).name == "moved"
    assert clock() - before >= 1


def test_a_short_retry_after_is_obeyed_by_every_thread(service: Service, wire: Wire, clock: Clock) -> None:
    wire.on(ADDRESS, error(429, "API rate limit exceeded", {"retry-after": "7"}), {"name": "x"})
    before = clock()
    assert ask(service) == "x"
    assert clock() - before >= 7


def test_retry_after_may_be_a_date(service: Service, wire: Wire, clock: Clock) -> None:
    date = formatdate(clock() + 30, usegmt=True)
    wire.on(ADDRESS, httpx.Response(429, headers={"retry-after": date}, text="Too many requests"), {"name": "x"})
    before = clock()
    assert ask(service) == "x"
    assert 29 <= clock() - before <= 31


def test_a_429_without_retry_after_is_retried_a_few_times_then_rests(service: Service, wire: Wire) -> None:
    wire.on(ADDRESS, httpx.Response(429, text="Too many requests"))
    with pytest.raises(BlockedError):
        ask(service)
    with pytest.raises(BlockedError):
        ask(service)
    assert len(wire.asked) == _ATTEMPTS


@pytest.mark.parametrize("seconds", [61, 48_925, 86_236])
def test_a_long_retry_after_is_stored_and_nothing_is_asked_until_then(
    service: Service, wire: Wire, clock: Clock, seconds: int
) -> None:
    wire.on(ADDRESS, error(429, "Too many requests", {"retry-after": str(seconds)}), {"name": "x"})
    wire.on("GET api.test/v1/other/1", {"name": "y"})
    with pytest.raises(BlockedError) as caught:
        ask(service)
    assert caught.value.until == clock() + seconds
    with pytest.raises(BlockedError):
        ask(service)
    assert len(wire.asked) == 1
    assert service.get(Thing, "/other/1").name == "y"
    clock.sleep(seconds + 1)
    assert ask(service) == "x"


@pytest.mark.parametrize("seconds", ["99999999999999", "9" * 400])
def test_nobody_is_left_alone_for_longer_than_a_week(service: Service, wire: Wire, clock: Clock, seconds: str) -> None:
    wire.on(ADDRESS, error(429, "Too many requests", {"retry-after": seconds}), {"name": "x"})
    with pytest.raises(BlockedError, match="may not be asked again before") as caught:
        ask(service)
    assert caught.value.until == clock() + LONGEST_REST
    with pytest.raises(BlockedError):
        ask(service)
    clock.sleep(LONGEST_REST + 1)
    assert ask(service) == "x"


def test_a_used_up_quota_ends_the_work_even_with_a_short_or_no_wait(service: Service, wire: Wire, clock: Clock) -> None:
    wire.on(ADDRESS, error(429, "Too many requests", None, reason="QUOTA_EXCEEDED"))
    with pytest.raises(BlockedError, match="quota"):
        ask(service)
    assert len(wire.asked) == 1
    assert service.access.cache.state("spotify").blocked["things"] == clock() + 3600


def test_a_huge_body_is_not_read_to_its_end(service: Service, wire: Wire) -> None:
    wire.on(ADDRESS, httpx.Response(200, content=b" " * (LARGEST_BODY + 1)))
    with pytest.raises(MalformedError, match="32 MB"):
        ask(service)


def test_errors_and_logs_hold_no_query_and_no_header(
    open_access: Callable[..., Access], wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    canary = "canary-77aa"
    service = Service(open_access(), "songlink", "https://api.test/v1", headers={"Authorization": canary})
    wire.on("GET api.test/v1/links", httpx.ReadTimeout(canary), error(500, "x"), httpx.Response(200, text=canary))
    with pytest.raises(MalformedError) as caught:
        service.get(Thing, "/links", {"key": canary})
    state = service.access.cache.state("songlink").model_dump_json()
    assert len(wire.asked) == 3
    assert canary not in str(caught.value) + repr(caught.value) + caplog.text + state


def test_the_last_error_is_remembered(service: Service, wire: Wire, clock: Clock) -> None:
    wire.on(ADDRESS, error(403, "Forbidden"))
    with pytest.raises(ForbiddenError):
        ask(service)
    state = service.access.cache.state("spotify")
    assert state.last_error_at == clock()
    assert "not allowed" in str(state.last_error)


class Dripping(httpx.SyncByteStream):
    """An answer that comes byte by byte, and never later than a time-out of a single read."""

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(200):
            time.sleep(0.01)
            yield b" "


@pytest.mark.slow
def test_an_answer_that_drips_is_given_up(open_access: Callable[..., Access], wire: Wire) -> None:
    wire.on(ADDRESS, lambda _: httpx.Response(200, stream=Dripping()))
    with replace(open_access(), timeout=0.1) as access, pytest.raises(UnavailableError, match="arrived too slowly"):
        Service(access, "musicbrainz", "https://api.test/v1").get(Thing, PATH)


@pytest.mark.parametrize("place", ["http://api.test", "https://api.test:8443", "//api.test:8443"])
def test_a_redirect_to_another_scheme_or_port_is_not_asked(service: Service, wire: Wire, place: str) -> None:
    wire.on(ADDRESS, httpx.Response(302, headers={"location": f"{place}/v1/things/1"}))
    with pytest.raises(MalformedError, match="redirect to another host"):
        ask(service)
    assert len(wire.asked) == 1
