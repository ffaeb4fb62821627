from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from recsys.providers import paging
from recsys.providers.access import Access
from recsys.providers.errors import ForbiddenError, MalformedError
from recsys.providers.spotify.client import Spotify
from recsys.providers.spotify.links import Link
from recsys.providers.spotify.lists import SEARCH_REACH
from tests.providers.spotify_answers import API, dev, ident, page, track
from tests.support.wire import Wire, error

NEW_APP: dict[str, Any] = {"spotify_bearer_token": "canary-bearer"}
FORBIDDEN = error(403, "Forbidden")


@pytest.fixture
def spotify(open_access: Callable[..., Access], wire: Wire) -> Spotify:
    """An app in development mode: no batches, no audio features, no top tracks."""
    wire.on(f"GET {API}/tracks", FORBIDDEN)
    wire.on(f"GET {API}/audio-features", error(403))
    return Spotify(open_access(**NEW_APP))


def test_a_playlist_with_every_kind_of_entry(spotify: Spotify, wire: Wire) -> None:
    entries = [
        {"item": dev(1), "is_local": False, "added_at": None, "added_by": None},
        {"item": dev(2), "track": dev(2), "is_local": False},
        {"track": track(3), "is_local": False},
        {"item": {"id": None, "name": "Home", "uri": "spotify:local:x", "duration_ms": 0, "is_local": True}, "is_local": True},
        {"item": {"id": ident(50), "type": "episode", "name": "Talk", "episode": True, "track": False}},
        {"item": None},
        {"item": dev(1)},
        {"item": dev(4, external_ids={}, name="Ünïcode ✓", album={"id": None, "name": "", "release_date": "0000"}, artists=None)},
        {"item": {"id": None, "name": "gone"}},
    ]
    wire.on(f"GET {API}/playlists/{ident(9)}/items", page(entries))
    listing = spotify.read(Link("playlist", ident(9)))
    assert [facts.id for facts in listing.facts] == [ident(1), ident(2), ident(3), ident(4)]
    assert listing.facts[2].fields["popularity"] == 0.5
    odd = listing.facts[3].fields
    assert [odd[name] for name in ("title", "album", "release_date", "isrc", "artist")] == ["Ünïcode ✓", None, None, None, None]
    assert [skip.code for skip in listing.skipped] == ["local_file", "episode", "unavailable", "duplicate", "unavailable"]
    assert dict(wire.asked[0].url.params) == {"fields": "snapshot_id"}
    asked = wire.asked[1].url.params
    assert asked["additional_types"] == "track"
    assert asked["limit"] == "50"
    assert asked["fields"].startswith("next,total,items(")
    assert wire.count(f"GET {API}/tracks") == 0


def test_pages_go_by_offset_to_the_total_and_a_limit_ends_them(spotify: Spotify, wire: Wire) -> None:
    def items(request: httpx.Request) -> httpx.Response:
        offset = int(request.url.params["offset"])
        numbers = range(offset + 1, min(offset + 50, 120) + 1)
        return httpx.Response(200, json=page([{"item": dev(number)} for number in numbers], 120, more=offset + 50 < 120))

    wire.on(f"GET {API}/playlists/{ident(9)}/items", items)
    assert len(spotify.read(Link("playlist", ident(9))).facts) == 120
    assert [request.url.params["offset"] for request in wire.asked if "items" in request.url.path] == ["0", "50", "100"]
    assert len(spotify.read(Link("playlist", ident(9)), limit=60).facts) == 60


@pytest.mark.parametrize("total", [None, 10**9, 4])
def test_a_list_that_repeats_its_page_is_left(spotify: Spotify, wire: Wire, total: int | None) -> None:
    wire.on(
        f"GET {API}/playlists/{ident(9)}/items", {"items": [{"item": dev(1)}] * 5, "total": total, "next": f"https://{API}/x"}
    )
    listing = spotify.read(Link("playlist", ident(9)))
    assert len(listing.facts) == 1
    assert wire.count(f"GET {API}/playlists/{ident(9)}/items") <= 2
    assert isinstance(listing.stopped, MalformedError) == (total != 4)


