"""How a call to an outside source can fail; every kind is a :class:`recsys.errors.ProviderError` (exit 7).

    ProviderError
    ├── NotConfiguredError    a setting is missing; nothing was sent
    ├── UnauthorizedError     the credentials were refused; a new login or key is needed
    ├── ForbiddenError        this access may not use the endpoint or see the item
    │   └── ClosedEndpointError   not the endpoint, whatever the item
    ├── MissingError          the source does not know the item: an answer, not a failure
    ├── UnavailableError      timeout, broken connection or server error that lasted through the retries
    │   ├── BusyError             it was too busy for this one question
    │   ├── TokenUnavailableError no token could be had
    │   ├── BudgetError           the calls that this command may make are used up
    │   └── BlockedError      the source asked to be left alone until ``until``
    └── MalformedError        an answer that cannot be read or must not be followed
        └── RefusedError      the source refused the question as it was put

Messages name the provider, the path and the status. They never hold a query string, a header or a body, so no token or key
can reach a log through them.
"""

from __future__ import annotations

from datetime import UTC, datetime

from recsys.errors import ProviderError


class NotConfiguredError(ProviderError):
    """A setting is missing; nothing was sent."""


class UnauthorizedError(ProviderError):
    """The credentials were refused; a new login or key is needed."""


class ForbiddenError(ProviderError):
    """This access may not use the endpoint or see the item. ``reason`` is the provider's own word, often empty."""

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


class ClosedEndpointError(ForbiddenError):
    """This access may not use the endpoint at all, whatever the item."""


class MissingError(ProviderError):
    """The source does not know the item: an answer, not a failure."""


class UnavailableError(ProviderError):
    """Timeout, broken connection or server error that lasted through the retries."""


class BusyError(UnavailableError):
    """The source was too busy for this one question; it may have an answer to the next."""


class TokenUnavailableError(UnavailableError):
    """No token could be had, after the tries that it takes: no question can be put."""


class BudgetError(UnavailableError):
    """The calls that this command may make are used up."""


class BlockedError(UnavailableError):
    """The source asked to be left alone until ``until`` (UTC seconds); ``family`` = the endpoints concerned, ``*`` = all."""

    def __init__(self, provider: str, family: str, until: float, reason: str) -> None:
        self.until, self.reason, self.family = until, reason, family
        moment = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%d %H:%M UTC")
        super().__init__(
            f"{provider}: {'it' if family == '*' else family} may not be asked again before {moment} ({reason}). "
            "What was fetched is kept; run the same command after that time to continue"
        )


class MalformedError(ProviderError):
    """An answer that cannot be read or must not be followed."""


class RefusedError(MalformedError):
    """The source refused the question as it was put, with a status that says so."""
