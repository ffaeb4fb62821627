"""The browser's answer to a login: one request to a port of this machine."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

from recsys.errors import ProviderError
from recsys.providers.errors import UnauthorizedError

PATIENCE = 300.0
"""Seconds a person has to log in."""
_THANKS = b"<!doctype html><meta charset=utf-8><title>recsys</title><p>You can close this page and go back to recsys."


class _Server(HTTPServer):
    answer: dict[str, str] | None = None


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        expected = address.path == "/callback" and "state" in query and ("code" in query or "error" in query)
        self.send_response(200 if expected else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        if expected:
            self.server.answer = query
            self.wfile.write(_THANKS)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — it would print the code
        """Nothing: the request line holds the code."""


class Callback:
    """Listens on 127.0.0.1 from its construction on; :meth:`wait` returns what the browser brought."""

    def __init__(self, port: int) -> None:
        try:
            self._server = _Server(("127.0.0.1", port), _Handler)
        except OSError as error:
            raise ProviderError(f"port {port} is in use; set SPOTIFY_REDIRECT_PORT to a free one: {error}") from error
        self.port: int = self._server.server_address[1]

    def wait(self, seconds: float = PATIENCE) -> tuple[str, str]:
        """Code and state. Raises :class:`UnauthorizedError` when the person refused or did not come back in time."""
        ends = time.monotonic() + seconds
        with self._server as server:
            while server.answer is None and (left := ends - time.monotonic()) > 0:
                server.timeout = left
                server.handle_request()
        answer = server.answer
        if answer is None:
            raise UnauthorizedError(f"spotify: nobody logged in within {seconds:.0f} s; start again: recsys providers login")
        if "code" not in answer:
            raise UnauthorizedError("spotify: the login was refused; start again: recsys providers login")
        return answer["code"], answer["state"]
