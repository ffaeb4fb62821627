"""From the cipher in the web player's code to a one-time code.

The cipher's i-th character code is XORed with (i mod 33) + 9; the results, written in decimal one after the other, are the
ASCII key of an RFC 6238 code (SHA-1, 6 digits, 30 s).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pyotp

from recsys.errors import UsageError

_FORM = (
    'SPOTIFY_WEBPLAYER_SECRETS: a JSON object is needed, version → cipher, such as {"61": [44, 55, 47]}; '
    "a cipher is a list of character codes, a string, or base32:…"
)


def parse_secrets(text: str) -> list[tuple[int, str]]:
    """Versions and their base32 keys in the order written. Raises :class:`UsageError` without repeating the value."""
    try:
        return [(int(version), _base32(cipher)) for version, cipher in json.loads(text).items()]
    except (ValueError, TypeError, AttributeError):
        raise UsageError(_FORM) from None


def code(secret: str, at: float) -> str:
    """The six digits at UTC second ``at``."""
    return pyotp.TOTP(secret).at(datetime.fromtimestamp(at, UTC))


def derive(cipher: str | Sequence[int]) -> str:
    """Base32 key of a cipher.

    >>> derive([12, 56, 76])[:8]
    'GU2TANZR'
    """
    codes = [ord(sign) for sign in cipher] if isinstance(cipher, str) else cipher
    digits = "".join(str(value ^ (place % 33 + 9)) for place, value in enumerate(codes))
    return base64.b32encode(digits.encode()).decode()


def _base32(cipher: str | Sequence[int]) -> str:
    if isinstance(cipher, str) and cipher.startswith("base32:"):
        key = cipher.removeprefix("base32:").rstrip("=")
    else:
        key = derive(cipher).rstrip("=")
    pyotp.TOTP(key).at(0)  # refuses what is no base32 or shorter than 112 bits
    return key
