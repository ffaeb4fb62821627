"""What a request asks for: one table of parameters, read from an address or from the legacy body."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote_to_bytes

from starlette.requests import Request

from recsys.lookup.problem import ProblemError, wrong

LIMIT, _MOST_LIMIT, MOST_OFFSET = 20, 100, 10_000
_LISTS = ("balanced", "comfort", "discovery")
SAVED = (
    "`recsys try USER` makes such a list at once, and with --save NAME the next runs do (or save it as a row of `requests` with "
    "these fields, `recsys ingest requests FILE`)"
)
NEEDS_A_RUN = ("seed_track_ids", "feature_targets", "exploration_target")
"""Fields of the legacy body that no stored list answers."""


@dataclass(frozen=True)
class Query:
    """One list, and what to leave out of it. Nothing here can add a track: see :mod:`recsys.lookup.narrowing`."""

    list: str = _LISTS[0]
    limit: int = LIMIT
    offset: int = 0
    exclude_track: tuple[str, ...] = ()
    exclude_artist: tuple[str, ...] = ()
    exclude_genre: tuple[str, ...] = ()
    min_popularity: float | None = None
    max_popularity: float | None = None
    include_explicit: bool = True

    @property
    def narrows(self) -> bool:
        """Whether anything is to be left out."""
        bounds = self.min_popularity is not None or self.max_popularity is not None
        return bool(bounds or not self.include_explicit or self.exclude_track or self.exclude_artist or self.exclude_genre)


PLAIN = Query()
"""What a request without parameters asks for."""


class _Kind(NamedTuple):
    """A type of values: how an address and a body write it, and what is needed when they do not."""

    of_text: Callable[[str], Any]
    of_json: Callable[[Any], Any]
    """None for what is not of the kind."""
    needed: str


class Parameter(NamedTuple):
    """A field of :class:`Query`, its meaning, and its name in the legacy body; none where that has no such field."""

    kind: _Kind
    meaning: str
    legacy: str | None = None
    many: bool = False


def _integer(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,9}", text, re.ASCII):
        raise ValueError
    return int(text)


def _number(text: str) -> float:
    if not re.fullmatch(r"[0-9]+(\.[0-9]*)?([eE]-?[0-9]{1,3})?", text, re.ASCII):
        raise ValueError
    return float(text)


def _finite(value: Any) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # an integer of more than 308 digits
        return None


def _whole(value: Any) -> int | None:
    """JSON does not tell 5.0 from 5."""
    number = _finite(value)
    return int(number) if number is not None and number.is_integer() else None


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _names(value: Any) -> tuple[str, ...] | None:
    return tuple(value) if isinstance(value, list) and all(isinstance(name, str) for name in value) else None


def _bounded(read: Callable[[str], Any], low: int, high: int) -> Callable[[str], Any]:
    def bounded(text: str) -> Any:
        if not low <= (value := read(text)) <= high:
            raise ValueError
        return value

    return bounded


_TEXT = _Kind(str, lambda value: value if isinstance(value, str) else None, "a text is needed")
_NAMES = _Kind(str, _names, "an array of texts is needed")
_FLAG = _Kind({"true": True, "false": False}.__getitem__, _truth, "true or false is needed")
_SHARE = _Kind(_bounded(_number, 0, 1), _finite, "a number from 0 to 1 is needed")
_LIMIT = _Kind(_bounded(_integer, 1, _MOST_LIMIT), _whole, f"a whole number from 1 to {_MOST_LIMIT} is needed")
_OFFSET = _Kind(_bounded(_integer, 0, MOST_OFFSET), _whole, f"a whole number from 0 to {MOST_OFFSET} is needed")
_OBJECT = _Kind(str, lambda value: value if isinstance(value, dict) else None, "an object is needed")

PARAMETERS: dict[str, Parameter] = {
    "list": Parameter(_TEXT, "balanced, comfort, discovery, or a saved list's name", "mode"),
    "limit": Parameter(_LIMIT, "rows", "limit"),
    "offset": Parameter(_OFFSET, "rows to skip"),
    "exclude_track": Parameter(_NAMES, "leave this track out; may be repeated", "excluded_track_ids", many=True),
    "exclude_artist": Parameter(
        _NAMES, "leave out every track credited to this artist; may be repeated", "excluded_artist_ids", many=True
    ),
    "exclude_genre": Parameter(_NAMES, "leave this genre out; may be repeated", "excluded_genres", many=True),
    "min_popularity": Parameter(_SHARE, "least popularity", "min_popularity"),
    "max_popularity": Parameter(_SHARE, "greatest popularity", "max_popularity"),
    "include_explicit": Parameter(_FLAG, "false leaves explicit tracks out", "include_explicit"),
}
"""Fields of :class:`Query` by their names in an address."""
_BODY: dict[str, _Kind] = {
    "user_id": _TEXT,
    **{parameter.legacy: parameter.kind for parameter in PARAMETERS.values() if parameter.legacy},
    **dict(zip(NEEDS_A_RUN, (_NAMES, _OBJECT, _SHARE), strict=True)),
}
"""Fields of the legacy body; others are ignored, as that service did."""


def from_address(text: bytes) -> Query:
    """The parameters in an address. Raises :class:`ProblemError` for one that is unknown, wrong or repeated."""
    if not text:
        return PLAIN
    values: dict[str, Any] = {}
    for name, value in pairs(text, tuple(PARAMETERS)):
        parameter = PARAMETERS[name]
        if parameter.many:
            values[name] = (*values.get(name, ()), value)
            continue
        if name in values:
            raise wrong(name, "given twice")
        try:
            values[name] = parameter.kind.of_text(value)
        except (ValueError, KeyError) as error:
            raise wrong(name, parameter.kind.needed) from error
    return Query(**values)


def pairs(text: bytes, allowed: tuple[str, ...]) -> list[tuple[str, str]]:
    """Names and values in an address. Raises :class:`ProblemError` for a name not allowed or bytes that are not UTF-8."""
    try:
        named = parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=200)
    except ValueError as error:
        raise ProblemError(400, "the query string is not text in UTF-8, or has more than 200 parameters") from error
    for name, _ in named:
        if name not in allowed:
            raise wrong(name, f"no such parameter; allowed: {', '.join(allowed) or 'none'}")
    return named


def from_body(body: bytes) -> tuple[str, Query, bool]:
    """Listener and parameters of the older service's request, and whether it asks to let explicit tracks in.

    Its mode names a list, a limit of 0 or less means none, and one that is too great the greatest. Raises
    :class:`ProblemError` for what is no such JSON, or would need a new computation.
    """
    values = _checked(_parsed(body))
    user_id = values.pop("user_id", None)
    if user_id is None or not user_id.strip():
        raise wrong("user_id", "user_id is required")
    for name in NEEDS_A_RUN:
        if values.pop(name, None):
            raise wrong(name, f"lists are computed by the nightly run; {SAVED}, then GET …/recommendations?list=NAME")
    mode, limit = values.pop("mode", "").strip().lower(), values.pop("limit", 0)
    named = {name: values[parameter.legacy] for name, parameter in PARAMETERS.items() if parameter.legacy in values}
    query = Query(list=mode if mode in _LISTS else _LISTS[0], limit=min(limit, _MOST_LIMIT) if limit > 0 else LIMIT, **named)
    return user_id, query, "include_explicit" in values and query.include_explicit


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        values = json.loads(body)
        json.dumps(values, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise ProblemError(400, "the body is not JSON in UTF-8") from error
    if not isinstance(values, dict):
        raise wrong("body", "an object is needed")
    return values


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Known fields that are not null. Raises :class:`ProblemError` naming every one of another type."""
    present = {name: kind for name, kind in _BODY.items() if values.get(name) is not None}
    read = {name: kind.of_json(values[name]) for name, kind in present.items()}
    faults = [{"where": name, "detail": present[name].needed} for name, value in read.items() if value is None]
    if faults:
        raise ProblemError(422, f"{faults[0]['where']}: {faults[0]['detail']}", errors=faults)
    return read


def segment(request: Request, name: str) -> str:
    """A part of the path, decoded. Raises :class:`ProblemError` when it is not UTF-8."""
    return decoded(request.path_params[name].encode(), name)


def decoded(part: bytes, name: str = "user_id") -> str:
    """The same of the part itself."""
    try:
        return (unquote_to_bytes(part) if b"%" in part else part).decode()
    except UnicodeDecodeError as error:
        raise ProblemError(400, f"{name} in the address is not text in UTF-8") from error
