"""The ways in which files write one id, and what a text says once its escapes are undone."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote, unquote

_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})")


def spellings(name: str) -> set[str]:
    """The name composed and decomposed, as JSON, HTML and an address hold it, and as a file name in Latin-1 is recorded."""
    forms = {name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)}
    escaped = {json.dumps(form, ensure_ascii=plain)[1:-1] for form in forms for plain in (True, False)}
    return forms | escaped | {html.escape(form) for form in forms} | {quote(form, safe="") for form in forms} | _latin(forms)


def _latin(forms: set[str]) -> set[str]:
    """Spellings of what cannot be read as UTF-8: of bytes in a line, and of bytes in a file name."""
    latin = set()
    for form in forms:
        try:
            data = form.encode("latin-1")
        except UnicodeEncodeError:
            continue
        latin.add(data.decode("utf-8", "backslashreplace"))
        latin.add(data.decode("utf-8", "surrogateescape").encode("utf-8", "backslashreplace").decode())
    return latin


def readings(text: str) -> Iterator[str]:
    """The text composed; and read as JSON, as CSV, as an address, and with the bytes that are not UTF-8 as Latin-1."""
    plain = unicodedata.normalize("NFC", text)
    unescaped = _ESCAPE.sub(_character, plain).replace("\\/", "/").replace('\\"', '"').replace("\\\\", "\\")
    yield plain
    yield unicodedata.normalize("NFC", unescaped.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    yield plain.replace('""', '"')
    yield unquote(plain)


def _character(match: re.Match[str]) -> str:
    return chr(int(match[1] or match[2], 16))
