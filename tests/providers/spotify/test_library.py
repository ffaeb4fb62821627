from __future__ import annotations

from collections.abc import Callable

import pytest

from recsys.providers.access import Access
from recsys.providers.spotify.client import Spotify
from recsys.providers.spotify.links import Link
from tests.providers.spotify_answers import API, dev, ident, page, simplified
from tests.support.wire import Wire, error


@pytest.fixture
def spotify(open_access: Callable[..., Access], wire: Wire) -> Spotify:
    wire.on(f"GET {API}/tracks", error(403, "Forbidden"))
    for number in range(1, 9):
        wire.on(f"GET {API}/tracks/{ident(number)}", dev(number))
    return Spotify(open_access(spotify_bearer_token="canary", spotify_workers=1))


def test_saved_albums_are_saves_of_their_tracks(spotify: Spotify, wire: Wire) -> None:
    album = {"id": ident(80), "name": "Album", "tracks": page([simplified(1), simplified(2)])}
    wire.on(f"GET {API}/me/albums", page([{"added_at": "2025-01-01T00:00:00Z", "album": album}]))
    wire.on(f"GET {API}/albums/{ident(80)}", album)
    listing = spotify.read(Link("me", "albums"))
    assert [(one.track, one.kind, one.moment) for one in listing.actions] == [
        (ident(1), "save", "2025-01-01T00:00:00Z"), (ident(2), "save", "2025-01-01T00:00:00Z"),
    ]  # fmt: skip


def test_followed_artists_bring_tracks_and_no_events(spotify: Spotify, wire: Wire) -> None:
    wire.on(f"GET {API}/me/following", {"artists": {"items": [{"id": ident(70), "name": "A"}], "cursors": {"after": None}}})
    wire.on(f"GET {API}/artists/{ident(70)}/top-tracks", {"tracks": [dev(3)]})
    listing = spotify.read(Link("me", "artists"))
    assert ([facts.id for facts in listing.facts], listing.actions) == ([ident(3)], [])


def test_a_playlist_that_cannot_be_read_costs_no_other(spotify: Spotify, wire: Wire) -> None:
    wire.on(f"GET {API}/me/playlists", page([{"id": ident(90), "name": "P"}, {"id": ident(91), "name": "Q"}]))
    wire.on(f"GET {API}/playlists/{ident(90)}/items", error(403, "Forbidden"))
    wire.on(f"GET {API}/playlists/{ident(91)}/items", page([{"added_at": "2025-01-01T00:00:00Z", "item": dev(4)}]))
    listing = spotify.read(Link("me", "playlists"))
    assert [skip.code for skip in listing.skipped] == ["failed"]
    assert [(one.track, one.context) for one in listing.actions] == [(ident(4), "playlist Q")]
    assert listing.stopped is None
