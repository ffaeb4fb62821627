"""ListenBrainz: a user's public listens, how widely recordings are heard, and recordings that are heard together.

Listens come newest first. A :class:`Walk` remembers how far back an import has come, so that one that stopped continues there,
and the next one asks only for what is new.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from pydantic import BaseModel, Field, RootModel

from recsys.errors import NotFoundError
from recsys.providers.answers import Answers, listed
from recsys.providers.errors import MissingError
from recsys.providers.facts import Facts, Listing, Row
from recsys.providers.http import Access, Params, Reply, Service

PAGE = 1000
POPULARITY_BATCH = 1000
HEARD_BY_ALL = 50_000
"""Listeners at which a recording counts as heard by everyone (popularity 1)."""


class Mapped(BaseModel):
    recording_mbid: str | None = None


class Details(BaseModel):
    """What the client sent, unvalidated."""

    recording_mbid: object = None
    isrc: object = None
    spotify_id: object = None
    duration_ms: object = None
    duration: object = None
    duration_played: object = None
    music_service: object = None
    music_service_name: object = None
    origin_url: object = None


class Named(BaseModel):
    artist_name: object = None
    track_name: object = None
    release_name: object = None
    additional_info: Details | None = None
    mbid_mapping: Mapped | None = None


class Listen(BaseModel):
    """One listen with the fields that an import reads; users, clients and addresses stay outside."""

    listened_at: int
    recording_msid: str | None = None
    track_metadata: Named | None = None


class Payload(BaseModel):
    listens: list[Listen] = Field(default_factory=list)


class Listens(BaseModel):
    payload: Payload


class Walk(BaseModel):
    """How far an import has come. Times are seconds since 1970.

    Everything up to ``done`` is imported. While a walk is under way it goes from ``top`` down, and ``before`` is next.
    """

    done: int = 0
    top: int | None = None
    before: int | None = None


class Heard(BaseModel):
    recording_mbid: str
    total_user_count: int | None = None


class HeardList(RootModel[list[Heard]]):
    pass


class Similar(BaseModel):
    recording_mbid: str
    recording_name: str | None = None
    artist_credit_name: str | None = None
    score: float = 0.0
    reference_mbid: str | None = None


class SimilarList(RootModel[list[Similar]]):
    pass


class Api(Service):
    def wait_asked(self, reply: Reply) -> float | None:
        reset = reply.headers.get("x-ratelimit-reset-in", "")
        return float(reset) if reset.isdigit() and reply.status == 429 else super().wait_asked(reply)


class ListenBrainz:
    """Listens, popularity and similar recordings."""

    name = "listenbrainz"

    @property
    def access(self) -> str:
        return "ListenBrainz, " + ("with a token" if self._token else "open")

    def __init__(self, access: Access) -> None:
        token = access.settings.listenbrainz_token
        headers = {"Authorization": f"Token {token.get_secret_value()}"} if token else {}
        self.api = Api(access, self.name, access.settings.listenbrainz_url, headers=headers)
        self.labs = Api(access, self.name, access.settings.listenbrainz_labs_url)
        self.answers = Answers(access.cache, self.name)
        self._cache = access.cache
        self._token = token
        self._algorithm = access.settings.listenbrainz_similarity

    def walk(self, user: str) -> Walk:
        """Where the import of this user stands."""
        return Walk.model_validate_json(self._cache.state(self.name).cursors.get(user, "{}"))

    def keep(self, user: str, walk: Walk) -> None:
        """Remembers where the import stands: what lies behind is in the lake."""
        with self._cache.changing(self.name) as state:
            state.cursors[user] = walk.model_dump_json(exclude_none=True)

    def listens(self, user: str) -> Iterator[tuple[list[Listen], Walk]]:
        """New listens page by page, newest first, each with the walk that holds once the page is stored.

        An import that stopped is finished first. Raises :class:`NotFoundError` for an unknown user.
        """
        walk = self.walk(user)
        if walk.before is not None:
            yield from self._down(user, walk)
            walk = Walk(done=walk.top or walk.done)
        yield from self._down(user, walk)

    def _down(self, user: str, walk: Walk) -> Iterator[tuple[list[Listen], Walk]]:
        seen: set[tuple[int, str | None]] = set()
        while True:
            page = self._page(user, walk.before)
            new = [one for one in page if one.listened_at > walk.done and (one.listened_at, one.recording_msid) not in seen]
            oldest = page[-1].listened_at if page else 0
            # Bounds are exclusive: listens of the oldest second may continue on the next page, so it is asked for again.
            before = oldest + 1 if oldest + 1 != walk.before else oldest
            top = walk.top or (page[0].listened_at if page else walk.done)
            last = not new or oldest <= walk.done
            walk = Walk(done=max(top, walk.done)) if last else Walk(done=walk.done, top=top, before=before)
            yield new, walk
            if last:
                return
            seen = {(one.listened_at, one.recording_msid) for one in page if one.listened_at == oldest}

    def _page(self, user: str, before: int | None) -> list[Listen]:
        params: Params = {"count": PAGE} if before is None else {"count": PAGE, "max_ts": before}
        try:
            found = self.api.get(Listens, f"/1/user/{user}/listens", params, family="listens").payload.listens
        except MissingError:
            raise NotFoundError(f"ListenBrainz has no user {user!r}; names are case-sensitive") from None
        return sorted(found, key=lambda listen: -listen.listened_at)

    def wants(self, row: Row) -> bool:
        return bool(row.get("mbid")) and row.get("popularity") is None

    def enrich(self, rows: Sequence[Row]) -> Listing:
        """Popularity 0–1: log(1 + listeners) / log(1 + 50,000), at most 1."""
        mbids = {str(row["id"]): str(row["mbid"]) for row in rows}
        harvest = self.answers.many("heard", list(mbids.values()), Heard, self._heard, size=POPULARITY_BATCH)
        return listed(mbids, harvest, _popularity, "ListenBrainz has no listens of this recording")

    def similar(self, mbids: Sequence[str]) -> list[Similar]:
        """Recordings heard in the same sessions, most similar first, each once."""
        params: Params = {"recording_mbids": ",".join(mbids), "algorithm": self._algorithm}
        key = f"{self._algorithm}:{params['recording_mbids']}"
        answer = self.answers.one(
            "similar", key, SimilarList, lambda: self.labs.get(SimilarList, "/similar-recordings/json", params, family="labs")
        )
        found = sorted(answer.value.root if answer.value else [], key=lambda one: (-one.score, one.recording_mbid))
        return list({one.recording_mbid: one for one in reversed(found)}.values())[::-1]

    def _heard(self, mbids: Sequence[str]) -> Mapping[str, Heard]:
        body = {"recording_mbids": list(mbids)}
        found = self.api.post(HeardList, "/1/popularity/recording", json=body, family="popularity").root
        return {one.recording_mbid: one for one in found}


def _popularity(name: str, heard: Heard, stale: bool) -> Facts | None:
    if not heard.total_user_count:
        return None
    share = min(math.log1p(heard.total_user_count) / math.log1p(HEARD_BY_ALL), 1.0)
    return Facts(name, ListenBrainz.name, {"popularity": round(share, 6)}, stale)
