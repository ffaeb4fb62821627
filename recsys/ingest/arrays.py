"""JSON documents and the elements of arrays in them, one by one: what is wrong with one element stops no other.

A document that is valid JSON is parsed at once. Another one, with a lone surrogate, NaN, a byte that is not UTF-8 or a syntax
error somewhere, is taken apart element by element, and every element that is not valid by itself is a fault.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from recsys.errors import InputError
from recsys.ingest.files import Source
from recsys.ingest.json import DECODER, Objects, apart, past, put_object, strict

_BLOCK = 50_000
"""Elements taken apart at once."""
MOST_BYTES, MOST_OBJECTS, MOST_VALUES = 2**28, 4_000_000, 20_000_000
"""Of a document: it is parsed as a whole, and every object and value of it takes memory of its own."""

_BOM = b"\xef\xbb\xbf"
_NEXT = re.compile(r"\}\s*,\s*(?=\{)")


def document(source: Source, data: bytes) -> tuple[Any, bool]:
    """A whole document, and whether it is valid JSON. Raises :class:`InputError` when it cannot be taken apart at all, for one
    that is too large for one piece, and for an array that is cut off.

    Of an invalid array, the elements are returned as their texts; objects one after the other are an array without its brackets.
    """
    data = data.removeprefix(_BOM)
    if len(data) > MOST_BYTES or data.count(b"{") + data.count(b"[") > MOST_OBJECTS or data.count(b",") > MOST_VALUES:
        most = f"{MOST_BYTES:,} bytes, {MOST_OBJECTS:,} objects and {MOST_VALUES:,} values"
        raise InputError(f"{source.label}: too large for one JSON document, which has at most {most}; write one object a line")
    try:
        return orjson.loads(data), True
    except orjson.JSONDecodeError as error:
        text = data.decode("utf-8", "surrogateescape")
        if text.lstrip().startswith("[") and text.rstrip().endswith("]"):
            return list(_texts(text)), False
        if len(several := apart(text) or ()) > 1:
            return [DECODER.decode(one) for one in several], False
        try:
            return json.loads(text, strict=False), False
        except (ValueError, RecursionError):
            raise InputError(f"{source.label}: not JSON ({error}); fetch or write the file again") from error


def elements(rows: Sequence[Any], *, valid: bool = True) -> Iterator[Objects]:
    """The objects among the elements of an array, in blocks. ``valid``: whether it came from valid JSON."""
    for first in range(0, max(len(rows), 1), _BLOCK):
        objects = Objects([], [], [], [])
        for number, row in enumerate(rows[first : first + _BLOCK], first + 1):
            if valid:
                _put(objects, number, row)
            else:
                strict(objects, number, row if isinstance(row, str) else json.dumps(row, ensure_ascii=False))
        yield objects


def _put(objects: Objects, number: int, row: Any) -> None:
    try:
        put_object(objects, number, row, orjson.dumps(row).decode())
    except orjson.JSONEncodeError:
        objects.faults.append((number, None, "json", "the element is nested too deeply; at most 250 levels are read", None))


def _texts(text: str) -> Iterator[str]:
    """The elements of an array, or of several one after the other, as they are written; one that is broken ends where the next
    object begins. What follows an array and is none is an element, so that nothing is passed over."""
    place = past(text, 0)
    while place < len(text):
        if text[place] != "[":
            yield text[place:]
            return
        place = past(text, place + 1)
        while place < len(text) and text[place] != "]":
            try:
                _, end = DECODER.raw_decode(text, place)
            except (ValueError, RecursionError):
                boundary = _NEXT.search(text, place)
                end = boundary.start() + 1 if boundary else len(text)
            yield text[place:end]
            place = past(text, end)
        place = past(text, place + 1)
