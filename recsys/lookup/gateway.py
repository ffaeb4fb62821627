"""What every request passes first: size limits, keys, request id, security headers and one line in the access log.

It is an ASGI application; :meth:`Gateway.at_once` is a shorter way to the answers that only have to be read and sent.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import re
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import count, repeat
from typing import NamedTuple, TextIO

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recsys.lookup.problem import ProblemError, response_to

MOST_URL = 8_192
"""Bytes of path and query."""
MOST_BODY = 65_536
"""Bytes of a request's body."""
LOG_SECONDS = 0.1
"""Time for which lines of the access log are gathered."""
BODY_SECONDS = 10.0
"""Time to send a body in."""
OPEN = (b"/healthz", b"/readyz")
"""Paths that need no key."""
SCOPE_HEADERS = "recsys.headers"
"""Where a scope holds the request's headers by name."""
LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "::1")

HEADERS = [
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"vary", b"accept-encoding, accept-language"),
]

Headers = dict[bytes, bytes]
"""Headers of a request by name."""


class Ready(NamedTuple):
    """An answer that only has to be sent."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


Noted = tuple[bytes, str, bytes, int, int]
"""Id, method and path of a request; status and bytes of its answer."""
Quick = Callable[[bytes, bytes, Headers], Ready | None]
"""Path, query and headers of a GET → its answer, where it can be told at once."""

QUICK = b"/recommendations"
"""How the paths end that may have an answer at once."""
REPORT = b"/v1/runs/current/report"
"""Path of a page that brings its own style; it runs nothing either."""
_REPORT_HEADERS = [(name, value.replace(b"style-src 'self'", b"style-src 'unsafe-inline'")) for name, value in HEADERS]
_READING = frozenset(("GET", "HEAD"))
_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_COMPRESSED = 1024
_DIGITS = 9
"""Of a length: more are no number that is allowed, and take time to read."""


class Gateway:
    """ASGI middleware. ``keys``: any of them opens; none = no key is needed.

    ``hosts``: names the server answers to, so that a web page elsewhere cannot reach a server on this machine under a name of
    its own; none = any. ``refresh`` looks what is published, for a server that nobody asks.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        keys: Sequence[str],
        hosts: Sequence[str] | None,
        log: TextIO | None,
        quick: Quick,
        refresh: Callable[[], object] = lambda: None,
    ) -> None:
        self.refresh = refresh
        self._plain, self._zipped = app, GZipMiddleware(app, minimum_size=_COMPRESSED, compresslevel=1)
        self._quick = quick
        self._keys = [key.encode() for key in keys]
        self._hosts = None if hosts is None else frozenset(host.encode() for host in hosts)
        self._log = log
        self._lines: list[tuple[*Noted, float]] = []
        self._lost = 0
        self._prefix, self._count = secrets.token_hex(4).encode(), count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._plain(scope, receive, send)
            return
        started = time.perf_counter()
        headers: Headers = dict(scope["headers"])
        request_id = self._request_id(headers)
        # an id may hold a slash: routes are matched on the path as it was sent, and each segment is decoded on its own
        path: bytes = scope.get("raw_path") or scope["path"].encode()
        refusal = self._refusal(path, scope["query_string"], headers)
        sent = [0, 0]
        answer = _noting(send, request_id, sent, _REPORT_HEADERS if path == REPORT else HEADERS)
        try:
            await (refusal.response()(scope, receive, answer) if refusal else self._pass(path, scope, headers, receive, answer))
        finally:
            self._note((request_id, scope["method"], scope.get("raw_path") or b"", *sent), started)

    def at_once(self, path: bytes, query: bytes, named: list[tuple[bytes, bytes]]) -> Ready | None:
        """The answer to a GET with all its headers, where it can be told without waiting; None for the long way, errors included.

        ``named``: the request's headers, names in lower case.
        """
        if not path.endswith(QUICK):
            return None
        started, headers = time.perf_counter(), dict(named)
        if self._refusal(path, query, headers) is not None:
            return None
        try:
            ready = self._quick(path, query, headers)
        except Exception:
            return None  # the long way meets the same error, and tells it
        if ready is None:
            return None
        request_id = self._request_id(headers)
        self._note((request_id, "GET", path, ready.status, len(ready.body)), started)
        return Ready(ready.status, [*ready.headers, *HEADERS, (b"x-request-id", request_id)], ready.body)

    def _request_id(self, headers: Headers) -> bytes:
        given = headers.get(b"x-request-id")
        return given if given is not None and _ID.fullmatch(given) else b"%b-%x" % (self._prefix, next(self._count))

    async def _pass(self, path: bytes, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        scope["path"], scope[SCOPE_HEADERS] = path.decode("ascii", "replace"), headers
        app = self._zipped if b"gzip" in headers.get(b"accept-encoding", b"") else self._plain
        bounded = receive if scope["method"] in _READING else _Bounded(receive)
        scope["app"] = self  # tells the router to raise what it cannot route
        try:
            await app(scope, bounded, send)
        except ClientDisconnect:
            return  # nobody is left to answer
        except Exception as error:
            await response_to(error)(scope, receive, send)

    def _refusal(self, path: bytes, query: bytes, headers: Headers) -> ProblemError | None:
        if len(path) + len(query) > MOST_URL:
            return ProblemError(414, f"the address is longer than {MOST_URL:,} bytes", headers=_LAST)
        if self._hosts is not None and _host(headers.get(b"host", b"")) not in self._hosts:
            return ProblemError(421, "this server answers to localhost only; with API_KEYS set it answers to any name")
        if self._keys and path not in OPEN and not self._opened(headers):
            return ProblemError(401, "a valid key is needed: header X-API-Key, or a bearer token", headers=_CHALLENGE)
        length = headers.get(b"content-length")
        if length is not None and not (length.isdigit() and len(length) <= _DIGITS and int(length) <= MOST_BODY):
            return ProblemError(413, f"the body is longer than {MOST_BODY:,} bytes", headers=_LAST)
        return None

    def _opened(self, headers: Headers) -> bool:
        """Every key is compared with every key given, in a time that tells nothing."""
        matches = [hmac.compare_digest(key, given) for given in _presented(headers) for key in self._keys]
        return any(matches)

    def _note(self, answer: Noted, started: float) -> None:
        if self._log is None:
            return
        self._lines.append((*answer, (time.perf_counter() - started) * 1000))
        if len(self._lines) == 1:
            asyncio.get_running_loop().call_later(LOG_SECONDS, self._flush)

    def _flush(self) -> None:
        """Write the lines since the last time at once. What cannot be written is counted, and the count written later."""
        lines, self._lines = self._lines, []
        if self._log is None:
            return
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        lost = f"{moment} lost={self._lost}\n" if self._lost else ""
        try:
            self._log.write(lost + "".join(map(_line, repeat(moment), lines)))
            self._log.flush()
        except (OSError, ValueError):
            self._lost += len(lines)
        else:
            self._lost = 0


def _noting(send: Send, request_id: bytes, sent: list[int], own: list[tuple[bytes, bytes]]) -> Send:
    """Adds the headers of every answer, and notes its status and size in ``sent``."""

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            sent[0] = message["status"]
            message["headers"] = [*message["headers"], *own, (b"x-request-id", request_id)]
        else:
            sent[1] += len(message.get("body", b""))
        await send(message)

    return answer


def _line(moment: str, noted: tuple[*Noted, float]) -> str:
    request_id, method, path, status, size, took = noted
    return (
        f"{moment} id={request_id.decode()} method={method} path={path.decode('ascii', 'backslashreplace')} "
        f"status={status} bytes={size} ms={took:.2f}\n"
    )


_LAST = {"connection": "close"}
"""Of an answer after which the client may still send what was refused."""
_CHALLENGE = {"www-authenticate": 'Basic realm="recsys", charset="UTF-8"'}


def _presented(headers: Headers) -> Iterable[bytes]:
    """Keys in a request: ``X-API-Key``, a bearer token, or the password a browser asked for."""
    yield headers.get(b"x-api-key", b"")
    scheme, _, value = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"bearer":
        yield value.strip()
    elif scheme.lower() == b"basic":
        try:
            yield base64.b64decode(value, validate=True).partition(b":")[2]
        except binascii.Error:
            return


def _host(given: bytes) -> bytes:
    """The host without its port."""
    return given[: given.rfind(b"]") + 1] if given.startswith(b"[") else given.partition(b":")[0]


class _Bounded:
    """A body that is too long or too slow ends in a problem, whatever its header said."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._size, self._until = receive, 0, time.monotonic() + BODY_SECONDS

    async def __call__(self) -> Message:
        try:
            message = await asyncio.wait_for(self._receive(), max(0.0, self._until - time.monotonic()))
        except TimeoutError:
            raise ProblemError(408, f"the body did not arrive within {BODY_SECONDS:g} seconds", headers=_LAST) from None
        self._size += len(message.get("body", b""))
        if self._size > MOST_BODY:
            raise ProblemError(413, f"the body is longer than {MOST_BODY:,} bytes", headers=_LAST)
        return message
