"""The browser's answer to a login: one request to a port of this machine."""

from __future__ import annotations

import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from recsys.errors import ProviderError
from recsys.providers.errors import UnauthorizedError

_PATIENCE = 300.0
"""Seconds a person has to log in."""
GRACE = 20.0
"""Seconds in which the right answer may still come after a foreign one."""
_THANKS = b"<!doctype html><meta charset=utf-8><title>recsys</title><p>You can close this page and go back to recsys."


class _Server(ThreadingHTTPServer):
    # A browser may open a connection and send nothing on it: nobody waits for that one.
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, state: str) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.state = state.encode()
        self.answer: dict[str, str] | None = None
        self.foreign = False
        self.arrived = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        meant = address.path == "/callback" and "state" in query and ("code" in query or "error" in query)
        own = meant and secrets.compare_digest(query["state"].encode("utf-8", "surrogateescape"), self.server.state)
        self.send_response(200 if own else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        if own:
            self.wfile.write(_THANKS)
            self.server.answer = query
        self.server.foreign |= meant and not own
        if meant:
            self.server.arrived.set()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — it would print the code
        """Nothing: the request line holds the code."""


class Callback:
    """Listens on 127.0.0.1 from its construction on; :meth:`wait` returns what the browser brought for ``state``.

    An answer to another login is ignored.
    """

    def __init__(self, port: int, state: str) -> None:
        try:
            self._server = _Server(port, state)
        except OSError as error:
            raise ProviderError(f"port {port} is in use; set SPOTIFY_REDIRECT_PORT to a free one: {error}") from error
        self.port: int = self._server.server_address[1]

    def wait(self, seconds: float = _PATIENCE, grace: float = GRACE) -> str:
        """The code. Raises :class:`UnauthorizedError` when the person refused or did not come back in time."""
        with self._server as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
            thread.start()
            try:
                server.arrived.wait(seconds)
                if server.answer is None and server.foreign:
                    server.arrived.clear()
                    server.arrived.wait(grace)
            finally:
                server.shutdown()
        if server.answer is None:
            other = "the answer belongs to another login" if server.foreign else f"nobody logged in within {seconds:.0f} s"
            raise UnauthorizedError(f"spotify: {other}; start again: recsys providers login")
        if "code" not in server.answer:
            raise UnauthorizedError("spotify: the login was refused; start again: recsys providers login")
        return server.answer["code"]
