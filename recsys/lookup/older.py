"""The older service's request for a list, tested and in words when it is wrong."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from recsys.lookup.asked import LIMIT, MOST, SAVED, Asked
from recsys.lookup.problem import ProblemError, wrong
from recsys.matrices.tokens import token


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
