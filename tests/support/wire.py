"""A provider on paper: answers by method and address, and a record of what was asked."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import httpx

from recsys.providers.access import Access
from recsys.providers.cache import Cache
from recsys.providers.limits import Limiter
from recsys.providers.settings import ProviderSettings

Reply = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response] | dict[str, object] | list[object]


class Clock:
    """UTC seconds that pass only when somebody sleeps."""

    def __init__(self, now: float = 1_790_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Wire:
    """``on("GET api.spotify.com/v1/tracks/x", first, second)`` answers in order; the last answer repeats."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.default: httpx.Response | Exception | None = None
        """What every address answers that has no answers of its own; None = 404."""
        self._answers: dict[str, list[Reply]] = {}
        self._served: dict[str, int] = defaultdict(int)

    def on(self, address: str, *answers: Reply) -> None:
        self._answers[address] = list(answers)
        self._served[address] = 0

    def count(self, start: str) -> int:
        """Requests whose method and address begin with ``start``."""
        return sum(_address(request).startswith(start) for request in self.asked)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        address = _address(request)
        answers = self._answers.get(address) or ([self.default] if self.default is not None else None)
        if answers is None:
            return httpx.Response(404, json={"error": {"status": 404, "message": f"no route {address}"}})
        answer = answers[min(self._served[address], len(answers) - 1)]
        self._served[address] += 1
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        return answer(request) if callable(answer) else httpx.Response(200, json=answer)

    def access(self, folder: Path, clock: Clock, **settings: object) -> Access:
        """A door that leads here, with its cache in ``folder`` and limits that cost no time."""
        given = ProviderSettings(spotify_token_file=folder / "login.json", **settings)  # type: ignore[arg-type]
        limiters: dict[str, Limiter] = {}
        return Access(
            given,
            Cache(folder / "cache", given.provider_cache_ttl_hours * 3600, clock),
            transport=httpx.MockTransport(self.handle),
            limiter=lambda name: limiters.setdefault(name, Limiter(0.0, clock, clock.sleep)),
        )


def error(status: int, message: str | None = None, headers: dict[str, str] | None = None, **more: str) -> httpx.Response:
    """Spotify's error object."""
    body = {"status": status, **more} if message is None else {"status": status, "message": message, **more}
    return httpx.Response(status, json={"error": body}, headers=headers)


def sample(shared: Path, name: str) -> object:
    """One recorded or synthetic answer that is not part of the project."""
    return json.loads((shared / "providers" / "fixtures" / name).read_text(encoding="utf-8"))


def _address(request: httpx.Request) -> str:
    return f"{request.method} {request.url.host}{request.url.path}"
