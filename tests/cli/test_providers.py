"""`recsys import`, `search`, `enrich` and `providers`, against a server on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from recsys import Lake
from recsys.providers.settings import _NAMES
from tests.cli.conftest import Recsys
from tests.providers.spotify_answers import ident
from tests.support.hostile import Hostile

SECRET = "canary-bearer"


@pytest.fixture(scope="module")
def server() -> Iterator[Hostile]:
    with Hostile().running() as running:
        yield running


@pytest.fixture
def spotify(server: Hostile, monkeypatch: pytest.MonkeyPatch) -> Hostile:
    """The server in Spotify's place, with a token."""
    for name in _NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SPOTIFY_API_URL", server.address("well") + "/v1")
    monkeypatch.setenv("SPOTIFY_BEARER_TOKEN", SECRET)
    return server


def test_import_counts_what_came_and_a_rerun_changes_nothing(recsys: Recsys, spotify: Hostile) -> None:
    links = [f"spotify:track:{ident(1)}", f"https://open.spotify.com/intl-de/track/{ident(2)}?si=x"]
    dry = recsys("import", "spotify", *links, "--dry-run")
    assert (dry.code, dry.err) == (0, "")
    assert "2 imported" in dry.out
    assert Lake("data/lake").batches() == []
    answer = recsys("import", "spotify", *links, "--market", "de")
    assert "imported: 2 asked = 2 imported, 0 updated, 0 unchanged, 0 skipped, 0 failed, 0 not asked" in answer.out
    assert "audio features: not available to this Spotify app" in answer.out
    again = json.loads(recsys("import", "spotify", *links, "--format", "json").out)
    assert (again["imported"], again["unchanged"], again["batches"]) == (0, 2, [])
    assert SECRET not in dry.out + answer.out


def test_a_provider_that_ends_the_work_is_exit_7_after_the_account(
    recsys: Recsys, spotify: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPOTIFY_API_URL", spotify.address("quota") + "/v1")
    monkeypatch.setenv("SPOTIFY_WORKERS", "1")
    answer = recsys("import", "spotify", *[ident(number) for number in range(1, 21)])
    assert answer.code == 7
    assert "6 imported" in answer.out
    assert "may not be asked again before" in answer.err
    shown = recsys("providers")
    assert "tracks blocked until" in " ".join(shown.out.split())


def test_what_is_no_source_and_what_is_not_configured(recsys: Recsys, spotify: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    assert recsys("import", "spotify", "hello").code == 2
    assert recsys("import", "spotify", ident(1), "--market", "germany").code == 2
    monkeypatch.delenv("SPOTIFY_BEARER_TOKEN")
    answer = recsys("search", "x")
    assert answer.code == 7
    assert "SPOTIFY_CLIENT_ID" in answer.err
    assert recsys("providers", "login").code == 7


@pytest.mark.slow
def test_enrich_asks_about_played_tracks_unless_told_otherwise(
    recsys: Recsys, spotify: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    recsys("import", "spotify", ident(1))
    assert "--all" in recsys("enrich", "audio").err
    assert recsys("enrich", "audio", "--tracks", "nope").code == 6
    monkeypatch.setenv("RECCOBEATS_URL", spotify.address("html") + "/v1")
    answer = recsys("enrich", "audio", "--all")
    assert (answer.code, "HTML" in answer.err) == (7, True)
    assert "MUSICBRAINZ_CONTACT" in recsys("enrich", "musicbrainz", "--all").err
    assert "0 updated" in recsys("enrich", "popularity", "--all").out


def test_providers_as_json(recsys: Recsys, spotify: Hostile) -> None:
    recsys("import", "spotify", ident(1))
    result = {one["name"]: one for one in json.loads(recsys("providers", "--format", "json").out)}
    assert (result["spotify"]["mode"], result["spotify"]["fresh"]) == ("bearer", 1)
    assert "SPOTIFY_WEBPLAYER=1" in result["webplayer"]["hint"]