def test_a_list_that_never_ends_is_left(spotify: Spotify, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(request: httpx.Request) -> httpx.Response:
        offset = int(request.url.params["offset"])
        return httpx.Response(200, json=page([{"item": dev(offset + n)} for n in range(10)], 10**9, more=True))

    monkeypatch.setattr(paging, "ENDLESS", 100)
    wire.on(f"GET {API}/playlists/{ident(9)}/items", endless)
    listing = spotify.read(Link("playlist", ident(9)))
    assert len(listing.facts) == wire.count(f"GET {API}/playlists/{ident(9)}/items") * 10 == 100
    assert isinstance(listing.stopped, MalformedError)


def test_a_next_on_another_host_is_refused_and_what_came_before_is_kept(spotify: Spotify, wire: Wire) -> None:
    entries = page([{"item": dev(1)}], 100, more=True, host="https://evil.test")
    wire.on(f"GET {API}/playlists/{ident(9)}/items", entries)
    listing = spotify.read(Link("playlist", ident(9)))
    assert len(listing.facts) == 1
    assert isinstance(listing.stopped, MalformedError)
    assert {request.url.host for request in wire.asked} == {"api.spotify.com"}


def test_somebody_elses_playlist_says_who_may_read_it(spotify: Spotify, wire: Wire) -> None:
    wire.on(f"GET {API}/playlists/{ident(9)}/items", FORBIDDEN)
    listing = spotify.read(Link("playlist", ident(9)))
    assert isinstance(listing.stopped, ForbiddenError)
    assert "recsys providers login" in str(listing.stopped)


def test_search_asks_for_ten_at_a_time_and_never_past_its_reach(spotify: Spotify, wire: Wire) -> None:
    def results(request: httpx.Request) -> httpx.Response:
        offset, limit = int(request.url.params["offset"]), int(request.url.params["limit"])
        if limit > 10 or offset + limit > SEARCH_REACH:
            return error(400, "Invalid limit")
        return httpx.Response(200, json={"tracks": page([dev(offset + n) for n in range(1, limit + 1)], 5000, more=True)})

    wire.on(f"GET {API}/search", results)
    assert [hit.link.id for hit in spotify.search("x", ["track"], 23)] == [ident(number) for number in range(1, 24)]
    assert wire.count(f"GET {API}/search") == 3
    assert len(spotify.search("x", ["track"], 5000)) == SEARCH_REACH
    hit = spotify.search("x", ["track"], 1)[0]
    assert (hit.title, hit.artist, hit.album) == ("Song 1", "Artist 1, Guest", "Album")


def test_search_of_several_kinds_tolerates_nulls_and_absent_kinds(spotify: Spotify, wire: Wire) -> None:
    result = {"albums": page([{"id": ident(1), "name": "A", "artists": [{"name": "B"}]}, None]), "playlists": page([None])}
    wire.on(f"GET {API}/search", result)
    hits = spotify.search("x", ["track", "album", "artist", "playlist"], 10)
    assert [(hit.link.kind, hit.title, hit.artist) for hit in hits] == [("album", "A", "B")]


def test_the_users_library(spotify: Spotify, wire: Wire) -> None:
    wire.on(f"GET {API}/me/tracks", page([{"added_at": "2026-01-01T00:00:00Z", "track": dev(1)}]))
    wire.on(f"GET {API}/me/top/tracks", page([dev(2)]))
    recent = {"items": [{"played_at": "x", "track": dev(3)}], "next": f"https://{API}/me/player/recently-played?before=1"}
    wire.on(f"GET {API}/me/player/recently-played", recent)
    read = [spotify.read(Link("me", part)).facts[0].id for part in ("liked", "top", "recent")]
    assert read == [ident(1), ident(2), ident(3)]
    assert wire.count(f"GET {API}/me/player/recently-played") == 1
