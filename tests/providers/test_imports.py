from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import polars as pl
import pytest

from recsys.errors import NotFoundError
from recsys.lake import Lake
from recsys.providers import imports
from recsys.providers.access import Access
from recsys.providers.batches import StoredTracks
from recsys.providers.errors import NotConfiguredError
from recsys.providers.reccobeats import ReccoBeats
from recsys.providers.spotify.client import Spotify
from recsys.providers.spotify.links import Link
from recsys.providers.webplayer.client import WebPlayer
from recsys.tables import EVENTS, REJECTS
from tests.providers.spotify_answers import API, dev, ident, page
from tests.support.wire import Clock, Wire, error

APP = {"spotify_bearer_token": "canary-bearer", "spotify_workers": 1}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def spotify(open_access: Callable[..., Access], wire: Wire) -> Spotify:
    wire.on(f"GET {API}/tracks", error(403, "Forbidden"))
    wire.on(f"GET {API}/audio-features", error(403))
    for number in range(1, 30):
        wire.on(f"GET {API}/tracks/{ident(number)}", dev(number))
    return Spotify(open_access(**APP))


def test_tracks_and_lists_each_track_once(lake: Lake, spotify: Spotify, wire: Wire) -> None:
    wire.on(f"GET {API}/playlists/{ident(90)}/items", page([{"item": dev(2)}, {"item": dev(3)}]))
    wire.on(f"GET {API}/playlists/{ident(91)}/items", error(403, "Forbidden"))
    links = [Link("track", ident(1)), Link("playlist", ident(91)), Link("track", ident(2)), Link("playlist", ident(90))]
    summary = imports.import_tracks(lake, spotify, links)
    assert (summary.imported, summary.stopped, summary.causes) == (3, None, {"duplicate": 1, "failed": 1})
    assert sorted(StoredTracks.of(lake).ids) == [ident(1), ident(2), ident(3)]
    rows = StoredTracks.of(lake).rows()
    assert rows[0]["energy"] is None
    assert '"title": "spotify"' in str(rows[0]["provenance"])


def test_what_has_no_title_any_more_joins_no_catalogue(lake: Lake, spotify: Spotify, wire: Wire) -> None:
    wire.on(f"GET {API}/tracks/{ident(2)}", dev(2, name="", artists=[{"name": ""}]))
    wire.on(f"GET {API}/tracks/{ident(3)}", {})
    summary = imports.import_tracks(lake, spotify, [Link("track", ident(number)) for number in (1, 2, 3)])
    assert (summary.imported, summary.causes) == (1, {"unavailable": 1, "failed": 1})
    assert "taken down" in summary.skipped[0].reason
    assert "no track" in summary.failed[0].reason
    assert StoredTracks.of(lake).ids == {ident(1)}


def test_an_import_that_stops_keeps_what_it_has_and_continues_later(
    lake: Lake, spotify: Spotify, wire: Wire, clock: Clock
) -> None:
    links = [Link("track", ident(number)) for number in range(1, 21)]
    wire.on(f"GET {API}/tracks/{ident(8)}", error(429, "Too many requests", {"retry-after": "48925"}, reason="QUOTA_EXCEEDED"))
    summary = imports.import_tracks(lake, spotify, links)
    assert summary.imported == 7
    assert "quota" in str(summary.stopped)
    asked = wire.count(f"GET {API}/tracks/")
    clock.sleep(48_926)
    wire.on(f"GET {API}/tracks/{ident(8)}", dev(8))
    summary = imports.import_tracks(lake, spotify, links)
    assert (summary.imported, summary.unchanged, summary.stopped) == (13, 7, None)
    assert wire.count(f"GET {API}/tracks/") == asked + 13


def test_enrichers_fill_what_the_import_lacks(
    lake: Lake, spotify: Spotify, wire: Wire, open_access: Callable[..., Access]
) -> None:
    href = f"https://open.spotify.com/track/{ident(1)}"
    wire.on("GET api.reccobeats.com/v1/audio-features", {"content": [{"id": "u", "href": href, "energy": 0.4}]})
    summary = imports.import_tracks(lake, spotify, [Link("track", ident(1))], enrichers=[ReccoBeats(open_access())])
    [row] = StoredTracks.of(lake).rows()
    assert (row["energy"], row["title"], summary.imported) == (0.4, "Song 1", 1)
    assert '"energy": "reccobeats"' in str(row["provenance"])


def test_a_dry_run_asks_no_enricher_and_writes_nothing(lake: Lake, spotify: Spotify, open_access: Callable[..., Access]) -> None:
    enrichers = [ReccoBeats(open_access())]
    summary = imports.import_tracks(lake, spotify, [Link("track", ident(1))], enrichers=enrichers, dry_run=True)
    assert summary.imported == 1
    assert not lake.root.exists()


def test_links_of_other_services(lake: Lake, spotify: Spotify) -> None:
    deezer = Link("foreign", "https://www.deezer.com/track/1")
    summary = imports.import_tracks(lake, spotify, [deezer], resolve=lambda _: Link("track", ident(5)))
    assert summary.imported == 1

    def missing(_: str) -> Link:
        raise NotConfiguredError("musicbrainz: set MUSICBRAINZ_APP_NAME")

    summary = imports.import_tracks(lake, spotify, [deezer], resolve=missing)
    assert (summary.imported, summary.failed[0].reason) == (0, "musicbrainz: set MUSICBRAINZ_APP_NAME")


def test_enriching_the_catalogue(lake: Lake, spotify: Spotify, wire: Wire, open_access: Callable[..., Access]) -> None:
    imports.import_tracks(lake, spotify, [Link("track", ident(number)) for number in range(1, 6)])

    def features(request: httpx.Request) -> httpx.Response:
        ids = request.url.params["ids"].split(",")
        return httpx.Response(200, json={"content": [{"id": one, "href": f"x/{one}", "energy": 0.4} for one in ids]})

    wire.on("GET api.reccobeats.com/v1/audio-features", features)
    beats = ReccoBeats(open_access())
    assert imports.enrich(lake, beats, ids=[ident(1)]).updated == 1
    assert imports.enrich(lake, beats).updated == 4
    with pytest.raises(NotFoundError, match="nope"):
        imports.enrich(lake, beats, ids=["nope"])


def test_what_events_name_and_the_catalogue_lacks(lake: Lake, spotify: Spotify) -> None:
    imports.import_tracks(lake, spotify, [Link("track", ident(1))])
    rows = [
        {"user_id": "u", "track_id": name, "type": "play"} for name in (ident(1), ident(2), "own-id", f"spotify:track:{ident(3)}")
    ]
    frame = EVENTS.conform(pl.DataFrame(rows))
    lake.add_batch("events", frame, rejects=REJECTS.empty(), source="e", digest="e" * 64, rows_read=4)
    assert imports.lacking(lake) == [Link("track", ident(2)), Link("track", ident(3))]


def test_which_catalogue_the_settings_give(open_access: Callable[..., Access]) -> None:
    assert isinstance(imports.catalogue(open_access(**APP)), Spotify)
    assert isinstance(imports.catalogue(open_access(spotify_webplayer=True)), WebPlayer)
    assert "where that is refused" in imports.catalogue(open_access(spotify_webplayer=True, **APP)).access
    with pytest.raises(NotConfiguredError, match="SPOTIFY_WEBPLAYER=1"):
        imports.catalogue(open_access())
