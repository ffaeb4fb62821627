"""Against a real server on this machine that misbehaves in every way a provider has been seen to."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from recsys.lake import Lake
from recsys.providers import imports, paging
from recsys.providers.access import Access
from recsys.providers.errors import MalformedError, UnavailableError
from recsys.providers.http import _ATTEMPTS
from recsys.providers.musicbrainz.client import MusicBrainz
from recsys.providers.spotify.client import Spotify
from recsys.providers.spotify.links import Link
from tests.providers.spotify_answers import ident
from tests.support.hostile import Hostile, settings, tracks
from tests.support.wire import Clock

pytestmark = pytest.mark.slow

Open = Callable[..., Access]


@pytest.fixture(scope="module")
def hostile() -> Iterator[Hostile]:
    with Hostile().running() as server:
        yield server


@pytest.fixture
def door(hostile: Hostile, open_access: Open) -> Iterator[Open]:
    """A function from a scenario to a door that leads to it over the network; all doors are closed in the end."""
    with ExitStack() as doors:

        def enter(scenario: str, timeout: float = 5.0, **more: object) -> Access:
            access = open_access(**settings(hostile.address(scenario), **more))
            return doors.enter_context(replace(access, transport=None, timeout=timeout))

        yield enter


@pytest.mark.parametrize("scenario", ["well", "short", "bare"])
def test_what_passes_is_waited_for_and_nothing_is_lost(door: Open, hostile: Hostile, clock: Clock, scenario: str) -> None:
    before = clock()
    listing = Spotify(door(scenario)).tracks(tracks(20))
    assert [facts.id for facts in listing.facts] == tracks(20)
    assert listing.stopped is None
    assert hostile.asked[scenario] <= 2 * 20 + 2
    assert clock() - before >= (2 if scenario == "short" else 0)


@pytest.mark.parametrize("scenario", ["long", "quota"])
def test_a_block_ends_the_import_and_a_rerun_continues(
    door: Open, hostile: Hostile, clock: Clock, tmp_path: Path, scenario: str
) -> None:
    lake, access = Lake(tmp_path / "lake"), door(scenario, spotify_workers=2)
    links = [Link("track", name) for name in tracks(20)]
    first = imports.import_tracks(lake, Spotify(access), links)
    assert "not be asked again before" in str(first.stopped)
    assert 6 <= first.imported <= 7
    asked = hostile.asked[scenario]
    assert asked <= 12
    assert imports.import_tracks(lake, Spotify(access), links).imported == 0
    assert hostile.asked[scenario] == asked
    clock.sleep(50_000)
    hostile.calm(scenario)
    second = imports.import_tracks(lake, Spotify(access), links)
    assert (first.imported + second.imported, second.stopped) == (20, None)
    assert hostile.asked[scenario] <= asked + 20 - first.imported + 2


@pytest.mark.parametrize(
    ("scenario", "kind", "calls"),
    [
        ("down", UnavailableError, _ATTEMPTS),
        ("cut", UnavailableError, _ATTEMPTS),
        ("slow", UnavailableError, _ATTEMPTS),
        ("html", MalformedError, 1),
        ("drift", MalformedError, 1),
        ("redirect", MalformedError, 1),
    ],
)
def test_calls_are_bounded_when_nothing_good_comes(
    door: Open, hostile: Hostile, scenario: str, kind: type[Exception], calls: int
) -> None:
    access = door(scenario, timeout=0.05 if scenario == "slow" else 5.0, spotify_workers=1)
    listing = Spotify(access).tracks(tracks(100))
    assert listing.facts == []
    assert type(listing.stopped) is kind
    assert hostile.asked[scenario] <= 3 * calls


@pytest.mark.parametrize(("scenario", "kept", "calls"), [("endless", 500, 10), ("foreign", 50, 1)])
def test_lists_that_lead_nowhere_or_elsewhere_end(
    door: Open, hostile: Hostile, monkeypatch: pytest.MonkeyPatch, scenario: str, kept: int, calls: int
) -> None:
    monkeypatch.setattr(paging, "ENDLESS", 500)
    listing = Spotify(door(scenario)).read(Link("playlist", ident(9)))
    assert len(listing.facts) == kept
    assert isinstance(listing.stopped, MalformedError)
    assert hostile.asked[scenario] == calls + 2  # and one question for audio features, one for the list's version


def test_a_token_that_ends_in_the_middle_is_renewed_once_for_all_threads(door: Open, hostile: Hostile) -> None:
    access = door("expired", spotify_bearer_token=None, spotify_client_id="a", spotify_client_secret="canary-secret")
    listing = Spotify(access).tracks(tracks(30))
    assert [facts.id for facts in listing.facts] == tracks(30)
    assert hostile.asked["expired"] <= 30 + 2 + 2 + 8


def test_the_two_kinds_of_503(door: Open, hostile: Hostile, clock: Clock) -> None:
    named = {"musicbrainz_app_name": "x", "musicbrainz_contact": "y"}
    rows = [{"id": str(number), "isrc": f"USQX9{number:07d}"} for number in range(20)]
    busy = MusicBrainz(door("busy", musicbrainz_url=hostile.address("busy"), **named))
    listing = busy.enrich(rows)
    assert ("isrc may not be asked" in str(listing.problems), listing.facts) == (True, [])
    assert hostile.asked["busy"] <= (busy.api.busy_calls + 4) * busy.api.attempts


def test_no_secret_is_written_anywhere(door: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = {"spotify_client_secret": "canary-secret", "listenbrainz_token": "canary-lb", "songlink_api_key": "canary-sl"}
    told = []
    for scenario in ("well", "expired", "html", "redirect", "quota"):
        access = door(scenario, **secrets, spotify_client_id="id")
        summary = imports.import_tracks(Lake(tmp_path / "lake"), Spotify(access), [Link("track", name) for name in tracks(9)])
        told.append(repr(summary) + repr(access) + str(access.settings))
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != "login.json"]
    assert len(files) > 5
    assert not [text for text in told if "canary" in text]
    assert not [content for content in files if b"canary" in content]
    assert "canary" not in caplog.text
