from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from recsys.providers.access import Access
from recsys.providers.errors import MalformedError, MissingError, UnauthorizedError
from recsys.providers.spotify.links import Link
from recsys.providers.webplayer.client import HASHES, WebPlayer
from tests.providers.spotify_answers import ident
from tests.support.wire import Clock, Wire, sample

GRAPH = "GET api-partner.spotify.com/pathfinder/v1/query"
TOKEN = "GET open.spotify.com/api/token"
TIME = "GET open.spotify.com/api/server-time"
SECRET = {"spotify_webplayer_secrets": json.dumps({"61": ',7/*F("rLJ2oxaKL^f+E1xvP@N', "60": list(range(40, 60))})}
CANARY = "canary-token"


def token(clock: Clock, access: str = CANARY) -> dict[str, object]:
    ends = int((clock() + 3600) * 1000)
    return {"clientId": "c", "accessToken": access, "accessTokenExpirationTimestampMs": ends, "isAnonymous": True, "_notes": "x"}


def refused(**more: str) -> httpx.Response:
    return httpx.Response(400, json={**more, "error": {"code": 400, "message": "Unauthorized request"}})


def names(*artists: str) -> dict[str, object]:
    return {"items": [{"profile": {"name": artist}, "uri": "spotify:artist:x"} for artist in artists]}


def song(number: int, **changes: object) -> dict[str, object]:
    return {
        "__typename": "Track",
        "name": f"Song {number}",
        "uri": f"spotify:track:{ident(number)}",
        "albumOfTrack": {"name": "Album", "date": {"isoString": "1987-11-12T00:00:00Z", "precision": "DAY"}},
        "contentRating": {"label": "EXPLICIT"},
        "playcount": "1137719792",
        **changes,
    }


def single(number: int) -> dict[str, object]:
    named = {"firstArtist": names("Lead"), "otherArtists": names("Guest"), "duration": {"totalMilliseconds": 213_573}}
    return {"data": {"trackUnion": song(number, **named)}}


def embed(entity: dict[str, Any] | None, session: dict[str, Any] | None = None) -> httpx.Response:
    state = {"data": {"entity": entity}, "settings": {"session": session or {}}}
    data = json.dumps({"props": {"pageProps": {"state": state}, "__N_SSP": True}})
    page = f'<!doctype html><script id="__NEXT_DATA__" type="application/json">{data}</script>'
    return httpx.Response(200, text=page, headers={"content-type": "text/html"})


@pytest.fixture
def player(open_access: Callable[..., Access], wire: Wire, clock: Clock) -> WebPlayer:
    wire.on(TIME, {"serverTime": int(clock())})
    wire.on(TOKEN, token(clock))
    wire.on("POST clienttoken.spotify.com/v1/clienttoken", {"granted_token": {"token": "canary-client"}})
    return WebPlayer(open_access(**SECRET))


def test_a_track_with_its_artists_album_and_length(player: WebPlayer, wire: Wire) -> None:
    wire.on(GRAPH, single(1))
    [facts] = player.read(Link("track", ident(1))).facts
    assert facts.source == "webplayer"
    assert facts.fields == {
        "title": "Song 1",
        "artist": "Lead, Guest",
        "artists": ["Lead", "Guest"],
        "album": "Album",
        "release_date": "1987-11-12",
        "duration_ms": 213_573,
        "explicit": True,
        "spotify_id": ident(1),
    }
    asked = wire.asked[-1]
    assert asked.headers["authorization"] == f"Bearer {CANARY}"
    assert asked.headers["client-token"] == "canary-client"
    assert json.loads(asked.url.params["extensions"])["persistedQuery"]["sha256Hash"] == HASHES["getTrack"]
    assert all(len(value) == 64 and int(value, 16) for value in HASHES.values())


def test_the_code_follows_the_servers_clock_not_ours(player: WebPlayer, wire: Wire) -> None:
    wire.on(TIME, {"serverTime": 1_700_000_000})
    wire.on(GRAPH, single(1))
    player.read(Link("track", ident(1)))
    asked = next(request for request in wire.asked if request.url.path == "/api/token")
    assert dict(asked.url.params) == {
        "reason": "init",
        "productType": "web-player",
        "totp": "371599",
        "totpServer": "371599",
        "totpVer": "61",
    }


