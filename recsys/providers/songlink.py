"""Song.link: the Spotify track of another service's link. Keys are no longer given out; without one nothing is asked."""

from __future__ import annotations

from pydantic import BaseModel, Field

from recsys.errors import ProviderError
from recsys.providers.access import Access
from recsys.providers.answers import Answers
from recsys.providers.errors import MissingError, NotConfiguredError
from recsys.providers.http import Service
from recsys.providers.reply import Reply
from recsys.providers.spotify.links import Link

GONE = "Song.link has ended public access; links are resolved through MusicBrainz instead"


class Platform(BaseModel):
    entity: str = Field(alias="entityUniqueId")


class Links(BaseModel):
    platforms: dict[str, Platform] = Field(default_factory=dict, alias="linksByPlatform")


class LinkService(Service):
    def refusal(self, path: str, family: str, reply: Reply) -> ProviderError:
        if reply.status == 410 or (reply.status == 401 and reply.error.get("code") == "PUBLIC_API_ACCESS_DEPRECATED"):
            with self.access.cache.changing(self.name) as state:
                state.disabled = GONE
            return NotConfiguredError(f"songlink: {GONE}")
        return super().refusal(path, family, reply)


class SongLink:
    """Resolves links with a key, until the service says that it is gone for good."""

    name = "songlink"

    def __init__(self, access: Access) -> None:
        self.api = LinkService(access, self.name, access.settings.songlink_url)
        self.answers = Answers(access.cache, self.name, access.refresh)
        self._key = access.settings.songlink_api_key

    def resolve(self, address: str) -> Link:
        """Raises :class:`MissingError` when there is no Spotify track, :class:`NotConfiguredError` without a key."""
        if self._key is None:
            raise NotConfiguredError("songlink: set SONGLINK_API_KEY if you have a key; new ones are not given out")
        params = {"url": address, "key": self._key.get_secret_value()}
        answer = self.answers.one("links", address, Links, lambda: self.api.get(Links, "/links", params))
        platform = answer.value.platforms.get("spotify") if answer.value else None
        kind, _, name = (platform.entity if platform else "").partition("::")
        if kind != "SPOTIFY_SONG":
            raise MissingError(f"songlink: no Spotify track is known for {address}")
        return Link("track", name)
