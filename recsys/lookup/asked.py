"""What a request asks for: query parameters and the older service's body, tested and in words when they are wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from recsys.lookup.problem import ProblemError, wrong
from recsys.tokens import token

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


def _integral(value: object) -> object:
    """JSON does not tell 5.0 from 5."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_integral)]
Names = list[str]
Share = Annotated[float, Field(allow_inf_nan=False)]


class Body(BaseModel):
    """The older service's request for a list. Fields it does not know are ignored, as that service did."""

    model_config = ConfigDict(strict=True, extra="ignore")

    user_id: str
    limit: Whole | None = None
    mode: str | None = None
    min_popularity: Share | None = None
    max_popularity: Share | None = None
    include_explicit: bool | None = None
    excluded_track_ids: Names | None = None
    excluded_artist_ids: Names | None = None
    excluded_genres: Names | None = None
    seed_track_ids: Names | None = None
    feature_targets: dict[str, float] | None = None
    exploration_target: Share | None = None

    def asked(self) -> Asked:
        """The request as parameters of a stored list. Raises :class:`ProblemError` for what would need a new computation."""
        if not self.user_id.strip():
            raise wrong("user_id", "user_id is required")
        for name in ("seed_track_ids", "feature_targets", "exploration_target"):
            if getattr(self, name):
                raise wrong(name, f"lists are computed by the nightly run; {SAVED}, then GET …/recommendations?list=NAME")
        mode = token(self.mode or "")
        return Asked(
            name=mode if mode in ("comfort", "discovery") else "balanced",
            limit=min(self.limit, MOST) if self.limit and self.limit > 0 else LIMIT,
            exclude_track=tuple(self.excluded_track_ids or ()),
            exclude_artist=tuple(self.excluded_artist_ids or ()),
            exclude_genre=tuple(self.excluded_genres or ()),
            min_popularity=self.min_popularity,
            max_popularity=self.max_popularity,
            explicit=self.include_explicit is not False,
        )


def from_body(body: bytes) -> Body:
    """The older service's body. Raises :class:`ProblemError` for what is no such JSON."""
    try:
        return Body.model_validate_json(body)
    except ValidationError as error:
        found = [{"where": ".".join(map(str, one["loc"])) or "body", "detail": one["msg"]} for one in error.errors()]
        status = 400 if any(one["type"] == "json_invalid" for one in error.errors()) else 422
        raise ProblemError(status, f"{found[0]['where']}: {found[0]['detail']}", errors=found) from error
