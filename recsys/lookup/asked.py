"""What a request asks for: its parameters, tested and in words when they are wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from recsys.lookup.problem import ProblemError, wrong

LIMIT, MOST = 20, 100
SAVED = "save it as a list for the next run: a row of `requests` with these fields, `recsys ingest requests FILE`"


@dataclass(frozen=True)
class Asked:
    """One list, and what to leave out of it. Nothing here can add a track: see :mod:`recsys.lookup.narrowing`."""

    name: str = "balanced"
    limit: int = LIMIT
    offset: int = 0
    exclude_track: tuple[str, ...] = ()
    exclude_artist: tuple[str, ...] = ()
    exclude_genre: tuple[str, ...] = ()
    min_popularity: float | None = None
    max_popularity: float | None = None
    explicit: bool = True

    @property
    def narrows(self) -> bool:
        """Whether anything is to be left out."""
        bounds = self.min_popularity is not None or self.max_popularity is not None
        return bool(bounds or not self.explicit or self.exclude_track or self.exclude_artist or self.exclude_genre)


PLAIN = Asked()
"""What a request without parameters asks for."""


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,9}", text, re.ASCII) or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high} is needed")
        return int(text)

    return read


def _share(text: str) -> float:
    if not re.fullmatch(r"[0-9]+(\.[0-9]*)?([eE]-?[0-9]{1,3})?", text, re.ASCII) or not 0 <= float(text) <= 1:
        raise ValueError("a number from 0 to 1 is needed")
    return float(text)


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("true or false is needed")
    return text == "true"


_ONE: dict[str, tuple[str, Callable[[str], Any]]] = {
    "list": ("name", str),
    "limit": ("limit", _whole(1, MOST)),
    "offset": ("offset", _whole(0, 10_000)),
    "min_popularity": ("min_popularity", _share),
    "max_popularity": ("max_popularity", _share),
    "include_explicit": ("explicit", _flag),
}
_MANY = ("exclude_track", "exclude_artist", "exclude_genre")


def from_query(query: bytes) -> Asked:
    """The parameters of a request for a list. Raises :class:`ProblemError` for one that is unknown, wrong or repeated."""
    if not query:
        return PLAIN
    found: dict[str, Any] = {}
    for name, text in pairs(query, (*_ONE, *_MANY)):
        if name in _MANY:
            found[name] = (*found.get(name, ()), text)
            continue
        key, read = _ONE[name]
        if key in found:
            raise wrong(name, "given twice")
        try:
            found[key] = read(text)
        except ValueError as error:
            raise wrong(name, str(error)) from error
    return Asked(**found)


def pairs(query: bytes, allowed: tuple[str, ...]) -> list[tuple[str, str]]:
    """Names and values of a query. Raises :class:`ProblemError` for a name that is not allowed or bytes that are not UTF-8."""
    try:
        found = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=200)
    except ValueError as error:
        raise ProblemError(400, "the query string is not text in UTF-8, or has more than 200 parameters") from error
    for name, _ in found:
        if name not in allowed:
            raise wrong(name, f"no such parameter; allowed: {', '.join(allowed) or 'none'}")
    return found
