"""Lists out to every target: found, written, brought up to date, and what is not there counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from recsys.providers.access import Access
from recsys.providers.errors import NotConfiguredError
from recsys.providers.push.jellyfin import JellyfinLists
from recsys.providers.push.listenbrainz import ListenBrainzLists
from recsys.providers.push.lists import push
from recsys.providers.push.spotify import SpotifyLists
from recsys.providers.push.subsonic import SubsonicLists
from recsys.readers.export import PLAYLIST_COLUMNS, Playlist
from tests.support.wire import Wire

ROWS = [
    {
        **dict.fromkeys(PLAYLIST_COLUMNS), "rank": 1, "track_id": "t1", "title": "Help! - Remastered 2009",
        "artist": "The Beatles",
        "duration_ms": 139_000, "mbid": "m1", "spotify_id": "s1", "reason": "fits",
    },
    {**dict.fromkeys(PLAYLIST_COLUMNS), "rank": 2, "track_id": "t2", "title": "Nowhere", "artist": "Nobody", "reason": "new"},
]  # fmt: skip
PLAYLIST = Playlist("ann", "comfort", "run-1", datetime(2026, 1, 2, tzinfo=UTC), ROWS)
Open = Callable[..., Access]
ALL = {
    "listenbrainz_token": "canary-lb",
    "spotify_bearer_token": "canary-sp",
    "subsonic_url": "https://music.test", "subsonic_user": "ann", "subsonic_password": "canary-ss",
    "jellyfin_url": "https://jelly.test", "jellyfin_token": "canary-jf", "jellyfin_user": "u1",
}  # fmt: skip


def songs(request: httpx.Request) -> httpx.Response:
    """A Subsonic server that has one of the tracks, and the same song live."""
    song = [
        {"id": "live", "title": "Help! (live)", "artist": "The Beatles", "duration": 139},
        {"id": "right", "title": "Help!", "artist": "The Beatles", "duration": 140},
    ]
    asked = httpx.QueryParams(request.content.decode())
    body = {"status": "ok", "searchResult3": {"song": song if "Help" in asked["query"] else []}}
    return httpx.Response(200, json={"subsonic-response": body})


def serve(wire: Wire) -> None:
    lb, sp, sub, jf = "api.listenbrainz.org/1/playlist", "api.spotify.com/v1", "music.test/rest", "jelly.test"
    ok = {"subsonic-response": {"status": "ok", "playlist": {"id": "p"}}}
    items = {"Items": [{"Id": "right", "Name": "Help!", "Artists": ["The Beatles"], "RunTimeTicks": 1_400_000_000}]}
    wire.on(f"POST {lb}/create", {"playlist_mbid": "p"})
    wire.on(f"GET {lb}/p", {"playlist": {"track": [{}, {}]}})
    for change in ("edit/p", "p/item/delete", "p/item/add"):
        wire.on(f"POST {lb}/{change}", {"status": "ok"})
    wire.on(f"POST {sp}/me/playlists", {"id": "p"})
    for method, path in (("PUT", "/playlists/p/items"), ("PUT", "/playlists/p")):
        wire.on(f"{method} {sp}{path}", {"snapshot_id": "x"})
    wire.on(f"POST {sub}/search3", songs)
    wire.on(f"POST {sub}/createPlaylist", ok)
    wire.on(f"POST {sub}/updatePlaylist", ok)
    wire.on(f"GET {jf}/Items", items)
    wire.on(f"POST {jf}/Playlists", {"Id": "p"})
    wire.on(f"POST {jf}/Playlists/p", httpx.Response(204))


@pytest.mark.parametrize("kind", [ListenBrainzLists, SpotifyLists, SubsonicLists, JellyfinLists])
class TestEveryTarget:
    def test_what_it_has_is_written_and_the_rest_counted(self, open_access: Open, wire: Wire, kind: Any) -> None:
        serve(wire)
        access = open_access(**ALL)
        summary = push(kind(access), PLAYLIST, access.cache)
        assert (summary.imported, [skip.name for skip in summary.skipped], summary.shortfall) == (1, ["t2"], None)

    def test_the_next_time_the_same_playlist_is_brought_up_to_date(self, open_access: Open, wire: Wire, kind: Any) -> None:
        serve(wire)
        access = open_access(**ALL)
        push(kind(access), PLAYLIST, access.cache)
        made = [str(request.url) for request in wire.asked if _creates(request)]
        push(kind(access), PLAYLIST, access.cache)
        assert [str(request.url) for request in wire.asked if _creates(request)] == made
        assert push(kind(access), replace(PLAYLIST, user_id="bob"), access.cache).imported == 1
        assert len([request for request in wire.asked if _creates(request)]) == len(made) + 1

    def test_a_dry_run_writes_nothing(self, open_access: Open, wire: Wire, kind: Any) -> None:
        serve(wire)
        access = open_access(**ALL)
        assert push(kind(access), PLAYLIST, access.cache, dry_run=True).imported == 1
        assert all(request.method == "GET" or "search3" in str(request.url) for request in wire.asked)

    def test_a_target_that_refuses_is_no_success(self, open_access: Open, wire: Wire, kind: Any) -> None:
        access = open_access(**ALL)
        wire.handle = lambda _: httpx.Response(401, json={"error": "no"})  # type: ignore[method-assign]
        target = kind(replace(access, transport=httpx.MockTransport(wire.handle)))
        summary = push(target, PLAYLIST, access.cache)
        assert summary.shortfall is not None
        assert summary.imported == 0
        assert "canary" not in repr(summary)

    def test_it_says_what_it_lacks(self, open_access: Open, kind: Any) -> None:
        with pytest.raises(NotConfiguredError):
            kind(open_access())


def _creates(request: httpx.Request) -> bool:
    path = request.url.path
    fresh = path.endswith(("/create", "/me/playlists")) or (path == "/Playlists")
    return fresh or (path.endswith("createPlaylist") and b"playlistId" not in request.content)
