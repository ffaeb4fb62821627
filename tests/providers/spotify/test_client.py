from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from recsys.providers.access import Access
from recsys.providers.errors import BlockedError, MissingError, UnauthorizedError
from recsys.providers.spotify.client import Spotify
from recsys.providers.spotify.links import Link
from tests.providers.spotify_answers import API, dev, ident, page, simplified, track
from tests.support.wire import Clock, Wire, error, sample

NEW_APP: dict[str, Any] = {"spotify_bearer_token": "canary-bearer"}
FORBIDDEN = error(403, "Forbidden")


@pytest.fixture
def spotify(open_access: Callable[..., Access], wire: Wire) -> Spotify:
    """An app in development mode: no batches, no audio features, no top tracks."""
    wire.on(f"GET {API}/tracks", FORBIDDEN)
    wire.on(f"GET {API}/audio-features", error(403))
    return Spotify(open_access(**NEW_APP))


def singles(wire: Wire, *numbers: int) -> None:
    for number in numbers:
        wire.on(f"GET {API}/tracks/{ident(number)}", dev(number))


def test_a_new_app_imports_one_by_one_without_audio_features_and_says_so(spotify: Spotify, wire: Wire) -> None:
    singles(wire, 1, 2, 3)
    listing = spotify.tracks([ident(1), ident(2), ident(3)])
    assert [facts.id for facts in listing.facts] == [ident(1), ident(2), ident(3)]
    fields = listing.facts[0].fields
    assert fields["title"] == "Song 1"
    assert fields["artist"] == "Artist 1, Guest"
    assert fields["artists"] == ["Artist 1", "Guest"]
    assert fields["isrc"] == "USQX90000001"
    assert fields["release_date"] == "1999-05"
    assert fields["popularity"] is None
    assert "energy" not in fields
    assert any("audio features" in note for note in listing.notes)
    assert listing.stopped is None


def test_what_an_app_may_not_use_is_learned_once_and_tried_again_after_a_week(spotify: Spotify, wire: Wire, clock: Clock) -> None:
    singles(wire, *range(1, 9))
    spotify.tracks([ident(1), ident(2)])
    spotify.tracks([ident(3), ident(4)])
    assert wire.count(f"GET {API}/tracks/") == 4
    batches = [request for request in wire.asked if request.url.path == "/v1/tracks"]
    features = [request for request in wire.asked if request.url.path == "/v1/audio-features"]
    assert (len(batches), len(features)) == (1, 1)
    clock.sleep(8 * 86_400)
    spotify.tracks([ident(5), ident(6)])
    assert len([request for request in wire.asked if request.url.path == "/v1/tracks"]) == 2


def test_an_old_app_uses_batches_of_50_with_nulls_for_unknown_ids(open_access: Callable[..., Access], wire: Wire) -> None:
    def batch(request: httpx.Request) -> httpx.Response:
        ids = request.url.params["ids"].split(",")
        assert len(ids) <= 50
        return httpx.Response(200, json={"tracks": [None if one == ident(7) else track(int(one)) for one in ids]})

    wire.on(f"GET {API}/tracks", batch)
    energy = {"audio_features": [{"id": ident(1), "energy": 0.5, "tempo": 120.0, "key": 3, "mode": 1}, None]}
    wire.on(f"GET {API}/audio-features", energy)
    spotify = Spotify(open_access(**NEW_APP, spotify_market="DE"))
    listing = spotify.tracks([ident(number) for number in range(1, 121)])
    assert wire.count(f"GET {API}/tracks") == 3
    assert len(listing.facts) == 119
    assert [(skip.name, skip.code) for skip in listing.skipped] == [(ident(7), "unknown")]
    assert listing.facts[0].fields["energy"] == 0.5
    assert listing.facts[0].fields["popularity"] == 0.5
    assert {request.url.params.get("market") for request in wire.asked if request.url.path == "/v1/tracks"} == {"DE"}


def test_the_requested_id_stays_the_key_when_the_market_answers_with_another(
    open_access: Callable[..., Access], wire: Wire
) -> None:
    wire.on(f"GET {API}/tracks/{ident(1)}", dev(2))
    spotify = Spotify(open_access(**NEW_APP, spotify_market="DE"))
    [facts] = spotify.read(Link("track", ident(1))).facts
    assert facts.id == ident(1)
    assert facts.fields["spotify_id"] == ident(2)
    spotify.read(Link("track", ident(1)))
    assert wire.count(f"GET {API}/tracks/") == 1


