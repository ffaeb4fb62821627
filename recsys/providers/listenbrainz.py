"""ListenBrainz: a user's public listens, how widely recordings are heard, and recordings that are heard together.

Listens come newest first. A :class:`Walk` remembers how far back an import has come, so that one that stopped continues there,
and the next one asks for what is new or came late.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import TypeAlias

from pydantic import BaseModel, Field, RootModel

from recsys.errors import NotFoundError
from recsys.providers.access import Access
from recsys.providers.answers import Answers, listed
from recsys.providers.errors import MalformedError, MissingError
from recsys.providers.facts import CHUNK, Facts, Listing, Row
from recsys.providers.http import Params, Service, quoted_path
from recsys.providers.lenient import Lenient, Unreadable, readable
from recsys.providers.paging import Paged, Slice
from recsys.providers.reply import Reply
from recsys.providers.walks import WINDOW, Walk

_PAGE = 1000
_LOVED = 100
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


class _Named(BaseModel):
    artist_name: object = None
    track_name: object = None
    release_name: object = None
    additional_info: Details | None = None
    mbid_mapping: Mapped | None = None


class Listen(BaseModel):
    """One listen with the fields that an import reads; users, clients and addresses stay outside."""

    listened_at: int
    recording_msid: str | None = None
    track_metadata: _Named | None = None


ListensPage: TypeAlias = list[Listen | Unreadable]
"""Listens, newest first, and what could not be read among them."""


class Payload(BaseModel):
    listens: Lenient[Listen] = Field(default_factory=list)


class _Listens(BaseModel):
    payload: Payload


class Counted(BaseModel):
    count: int


class _Count(BaseModel):
    payload: Counted


class _Loved(BaseModel):
    created: int
    track_metadata: _Named | None = None


class _Feedback(BaseModel):
    feedback: Lenient[_Loved] = Field(default_factory=list)


class Heard(BaseModel):
    recording_mbid: str
    total_user_count: int | None = None


class HeardList(RootModel[Lenient[Heard]]):
    pass


class _Similar(BaseModel):
    recording_mbid: str
    recording_name: str | None = None
    artist_credit_name: str | None = None
    score: float = 0.0
    reference_mbid: str | None = None


class SimilarList(RootModel[Lenient[_Similar]]):
    pass


class _Api(Service):
    def wait_asked(self, reply: Reply) -> float | None:
        reset = reply.headers.get("x-ratelimit-reset-in", "")
        return float(reset) if reset.isdigit() and reply.status == 429 else super().wait_asked(reply)


class ListenBrainz:
    """Listens, popularity and similar recordings."""

    name = "listenbrainz"
    chunk = CHUNK

    @property
    def access(self) -> str:
        return "ListenBrainz, " + ("with a token" if self._token else "open")

    def __init__(self, access: Access) -> None:
        token = access.settings.listenbrainz_token
        headers = {"Authorization": f"Token {token.get_secret_value()}"} if token else {}
        self.api = _Api(access, self.name, access.settings.listenbrainz_url, headers=headers)
        self.labs = _Api(access, self.name, access.settings.listenbrainz_labs_url)
        self.answers = Answers(access.cache, self.name, access.refresh)
        self._cache = access.cache
        self._token = token
        self._refresh = access.refresh
        self.total: int | None = None
        """Listens that the server has of the user whose import is under way; None = unknown."""
        self._algorithm = access.settings.listenbrainz_similarity

    def walk(self, cursor: str) -> Walk:
        """Where an import stands."""
        return Walk.model_validate_json(self._cache.state(self.name).cursors.get(cursor, "{}"))

    def keep(self, cursor: str, walk: Walk) -> None:
        """Remembers where the import stands: what lies behind is in the lake."""
        with self._cache.changing(self.name) as state:
            state.cursors[cursor] = walk.model_dump_json(exclude_none=True)

    def listens(self, user: str, cursor: str, since: int = 0) -> Iterator[tuple[ListensPage, Walk]]:
        """Listens page by page, newest first, each with the walk that holds once the page is stored.

        An import that stopped is finished first. Then come the new ones and, once more, those of the last :data:`WINDOW`; and all
        of them, when the number that the server has says that others came late: from a phone that was offline, from a history
        imported there. Raises :class:`NotFoundError` for an unknown user.
        """
        walk = Walk() if self._refresh else self.walk(cursor)
        if walk.before is not None:
            walk = yield from self._down(user, walk)
        before, self.total = walk, self._count(user)
        first = walk.done == 0
        walk = yield from self._down(user, walk.start(since if first else max(walk.done - WINDOW, since), whole=first))
        if not first and not walk.agrees(before, self.total):
            walk = yield from self._down(user, walk.start(since, whole=True))
        yield [], walk.model_copy(update={"total": self.total})

    def _down(self, user: str, walk: Walk) -> Generator[tuple[ListensPage, Walk], None, Walk]:
        done, undated = walk.done, max(walk.done, 1)
        seen: set[tuple[int, str | None]] = set()
        while True:
            page = self._page(user, walk.before)
            times = [one.listened_at for one in readable(page)]
            met = [one for one in page if _listened_at(one, undated) > walk.floor and _named(one) not in seen]
            oldest = min(times, default=0)
            # Bounds are exclusive: listens of the oldest second may continue on the next page, so it is asked for again.
            before = oldest + 1 if oldest + 1 != walk.before else oldest
            top = walk.top or max(times, default=done)
            last = not met or oldest <= walk.floor
            walk = walk.onward([_listened_at(one, undated) for one in met], top, before)
            walk = walk.finish() if last else walk
            yield [one for one in met if _listened_at(one, undated) > done or _usable(one)], walk
            if last:
                return walk
            seen = {_named(one) for one in page if isinstance(one, Unreadable) or one.listened_at == oldest}

    def _page(self, user: str, before: int | None) -> ListensPage:
        params: Params = {"count": _PAGE} if before is None else {"count": _PAGE, "max_ts": before}
        try:
            return self.api.get(_Listens, quoted_path("/1/user/{}/listens", user), params, family="listens").payload.listens
        except MissingError:
            raise NotFoundError(f"ListenBrainz has no user {user!r}; names are case-sensitive") from None

    def _count(self, user: str) -> int | None:
        """Listens that the server has of the user; None when it does not say."""
        try:
            return self.api.get(_Count, quoted_path("/1/user/{}/listen-count", user), family="listens").payload.count
        except (MissingError, MalformedError):
            return None

    def loved(self, user: str) -> Iterator[ListensPage]:
        """Recordings that the user loves, with the moment of that, page by page; those without a name are left out."""
        path = quoted_path("/1/feedback/user/{}/get-feedback", user)

        def page(offset: int, _: int) -> Slice[_Loved | Unreadable]:
            params: Params = {"score": 1, "count": _LOVED, "offset": offset, "metadata": "true"}
            rows = self.api.get(_Feedback, path, params, family="feedback").feedback
            return Slice(rows, more=len(rows) >= _LOVED)

        for rows in Paged("listenbrainz: feedback", page).pages():
            named = [row for row in readable(rows) if row.track_metadata]
            yield [Listen(listened_at=row.created, track_metadata=row.track_metadata) for row in named]

    def wants(self, row: Row) -> bool:
        return bool(row.get("mbid")) and row.get("popularity") is None

    def enrich(self, rows: Sequence[Row]) -> Listing:
        """Popularity 0–1: log(1 + listeners) / log(1 + 50,000), at most 1."""
        mbids = {str(row["id"]): str(row["mbid"]) for row in rows}
        harvest = self.answers.many("heard", list(mbids.values()), Heard, self._heard, size=POPULARITY_BATCH)
        return listed(mbids, harvest, _popularity, "ListenBrainz has no listens of this recording")

    def similar(self, mbids: Sequence[str]) -> list[_Similar]:
        """Recordings heard in the same sessions, most similar first, each once."""
        params: Params = {"recording_mbids": ",".join(mbids), "algorithm": self._algorithm}
        key = f"{self._algorithm}:{params['recording_mbids']}"
        answer = self.answers.one(
            "similar", key, SimilarList, lambda: self.labs.get(SimilarList, "/similar-recordings/json", params, family="labs")
        )
        recordings = sorted(readable(answer.value.root) if answer.value else [], key=lambda one: (-one.score, one.recording_mbid))
        return list({one.recording_mbid: one for one in reversed(recordings)}.values())[::-1]

    def _heard(self, mbids: Sequence[str]) -> Mapping[str, Heard]:
        body = {"recording_mbids": list(mbids)}
        heard = self.api.post(HeardList, "/1/popularity/recording", json=body, family="popularity").root
        return {one.recording_mbid: one for one in readable(heard)}


def _listened_at(listen: Listen | Unreadable, default: int) -> int:
    if isinstance(listen, Listen):
        return listen.listened_at
    at = listen.root.get("listened_at") if isinstance(listen.root, dict) else None
    return at if isinstance(at, int) else default


def _named(listen: Listen | Unreadable) -> tuple[int, str | None]:
    return (listen.listened_at, listen.recording_msid) if isinstance(listen, Listen) else (0, listen.model_dump_json())


def _usable(listen: Listen | Unreadable) -> bool:
    """Whether it can become an event. One that cannot is handed on once, when it is new, for ``rejects``."""
    named = listen.track_metadata if isinstance(listen, Listen) else None
    return bool(named and named.track_name and named.artist_name)


def _popularity(name: str, heard: Heard, stale: bool) -> Facts | None:
    if not heard.total_user_count:
        return None
    share = min(math.log1p(heard.total_user_count) / math.log1p(HEARD_BY_ALL), 1.0)
    return Facts(name, ListenBrainz.name, {"popularity": round(share, 6)}, stale)
