"""Playlists on a Subsonic server, such as Navidrome, Gonic or Airsonic."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from recsys.errors import ProviderError
from recsys.providers.access import Access
from recsys.providers.errors import MalformedError, MissingError, NotConfiguredError, UnauthorizedError
from recsys.providers.http import Params, Service
from recsys.providers.musicbrainz.titles import parse
from recsys.providers.push.lists import ListRow, chosen


class Song(BaseModel):
    id: str
    title: str = ""
    artist: str = ""
    duration: int | None = None


class Songs(BaseModel):
    song: list[Song] = Field(default_factory=list)


class _Refusal(BaseModel):
    code: int = 0
    message: str = ""


class _Named(BaseModel):
    id: str = ""


class Body(BaseModel):
    status: str
    error: _Refusal | None = None
    result: Songs = Field(default_factory=Songs, alias="searchResult3")
    playlist: _Named | None = None


class _Answer(BaseModel):
    body: Body = Field(alias="subsonic-response")


class SubsonicLists:
    """Playlists of one user; the password is sent as a salted hash."""

    name = "subsonic"

    def __init__(self, access: Access) -> None:
        settings = access.settings
        if not (settings.subsonic_url and settings.subsonic_user and settings.subsonic_password):
            raise NotConfiguredError("subsonic: set SUBSONIC_URL, SUBSONIC_USER and SUBSONIC_PASSWORD")
        self.api = Service(access, self.name, settings.subsonic_url)
        self._user, self._password = settings.subsonic_user, settings.subsonic_password

    @property
    def access(self) -> str:
        return f"Subsonic server {self.api.base_url.host}, as {self._user}"

    def track(self, row: ListRow) -> str | None:
        if not row["title"]:
            return None
        query: Params = {"query": parse(row["title"]).text, "songCount": 50, "artistCount": 0, "albumCount": 0}
        hits = [
            {"id": song.id, "title": song.title, "artist": song.artist, "length": song.duration and song.duration * 1000}
            for song in self._ask("search3", query).result.song
        ]
        return chosen(row, hits)

    def create(self, title: str, note: str, tracks: Sequence[str]) -> str:
        made = self._ask("createPlaylist", {"name": title, "songId": list(tracks)})
        if made.playlist is None:
            raise MalformedError("subsonic: createPlaylist: an answer without the playlist")
        self._ask("updatePlaylist", {"playlistId": made.playlist.id, "comment": note})
        return made.playlist.id

    def replace(self, playlist: str, title: str, tracks: Sequence[str]) -> None:
        self._ask("createPlaylist", {"playlistId": playlist, "songId": list(tracks)})
        self._ask("updatePlaylist", {"playlistId": playlist, "name": title})

    def _ask(self, method: str, params: Any) -> Body:
        salt = secrets.token_hex(8)
        token = hashlib.md5(f"{self._password.get_secret_value()}{salt}".encode()).hexdigest()  # noqa: S324 — their protocol
        who = {"u": self._user, "t": token, "s": salt, "v": "1.16.1", "c": "recsys", "f": "json"}
        body = self.api.post(_Answer, f"/rest/{method}", data={**who, **params}, family=method).body
        if body.status != "ok":
            raise _judged(method, body.error or _Refusal())
        return body


def _judged(method: str, refusal: _Refusal) -> ProviderError:
    """40–44 and 50 concern the user, 70 is an id that is gone."""
    if refusal.code in (40, 41, 42, 43, 44, 50):
        return UnauthorizedError(f"subsonic: {refusal.message}; check SUBSONIC_USER and SUBSONIC_PASSWORD")
    if refusal.code == 70:
        return MissingError(f"subsonic: {method}: {refusal.message}")
    return MalformedError(f"subsonic: {method}: {refusal.message or 'failed'}")