def test_a_rerun_asks_for_nothing_twice_and_old_answers_serve_when_spotify_fails(
    spotify: Spotify, wire: Wire, clock: Clock
) -> None:
    singles(wire, 1, 2)
    spotify.tracks([ident(1), ident(2)])
    asked = len(wire.asked)
    assert len(spotify.tracks([ident(1), ident(2)]).facts) == 2
    assert len(wire.asked) == asked
    clock.sleep(25 * 3600)
    wire.on(f"GET {API}/tracks/{ident(1)}", httpx.Response(503))
    [stale, fresh] = spotify.tracks([ident(1), ident(2)]).facts
    assert (stale.stale, fresh.stale) == (True, False)


def test_a_quota_in_the_middle_keeps_what_came_and_the_rerun_continues(
    open_access: Callable[..., Access], wire: Wire, clock: Clock
) -> None:
    wire.on(f"GET {API}/tracks", FORBIDDEN)
    singles(wire, *range(1, 21))
    wire.on(f"GET {API}/tracks/{ident(11)}", error(429, "Too many requests", {"retry-after": "48925"}, reason="QUOTA_EXCEEDED"))
    spotify = Spotify(open_access(**NEW_APP, spotify_workers=1))
    ids = [ident(number) for number in range(1, 21)]
    listing = spotify.tracks(ids)
    assert [facts.id for facts in listing.facts] == ids[:10]
    assert isinstance(listing.stopped, BlockedError)
    assert wire.count(f"GET {API}/tracks/") == 11
    assert len(spotify.tracks(ids).facts) == 10
    assert wire.count(f"GET {API}/tracks/") == 11
    clock.sleep(48_926)
    singles(wire, 11)
    assert [facts.id for facts in spotify.tracks(ids).facts] == ids
    assert wire.count(f"GET {API}/tracks/") == 21


def test_a_server_that_only_fails_is_left_alone_after_three_items(open_access: Callable[..., Access], wire: Wire) -> None:
    wire.on(f"GET {API}/tracks", FORBIDDEN)
    for number in range(1, 101):
        wire.on(f"GET {API}/tracks/{ident(number)}", httpx.Response(500))
    spotify = Spotify(open_access(**NEW_APP, spotify_workers=1))
    listing = spotify.tracks([ident(number) for number in range(1, 101)])
    assert listing.stopped is not None
    assert wire.count(f"GET {API}/tracks/") == 12


def test_an_album_is_read_past_its_embedded_page_and_completed_track_by_track(spotify: Spotify, wire: Wire) -> None:
    first = page([simplified(number) for number in range(1, 51)], 53, more=True)
    wire.on(f"GET {API}/albums/{ident(800)}", {"id": ident(800), "name": "Album", "release_date": "1999", "tracks": first})
    wire.on(f"GET {API}/albums/{ident(800)}/tracks", page([simplified(number) for number in range(51, 54)], 53))
    singles(wire, *range(1, 53))
    wire.on(f"GET {API}/tracks/{ident(53)}", httpx.Response(500))
    listing = spotify.read(Link("album", ident(800)))
    assert [facts.id for facts in listing.facts] == [ident(number) for number in range(1, 54)]
    assert listing.facts[0].fields["isrc"] == "USQX90000001"
    assert listing.facts[52].fields["isrc"] is None
    assert listing.facts[52].fields["album"] == "Album"
    pages = [request for request in wire.asked if request.url.path.endswith("800/tracks")]
    assert [request.url.params["offset"] for request in pages] == ["50"]


def test_an_artist_by_top_tracks_or_else_by_search(spotify: Spotify, wire: Wire, open_access: Callable[..., Access]) -> None:
    path = f"GET {API}/artists/{ident(901)}/top-tracks"
    wire.on(path, FORBIDDEN)
    wire.on(f"GET {API}/artists/{ident(901)}", {"id": ident(901), "name": "Artist 1", "genres": []})
    wire.on(f"GET {API}/search", {"tracks": page([dev(1), None, dev(2)])})
    listing = spotify.read(Link("artist", ident(901)))
    assert [facts.id for facts in listing.facts] == [ident(1)]
    assert any("top tracks" in note for note in listing.notes)
    search = next(request for request in wire.asked if request.url.path == "/v1/search")
    assert search.url.params["q"] == 'artist:"Artist 1"'
    spotify.read(Link("artist", ident(901)))
    assert wire.count(path) == 1
    old = Spotify(open_access(spotify_client_id="old", **NEW_APP))
    wire.on(path, {"tracks": [track(1), track(5)]})
    assert [facts.id for facts in old.read(Link("artist", ident(901))).facts] == [ident(1), ident(5)]


