"""Text from outside, fit to be shown: titles, ids, file names and a provider's words may hold signs that command a terminal."""

from __future__ import annotations

import re

_CONTROLS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def printable(text: str) -> str:
    """The text with a replacement sign for each control character (C0 but tab and line feed, C1), for what turns the direction
    of writing, for halves of characters, and for what is none: XML holds what is left."""
    return _CONTROLS.sub("\ufffd", text)


def one_line(text: str) -> str:
    """The text on one line, fit to be shown."""
    return printable(" ".join(text.split()))


def cell(value: object) -> object:
    """A value for a table that a spreadsheet may open: text that would be a formula begins with an apostrophe there."""
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def counted(number: int, one: str, many: str | None = None) -> str:
    """The number before its word: ``1 batch``, ``1,200 rows``; ``many`` where the plural is not ``one`` and an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