def test_an_expired_version_is_followed_by_the_next_one_once(player: WebPlayer, wire: Wire, clock: Clock) -> None:
    wire.on(TOKEN, refused(totpVerExpired="error"), token(clock))
    wire.on(GRAPH, single(1))
    assert player.read(Link("track", ident(1))).facts
    tried = [request.url.params["totpVer"] for request in wire.asked if request.url.path == "/api/token"]
    assert tried == ["61", "60"]


def test_when_every_version_has_expired_the_error_says_what_to_change(player: WebPlayer, wire: Wire) -> None:
    wire.on(TOKEN, refused(totpVerExpired="error"))
    with pytest.raises(UnauthorizedError, match="SPOTIFY_WEBPLAYER_SECRETS"):
        player.search("x", ["track"], 5)
    assert wire.count(TOKEN) == 2


def test_a_wrong_code_is_not_taken_for_a_rotation(player: WebPlayer, wire: Wire) -> None:
    wire.on(TOKEN, refused())
    with pytest.raises(UnauthorizedError, match="clock"):
        player.search("x", ["track"], 5)
    assert wire.count(TOKEN) == 1


def test_without_a_secret_the_embed_pages_session_is_used(open_access: Callable[..., Access], wire: Wire, clock: Clock) -> None:
    session = {"accessToken": CANARY, "accessTokenExpirationTimestampMs": int((clock() + 3600) * 1000)}
    wire.on(f"GET open.spotify.com/embed/track/{ident(1)}", embed({"title": "x", "uri": "spotify:track:x"}, session))
    wire.on(GRAPH, single(1))
    access = open_access()
    assert WebPlayer(access).read(Link("track", ident(1))).facts[0].fields["album"] == "Album"
    assert wire.count(TOKEN) == 0
    assert not [path for path in access.cache.folder.rglob("*.json") if CANARY in path.read_text()]


def test_the_embed_page_stands_in_when_graphql_fails(player: WebPlayer, wire: Wire) -> None:
    rows = [
        {"uri": f"spotify:track:{ident(1)}", "title": "One", "subtitle": "A,\u00a0B", "duration": 5, "isExplicit": False},
        {"uri": "spotify:episode:x", "title": "Talk"},
    ]
    wire.on(GRAPH, {"errors": [{"message": "PersistedQueryNotFound"}]})
    wire.on(f"GET open.spotify.com/embed/playlist/{ident(9)}", embed({"title": "List", "trackList": rows}))
    listing = player.read(Link("playlist", ident(9)))
    assert [(facts.id, facts.fields["artist"]) for facts in listing.facts] == [(ident(1), "A, B")]
    assert "SPOTIFY_WEBPLAYER_HASHES" in listing.notes[0]


@pytest.mark.parametrize("page", [embed(None), httpx.Response(404)])
def test_an_unknown_item_is_missing(player: WebPlayer, wire: Wire, page: httpx.Response) -> None:
    wire.on(GRAPH, httpx.Response(500))
    wire.on(f"GET open.spotify.com/embed/track/{ident(1)}", page)
    assert isinstance(player.read(Link("track", ident(1))).stopped, MissingError)
    wire.on(GRAPH, {"data": {"trackUnion": {"__typename": "NotFound"}}})
    assert isinstance(player.read(Link("track", ident(2))).stopped, MissingError)


@pytest.mark.parametrize("text", ["<html>nothing</html>", '<script id="__NEXT_DATA__" type="application/json">{"a":</script>'])
def test_a_changed_embed_page_is_a_clear_error(player: WebPlayer, wire: Wire, text: str) -> None:
    wire.on(GRAPH, {"data": {"trackUnion": {"name": ["drifted"]}}})
    wire.on(f"GET open.spotify.com/embed/track/{ident(1)}", httpx.Response(200, text=text))
    assert isinstance(player.read(Link("track", ident(1))).stopped, MalformedError)


