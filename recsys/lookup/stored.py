"""Endpoints that answer with stored rows: 304 when the client has them, a problem when they cannot be read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from isal.isal_zlib import crc32
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from recsys.errors import LakeError
from recsys.lookup.current import Current, Published
from recsys.lookup.gateway import SCOPE_HEADERS, Headers, Ready
from recsys.lookup.languages import preferred

_KEPT = 32
"""Answers of one run that are kept; more would drive what every request needs out of the processor's cache."""

_Answer = Callable[[Published, Request], bytes]

_PRIVATE = (b"cache-control", b"private, no-cache")
_JSON = (b"content-type", b"application/json")


class Stored:
    """It speaks ASGI itself, for it answers most requests."""

    def __init__(self, current: Current, answer: _Answer, *, threaded: bool = False, spoken: bool = False) -> None:
        self._current, self._answer, self._threaded, self._spoken = current, answer, threaded, spoken

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        published, headers = self._current.get(), scope[SCOPE_HEADERS]
        language = spoken(published, headers) if self._spoken else ""
        address = addressed(scope["path"].encode(), scope["query_string"], headers, language)
        try:
            ready = known_answer(published, address, headers)
            if ready is None:
                ask = self._answer
                body = (
                    await asyncio.to_thread(ask, published, Request(scope)) if self._threaded else ask(published, Request(scope))
                )
                ready = fresh(published, address, body, language)
        except LakeError as error:
            self._current.drop(error)
            raise
        own = [*ready.headers]  # a copy, for what compresses the answer changes it
        await send({"type": "http.response.start", "status": ready.status, "headers": own})
        await send({"type": "http.response.body", "body": ready.body})


def spoken(published: Published, headers: Headers) -> str:
    """The language to answer in."""
    wanted, stored = headers.get(b"accept-language"), published.reader.language
    return stored if wanted is None else preferred(wanted, stored)


def addressed(path: bytes, query: bytes, headers: Headers, language: str = "") -> bytes:
    """Names an answer: whether the gateway compresses it, language, path, query."""
    return b"%b%b%b?%b" % (b"z" if zipped(headers) else b"p", language.encode(), path, query)


def zipped(headers: Headers) -> bool:
    """Whether the gateway will compress the answer."""
    return b"gzip" in headers.get(b"accept-encoding", b"")


def etag(published: Published, address: bytes) -> bytes:
    """A strong ETag."""
    return b'"%b-%x"' % (published.tag, crc32(address))


def known_answer(published: Published, address: bytes, headers: Headers) -> Ready | None:
    """What is answered without looking: that the client has it, or what was answered before."""
    tags = headers.get(b"if-none-match")
    if tags is not None and (tag := etag(published, address)) in tags:
        return Ready(304, [(b"etag", tag), _PRIVATE], b"")
    return published.answers.get(address)


def fresh(published: Published, address: bytes, body: bytes, language: str = "") -> Ready:
    """The answer, which is kept: apps ask for the same listeners again. ``language``: of the reasons in it; empty = none."""
    headers = [_JSON, (b"content-length", b"%d" % len(body)), (b"etag", etag(published, address)), _PRIVATE]
    if language:
        headers.append((b"content-language", language.encode()))
    ready = Ready(200, headers, body)
    answers = published.answers
    if len(answers) >= _KEPT:
        del answers[next(iter(answers))]
    answers[address] = ready
    return ready
