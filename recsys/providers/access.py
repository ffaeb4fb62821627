"""The way outside that all providers share: settings, cache, connections, pace and budget."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial

import httpx

from recsys.providers import limits
from recsys.providers.cache import Cache
from recsys.providers.errors import BudgetError
from recsys.providers.limits import Limiter
from recsys.providers.settings import ProviderSettings


class Budget:
    """A number of calls, shared by all threads."""

    def __init__(self, calls: int) -> None:
        self.calls = self._left = calls
        self._lock = threading.Lock()

    def spend(self, provider: str) -> None:
        """Raises :class:`BudgetError` when no call is left."""
        with self._lock:
            if self._left <= 0:
                raise BudgetError(f"{provider}: the budget of {self.calls:,} calls is used up; the same command continues")
            self._left -= 1


@dataclass(frozen=True)
class Access:
    """The way outside: settings, cache, and the parts that a test replaces. ``budget``: calls that may be made; None = any."""

    settings: ProviderSettings
    cache: Cache
    transport: httpx.BaseTransport | None = None
    limiter: Callable[[str], Limiter] | None = None
    timeout: float = 35.0
    refresh: bool = False
    """Whether stored answers count as expired: everything is asked anew."""
    budget: Budget | None = None
    _once: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    def pace(self, provider: str) -> Limiter:
        """The limiter of one provider."""
        return (self.limiter or partial(limits.limiter, self.settings.provider_limits_file))(provider)

    @property
    def clock(self) -> Callable[[], float]:
        """UTC seconds."""
        return self.cache.clock

    @property
    def client(self) -> httpx.Client:
        """The connections of all services; closed by leaving the ``with`` block."""
        with self._once:  # or two threads that ask first make one each, of which one is never closed
            return self._client

    @cached_property
    def _client(self) -> httpx.Client:
        # httpx logs whole addresses, and some providers want a key or a code in them.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        timeout = httpx.Timeout(self.timeout, connect=min(10.0, self.timeout))
        return httpx.Client(timeout=timeout, transport=self.transport, follow_redirects=False)

    def __enter__(self) -> Access:
        return self

    def __exit__(self, *_: object) -> None:
        if "_client" in self.__dict__:
            self._client.close()
