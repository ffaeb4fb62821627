"""Playlists on a Jellyfin server: what is asked, which item is the track, what is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from recsys.providers.access import Access
from recsys.providers.errors import MissingError, NotConfiguredError
from recsys.providers.push.jellyfin import TICKS, JellyfinLists
from tests.providers.listed import ROW
from tests.support.wire import Wire

Open = Callable[..., Access]
SETTINGS = {"jellyfin_url": "https://jelly.test", "jellyfin_token": "canary-jf", "jellyfin_user": "u1"}


@pytest.fixture
def target(open_access: Open) -> JellyfinLists:
    return JellyfinLists(open_access(**SETTINGS))


def item(name: str, title: str, artist: str = "The Beatles", ms: int | None = 139_000) -> dict[str, Any]:
    return {"Id": name, "Name": title, "Artists": [artist], "RunTimeTicks": ms and ms * TICKS}


@pytest.mark.parametrize(
    ("items", "chosen"),
    [
        ([item("live", "Help! (live)"), item("right", "Help!", ms=140_000)], "right"),
        ([item("other", "Help!", "Bananarama")], None),
        ([item("right", "Help!", ms=None)], "right"),
        ([{"Id": "bare"}], None),
        ([], None),
    ],
)
def test_the_item_by_title_artist_and_length(items: list[object], chosen: str | None, target: JellyfinLists, wire: Wire) -> None:
    wire.on("GET jelly.test/Items", {"Items": items})
    assert target.track(ROW) == chosen
    query = wire.asked[0].url.params
    assert (query["userId"], query["searchTerm"], query["includeItemTypes"], query["recursive"]) == (
        "u1",
        "Help!",
        "Audio",
        "true",
    )
    assert wire.asked[0].headers["authorization"] == 'MediaBrowser Token="canary-jf"'
    assert "canary" not in str(wire.asked[0].url)


def test_a_track_without_a_title_is_not_asked_for(target: JellyfinLists, wire: Wire) -> None:
    assert target.track({**ROW, "title": None}) is None
    assert wire.asked == []


def test_a_playlist_and_its_replacement(target: JellyfinLists, wire: Wire) -> None:
    wire.on("POST jelly.test/Playlists", {"Id": "p"})
    wire.on("POST jelly.test/Playlists/p", httpx.Response(204))
    assert target.create("My list", "a note", ["1", "2"]) == "p"
    target.replace("p", "New", ["3"])
    assert [json.loads(request.content) for request in wire.asked] == [
        {"Name": "My list", "Ids": ["1", "2"], "UserId": "u1", "MediaType": "Audio"},
        {"Name": "New", "Ids": ["3"]},
    ]


def test_a_playlist_that_is_gone(target: JellyfinLists, wire: Wire) -> None:
    wire.on("POST jelly.test/Playlists/p", httpx.Response(404))
    with pytest.raises(MissingError):
        target.replace("p", "New", ["3"])


@pytest.mark.parametrize("missing", SETTINGS)
def test_it_says_what_it_lacks(missing: str, open_access: Open) -> None:
    with pytest.raises(NotConfiguredError, match="JELLYFIN_URL, JELLYFIN_TOKEN and JELLYFIN_USER"):
        JellyfinLists(open_access(**{name: value for name, value in SETTINGS.items() if name != missing}))
