from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from recsys.providers.access import Access
from recsys.providers.errors import MissingError, NotConfiguredError
from recsys.providers.musicbrainz.client import MusicBrainz
from recsys.providers.spotify.links import Link
from tests.support.wire import Clock, Wire

WS = "GET musicbrainz.org/ws/2"
NAMED = {"musicbrainz_app_name": "my-recsys", "musicbrainz_contact": "me@example.org"}
ROW = {"id": "t", "title": "Get Lucky", "artist": "Daft Punk", "isrc": "us-qx9-13-00108", "duration_ms": 369_000}
CREDIT = [{"name": "Daft Punk", "joinphrase": " feat. ", "artist": {"id": "ar1"}}, {"name": "Nile", "artist": {"id": "ar2"}}]
HIT = {"id": "r1", "title": "Get Lucky", "length": 369_000, "artist-credit": CREDIT}
FULL = {
    **HIT,
    "first-release-date": "2013-04-19",
    "isrcs": ["USQX91300108", "USQX91300104"],
    "genres": [{"name": "disco", "count": 3}, {"name": "funk", "count": 9}, {"name": "old", "count": 0}],
    "tags": [{"name": "seen live", "count": 99}],
}
SPOTIFY_ID = "2Foc5Q5nqNiosCNqttzHof"


@pytest.fixture
def brainz(open_access: Callable[..., Access]) -> MusicBrainz:
    return MusicBrainz(open_access(**NAMED))


def test_it_says_who_asks(brainz: MusicBrainz, wire: Wire, open_access: Callable[..., Access]) -> None:
    wire.on(f"{WS}/isrc/USQX91300108", {"recordings": []})
    brainz.enrich([{"id": "t", "isrc": "USQX91300108"}])
    assert wire.asked[0].headers["user-agent"].startswith("my-recsys/")
    assert wire.asked[0].headers["user-agent"].endswith("( me@example.org )")
    with pytest.raises(NotConfiguredError, match="MUSICBRAINZ_CONTACT"):
        MusicBrainz(open_access(musicbrainz_app_name="x"))


def test_by_isrc_then_in_full(brainz: MusicBrainz, wire: Wire) -> None:
    wire.on(f"{WS}/isrc/USQX91300108", {"isrc": "USQX91300108", "recordings": [{**HIT, "id": "r2", "video": True}, HIT]})
    wire.on(f"{WS}/recording/r1", FULL)
    [facts] = brainz.enrich([ROW]).facts
    assert facts.fields == {
        "mbid": "r1",
        "title": "Get Lucky",
        "artist": "Daft Punk feat. Nile",
        "artists": ["Daft Punk", "Nile"],
        "duration_ms": 369_000,
        "release_date": "2013-04-19",
        "isrc": "USQX91300104",
        "genres": ["funk", "disco"],
    }
    assert facts.decision == {"by": "isrc", "score": 0.97, "recordings": ["r1", "r2"], "artists": ["ar1", "ar2"]}
    isrc_inc, full_inc = (request.url.params["inc"] for request in wire.asked)
    assert set(isrc_inc.split()) <= {"artist-credits", "isrcs", "tags", "artists", "releases", "aliases"}
    assert "genres" in full_inc.split()
    assert all(request.url.params["fmt"] == "json" for request in wire.asked)


def test_by_title_and_artist_when_the_isrc_is_unknown(brainz: MusicBrainz, wire: Wire) -> None:
    wire.on(f"{WS}/isrc/USQX91300108", httpx.Response(404, json={"error": "Not Found"}))
    wire.on(f"{WS}/recording", {"recordings": [{**HIT, "id": "wrong", "title": "Get Unlucky"}, HIT]})
    wire.on(f"{WS}/recording/r1", {**FULL, "genres": []})
    row = {**ROW, "title": 'Get "Lucky"'}
    [facts] = brainz.enrich([row]).facts
    assert facts.fields["mbid"] == "r1"
    assert facts.decision is not None
    assert facts.decision["by"] == "search"
    assert facts.fields["genres"] == ["seen live"]
    search = next(request for request in wire.asked if request.url.path.endswith("/recording"))
    assert search.url.params["query"] == 'recording:"get \\"lucky\\"" AND artist:"daft punk"'
    assert int(search.url.params["limit"]) > 1


def test_untagged_recordings_take_the_genres_of_their_artist(brainz: MusicBrainz, wire: Wire) -> None:
    wire.on(f"{WS}/isrc/USQX91300108", {"recordings": [HIT]})
    wire.on(f"{WS}/recording/r1", {**FULL, "genres": [], "tags": []})
    wire.on(f"{WS}/artist/ar1", {"id": "ar1", "genres": [{"name": "house", "count": 1}]})
    assert brainz.enrich([ROW]).facts[0].fields["genres"] == ["house"]


