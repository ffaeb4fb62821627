"""Clients that flood, dawdle, hang up or send nonsense: nobody else waits, and each is told or let go."""

from __future__ import annotations

import io
import logging
import os
import resource
import select
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from recsys import Lake
from recsys.lookup import connection, gateway
from recsys.lookup.app import build
from tests.support.serving import serving

LIST = b"/v1/users/demo-u001/recommendations"


class Broken(io.StringIO):
    """A log that cannot be written for a while."""

    broken = False

    def write(self, text: str) -> int:
        if self.broken:
            raise BrokenPipeError("nobody reads")
        return super().write(text)


@pytest.fixture(scope="module")
def log() -> Broken:
    return Broken()


@pytest.fixture(scope="module")
def port(published: Lake, log: Broken) -> Iterator[int]:
    with serving(build(published.root, log=log)) as where:
        yield int(where.rsplit(":", 1)[1])


def connect(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port))
    client.settimeout(20)
    return client


def request(path: bytes, *lines: bytes, method: bytes = b"GET") -> bytes:
    return b"\r\n".join([b"%b %b HTTP/1.1" % (method, path), b"host: localhost", *lines, b"", b""])


def everything(client: socket.socket) -> bytes:
    """What the server sends until it ends the connection."""
    data = b""
    try:
        while part := client.recv(65_536):
            data += part
    except ConnectionResetError:
        pass
    return data


def send(client: socket.socket, pieces: list[bytes], pause: float = 0.0) -> None:
    """Send until the server has had enough; it is a fault when it never has."""
    with pytest.raises(ConnectionError):  # noqa: PT012
        for piece in pieces:
            client.sendall(piece)
            time.sleep(pause)


def healthy(port: int) -> None:
    assert httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False, timeout=10).status_code == 200


