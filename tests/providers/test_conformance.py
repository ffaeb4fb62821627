"""What holds for everything that supplies facts: four catalogues' ways of reading, seven enrichers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from recsys.lake import Lake
from recsys.providers import imports
from recsys.providers.access import Access
from recsys.providers.acousticbrainz import AcousticBrainz
from recsys.providers.deezer import Deezer
from recsys.providers.facts import Catalogue, Enricher, Facts, Listing
from recsys.providers.fallback import WithFallback
from recsys.providers.listenbrainz import ListenBrainz
from recsys.providers.merge import ORDER
from recsys.providers.musicbrainz.canonical import CanonicalDump
from recsys.providers.musicbrainz.client import MusicBrainz
from recsys.providers.musicbrainz.dump import DatabaseDump
from recsys.providers.reccobeats import ReccoBeats
from recsys.providers.spotify.client import Spotify
from recsys.providers.spotify.links import Link
from recsys.providers.webplayer.client import WebPlayer
from recsys.tables import TRACKS
from tests.providers.musicbrainz.test_dump import FILES
from tests.providers.spotify_answers import ident
from tests.support.wire import Clock, Wire

Open = Callable[..., Access]
NAMED = {"musicbrainz_app_name": "x", "musicbrainz_contact": "y", "spotify_bearer_token": "canary", "spotify_webplayer": True}
ROWS: list[dict[str, Any]] = [
    {
        **dict.fromkeys(TRACKS.names), "id": f"t{number}", "title": f"Song {number}", "artist": "A", "mbid": f"m-{number}",
        "isrc": f"GBAYE060147{number}", "spotify_id": ident(number),
    }
    for number in range(8)
]  # fmt: skip
ONLINE: dict[str, Callable[[Access], Enricher]] = {
    "musicbrainz": MusicBrainz,
    "reccobeats": ReccoBeats,
    "listenbrainz": ListenBrainz,
    "deezer": Deezer,
}
CATALOGUES: dict[str, Callable[[Access], Catalogue]] = {
    "spotify": Spotify,
    "webplayer": WebPlayer,
    "both": lambda access: WithFallback(Spotify(access), WebPlayer(access)),
}


def offline(folder: Path) -> list[Enricher]:
    """The enrichers over files, each with files of its own."""
    (folder / "mbdump").mkdir()
    for name, lines in FILES.items():
        (folder / "mbdump" / name).write_text("\n".join(lines) + "\n")
    (folder / "dump.csv").write_text(
        "id,artist_credit_id,artist_mbids,artist_credit_name,release_mbid,release_name,recording_mbid,recording_name,"
        "combined_lookup,score\n1,1,{a},A,r,R,m-1,Song 1,x,1\n"
    )
    (folder / "rhythm.csv").write_text("mbid,submission_offset,bpm\nm-1,0,120\n")
    (folder / "tonal.csv").write_text("mbid,submission_offset,key_key,key_scale\nm-1,0,C,major\n")
    return [DatabaseDump(folder), CanonicalDump(folder / "dump.csv"), AcousticBrainz(folder)]


def accounted(listing: Listing, rows: Sequence[dict[str, Any]]) -> int:
    return len(listing.facts) + len(listing.skipped) + listing.not_asked


def good(facts: Sequence[Facts]) -> bool:
    """Facts of rows that were asked about, in columns, of a source that has a rank."""
    names, sources = {row["id"] for row in ROWS}, {source for order in ORDER.values() for source in order}
    return all(one.id in names and set(one.fields) <= set(TRACKS.names) and one.source in sources for one in facts)


@pytest.mark.parametrize("name", ONLINE)
class TestEnricherOnTheNetwork:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        "answer",
        [
            httpx.Response(404, json={"error": "Not Found"}),
            httpx.Response(500),
            httpx.Response(200, text="<html>"),
            httpx.Response(200, json={"odd": [1, None]}),
            httpx.Response(429, headers={"retry-after": "86400"}),
            httpx.Response(401, json={"error": "no"}),
            httpx.ConnectError("down"),
        ],
    )
    def test_every_row_is_accounted_for_whatever_comes(
        self, open_access: Open, wire: Wire, name: str, answer: httpx.Response | Exception
    ) -> None:
        wire.default = answer
        listing = ONLINE[name](open_access(**NAMED)).enrich(ROWS)
        assert accounted(listing, ROWS) == len(ROWS)
        assert listing.facts == []
        assert "canary" not in repr(listing)

    def test_calls_are_few_when_the_source_is_down(self, open_access: Open, wire: Wire, name: str) -> None:
        wire.default = httpx.ConnectError("down")
        enricher = ONLINE[name](open_access(**NAMED))
        enricher.enrich(ROWS * 100)
        assert len(wire.asked) <= 60

    def test_a_block_is_kept_and_nothing_is_asked_until_it_ends(
        self, open_access: Open, wire: Wire, clock: Clock, name: str
    ) -> None:
        access = open_access(**NAMED)

        with access.cache.changing(name) as state:
            state.blocked["*"] = clock() + 100
        listing = ONLINE[name](access).enrich(ROWS)
        assert (wire.asked, listing.not_asked) == ([], len(ROWS))

    def test_it_says_who_it_is_and_no_row_is_no_question(self, open_access: Open, wire: Wire, name: str) -> None:
        enricher = ONLINE[name](open_access(**NAMED))
        assert enricher.access
        assert enricher.name in imports.ENRICHERS
        assert enricher.enrich([]).facts == []
        assert wire.asked == []


class TestEnricherOverFiles:
    def test_every_row_is_accounted_for(self, tmp_path: Path) -> None:
        for enricher in offline(tmp_path):
            listing = enricher.enrich(ROWS)
            assert accounted(listing, ROWS) == len(ROWS)
            assert listing.facts
            assert good(listing.facts)
            assert enricher.access
            assert enricher.chunk > len(ROWS)
            assert enricher.enrich([]).facts == []


@pytest.mark.parametrize("name", CATALOGUES)
class TestCatalogue:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        "answer",
        [
            httpx.Response(404, json={"error": {"status": 404, "message": "unknown"}}),
            httpx.Response(500),
            httpx.Response(200, text="<html>"),
            httpx.Response(401, json={"error": {"status": 401, "message": "no"}}),
            httpx.ConnectError("down"),
        ],
    )
    def test_a_failure_ends_the_listing_and_every_item_is_accounted_for(
        self, open_access: Open, wire: Wire, name: str, answer: httpx.Response | Exception, tmp_path: Path
    ) -> None:
        wire.default = answer
        source = CATALOGUES[name](open_access(**NAMED))
        ids = [ident(number) for number in range(1, 6)]
        assert accounted(source.tracks(ids), []) == 5
        links = [Link("track", one) for one in ids] + [Link("playlist", ident(90)), Link("album", ident(80))]
        summary = imports.import_tracks(Lake(tmp_path / "lake"), source, links)
        assert (summary.account["asked"], summary.imported, bool(summary.shortfall)) == (7, 0, True)

    def test_it_says_which_access_it_uses(self, open_access: Open, name: str) -> None:
        assert CATALOGUES[name](open_access(**NAMED)).access
