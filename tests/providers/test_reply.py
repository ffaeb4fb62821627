from __future__ import annotations

import httpx
import pytest

from recsys.providers.reply import LONGEST_MESSAGE, Reply


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error": {"status": 403, "message": "Forbidden"}}', "Forbidden"),
        (b'{"error": "invalid_client"}', "invalid_client"),
        (b'{"error": 8, "message": "Operation failed"}', "Operation failed"),
        (b"User not registered\n in the Dashboard", "User not registered in the Dashboard"),
        (b"<html><body>secret", "an HTML page"),
        (b"x" * 5000, "x" * LONGEST_MESSAGE),
        (b"[]", None),
        (b"", ""),
    ],
)
def test_the_message_of_an_error(body: bytes, message: str | None) -> None:
    assert Reply(403, httpx.Headers(), body).error.get("message") == message


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("60", 60.0),
        ("Thu, 01 Jan 1970 00:02:00 GMT", 20.0),
        ("soon", None),
        ("", None),
        ("-5", None),
        ("\u00b2", None),
        ("Mon, 01 Jan 99999 00:00:00 GMT", None),
    ],
)
def test_how_long_to_wait(value: str, seconds: float | None) -> None:
    assert Reply(503, httpx.Headers({"retry-after": value}, encoding="latin-1"), b"").retry_after(100.0) == seconds
