"""The gateway before an application of one line: every limit at its last good value and at the first that is refused."""

from __future__ import annotations

import asyncio
import base64
import gzip
import io
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pytest
from starlette.requests import ClientDisconnect

from recsys.lookup import gateway
from recsys.lookup.gateway import MOST_BODY, MOST_URL, REPORT, Gateway, Ready

BODY = b"x" * 2_000
Pairs = Iterable[tuple[bytes, bytes]]


class Answer(NamedTuple):
    """What a client gets."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Reads the body, and answers with the path that it was asked for."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-path", scope["path"].encode())]})
    await send({"type": "http.response.body", "body": BODY[:1_000], "more_body": True})
    await send({"type": "http.response.body", "body": BODY[1_000:]})


def gate(app: Any = echo, **options: Any) -> Gateway:
    return Gateway(app, **{"keys": (), "hosts": None, "log": None, "quick": lambda *_: None, **options})


async def asked(
    door: Gateway, path: bytes = b"/x", query: bytes = b"", method: str = "GET", headers: Pairs = (), parts: Iterable[bytes] = ()
) -> Answer | None:
    """The answer to one request; none when there was none."""
    waiting = [{"type": "http.request", "body": part, "more_body": True} for part in parts] + [{"type": "http.request"}]
    sent: list[Any] = []
    scope = {"type": "http", "method": method, "path": "/decoded", "raw_path": path, "query_string": query, "headers": [*headers]}

    async def receive() -> Any:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    await door(scope, receive, send)
    if not sent:
        return None
    return Answer(sent[0]["status"], dict(sent[0]["headers"]), b"".join(message.get("body", b"") for message in sent[1:]))


def ask(door: Gateway, *place: bytes, **request: Any) -> Answer:
    answer = asyncio.run(asked(door, *place, **request))
    assert answer is not None
    return answer


@pytest.mark.parametrize("kind", ["lifespan", "websocket", "a"])
def test_what_is_no_request_goes_straight_through(kind: str) -> None:
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope, receive, send))

    log = io.StringIO()
    asyncio.run(gate(app, keys=["secret"], log=log)({"type": kind}, echo, echo))  # type: ignore[arg-type]
    assert seen == [({"type": kind}, echo, echo)]


@pytest.mark.parametrize(("over", "status"), [(0, 200), (1, 414)])
def test_the_longest_address(over: int, status: int) -> None:
    answer = ask(gate(), b"/" + b"a" * (MOST_URL - 101), b"q" * (100 + over))
    assert answer.status == status
    assert answer.headers.get(b"connection") == (b"close" if over else None)


@pytest.mark.parametrize(
    ("length", "status"),
    [
        (b"0", 200),
        (b"65536", 200),
        (b"000065536", 200),
        (b"65537", 413),
        (b"0000065536", 413),
        (b"-1", 413),
        (b"1e3", 413),
        (b"", 413),
    ],
)
def test_the_greatest_length(length: bytes, status: int) -> None:
    assert MOST_BODY == 65_536
    answer = ask(gate(), method="POST", headers=[(b"content-length", length)])
    assert answer.status == status
    assert answer.headers.get(b"connection") == (b"close" if status == 413 else None)


@pytest.mark.parametrize(
    ("parts", "status"),
    [((MOST_BODY,), 200), ((MOST_BODY - 1, 1), 200), ((MOST_BODY + 1,), 413), ((MOST_BODY, 1), 413), ((1, MOST_BODY), 413)],
)
def test_the_longest_body_whatever_its_header_said(parts: tuple[int, ...], status: int) -> None:
    answer = ask(gate(), method="POST", parts=[b"b" * size for size in parts])
    assert answer.status == status
    assert answer.headers.get(b"connection") == (b"close" if status == 413 else None)


def test_a_body_that_does_not_come_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.wait_for(receive(), 10)
        raise AssertionError("it was waited for")

    async def request() -> int:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "PUT", "path": "/x", "query_string": b"", "headers": []}
        await gate(never)(scope, asyncio.Event().wait, send)  # type: ignore[arg-type]
        return int(sent[0]["status"])

    monkeypatch.setattr(gateway, "BODY_SECONDS", 0.01)
    assert asyncio.run(request()) == 408


@pytest.mark.parametrize(("accepted", "packed"), [(b"gzip, br", True), (b"br", False), (None, False)])
def test_answers_are_packed_for_those_who_read_it(accepted: bytes | None, packed: bool) -> None:
    answer = ask(gate(), headers=[] if accepted is None else [(b"accept-encoding", accepted)])
    assert answer.headers.get(b"content-encoding") == (b"gzip" if packed else None)
    assert (gzip.decompress(answer.body) if packed else answer.body) == BODY


def test_ids_of_requests() -> None:
    door = gate()
    for good in (b"a", b"A.b_c-9", b"x" * 64):
        assert ask(door, headers=[(b"x-request-id", good)]).headers[b"x-request-id"] == good
    own = [
        ask(door, headers=[(b"x-request-id", bad)]).headers[b"x-request-id"] for bad in (b"", b"x" * 65, b"a\n", b"a b", b"\xe4")
    ]
    own.append(ask(door).headers[b"x-request-id"])
    prefixes, numbers = zip(*(one.split(b"-") for one in own), strict=True)
    assert len(set(prefixes)) == 1
    assert [int(number, 16) for number in numbers] == [1, 2, 3, 4, 5, 6]
    assert not ask(gate()).headers[b"x-request-id"].startswith(prefixes[0])  # of another process


QUICK = b"/v1/users/u/recommendations"


def told(path: bytes = QUICK, query: bytes = b"q", headers: Pairs = (), **options: Any) -> Ready | None:
    """What a gateway answers at once that has such an answer to everything."""
    options.setdefault("quick", lambda *asked: Ready(203, [(b"etag", b"|".join(asked[:2]))], b"at once"))
    return gate(**options).at_once(path, query, [*headers])


def test_what_only_has_to_be_sent_is_answered_at_once() -> None:
    ready = told(headers=[(b"x-request-id", b"me")])
    assert ready is not None
    assert (ready.status, ready.body) == (203, b"at once")
    assert ready.headers == [(b"etag", QUICK + b"|q"), *gateway.HEADERS, (b"x-request-id", b"me")]


def test_what_is_refused_fails_or_has_no_such_answer_goes_the_long_way() -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    assert told(quick=lambda *_: None) is told(quick=fails) is told(b"/v1/users/u/lists") is told(keys=["secret"]) is None
    assert told(hosts=["localhost"], headers=[(b"host", b"evil.example")]) is told(query=b"q" * MOST_URL) is None
    assert told(keys=["secret"], headers=[(b"x-api-key", b"secret")]) is not None


def test_the_path_is_the_one_that_was_sent() -> None:
    assert ask(gate(), b"/a%2Fb").headers[b"x-path"] == b"/a%2Fb"
    assert ask(gate(), b"").headers[b"x-path"] == b"/decoded"  # a server that does not tell


def test_the_report_brings_its_own_style_and_nothing_else_does() -> None:
    for path, style in ((REPORT, b"style-src 'unsafe-inline'"), (b"/v1", b"style-src 'self'")):
        policy = ask(gate(), path).headers[b"content-security-policy"]
        assert style in policy
        assert b"script-src 'self'" in policy


def test_who_has_gone_gets_no_answer() -> None:
    async def gone(scope: Any, receive: Any, send: Any) -> None:
        raise ClientDisconnect

    assert asyncio.run(asked(gate(gone))) is None


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("x-api-key", "key:with:colons", 200),
        ("authorization", "Bearer   key:with:colons ", 200),
        ("authorization", "BASIC " + base64.b64encode(b"me:key:with:colons").decode(), 200),
        ("authorization", "Basic " + base64.b64encode(b"key:with:colons").decode(), 401),
        ("authorization", "Digest key:with:colons", 401),
        ("x-api-key", "key:with:colon", 401),
        ("x-api-key", "other", 401),
    ],
)
def test_where_a_key_may_stand(name: str, value: str, status: int) -> None:
    door = gate(keys=["first", "key:with:colons"])
    assert ask(door, headers=[(name.encode(), value.encode())]).status == status
    assert ask(door, b"/healthz").status == ask(door, b"/readyz").status == 200
    assert ask(door, b"/healthz/").status == 401


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (b"localhost", 200),
        (b"localhost:8350", 200),
        (b"[::1]", 200),
        (b"[::1]:8350", 200),
        (b"::1", 421),
        (b"[::2]:8350", 421),
        (b"a", 421),
    ],
)
def test_names_of_this_server(host: bytes, status: int) -> None:
    assert ask(gate(hosts=gateway.LOOPBACK), headers=[(b"host", host)]).status == status
    assert ask(gate(), headers=[(b"host", host)]).status == 200


class Log(io.StringIO):
    """A log that cannot be written as often as it is told."""

    faults: Iterator[Exception] = iter(())

    def write(self, text: str) -> int:
        for fault in self.faults:
            raise fault
        return super().write(text)


async def _logged(door: Gateway, requests: Iterable[dict[str, Any]]) -> None:
    for request in requests:
        await asked(door, **request)
        await asyncio.sleep(gateway.LOG_SECONDS + 0.05)


def logged(log: Log, *requests: dict[str, Any]) -> list[str]:
    asyncio.run(_logged(gate(log=log), requests))
    return log.getvalue().splitlines()


def test_a_line_of_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "LOG_SECONDS", 0.01)
    named = [(b"x-request-id", b"me")]
    (line,) = logged(Log(), {"path": b"/a%20\xff", "query": b"secret", "headers": named})
    moment, rest = line.split(" ", 1)
    assert len(moment) == len("2026-01-01T00:00:00Z")
    assert rest.startswith(r"id=me method=GET path=/a%20\xff status=200 bytes=2000 ms=")


def test_a_line_of_an_answer_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def once() -> None:
        assert told(log=log, quick=lambda *_: Ready(304, [], b"etag")) is not None
        await asyncio.sleep(gateway.LOG_SECONDS + 0.05)

    monkeypatch.setattr(gateway, "LOG_SECONDS", 0.01)
    log = Log()
    asyncio.run(once())
    (line,) = log.getvalue().splitlines()
    assert f" method=GET path={QUICK.decode()} status=304 bytes=4 ms=" in line


@pytest.mark.parametrize("fault", [OSError("the disk is full"), ValueError("I/O operation on closed file")])
def test_lines_that_could_not_be_written_are_counted(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "LOG_SECONDS", 0.01)
    log = Log()
    log.faults = iter([fault, fault])
    lines = logged(log, {}, {}, {}, {})
    assert [line.split(" ")[1].split("=")[0] for line in lines] == ["lost", "id", "id"]
    assert lines[0].endswith(" lost=2")
