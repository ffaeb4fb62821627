"""Playlists of the Spotify user who is logged in."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from recsys.providers.access import Access
from recsys.providers.errors import NotConfiguredError
from recsys.providers.http import quoted_path
from recsys.providers.push.lists import ListRow
from recsys.providers.spotify.auth import SpotifyAuth
from recsys.providers.spotify.client import WebApi

_PART = 100
"""Tracks that one call may write."""


class _Playlist(BaseModel):
    id: str


class SpotifyLists:
    """Private playlists; needs a login that allows them: ``recsys providers login``."""

    name = "spotify"
    access = "Spotify's Web API, logged in"

    def __init__(self, access: Access) -> None:
        auth = SpotifyAuth(access)
        if auth.mode not in ("user", "bearer"):
            raise NotConfiguredError("spotify: writing playlists needs a login: recsys providers login")
        self.api = WebApi(access, self.name, access.settings.spotify_api_url, auth=auth)

    def track(self, row: ListRow) -> str | None:
        return f"spotify:track:{row['spotify_id']}" if row["spotify_id"] else None

    def create(self, title: str, note: str, tracks: Sequence[str]) -> str:
        body = {"name": title, "description": note, "public": False}
        made = self.api.post(_Playlist, "/me/playlists", json=body, family="me")
        self._fill(made.id, tracks)
        return made.id

    def replace(self, playlist: str, title: str, tracks: Sequence[str]) -> None:
        self.api.call("PUT", quoted_path("/playlists/{}", playlist), json={"name": title}, family="playlists")
        self._fill(playlist, tracks)

    def _fill(self, playlist: str, tracks: Sequence[str]) -> None:
        """The first call takes the place of what is there, the others add."""
        for at in range(0, len(tracks), _PART):
            method = "POST" if at else "PUT"
            path = quoted_path("/playlists/{}/items", playlist)
            self.api.call(method, path, json={"uris": list(tracks[at : at + _PART])}, family="playlists")
