"""One connection of a client: limits of time, size and number that the HTTP server itself does not have.

A head has to arrive whole within :data:`HEAD_SECONDS` and :data:`MOST_HEAD` bytes. A request that arrives before the last one was
answered is not read: the connection ends after that answer. When there are :data:`_MOST` connections, the one that has been
idle for longest makes room for a new one, so that silent ones lock nobody out.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0
"""Time for the head of a request, from the connection or the last answer's end on."""
MOST_HEAD = 32_768
"""Bytes of a head."""
_MOST = 512
"""Connections at a time."""

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Connection(HttpToolsProtocol):
    """Speaks HTTP/1.1 as its base does, within limits."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._deaf, self._head_bytes, self._timer = False, 0, None
        self._idle_since: float | None = self.loop.time()
        if len(self.connections) >= _MOST:
            self._make_room()
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        if self._timer is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._timer is not None and self._head_bytes > MOST_HEAD:
            self._end(_TOO_LARGE)

    def on_message_begin(self) -> None:
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
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._deaf:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._deaf:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        self._idle_since = self.loop.time()
        super().on_response_complete()

    def _await_head(self) -> None:
        self._timer = self.loop.call_later(HEAD_SECONDS, self._end)

    def _head_arrived(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._head_bytes, self._idle_since = None, 0, None

    def _end(self, answer: bytes = b"") -> None:
        self._deaf = True
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()

    def _make_room(self) -> None:
        idle = [(other._idle_since, id(other), other) for other in self._others() if other._idle_since is not None]
        if idle:
            min(idle)[2].transport.abort()

    def _others(self) -> list[Connection]:
        connections: Any = self.connections
        return [other for other in connections if isinstance(other, Connection) and not other.transport.is_closing()]

    _timer: asyncio.TimerHandle | None
