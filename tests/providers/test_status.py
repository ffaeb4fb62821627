from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from recsys.providers.access import Access
from recsys.providers.spotify.client import Spotify
from recsys.providers.spotify.links import Link
from recsys.providers.status import ProviderStatus, statuses
from tests.providers.spotify_answers import API, dev, ident
from tests.support.wire import Clock, Wire, error


def status(access: Access, name: str) -> ProviderStatus:
    return next(one for one in statuses(access.settings, access.cache) if one.name == name)


def test_without_any_setting_the_open_ones_are_ready(open_access: Callable[..., Access]) -> None:
    access = open_access()
    result = {one.name: (one.configured, one.mode, one.available) for one in statuses(access.settings, access.cache)}
    assert result == {
        "spotify": (False, "off", False),
        "webplayer": (False, "off", False),
        "lastfm": (False, "off", False),
        "deezer": (True, "open", True),
        "musicbrainz": (False, "off", False),
        "listenbrainz": (True, "open", True),
        "reccobeats": (True, "open", True),
        "songlink": (False, "off", False),
    }
    assert "MUSICBRAINZ_CONTACT" in status(access, "musicbrainz").hint
    assert not access.cache.folder.exists()


def test_blocks_refusals_errors_and_counts(open_access: Callable[..., Access], wire: Wire, clock: Clock) -> None:
    access = open_access(spotify_bearer_token="canary-bearer", spotify_workers=1)
    wire.on(f"GET {API}/tracks", error(403, "Forbidden"))
    wire.on(f"GET {API}/tracks/{ident(1)}", dev(1))
    wire.on(f"GET {API}/tracks/{ident(2)}", error(429, "Too many requests", {"retry-after": "7200"}))
    spotify = Spotify(access)
    spotify.tracks([ident(1), ident(2)])
    provider_status = status(access, "spotify")
    assert (provider_status.mode, provider_status.available, provider_status.fresh, provider_status.stale) == (
        "bearer",
        True,
        1,
        0,
    )
    assert provider_status.blocked == {"tracks": datetime.fromtimestamp(clock() + 7200, UTC)}
    assert "tracks?ids" in provider_status.refused
    assert "canary" not in repr(provider_status)
    clock.sleep(90_000)
    provider_status = status(access, "spotify")
    assert (provider_status.blocked, provider_status.fresh, provider_status.stale) == ({}, 0, 1)
    wire.on(f"GET {API}/tracks/{ident(3)}", error(403, "Active premium subscription required for the owner of the app."))
    spotify.read(Link("track", ident(3)))
    assert not status(access, "spotify").available
