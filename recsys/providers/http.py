"""The one way a provider is called: limits, retries, credentials, and what counts as which failure.

A call is bounded: at most :data:`ATTEMPTS` tries, :data:`LONGEST_WAIT` seconds between two, :data:`LARGEST_BODY` bytes, the
timeout of :class:`Access`, three redirects, all of them on the provider's own host.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, Protocol, TypeVar

import httpx
import stamina
from pydantic import BaseModel, ValidationError

from recsys.errors import ProviderError
from recsys.providers import limits
from recsys.providers.cache import Cache
from recsys.providers.errors import (
    BlockedError,
    ForbiddenError,
    MalformedError,
    MissingError,
    NotConfiguredError,
    UnauthorizedError,
    UnavailableError,
)
from recsys.providers.limits import Limiter
from recsys.providers.settings import ProviderSettings

ATTEMPTS = 4
LONGEST_WAIT = 60.0
"""Longest `Retry-After`, in seconds, that is waited for; a longer one is stored and ends the work."""
QUOTA_SECONDS = 3600.0
"""How long to stay away when a quota is used up and no `Retry-After` says for how long."""
LARGEST_BODY = 32 * 2**20
REDIRECTS = 3
LONGEST_MESSAGE = 200
"""Characters of a plain text that are taken for a provider's message."""

M = TypeVar("M", bound=BaseModel)
Params = Mapping[str, str | int]
logger = logging.getLogger("recsys.providers")
# Without a handler anywhere, Python would print each retry's bare log line on the person's screen.
logging.getLogger("stamina").addHandler(logging.NullHandler())


class Auth(Protocol):
    """Credentials of one provider."""

    def headers(self) -> dict[str, str]:
        """Headers that carry the current token; fetches one when there is none."""

    def renew(self, used: Mapping[str, str]) -> bool:
        """After a 401: whether there is now another token than the one in ``used``."""


@dataclass(frozen=True)
class Access:
    """The door to the outside: settings, cache, and the parts that a test replaces."""

    settings: ProviderSettings
    cache: Cache
    transport: httpx.BaseTransport | None = None
    limiter: Callable[[str], Limiter] = limits.limiter
    timeout: float = 35.0

    @property
    def clock(self) -> Callable[[], float]:
        """UTC seconds."""
        return self.cache.clock

    @cached_property
    def client(self) -> httpx.Client:
        """The connections of all services behind this door; closed by leaving the ``with`` block."""
        # httpx logs whole addresses, and some providers want a key or a code in them.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        timeout = httpx.Timeout(self.timeout, connect=min(10.0, self.timeout))
        return httpx.Client(timeout=timeout, transport=self.transport, follow_redirects=False)

    def __enter__(self) -> Access:
        return self

    def __exit__(self, *_: object) -> None:
        if "client" in self.__dict__:
            self.client.close()


@dataclass(frozen=True)
class Reply:
    """Status, headers and whole body of one answer."""

    status: int
    headers: httpx.Headers
    body: bytes

    def retry_after(self, now: float) -> float | None:
        """Seconds to wait as the server says it, from `Retry-After` (seconds or a date); None when it says nothing."""
        value = self.headers.get("retry-after", "").strip()
        if value.isdigit():
            return float(value)
        try:
            return max(0.0, parsedate_to_datetime(value).timestamp() - now)
        except (TypeError, ValueError):
            return None

    @property
    def error(self) -> dict[str, str]:
        """The error object of the body, flat: ``message``, ``reason``, ``code``; a plain text is the message."""
        try:
            body = json.loads(self.body)
        except ValueError:
            return {"message": _plain(self.body)}
        if not isinstance(body, dict):
            return {}
        inner = body.get("error")
        flat = {**body, **inner} if isinstance(inner, dict) else {**body, "message": inner or body.get("message", "")}
        return {key: str(value) for key, value in flat.items() if isinstance(value, (str, int))}


