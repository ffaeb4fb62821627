"""Playlists at ListenBrainz. It takes tracks by MusicBrainz recording only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from recsys.providers.access import Access
from recsys.providers.errors import NotConfiguredError
from recsys.providers.http import Service, quoted_path
from recsys.providers.push.lists import ListRow

_PART = 100
"""Tracks that one call may add."""
JSPF = "https://musicbrainz.org/doc/jspf#playlist"


class _Created(BaseModel):
    playlist_mbid: str


class Done(BaseModel):
    status: str = "ok"


class ListenBrainzLists:
    """Private playlists of the user whose token is set."""

    name = "listenbrainz"
    access = "ListenBrainz, with your token"

    def __init__(self, access: Access) -> None:
        token = access.settings.listenbrainz_token
        if token is None:
            raise NotConfiguredError("listenbrainz: set LISTENBRAINZ_TOKEN to write playlists")
        headers = {"Authorization": f"Token {token.get_secret_value()}"}
        self.api = Service(access, self.name, access.settings.listenbrainz_url, headers=headers)

    def track(self, row: ListRow) -> str | None:
        return row["mbid"]

    def create(self, title: str, note: str, tracks: Sequence[str]) -> str:
        body = _jspf(tracks[:_PART], title=title, annotation=note, extension={JSPF: {"public": False}})
        made = self.api.post(_Created, "/1/playlist/create", json=body, family="playlist")
        self._add(made.playlist_mbid, tracks, _PART)
        return made.playlist_mbid

    def replace(self, playlist: str, title: str, tracks: Sequence[str]) -> None:
        edit = _jspf((), title=title, extension={JSPF: {"public": False}})
        self.api.post(Done, quoted_path("/1/playlist/edit/{}", playlist), json=edit, family="playlist")
        whole = self.api.get(_Stored, quoted_path("/1/playlist/{}", playlist), family="playlist").playlist
        if whole.track:
            cut = {"index": 0, "count": len(whole.track)}
            self.api.post(Done, quoted_path("/1/playlist/{}/item/delete", playlist), json=cut, family="playlist")
        self._add(playlist, tracks, 0)

    def _add(self, playlist: str, tracks: Sequence[str], start: int) -> None:
        for at in range(start, len(tracks), _PART):
            path = quoted_path("/1/playlist/{}/item/add", playlist)
            self.api.post(Done, path, json=_jspf(tracks[at : at + _PART]), family="playlist")


class _Tracks(BaseModel):
    track: list[Any] = []


class _Stored(BaseModel):
    playlist: _Tracks


def _jspf(tracks: Sequence[str], **more: object) -> dict[str, object]:
    rows = [{"identifier": f"https://musicbrainz.org/recording/{name}"} for name in tracks]
    return {"playlist": {**more, "track": rows}}
