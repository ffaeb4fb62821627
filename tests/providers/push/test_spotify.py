"""Playlists of the Spotify user who is logged in: what is sent, in which parts, and what is anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from recsys.providers.access import Access
from recsys.providers.errors import MissingError, NotConfiguredError
from recsys.providers.push.lists import push
from recsys.providers.push.spotify import SpotifyLists
from tests.providers.push.test_lists import ALL, PLAYLIST, serve
from tests.support.wire import Wire, error

Open = Callable[..., Access]
API = "api.spotify.com/v1"


def lists(open_access: Open) -> SpotifyLists:
    return SpotifyLists(open_access(spotify_bearer_token="canary-sp"))


def sent(wire: Wire, start: str) -> list[dict[str, Any]]:
    named = [request for request in wire.asked if f"{request.method} {request.url.host}{request.url.path}".startswith(start)]
    return [json.loads(request.content) for request in named]


def test_a_track_by_its_id(open_access: Open) -> None:
    target = lists(open_access)
    assert target.track({"spotify_id": "s1", "title": "x"}) == "spotify:track:s1"
    assert target.track({"spotify_id": None, "title": "x"}) is None


@pytest.mark.parametrize(
    ("count", "parts"), [(1, [("PUT", 1)]), (100, [("PUT", 100)]), (201, [("PUT", 100), ("POST", 100), ("POST", 1)])]
)
def test_a_private_playlist_filled_in_parts_of_a_hundred(
    count: int, parts: list[tuple[str, int]], open_access: Open, wire: Wire
) -> None:
    wire.on(f"POST {API}/me/playlists", {"id": "p"})
    for method in ("PUT", "POST"):
        wire.on(f"{method} {API}/playlists/p/items", {"snapshot_id": "x"})
    uris = [f"spotify:track:{number}" for number in range(count)]
    assert lists(open_access).create("My list", "a note", uris) == "p"
    assert sent(wire, f"POST {API}/me/playlists") == [{"name": "My list", "description": "a note", "public": False}]
    items = [request for request in wire.asked if request.url.path.endswith("/items")]
    assert [(request.method, len(json.loads(request.content)["uris"])) for request in items] == parts
    assert [uri for request in items for uri in json.loads(request.content)["uris"]] == uris


def test_replacing_renames_and_begins_with_what_takes_the_place(open_access: Open, wire: Wire) -> None:
    wire.on(f"PUT {API}/playlists/p", httpx.Response(200))
    wire.on(f"PUT {API}/playlists/p/items", {"snapshot_id": "x"})
    lists(open_access).replace("p", "New", ["spotify:track:1"])
    assert [request.method for request in wire.asked] == ["PUT", "PUT"]
    assert sent(wire, f"PUT {API}/playlists/p") == [{"name": "New"}, {"uris": ["spotify:track:1"]}]


def test_a_playlist_that_is_gone(open_access: Open, wire: Wire) -> None:
    wire.on(f"PUT {API}/playlists/p", error(404, "gone"))
    with pytest.raises(MissingError):
        lists(open_access).replace("p", "New", ["spotify:track:1"])


def test_a_playlist_that_is_gone_is_made_anew(open_access: Open, wire: Wire) -> None:
    serve(wire)
    access = open_access(**ALL)
    push(SpotifyLists(access), PLAYLIST, access.cache)
    wire.on(f"PUT {API}/playlists/p", error(404, "gone"))
    assert push(SpotifyLists(access), PLAYLIST, access.cache).shortfall is None
    assert wire.count(f"POST {API}/me/playlists") == 2


def test_an_app_without_a_login_may_not_write(open_access: Open) -> None:
    with pytest.raises(NotConfiguredError, match="recsys providers login"):
        SpotifyLists(open_access(spotify_client_id="a", spotify_client_secret="b"))
