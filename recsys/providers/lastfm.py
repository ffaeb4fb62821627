"""Last.fm by API key: a user's plays and loved tracks, as the listens that an import reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, Field

from recsys.errors import NotFoundError, ProviderError
from recsys.providers.access import Access
from recsys.providers.errors import MissingError, NotConfiguredError, UnauthorizedError, UnavailableError
from recsys.providers.http import Params, Service
from recsys.providers.lenient import Lenient, Unreadable
from recsys.providers.paging import Paged, Slice
from recsys.providers.reply import Reply

_PAGE = 200
_MOST = 2_000_000
"""Plays after which a history is taken to be endless."""

M = TypeVar("M", bound=BaseModel)


class Text(BaseModel):
    """An artist or album, under the one name or the other."""

    text: str = Field("", alias="#text")
    name: str = ""
    mbid: str = ""


class _Moment(BaseModel):
    uts: int


class Play(BaseModel):
    """One play or loved track; what plays now has no date."""

    name: str
    artist: Text
    album: Text | None = None
    mbid: str = ""
    date: _Moment | None = None


class Paging(BaseModel):
    total: int = 0
    pages: int = Field(0, alias="totalPages")


def _several(value: object) -> object:
    """A list; Last.fm makes its JSON from XML, where one element alone is no list."""
    return [value] if isinstance(value, dict) else value


class Plays(BaseModel):
    track: Annotated[Lenient[Play], BeforeValidator(_several)] = Field(default_factory=list)
    paging: Paging = Field(default_factory=lambda: Paging.model_validate({}), alias="@attr")


class Recent(BaseModel):
    plays: Plays = Field(alias="recenttracks")


class _Loved(BaseModel):
    plays: Plays = Field(alias="lovedtracks")


class _Api(Service):
    def refuses(self, reply: Reply) -> bool:
        return super().refuses(reply) or "error" in reply.error

    def refusal(self, path: str, family: str, reply: Reply) -> ProviderError:
        """Last.fm numbers its errors, whatever their status: 6 = no such user, 10 and 26 = the key, 17 = the plays are private,
        8, 11 and 16 = its own trouble, which passes, 29 = too fast."""
        code, message = reply.error.get("error", ""), reply.error.get("message", "")
        if code == "6":
            return MissingError(f"lastfm: {message}")
        if code in ("4", "9", "10", "14", "17", "26"):
            return UnauthorizedError(f"lastfm: {message}; check LASTFM_API_KEY, and that the user's plays are public")
        if code in ("8", "11", "16"):
            return UnavailableError(f"lastfm: {message}")
        return self.limited(family, reply) if code == "29" else super().refusal(path, family, reply)


class LastFm:
    """Plays and loved tracks of a user."""

    name = "lastfm"
    access = "Last.fm's API, with a key"

    def __init__(self, access: Access) -> None:
        if access.settings.lastfm_api_key is None:
            raise NotConfiguredError("lastfm: set LASTFM_API_KEY; a key is free at https://www.last.fm/api/account/create")
        self.api = _Api(access, self.name, access.settings.lastfm_url)
        self._key = access.settings.lastfm_api_key.get_secret_value()
        self.total: int | None = None
        """Plays that there are in the time asked for."""

    def recent(self, user: str, since: int = 0) -> Iterator[list[Play | Unreadable]]:
        """Plays from second ``since`` on, newest first, page by page; without what plays now."""
        return self._pages("user.getRecentTracks", Recent, user, {"from": since} if since else {})

    def loved(self, user: str) -> Iterator[list[Play | Unreadable]]:
        return self._pages("user.getLovedTracks", _Loved, user, {})

    def _pages(
        self, method: str, model: type[Recent] | type[_Loved], user: str, more: Params
    ) -> Iterator[list[Play | Unreadable]]:
        def page(_: int, number: int) -> Slice[Play | Unreadable]:
            whose: dict[str, str | int] = {"method": method, "user": user, "api_key": self._key, "format": "json"}
            params: Params = {**whose, "limit": _PAGE, "page": number, **more}
            try:
                plays = self.api.get(model, "", params, family=method).plays
            except MissingError as error:
                raise NotFoundError(f"Last.fm has no user {user!r}: {error}") from None
            self.total = plays.paging.total
            return Slice(plays.track, more=number < plays.paging.pages)

        for plays in Paged("lastfm", page, most=_MOST).pages():
            yield [play for play in plays if isinstance(play, Unreadable) or play.date is not None]
