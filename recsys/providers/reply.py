"""One answer over HTTP, and what it says of an error."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx

LONGEST_MESSAGE = 200
"""Characters of a plain text that are taken for a provider's message."""


@dataclass(frozen=True)
class Reply:
    """Status, headers and whole body of one answer."""

    status: int
    headers: httpx.Headers
    body: bytes

    def retry_after(self, now: float) -> float | None:
        """Seconds to wait as the server says it, from `Retry-After` (seconds or a date); None when it says nothing."""
        value = self.headers.get("retry-after", "").strip()
        if value.isascii() and value.isdigit():
            return float(value)
        try:
            return max(0.0, parsedate_to_datetime(value).timestamp() - now)
        except (TypeError, ValueError, OverflowError):
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
        said = inner if isinstance(inner, str) and inner else body.get("message", "")  # some number their errors there
        flat = {**body, **inner} if isinstance(inner, dict) else {**body, "message": said}
        return {key: str(value) for key, value in flat.items() if isinstance(value, (str, int))}


def _plain(body: bytes) -> str:
    """The first line of a plain text, as it may be shown; a page of HTML is called that."""
    text = body[:2000].decode("utf-8", "replace").strip()
    return "an HTML page" if text.startswith("<") else " ".join(text.split())[:LONGEST_MESSAGE]
