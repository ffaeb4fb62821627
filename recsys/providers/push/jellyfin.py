"""Playlists on a Jellyfin server."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, Field

from recsys.providers.access import Access
from recsys.providers.errors import NotConfiguredError
from recsys.providers.http import Params, Service, quoted_path
from recsys.providers.musicbrainz.titles import parse
from recsys.providers.push.lists import ListRow, chosen

TICKS = 10_000
"""Of Jellyfin's clock in a millisecond."""


class Item(BaseModel):
    id: str = Field(alias="Id")
    name: str = Field("", alias="Name")
    artists: list[str] = Field(default_factory=list, alias="Artists")
    ticks: int | None = Field(None, alias="RunTimeTicks")


class _Items(BaseModel):
    items: list[Item] = Field(default_factory=list, alias="Items")


class _Created(BaseModel):
    id: str = Field(alias="Id")


class JellyfinLists:
    """Playlists of one user, by API key."""

    name = "jellyfin"

    def __init__(self, access: Access) -> None:
        settings = access.settings
        if not (settings.jellyfin_url and settings.jellyfin_token and settings.jellyfin_user):
            raise NotConfiguredError("jellyfin: set JELLYFIN_URL, JELLYFIN_TOKEN and JELLYFIN_USER (the user's id)")
        self._user = settings.jellyfin_user
        headers = {"Authorization": f'MediaBrowser Token="{settings.jellyfin_token.get_secret_value()}"'}
        self.api = Service(access, self.name, settings.jellyfin_url, headers=headers)

    @property
    def access(self) -> str:
        return f"Jellyfin server {self.api.base_url.host}"

    def track(self, row: ListRow) -> str | None:
        if not row["title"]:
            return None
        kinds: Params = {"includeItemTypes": "Audio", "recursive": "true", "limit": 50}
        query: Params = {"userId": self._user, "searchTerm": parse(row["title"]).text, **kinds}
        hits = [
            {"id": item.id, "title": item.name, "artist": "; ".join(item.artists), "length": item.ticks and item.ticks // TICKS}
            for item in self.api.get(_Items, "/Items", query).items
        ]
        return chosen(row, hits)

    def create(self, title: str, note: str, tracks: Sequence[str]) -> str:  # noqa: ARG002 — a playlist there has no note
        body = {"Name": title, "Ids": list(tracks), "UserId": self._user, "MediaType": "Audio"}
        return self.api.post(_Created, "/Playlists", json=body).id

    def replace(self, playlist: str, title: str, tracks: Sequence[str]) -> None:
        self.api.call("POST", quoted_path("/Playlists/{}", playlist), json={"Name": title, "Ids": list(tracks)})
