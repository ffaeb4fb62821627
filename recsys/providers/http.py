"""The one way a provider is called: limits, retries, credentials, and what counts as which failure.

A call is bounded: at most :data:`_ATTEMPTS` tries, :data:`LONGEST_WAIT` seconds between two, :data:`LARGEST_BODY` bytes, the
timeout of :class:`Access`, three redirects, all of them on the provider's own host.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import httpx
import stamina
from pydantic import BaseModel, ValidationError

from recsys.errors import ProviderError
from recsys.providers.access import Access
from recsys.providers.cache import LONGEST_REST
from recsys.providers.errors import (
    BlockedError,
    BudgetError,
    BusyError,
    ForbiddenError,
    MalformedError,
    MissingError,
    NotConfiguredError,
    RefusedError,
    TokenUnavailableError,
    UnauthorizedError,
    UnavailableError,
)
from recsys.providers.reply import Reply

_ATTEMPTS = 4
LONGEST_WAIT = 60.0
"""Longest `Retry-After`, in seconds, that is waited for; a longer one is stored and ends the work."""
QUOTA_SECONDS = 3600.0
"""How long to stay away when a quota is used up and no `Retry-After` says for how long."""
LARGEST_BODY = 32 * 2**20
REDIRECTS = 3

M = TypeVar("M", bound=BaseModel)
Params = Mapping[str, str | int]
_logger = logging.getLogger("recsys.providers")
# Without a handler anywhere, Python would print each retry's bare log line on the person's screen.
logging.getLogger("stamina").addHandler(logging.NullHandler())


def quoted_path(template: str, *names: str) -> str:
    """A path with names in its ``{}``; no name can become another path.

    >>> quoted_path("/user/{}/listens", "AC/DC?")
    '/user/AC%2FDC%3F/listens'
    """
    return template.format(*(quote(name, safe="") if name.strip(".") else name.replace(".", "%2E") for name in names))


class Auth(Protocol):
    """Credentials of one provider."""

    def headers(self) -> dict[str, str]:
        """Headers that carry the current token; fetches one when there is none."""

    def renew(self, used: Mapping[str, str]) -> bool:
        """After a 401: whether there is now another token than the one in ``used``."""


class Service:
    """How one provider is called over HTTP. A provider with rules of its own overrides :meth:`refusal`."""

    attempts = _ATTEMPTS
    first_wait, longest_pause = 0.5, 8.0
    """Seconds of the first pause between two tries, and of the longest, where the server names none."""
    busy_calls = 1
    """Calls in a row, each tried to the end, that a busy server may turn away before its endpoints are left alone."""
    busy_rest = LONGEST_WAIT
    """Seconds for which they are left alone then."""

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
        self.limiter = access.pace(name)
        self._turned_away: Counter[str] = Counter()
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
                raise self.failed(MalformedError(f"{self.where(path)}: {seen} where JSON was expected")) from None
            place = ".".join(map(str, problem["loc"]))
            raise self.failed(MalformedError(f"{self.where(path)}: unexpected answer at {place}: {problem['msg']}")) from None

    def call(self, method: str, path: str, *, family: str | None = None, **options: Any) -> Reply:
        """One bounded call. ``family`` names the endpoints that share a quota; default: the path's first word."""
        family = family or path.strip("/").split("/")[0]
        self.check(family)
        retry = stamina.RetryingCaller(
            attempts=self.attempts, timeout=5 * LONGEST_WAIT, wait_initial=self.first_wait, wait_max=self.longest_pause
        )
        try:
            reply = retry(_backoff, self._once, method, path, family, options)
        except _LimitedError as error:
            raise self._still_limited(family, error) from None
        except ProviderError as error:
            raise self.failed(error) from None
        self._turned_away[family] = 0
        return reply

    def _still_limited(self, family: str, error: _LimitedError) -> ProviderError:
        self._turned_away[family] += 1
        if self._turned_away[family] >= self.busy_calls:
            return self.block(family, error.wait or self.busy_rest, "still too many requests after waiting")
        return self.failed(BusyError(str(error)))

    def check(self, family: str) -> None:
        """Raises :class:`BlockedError` or :class:`NotConfiguredError` when the provider must not be asked now."""
        state = self.access.cache.state(self.name)
        if state.disabled:
            raise NotConfiguredError(f"{self.name}: {state.disabled}")
        resting = state.resting(self.access.clock())
        if until := max(resting.get(family, 0.0), resting.get("*", 0.0)):
            raise BlockedError(self.name, family, until, "asked to wait earlier")

    def block(self, family: str, seconds: float, reason: str) -> BlockedError:
        """Remembers that ``family`` (``*`` = everything) must rest, at most :data:`LONGEST_REST`; returns the error to raise."""
        until = self.access.clock() + min(seconds, LONGEST_REST)
        with self.access.cache.changing(self.name) as state:
            state.blocked[family] = until
        error = BlockedError(self.name, family, until, reason)
        self.failed(error)
        return error

    def where(self, path: str) -> str:
        """The endpoint as messages name it."""
        return f"{self.name}: {path}" if path else self.name

    def failed(self, error: ProviderError) -> ProviderError:
        """Remembers the error as the provider's last; returns it."""
        if not isinstance(error, MissingError):
            with self.access.cache.changing(self.name) as state:
                state.last_error, state.last_error_at = str(error), self.access.clock()
        return error

    def same_host(self, url: str) -> bool:
        """Whether an absolute address belongs to this provider."""
        target = self.base_url.join(url)
        return (target.scheme, target.host, target.port) == (self.base_url.scheme, self.base_url.host, self.base_url.port)

    def wait_asked(self, reply: Reply) -> float | None:
        """Seconds the server asks to wait; None when it does not say."""
        return reply.retry_after(self.access.clock())

    def refuses(self, reply: Reply) -> bool:
        """Whether an answer is none. Some providers send their errors with the status of a success."""
        return reply.status >= 300

    def refusal(self, path: str, family: str, reply: Reply) -> ProviderError:
        """What a refusal means, by its status."""
        where, message = self.where(path), reply.error.get("message", "")
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
        return RefusedError(f"{where}: status {reply.status}{said}")

    def _once(self, method: str, path: str, family: str, options: dict[str, Any]) -> Reply:
        sent: dict[str, str] = {**self._headers, **(options.get("headers") or {})}
        used = self._credentials()
        reply = self._exchange(method, path, {**options, "headers": {**sent, **used}})
        if reply.status == 401 and self.auth and self.auth.renew(used):
            reply = self._exchange(method, path, {**options, "headers": {**sent, **self.auth.headers()}})
        if not self.refuses(reply):
            return reply
        raise self.refusal(path, family, reply)

    def _credentials(self) -> dict[str, str]:
        """Fetching a token has its tries of its own; they are not multiplied by those of the call that needs it."""
        try:
            return self.auth.headers() if self.auth else {}
        except BlockedError:
            raise
        except UnavailableError as error:
            raise TokenUnavailableError(str(error)) from None

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
        return _LimitedError(f"{self.name}: too many requests", wait)

    def busy(self, message: str) -> ProviderError:
        """Turned away by a server that does not say for how long: this call waits a little longer each time."""
        return _LimitedError(message, None)

    def _exchange(self, method: str, path: str, options: dict[str, Any]) -> Reply:
        url = self.base_url.join(path.lstrip("/")) if path else httpx.URL(str(self.base_url).rstrip("/"))
        for _ in range(REDIRECTS + 1):
            reply = self._send(method, url, options)
            _logger.debug("%s %s %s -> %d", self.name, method, path, reply.status)
            if not 300 <= reply.status < 400:
                return reply
            target = url.join(reply.headers.get("location", ""))
            if not self.same_host(str(target)):
                raise MalformedError(f"{self.where(path)}: redirect to another host ({target.host}) refused")
            url, options = target, {**options, "params": None}
        raise MalformedError(f"{self.where(path)}: more than {REDIRECTS} redirects")

    def _send(self, method: str, url: httpx.URL, options: dict[str, Any]) -> Reply:
        if self.access.budget:
            self.access.budget.spend(self.name)
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


class _LimitedError(UnavailableError):
    """Too many requests, for ``wait`` seconds if the server says so."""

    def __init__(self, message: str, wait: float | None) -> None:
        super().__init__(message)
        self.wait = wait


def _backoff(error: Exception) -> bool | float:
    if isinstance(error, _LimitedError) and error.wait is not None:
        return error.wait
    return isinstance(error, UnavailableError) and not isinstance(error, BlockedError | TokenUnavailableError | BudgetError)
