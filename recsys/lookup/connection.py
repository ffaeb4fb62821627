"""One connection of a client: limits of time, size and number that the HTTP server itself does not have.

A head has to arrive whole within :data:`HEAD_SECONDS` and :data:`MOST_HEAD` bytes. A request that arrives before the last one was
answered is not read: the connection ends after that answer. When there are :data:`_MOST` connections, the one that has been
idle for longest makes room for a new one, so that silent ones lock nobody out.

An answer that the application can tell at once (``at_once``, see :class:`~recsys.lookup.gateway.Gateway`) is written as it is,
when all that arrived with its request was read: the way through ASGI, with a task, an event and a check of each header, takes
longer than to look up a list.
"""

from __future__ import annotations

import asyncio

from httptools import parse_url
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from recsys.lookup.gateway import Ready

HEAD_SECONDS = 10.0
"""Time for the head of a request, from the connection or the last answer's end on."""
MOST_HEAD = 32_768
"""Bytes of a head."""
_MOST = 512
"""Connections at a time."""

_BODY = (b"content-length", b"transfer-encoding")
"""Headers of a request that has a body, or may have."""
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Connection(HttpToolsProtocol):
    """Speaks HTTP/1.1 as its base does, within limits."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._deaf, self._head_bytes, self._timer = False, 0, None
        self._ready: Ready | None = None
        self._at_once = getattr(self.config.app, "at_once", None)
        if len(self.connections) >= _MOST:
            self._make_room()
        super().connection_made(transport)
        self._rest()
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        super().data_received(data)
        if self._ready is not None:
            self._answer(self._ready)
        if self._timer is not None:  # the head is not whole yet
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD:
                self._end(_TOO_LARGE)

    def on_message_begin(self) -> None:
        if self._ready is not None:
            self._deaf = True
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self._deaf, self.cycle.keep_alive = True, False
            return
        if self._timer is None:
            self._await_head()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        if not self._deaf:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._deaf:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if not self._deaf:
            self._head_arrived()
            if self._at_once is not None and self._plain():
                url = parse_url(self.url)
                self._ready = self._at_once(url.path or b"", url.query or b"", self.headers)
            if self._ready is None:
                super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._deaf and self._ready is None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._deaf and self._ready is None:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        self._rest()
        super().on_response_complete()

    def _plain(self) -> bool:
        """Whether the request is a GET without a body on a connection that goes on and takes what is written."""
        parser = self.parser
        return (
            parser.get_method() == b"GET"
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not (parser.should_upgrade() or self.expect_100_continue or self.flow.write_paused)
            and not any(name in _BODY for name, _ in self.headers)
        )

    def _answer(self, ready: Ready) -> None:
        """Write it; a connection on which more arrived meanwhile ends with it."""
        self._ready = None
        if self.transport.is_closing():
            return
        named = [*self.server_state.default_headers, *ready.headers]
        if self._deaf:
            named.append((b"connection", b"close"))
        lines = [b"%b: %b\r\n" % pair for pair in named]
        self.transport.writelines((b"".join((STATUS_LINE[ready.status], *lines, b"\r\n")), ready.body))
        if self._deaf:
            self.transport.close()
        self.on_response_complete()

    def _await_head(self) -> None:
        self._timer = self.loop.call_later(HEAD_SECONDS, self._end)

    def _head_arrived(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._head_bytes = None, 0
        self._idle.pop(self, None)

    def _end(self, answer: bytes = b"") -> None:
        self._deaf = True
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()

    @property
    def _idle(self) -> dict[Connection, None]:
        """Connections of this server without a request, the one that has been so for longest first."""
        return vars(self.server_state).setdefault("idle", {})

    def _rest(self) -> None:
        self._idle.pop(self, None)
        self._idle[self] = None

    def _make_room(self) -> None:
        """In no more time for many connections than for few: a flood brings a thousand at once."""
        oldest = next((other for other in self._idle if not other.transport.is_closing()), None)
        if oldest is not None:
            del self._idle[oldest]
            oldest.transport.abort()

    _timer: asyncio.TimerHandle | None