def test_a_playlist_of_several_pages_and_kinds(player: WebPlayer, wire: Wire) -> None:
    def rows(request: httpx.Request) -> httpx.Response:
        offset = json.loads(request.url.params["variables"])["offset"]
        tracks = [song(offset + n, artists=names("A"), trackDuration={"totalMilliseconds": 9}) for n in range(1, 51)]
        items: list[object] = [{"itemV2": {"__typename": "TrackResponseWrapper", "data": track}} for track in tracks]
        if offset:
            items = [
                {"itemV2": {"data": song(1, artists=names("A"))}},
                {"itemV2": {"data": {"__typename": "Episode", "uri": "spotify:episode:x", "name": "Talk"}}},
                {"itemV2": {"data": {"__typename": "LocalTrack", "uri": "spotify:local:x", "name": "Home"}}},
                {"itemV2": {"data": {"__typename": "NotFound"}}},
                {"itemV2": None},
            ]
        return httpx.Response(200, json={"data": {"playlistV2": {"content": {"items": items, "totalCount": 55}}}})

    wire.on(GRAPH, rows)
    listing = player.read(Link("playlist", ident(9)))
    assert len(listing.facts) == 50
    assert listing.facts[0].fields["duration_ms"] == 9
    assert [skip.code for skip in listing.skipped] == ["duplicate", "episode", "local_file", "unavailable", "unavailable"]
    assert wire.count(GRAPH) == 2
    assert len(player.read(Link("playlist", ident(9)), limit=7).facts) == 7
    assert wire.count(GRAPH) == 3


def test_album_artist_and_search(player: WebPlayer, wire: Wire) -> None:
    row = {"track": {**song(1, artists=names("A"), duration={"totalMilliseconds": 1}), "albumOfTrack": None}}
    album = {"name": "Best", "date": {"isoString": "2001-01-01T00:00:00Z", "precision": "YEAR"}}
    wire.on(GRAPH, {"data": {"albumUnion": {**album, "tracksV2": {"items": [row], "totalCount": 1}}}})
    [facts] = player.read(Link("album", ident(8))).facts
    assert (facts.fields["album"], facts.fields["release_date"]) == ("Best", "2001")
    wire.on(GRAPH, {"data": {"artistUnion": {"discography": {"topTracks": {"items": [row]}}}}})
    assert [facts.id for facts in player.read(Link("artist", ident(7))).facts] == [ident(1)]
    result = {
        "tracksV2": {"items": [{"item": {"data": song(1, artists=names("A"))}}, {"item": {"data": None}}]},
        "albumsV2": {"items": [{"data": {"uri": f"spotify:album:{ident(8)}", "name": "Best"}}]},
        "artists": {"items": [{"data": {"uri": f"spotify:artist:{ident(7)}", "profile": {"name": "A"}}}]},
    }
    wire.on(GRAPH, {"data": {"searchV2": result}})
    hits = player.search("x", ["track", "album", "artist", "playlist"], 5)
    assert [(hit.link.kind, hit.title) for hit in hits] == [("track", "Song 1"), ("album", "Best"), ("artist", "A")]


def test_answers_survive_the_cache(player: WebPlayer, wire: Wire) -> None:
    wire.on(GRAPH, single(1))
    first = player.read(Link("track", ident(1))).facts
    assert player.read(Link("track", ident(1))).facts == first
    assert wire.count(GRAPH) == 1


def test_a_session_that_ends_mid_run_is_renewed(player: WebPlayer, wire: Wire, clock: Clock) -> None:
    wire.on(TOKEN, token(clock, "one"), token(clock, "two"))
    wire.on(GRAPH, httpx.Response(401), single(1))
    assert player.read(Link("track", ident(1))).facts
    assert wire.count(TOKEN) == 2


def test_recorded_answers(player: WebPlayer, wire: Wire, shared: Path) -> None:
    kinds = {"track": "track_trimmed", "album": "album", "playlist": "playlist_trimmed"}
    for number, (kind, name) in enumerate(kinds.items(), 1):
        wire.on(GRAPH, sample(shared, f"webplayer/pathfinder_{name}.json"))  # type: ignore[arg-type]
        listing = player.read(Link(kind, ident(number)))  # type: ignore[arg-type]
        assert listing.facts
        assert all(facts.fields["artist"] and facts.fields["title"] for facts in listing.facts)
    wire.on(GRAPH, sample(shared, "webplayer/pathfinder_search.json"))  # type: ignore[arg-type]
    assert {hit.link.kind for hit in player.search("x", ["track", "album", "artist", "playlist"], 5)} == {
        "track",
        "album",
        "artist",
        "playlist",
    }
    wire.on(GRAPH, httpx.Response(404))
    for kind in ("track", "album", "playlist", "artist"):
        page = json.dumps(sample(shared, f"webplayer/embed_{kind}.json"))
        html = f'<script id="__NEXT_DATA__" type="application/json">{page}</script>'
        wire.on(f"GET open.spotify.com/embed/{kind}/{ident(50)}", httpx.Response(200, text=html))
        wire.on(GRAPH, httpx.Response(500))
        assert player.read(Link(kind, ident(50))).facts  # type: ignore[arg-type]
