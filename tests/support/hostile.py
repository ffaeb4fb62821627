"""A local server that stands in for any provider and misbehaves on request: ``http://127.0.0.1:PORT/SCENARIO/…``."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.providers.spotify_answers import dev, ident

Answer = Callable[[Request, int], Awaitable[Response]]


def _error(status: int, message: str, headers: dict[str, str] | None = None, **more: str) -> Response:
    return JSONResponse({"error": {"status": status, "message": message, **more}}, status, headers)


async def _track(request: Request, _: int) -> Response:
    if request.path_params["path"].endswith("/tracks"):
        return _error(403, "Forbidden")
    if "audio-features" in request.path_params["path"]:
        return _error(403, "Forbidden")
    return JSONResponse(dev(int(request.path_params["path"].rpartition("/")[2])))


def _first(answer: Response) -> Answer:
    """The misbehaviour once per track, then the truth."""
    tried: set[str] = set()

    async def respond(request: Request, number: int) -> Response:
        path = request.path_params["path"]
        if path in tried or "/tracks/" not in path:
            return await _track(request, number)
        tried.add(path)
        return answer

    return respond


def _after(most: int, answer: Response) -> Answer:
    """The truth about ``most`` tracks, then the misbehaviour until :func:`Hostile.calm`."""

    async def respond(request: Request, number: int) -> Response:
        return answer if number > most and "/tracks/" in request.path_params["path"] else await _track(request, number)

    return respond


async def _slow(request: Request, number: int) -> Response:
    await asyncio.sleep(2)
    return await _track(request, number)


async def _cut(request: Request, _: int) -> Response:
    async def half() -> AsyncIterator[bytes]:
        yield b'{"id": "'

    return StreamingResponse(half(), media_type="application/json", headers={"content-length": "5000"})


def _list(next_host: str | None) -> Answer:
    async def respond(request: Request, number: int) -> Response:
        if "/items" not in request.path_params["path"]:
            return await _track(request, number)
        offset = int(request.query_params["offset"])
        host = next_host or str(request.base_url).rstrip("/")
        entries = [{"item": dev(offset + place)} for place in range(50)]
        return JSONResponse({"items": entries, "total": None, "next": f"{host}/v1/next?offset={offset + 50}"})

    return respond


async def _wrong_token(request: Request, number: int) -> Response:
    if request.path_params["path"] == "api/token":
        return JSONResponse({"access_token": f"canary-{number}", "expires_in": 3600})
    tokens = {"Bearer canary-1": 5}
    allowed = tokens.get(request.headers["authorization"], 10**9)
    return await _track(request, number) if number <= allowed else _error(401, "The access token expired")


def _always(answer: Response) -> Answer:
    async def respond(request: Request, number: int) -> Response:
        return answer

    return respond


SCENARIOS: dict[str, Callable[[], Answer]] = {
    "well": lambda: _track,
    "short": lambda: _first(_error(429, "API rate limit exceeded", {"retry-after": "2"})),
    "bare": lambda: _first(PlainTextResponse("Too many requests", 429)),
    "long": lambda: _after(6, _error(429, "Too many requests", {"retry-after": "48925"})),
    "quota": lambda: _after(6, _error(429, "Too many requests", {"retry-after": "5"}, reason="QUOTA_EXCEEDED")),
    "down": lambda: _always(PlainTextResponse("no", 503)),
    "own-limit": lambda: _first(JSONResponse({"error": "exceeding the allowable rate limit"}, 503)),
    "busy": lambda: _always(
        JSONResponse({"error": "server is currently busy"}, 503, {"x-ratelimit-zone": "search-global", "retry-after": "0"})
    ),
    "slow": lambda: _slow,
    "cut": lambda: _cut,
    "html": lambda: _always(HTMLResponse("<!doctype html><title>Welcome to this hotel</title>")),
    "drift": lambda: _always(JSONResponse({"id": {"value": 1}, "name": ["x"]})),
    "endless": lambda: _list(None),
    "foreign": lambda: _list("http://evil.test"),
    "redirect": lambda: _always(RedirectResponse("http://evil.test/v1/tracks/x")),
    "expired": lambda: _wrong_token,
}


class Hostile:
    """The running server: its address per scenario, how often each was asked, and a switch to good behaviour."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self._answers = {name: make() for name, make in SCENARIOS.items()}
        self._lock = threading.Lock()
        self._numbers: dict[str, int] = defaultdict(int)
        routes = [Route("/{scenario}/{path:path}", self._respond, methods=["GET", "POST"])]
        config = uvicorn.Config(Starlette(routes=routes), host="127.0.0.1", port=0, log_config=None, lifespan="off")
        self._server = uvicorn.Server(config)

    def address(self, scenario: str) -> str:
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/{scenario}"

    def calm(self, scenario: str) -> None:
        self._answers[scenario] = _track

    async def _respond(self, request: Request) -> Response:
        scenario = request.path_params["scenario"]
        with self._lock:
            self.asked[scenario] += 1
            kind = f"{scenario} {'/tracks/' in request.path_params['path']}"
            self._numbers[kind] += 1
        return await self._answers[scenario](request, self._numbers[kind])

    @contextmanager
    def running(self) -> Iterator[Hostile]:
        thread = threading.Thread(target=self._server.run, daemon=True)
        thread.start()
        while not self._server.started:
            thread.join(0.01)
        try:
            yield self
        finally:
            self._server.should_exit = True
            thread.join(5)


def settings(address: str, **more: Any) -> dict[str, Any]:
    """Settings that put the server in the place of Spotify."""
    place = SimpleNamespace(api=f"{address}/v1", accounts=address)
    return {"spotify_api_url": place.api, "spotify_accounts_url": place.accounts, "spotify_bearer_token": "canary-bearer", **more}


def tracks(count: int) -> list[str]:
    """Ids that the server knows."""
    return [ident(number) for number in range(1, count + 1)]