def _plain(body: bytes) -> str:
    """The first line of a plain text, as it may be shown; a page of HTML is called that."""
    text = body[:2000].decode("utf-8", "replace").strip()
    return "an HTML page" if text.startswith("<") else " ".join(text.split())[:LONGEST_MESSAGE]


class Service:
    """One provider's HTTP door. A provider with rules of its own overrides :meth:`refusal`."""

    def __init__(
        self,
        access: Access,
        name: str,
        base_url: str,
        *,
        auth: Auth | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.access, self.name, self.auth = access, name, auth
        self.base_url = httpx.URL(base_url + "/")
        self.limiter = access.limiter(name)
        self._headers = {"User-Agent": "recsys", "Accept": "application/json", **(headers or {})}

    def get(self, model: type[M], path: str, params: Params | None = None, **options: Any) -> M:
        """The answer to GET ``path`` as ``model``. Raises the kinds of :mod:`recsys.providers.errors`."""
        return self.parse(model, path, self.call("GET", path, params=params, **options).body)

    def post(self, model: type[M], path: str, **options: Any) -> M:
        return self.parse(model, path, self.call("POST", path, **options).body)

    def parse(self, model: type[M], path: str, body: bytes) -> M:
        """Raises :class:`MalformedError` naming the first place that does not fit; the value there is not repeated."""
        try:
            return model.model_validate_json(body)
        except ValidationError as error:
            problem = error.errors()[0]
            if problem["type"] == "json_invalid":
                seen = "an HTML page" if body.lstrip()[:1] == b"<" else "something else"
                raise self.failed(MalformedError(f"{self.name}: {path}: {seen} where JSON was expected")) from None
            place = ".".join(map(str, problem["loc"]))
            raise self.failed(MalformedError(f"{self.name}: {path}: unexpected answer at {place}: {problem['msg']}")) from None

    def call(self, method: str, path: str, *, family: str | None = None, **options: Any) -> Reply:
        """One bounded call. ``family`` names the endpoints that share a quota; default: the path's first word."""
        family = family or path.strip("/").split("/")[0]
        self.check(family)
        retry = stamina.RetryingCaller(attempts=ATTEMPTS, timeout=5 * LONGEST_WAIT, wait_initial=0.5, wait_max=8.0)
        try:
            return retry(_backoff, self._once, method, path, family, options)
        except _BusyError as error:
            raise self.block(family, error.wait or LONGEST_WAIT, "still too many requests after waiting") from None
        except ProviderError as error:
            raise self.failed(error) from None

    def check(self, family: str) -> None:
        """Raises :class:`BlockedError` or :class:`NotConfiguredError` when the provider must not be asked now."""
        state = self.access.cache.state(self.name)
        if state.disabled:
            raise NotConfiguredError(f"{self.name}: {state.disabled}")
        until = max(state.blocked.get(family, 0.0), state.blocked.get("*", 0.0))
        if until > self.access.clock():
            raise BlockedError(self.name, family, until, "asked to wait earlier")

    def block(self, family: str, seconds: float, reason: str) -> BlockedError:
        """Remembers that ``family`` (``*`` = everything) must rest; returns the error to raise."""
        until = self.access.clock() + seconds
        with self.access.cache.changing(self.name) as state:
            state.blocked[family] = until
        error = BlockedError(self.name, "it" if family == "*" else family, until, reason)
        self.failed(error)
        return error

    def failed(self, error: ProviderError) -> ProviderError:
        """Remembers the error as the provider's last; returns it."""
        if not isinstance(error, MissingError):
            with self.access.cache.changing(self.name) as state:
                state.last_error, state.last_error_at = str(error), self.access.clock()
        return error

    def same_host(self, url: str) -> bool:
        """Whether an absolute address belongs to this provider."""
        found = self.base_url.join(url)
        return (found.scheme, found.host, found.port) == (self.base_url.scheme, self.base_url.host, self.base_url.port)

    def wait_asked(self, reply: Reply) -> float | None:
        """Seconds the server asks to wait; None when it does not say."""
        return reply.retry_after(self.access.clock())

    def refusal(self, path: str, family: str, reply: Reply) -> ProviderError:
        """What a status of 400 or more means."""
        where, message = f"{self.name}: {path}", reply.error.get("message", "")
        said = f" ({message})" if message else ""
        if reply.status == 429:
            return self.limited(family, reply)
        if reply.status in (500, 502, 503, 504):
            failed = UnavailableError(f"{where}: the server failed with status {reply.status}{said}")
            return self.limited(family, reply) if self.wait_asked(reply) else failed
        if reply.status == 401:
            return UnauthorizedError(f"{where}: the credentials were refused{said}")
        if reply.status == 403:
            return ForbiddenError(f"{where}: not allowed with this access{said}", message)
        if reply.status in (404, 410):
            return MissingError(f"{where}: unknown{said}")
        return MalformedError(f"{where}: status {reply.status}{said}")

    def _once(self, method: str, path: str, family: str, options: dict[str, Any]) -> Reply:
        sent: dict[str, str] = {**self._headers, **(options.get("headers") or {})}
        used = self.auth.headers() if self.auth else {}
        reply = self._exchange(method, path, {**options, "headers": {**sent, **used}})
        if reply.status == 401 and self.auth and self.auth.renew(used):
            reply = self._exchange(method, path, {**options, "headers": {**sent, **self.auth.headers()}})
        if reply.status < 300:
            return reply
        raise self.refusal(path, family, reply)

    def limited(self, family: str, reply: Reply) -> ProviderError:
        """Too many requests: blocked when the wait is long or a quota is used up, else a short pause for every thread."""
        quota = reply.error.get("reason") == "QUOTA_EXCEEDED"
        wait = self.wait_asked(reply)
        if quota and wait is None:
            wait = QUOTA_SECONDS
        if wait is not None and (quota or wait > LONGEST_WAIT):
            return self.block(family, wait, "quota used up" if quota else "too many requests")
        if wait is not None:
            self.limiter.pause(wait)
        return _BusyError(f"{self.name}: too many requests", wait)

    def _exchange(self, method: str, path: str, options: dict[str, Any]) -> Reply:
        url = self.base_url.join(path.lstrip("/")) if path else httpx.URL(str(self.base_url).rstrip("/"))
        for _ in range(REDIRECTS + 1):
            reply = self._send(method, url, options)
            logger.debug("%s %s %s -> %d", self.name, method, path, reply.status)
            if not 300 <= reply.status < 400:
                return reply
            target = url.join(reply.headers.get("location", ""))
            if not self.same_host(str(target)):
                raise MalformedError(f"{self.name}: {path}: redirect to another host ({target.host}) refused")
            url, options = target, {**options, "params": None}
        raise MalformedError(f"{self.name}: {path}: more than {REDIRECTS} redirects")

    def _send(self, method: str, url: httpx.URL, options: dict[str, Any]) -> Reply:
        self.limiter.wait()  # here, so that redirects and renewed tokens count as the requests they are
        started = time.monotonic()
        try:
            with self.access.client.stream(method, url, **options) as response:
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > LARGEST_BODY:
                        raise MalformedError(f"{self.name}: {url.path}: more than {LARGEST_BODY // 2**20} MB; not read further")
                    if time.monotonic() - started > 2 * self.access.timeout:
                        raise UnavailableError(f"{self.name}: {url.path}: the answer arrived too slowly")
                return Reply(response.status_code, response.headers, bytes(body))
        except httpx.HTTPError as error:
            raise UnavailableError(f"{self.name}: {url.path}: {type(error).__name__}") from None


class _BusyError(UnavailableError):
    """Too many requests, for ``wait`` seconds if the server says so."""

    def __init__(self, message: str, wait: float | None) -> None:
        super().__init__(message)
        self.wait = wait


def _backoff(error: Exception) -> bool | float:
    if isinstance(error, _BusyError) and error.wait is not None:
        return error.wait
    return isinstance(error, UnavailableError) and not isinstance(error, BlockedError)