def test_a_track_without_a_good_match_is_skipped_with_its_score(brainz: MusicBrainz, wire: Wire) -> None:
    wire.on(f"{WS}/recording", {"recordings": [{**HIT, "title": "Something else", "score": "100"}]})
    listing = brainz.enrich([{"id": "t", "title": "Get Lucky", "artist": "Daft Punk"}])
    assert [(skip.name, skip.code) for skip in listing.skipped] == [("t", "no_match")]
    assert "best score 0." in listing.skipped[0].reason


def test_our_own_limit_is_waited_for(brainz: MusicBrainz, wire: Wire, clock: Clock) -> None:
    said = {"error": "Your requests are exceeding the allowable rate limit. Please see the documentation"}
    wire.on(f"{WS}/isrc/USQX91300108", httpx.Response(503, json=said, headers={"x-ratelimit-zone": "ws"}), {"recordings": [HIT]})
    wire.on(f"{WS}/recording/r1", FULL)
    before = clock()
    assert brainz.enrich([ROW]).facts
    assert clock() - before >= 3


def busy() -> httpx.Response:
    said = {"error": "The MusicBrainz web server is currently busy. Please try again later."}
    return httpx.Response(503, json=said, headers={"x-ratelimit-zone": "global", "retry-after": "0"})


def test_a_server_that_is_busy_now_and_then_costs_nothing(brainz: MusicBrainz, wire: Wire) -> None:
    wire.on(f"{WS}/isrc/USQX91300108", busy(), busy(), {"recordings": [HIT]})
    wire.on(f"{WS}/recording/r1", busy(), FULL)
    listing = brainz.enrich([ROW])
    assert (len(listing.facts), listing.stopped) == (1, None)


def test_a_question_that_meets_a_busy_server_comes_again_at_the_end(brainz: MusicBrainz, wire: Wire) -> None:
    wire.on(f"{WS}/isrc/USQX91300108", *[busy()] * 7, {"recordings": [HIT]})
    wire.on(f"{WS}/recording/r1", FULL)
    listing = brainz.enrich([ROW])
    assert (len(listing.facts), listing.stopped, listing.problems) == (1, None, [])


def test_a_server_that_is_always_busy_is_left_alone_for_these_endpoints(brainz: MusicBrainz, wire: Wire, clock: Clock) -> None:
    wire.on(f"{WS}/isrc/USQX91300108", busy())
    rows = [{**ROW, "id": str(number)} for number in range(50)]
    listing = brainz.enrich(rows)
    assert (listing.facts, listing.not_asked + len(listing.skipped)) == ([], 50)
    assert "isrc may not be asked again before" in listing.problems[0]
    assert len(wire.asked) <= 50
    clock.sleep(901)
    wire.on(f"{WS}/isrc/USQX91300108", {"recordings": [HIT]})
    wire.on(f"{WS}/recording/r1", FULL)
    assert len(brainz.enrich(rows).facts) == 50


def test_a_block_of_one_kind_of_question_leaves_the_others(brainz: MusicBrainz, wire: Wire) -> None:
    brainz.api.block("search", 900, "busy")
    wire.on(f"{WS}/isrc/USQX91300108", {"recordings": [HIT]})
    wire.on(f"{WS}/recording/r1", FULL)
    listing = brainz.enrich([{**ROW, "id": "a", "isrc": None}, {**ROW, "id": "b"}])
    assert ([facts.id for facts in listing.facts], listing.not_asked, listing.stopped) == (["b"], 1, None)


def test_a_minute_is_waited_for(brainz: MusicBrainz, wire: Wire, clock: Clock) -> None:
    wire.on(f"{WS}/isrc/USQX91300108", httpx.Response(503, headers={"retry-after": "60"}), {"recordings": [HIT]})
    wire.on(f"{WS}/recording/r1", FULL)
    before = clock()
    assert len(brainz.enrich([ROW]).facts) == 1
    assert clock() - before >= 60


def test_what_it_wants() -> None:
    class Bare(MusicBrainz):
        def __init__(self, force: bool) -> None:
            self._force = force

    done = {**ROW, "mbid": "x", "genres": ["y"]}
    assert Bare(force=False).wants(ROW)
    assert not Bare(force=False).wants(done)
    assert Bare(force=True).wants(done)
    assert not Bare(force=True).wants({"id": "t", "title": "only"})


def test_links_of_other_services_resolve_through_relations(brainz: MusicBrainz, wire: Wire) -> None:
    address = "https://www.deezer.com/track/66609426"
    wire.on(f"{WS}/url", {"relations": [{"recording": {"id": "r1"}}]})
    urls = [{"url": {"resource": "https://tidal.com/1"}}, {"url": {"resource": f"https://open.spotify.com/track/{SPOTIFY_ID}"}}]
    wire.on(f"{WS}/recording/r1", {"id": "r1", "relations": urls})
    assert brainz.resolve(address) == Link("track", SPOTIFY_ID)
    assert wire.asked[0].url.params["resource"] == address
    wire.on(f"{WS}/url", httpx.Response(404))
    with pytest.raises(MissingError):
        brainz.resolve("https://www.deezer.com/track/1")
