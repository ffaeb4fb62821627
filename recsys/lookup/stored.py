"""Endpoints that answer with stored rows: 304 when the client has them, a problem when they cannot be read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from zlib import crc32

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from recsys.errors import LakeError
from recsys.lookup.current import Current, Published
from recsys.lookup.gateway import SCOPE_HEADERS, Headers, Ready

KEPT = 32
"""Answers of one run that are kept; more would drive what every request needs out of the processor's cache."""

Answer = Callable[[Published, Request], bytes]

_PRIVATE = (b"cache-control", b"private, no-cache")
_JSON = (b"content-type", b"application/json")


class Stored:
    """It speaks ASGI itself, for it answers most requests."""

    def __init__(self, current: Current, answer: Answer, *, threaded: bool = False) -> None:
        self._current, self._answer, self._threaded = current, answer, threaded

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        published, address = self._current.get(), addressed(scope["path"].encode(), scope["query_string"], scope[SCOPE_HEADERS])
        try:
            ready = known(published, address, scope[SCOPE_HEADERS])
            if ready is None:
                ask = self._answer
                body = (
                    await asyncio.to_thread(ask, published, Request(scope)) if self._threaded else ask(published, Request(scope))
                )
                ready = fresh(published, address, body)
        except LakeError as error:
            self._current.drop(error)
            raise
        headers = [*ready.headers]  # a copy, for what compresses the answer changes it
        await send({"type": "http.response.start", "status": ready.status, "headers": headers})
        await send({"type": "http.response.body", "body": ready.body})


def addressed(path: bytes, query: bytes, headers: Headers) -> bytes:
    """Names an answer: whether the gateway compresses it, path, query."""
    return b"%b%b?%b" % (b"z" if zipped(headers) else b"p", path, query)


def zipped(headers: Headers) -> bool:
    """Whether the gateway will compress the answer."""
    return b"gzip" in headers.get(b"accept-encoding", b"")


def etag(published: Published, address: bytes) -> bytes:
    """A strong ETag."""
    return b'"%b-%x"' % (published.tag, crc32(address))


def known(published: Published, address: bytes, headers: Headers) -> Ready | None:
    """What is answered without looking: that the client has it, or what was answered before."""
    tags = headers.get(b"if-none-match")
    if tags is not None and (tag := etag(published, address)) in tags:
        return Ready(304, [(b"etag", tag), _PRIVATE], b"")
    return published.answers.get(address)


def fresh(published: Published, address: bytes, body: bytes) -> Ready:
    """The answer, which is kept: apps ask for the same listeners again."""
    ready = Ready(200, [_JSON, (b"content-length", b"%d" % len(body)), (b"etag", etag(published, address)), _PRIVATE], body)
    answers = published.answers
    if len(answers) >= KEPT:
        del answers[next(iter(answers))]
    answers[address] = ready
    return ready
