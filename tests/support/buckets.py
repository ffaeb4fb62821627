"""A server of buckets on this machine, and a proxy before it that loses replies and refuses requests."""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, NamedTuple

SERVE = """
import logging, sys
logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "hunter", "AWS_SECRET_ACCESS_KEY": "seldom-told", "AWS_REGION": "us-east-1"}
"""Credentials of tests; their words must not turn up anywhere."""

Fault = Literal["lost", "dropped", "409", "412", "503", "403", "301", "skewed", "garbled"]
"""A reply that is lost after the server obeyed; a request that never arrives; an answer that is not the server's; other bytes."""
_CODES: dict[str, tuple[int, str]] = {
    "409": (409, "ConditionalRequestConflict"),
    "412": (412, "PreconditionFailed"),
    "503": (503, "SlowDown"),
    "403": (403, "SignatureDoesNotMatch"),
    "301": (301, "PermanentRedirect"),
    "skewed": (403, "RequestTimeTooSkewed"),
}


class Asked(NamedTuple):
    """One request, as the proxy saw it."""

    method: str
    key: str
    """Without the bucket."""
    conditional: bool


@contextmanager
def server() -> Iterator[int]:
    """A server of buckets that forgets everything at the end; its port."""
    command = [sys.executable, "-W", "ignore", "-c", SERVE]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        lines = (line.strip() for line in process.stdout)
        yield int(next(line for line in lines if line.isdecimal()))
        process.stdin.close()


def make_bucket(port: int, name: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("PUT", f"/{name}")
    assert connection.getresponse().status == 200
    connection.close()


class Proxy(ThreadingHTTPServer):
    """Passes requests on to a server, unless ``fault`` names what goes wrong with one; ``asked`` are all of them, in order."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.port = port
        self.asked: list[Asked] = []
        self.fault: Callable[[Asked], Fault | None] = lambda _: None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def count(self, method: str, part: str = "") -> int:
        """Requests of this kind so far."""
        return sum(one.method == method and part in one.key for one in self.asked)


@contextmanager
def proxy(port: int) -> Iterator[Proxy]:
    with Proxy(port) as between:
        threading.Thread(target=between.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield between
        between.shutdown()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def log_message(self, *_: object) -> None:
        return

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        key = self.path.partition("?")[0].strip("/").partition("/")[2]
        asked = Asked(self.command, key, bool(self.headers.get("If-Match") or self.headers.get("If-None-Match")))
        self.server.asked.append(asked)
        fault = self.server.fault(asked)
        if fault in _CODES:
            status, code = _CODES[fault]
            self._answer(status, [], f"<Error><Code>{code}</Code></Error>".encode())
            return
        if fault != "dropped":
            answer = self._forwarded(body)
        if fault in ("lost", "dropped"):
            self.close_connection = True
            self.connection.shutdown(2)
            return
        status, headers, content = answer
        self._answer(status, headers, bytes(len(content)) if fault == "garbled" else content)

    def _forwarded(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port)
        connection.request(self.command, self.path, body, dict(self.headers.items()))
        reply = connection.getresponse()
        content = reply.read()
        connection.close()
        return reply.status, reply.getheaders(), content

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("connection", "content-length", "transfer-encoding", "date", "server"):
                self.send_header(name, value)
        length = {name.lower(): value for name, value in headers}.get("content-length", "0")
        self.send_header("Content-Length", length if self.command == "HEAD" else str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _pass_on  # noqa: N815  the names that the library calls