def test_a_head_without_end_is_refused(port: int) -> None:
    with connect(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nx: ")
        send(client, [b"a" * 16_384] * 10_000)
    healthy(port)
    with connect(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nx: " + b"a" * connection.MOST_HEAD)
        assert everything(client).startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize("before", [0, 1])
def test_the_longest_head(before: int, port: int) -> None:
    for over, answered in ((0, b"HTTP/1.1 200"), (1, b"HTTP/1.1 431")):
        with connect(port) as client:
            for _ in range(before):  # the first head of a connection, and a later one
                client.sendall(request(b"/healthz"))
                assert client.recv(65_536).startswith(b"HTTP/1.1 200")
            head = request(b"/healthz", b"x: y")[:-4]
            client.sendall(head + b"y" * (connection.MOST_HEAD - len(head) + over))
            if not over:
                client.sendall(b"\r\n\r\n")
            assert client.recv(65_536).startswith(answered)


@pytest.mark.slow
def test_time_for_a_head_ends_with_it(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 1.0)
    with connect(port) as client:
        for _ in range(2):
            client.sendall(request(b"/healthz"))
            assert client.recv(65_536).startswith(b"HTTP/1.1 200")
            time.sleep(1.5)


@pytest.mark.slow
@pytest.mark.parametrize("sent", [b"", b"GET / HTT", b"GET / HTTP/1.1\r\nx: y\r\n"])
def test_a_head_that_does_not_come_ends_the_connection(sent: bytes, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.2)
    with connect(port) as client:
        client.sendall(sent)
        assert everything(client) == b""


@pytest.mark.slow
def test_dripping_does_not_win_time(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.5)
    with connect(port) as client:
        send(client, [b"GET / HTTP/1.1\r\nx: ", *[b"a"] * 2_000], pause=0.01)


def test_requests_that_do_not_wait_for_their_answer_are_not_read(port: int) -> None:
    with connect(port) as client:
        client.sendall(request(LIST) * 200)
        answer = everything(client)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in answer
    assert b'"fallback":false' in answer


@pytest.mark.parametrize(
    "more", [b"", b"?list=comfort&limit=3", b"?offset=7&limit=30", b"?exclude_track=x", b"?list=none", b"?limit=0"]
)
@pytest.mark.parametrize("own", [b"accept-language: de", b'if-none-match: "x"', b"x-request-id: abc"])
def test_the_short_way_answers_as_the_long_one(more: bytes, own: bytes, port: int) -> None:
    """Whoever ends the connection goes the long way."""
    asked = [request(LIST + more, own, *ending) for ending in ((), (b"connection: close",))]
    with connect(port) as client:
        client.sendall(asked[0])
        short = whole(client)
    with connect(port) as client:
        client.sendall(asked[1])
        long = everything(client)
    (head, body), (long_head, long_body) = (answer.split(b"\r\n\r\n", 1) for answer in (short, long))
    assert body == long_body
    assert {*lines(head, own), b"connection: close"} == lines(long_head, own)


def whole(client: socket.socket) -> bytes:
    """One answer on a connection that stays."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += client.recv(65_536)
    length = data.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    while len(data.partition(b"\r\n\r\n")[2]) < int(length or 0):
        data += client.recv(65_536)
    return data


def lines(head: bytes, own: bytes) -> set[bytes]:
    """An answer's status and headers but for the moment, and for the name of the request where it gave none."""
    passing = (b"date: ",) if b"x-request-id" in own else (b"date: ", b"x-request-id: ")
    return {line for line in head.split(b"\r\n") if not line.startswith(passing)}


def test_a_list_takes_the_short_way_and_nothing_else_does(published: Lake, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    door = build(published.root, keys=["a-key-of-the-test"], log=None)
    key = (b"x-api-key", b"a-key-of-the-test")
    answer = door.at_once(LIST, b"limit=5", [key])
    assert answer is not None
    assert (answer.status, len(httpx.Response(200, content=answer.body).json()["data"])) == (200, 5)
    refused = ((LIST, b"", []), (LIST, b"limit=0", [key]), (b"/v1/users/demo-u001/lists", b"", [key]), (b"/healthz", b"", [key]))
    assert [door.at_once(*one) for one in refused] == [None] * 4
    monkeypatch.setattr(gateway.Gateway, "__call__", None)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, headers={"accept-encoding": "identity"}) as client:
        assert client.get(LIST.decode()).status_code == 200


def test_what_arrives_in_pieces_and_what_is_no_request(port: int) -> None:
    with connect(port) as client:
        for piece in (request(LIST)[:30], request(LIST)[30:]):
            client.sendall(piece)
            time.sleep(0.05)
        assert whole(client).startswith(b"HTTP/1.1 200")
        client.sendall(request(LIST) + b"no request\r\n\r\n")
        assert b" 400 " in everything(client)
    healthy(port)


@pytest.mark.parametrize(
    ("line", "sent", "ends"),
    [
        (b"HTTP/1.1", b"", False), (b"HTTP/1.1", b"connection: close", True), (b"HTTP/1.0", b"", True),
        (b"HTTP/1.1", b"content-length: 2\r\n\r\n{}", False),
        (b"HTTP/1.1", b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0", False),
        (b"HTTP/1.1", b"upgrade: h2c\r\nconnection: upgrade", False),
    ],
)  # fmt: skip
def test_a_list_is_the_same_however_it_is_asked_for(line: bytes, sent: bytes, ends: bool, port: int) -> None:
    """Answers at once are for a plain GET; any other goes the long way, to the same rows."""
    plain = httpx.get(f"http://127.0.0.1:{port}{LIST.decode()}", trust_env=False, headers={"accept-encoding": "identity"})
    head = request(LIST).replace(b"HTTP/1.1", line)[:-2]
    with connect(port) as client:
        client.sendall(head + (sent + b"\r\n" if sent else b"") + (b"" if sent.endswith(b"{}") else b"\r\n"))
        answer = client.recv(2**20)
        while not answer.endswith(plain.content):
            part = client.recv(2**20)
            assert part
            answer += part
        assert answer.startswith(b"HTTP/1.1 200")
        assert (b"\r\nconnection: close\r\n" in answer.lower()) == ends
        if ends:
            assert everything(client) == b""
        else:
            client.sendall(request(b"/healthz"))
            assert client.recv(65_536).startswith(b"HTTP/1.1 200")


def test_a_connection_is_used_again_when_its_answer_was_read(port: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        for _ in range(3):
            assert client.get(LIST.decode()).status_code == 200
        wrong = client.post("/v1/recommendations", content=b"{")
        assert wrong.status_code == 400
        assert "connection" not in wrong.headers


def test_silent_connections_make_room(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    healthy(port)
    monkeypatch.setattr(connection, "_MOST", 5)
    silent = [connect(port) for _ in range(3)]
    healthy(port)
    assert select.select(silent, [], [], 0)[0] == []  # there is room
    silent += [connect(port) for _ in range(17)]
    healthy(port)
    ended, _, _ = select.select(silent, [], [], 5)
    assert len(ended) >= 15
    for client in silent:
        client.close()


def test_the_one_that_was_silent_for_longest_goes_first(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_MOST", 3)
    busy, second, third = (connect(port) for _ in range(3))
    for client in (busy, second, third, busy):
        client.sendall(request(b"/healthz"))
        assert client.recv(65_536).startswith(b"HTTP/1.1 200")
    fourth = connect(port)
    assert everything(second) == b""
    fifth = connect(port)
    assert everything(third) == b""
    busy.sendall(request(b"/healthz"))
    assert busy.recv(65_536).startswith(b"HTTP/1.1 200")
    for client in (busy, second, third, fourth, fifth):
        client.close()


@pytest.mark.parametrize("length", [b"9" * 4_301, b"9" * 20, b"65537"])
def test_lengths_beyond_reason(length: bytes, port: int) -> None:
    with connect(port) as client:
        client.sendall(request(b"/v1/recommendations", b"content-length: " + length, method=b"POST"))
        answer = everything(client)
    assert answer.startswith((b"HTTP/1.1 413", b"HTTP/1.1 400"))
    assert b"connection: close" in answer.lower()


def test_a_body_that_does_not_come_ends_the_connection(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "BODY_SECONDS", 0.2)
    with connect(port) as client:
        client.sendall(request(b"/v1/recommendations", b"content-length: 50", method=b"POST"))
        answer = everything(client)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"connection: close" in answer


def test_a_body_that_grows_too_long_ends_the_connection(port: int) -> None:
    with connect(port) as client:
        client.sendall(request(b"/v1/recommendations", b"transfer-encoding: chunked", method=b"POST"))
        send(client, [b"8000\r\n" + b"x" * 0x8000 + b"\r\n"] * 10_000)
    healthy(port)


@pytest.mark.slow
def test_who_hangs_up_is_no_bug(port: int, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            with connect(port) as client:
                client.sendall(request(b"/v1/recommendations", b"content-length: 50", method=b"POST") + b"{")
        time.sleep(0.3)
        healthy(port)
    assert [record.message for record in caplog.records if "bug" in record.message] == []


@pytest.mark.slow
def test_a_log_that_cannot_be_written_is_written_again(port: int, log: Broken) -> None:
    log.broken = True
    for _ in range(3):
        healthy(port)
        time.sleep(2 * gateway.LOG_SECONDS)
    log.broken = False
    before = log.tell()
    healthy(port)
    until = time.monotonic() + 20
    while log.tell() == before:
        assert time.monotonic() < until
        time.sleep(0.02)
    written = log.getvalue()[before:]
    lost = int(written.partition("lost=")[2].partition("\n")[0])
    assert lost >= 3
    assert "path=/healthz status=200" in written


@pytest.mark.slow
def test_floods_take_little_memory(port: int) -> None:
    """The server is in this process: what it may grow by is small beside the 30 MiB that are sent."""
    healthy(port)
    before = resident()
    for _ in range(10):
        with connect(port) as client:
            send(client, [request(LIST) * 200] * 10_000)
    healthy(port)
    assert resident() - before < 100 * 2**20


def resident() -> int:
    with open("/proc/self/statm") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * resource.getpagesize() if os.name == "posix" else 0