def test_an_unknown_artist_does_not_teach_that_top_tracks_are_gone(spotify: Spotify, wire: Wire) -> None:
    wire.on(f"GET {API}/artists/{ident(902)}/top-tracks", error(404, "Resource not found"))
    assert isinstance(spotify.read(Link("artist", ident(902))).stopped, MissingError)
    assert not any("top-tracks" in name for name in spotify.answers.cache.state("spotify").refused)


def test_numbers_may_come_as_floats_and_fields_may_be_absent(spotify: Spotify, wire: Wire) -> None:
    wire.on(f"GET {API}/tracks/{ident(1)}", track(1, duration_ms=232106.0, popularity=78.0))
    wire.on(f"GET {API}/tracks/{ident(2)}", {"id": ident(2), "name": "bare"})
    first, second = spotify.tracks([ident(1), ident(2)]).facts
    assert (first.fields["duration_ms"], first.fields["popularity"]) == (232106, 0.78)
    assert {name for name, value in second.fields.items() if value is not None} == {"title", "spotify_id"}


def test_premium_required_stops_everything_for_an_hour(spotify: Spotify, wire: Wire, clock: Clock) -> None:
    said = "Active premium subscription required for the owner of the app."
    wire.on(f"GET {API}/tracks/{ident(1)}", error(403, said))
    listing = spotify.read(Link("track", ident(1)))
    assert isinstance(listing.stopped, BlockedError)
    assert "Premium" in str(listing.stopped)
    asked = len(wire.asked)
    assert isinstance(spotify.read(Link("album", ident(8))).stopped, BlockedError)
    assert len(wire.asked) == asked
    clock.sleep(3601)
    singles(wire, 1)
    assert spotify.read(Link("track", ident(1))).facts


def test_a_user_missing_from_the_apps_list_is_told_so_and_nothing_is_learned(spotify: Spotify, wire: Wire) -> None:
    wire.on(f"GET {API}/tracks", error(403, "User not registered in the Developer Dashboard"))
    listing = spotify.tracks([ident(1), ident(2)])
    assert "dashboard" in str(listing.stopped)
    assert not spotify.answers.cache.state("spotify").refused


def test_a_token_that_ends_mid_run_is_renewed_once(open_access: Callable[..., Access], wire: Wire) -> None:
    wire.on("POST accounts.spotify.com/api/token", {"access_token": "a"}, {"access_token": "b"})
    wire.on(f"GET {API}/tracks/{ident(1)}", error(401, "The access token expired"), dev(1))
    wire.on(f"GET {API}/tracks/{ident(2)}", error(401, "Invalid access token"))
    spotify = Spotify(open_access(spotify_client_id="a", spotify_client_secret="b"))
    assert spotify.read(Link("track", ident(1))).facts
    assert isinstance(spotify.read(Link("track", ident(2))).stopped, UnauthorizedError)
    assert wire.count("POST") == 3


def test_recorded_answers(open_access: Callable[..., Access], wire: Wire, shared: Path) -> None:
    spotify = Spotify(open_access(**NEW_APP))
    wire.on(f"GET {API}/audio-features", FORBIDDEN)
    for name in (
        "playlist_items",
        "synthetic_playlist_items_devmode_mixed",
        "zmb3_playlist_items_episodes_and_tracks",
        "saved_tracks",
    ):
        wire.on(f"GET {API}/playlists/{ident(9)}/items", sample(shared, f"spotify/{name}.json"))  # type: ignore[arg-type]
        listing = Spotify(open_access(spotify_client_id=name, **NEW_APP)).read(Link("playlist", ident(9)))
        assert listing.facts, name
    names = ("beets_track_info", "beets_multiartist_track", "zmb3_track_float_numbers")
    for number, name in enumerate(names, 1):
        wire.on(f"GET {API}/tracks/{ident(number)}", sample(shared, f"spotify/{name}.json"))  # type: ignore[arg-type]
        [facts] = spotify.read(Link("track", ident(number))).facts
        assert facts.fields["title"]
    wire.on(f"GET {API}/albums/{ident(800)}", sample(shared, "spotify/get_album.json"))  # type: ignore[arg-type]
    wire.on(f"GET {API}/tracks", sample(shared, "spotify/zmb3_tracks_batch_with_null.json"))  # type: ignore[arg-type]
    assert spotify.read(Link("album", ident(800))).facts
    for name in ("search", "beets_japanese_track_request", "beets_missing_request", "zmb3_search_track_and_playlist"):
        wire.on(f"GET {API}/search", sample(shared, f"spotify/{name}.json"))  # type: ignore[arg-type]
        assert bool(spotify.search(name, ["track"], 5)) == (name != "beets_missing_request")
