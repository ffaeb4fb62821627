from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from recsys.providers.access import Access
from recsys.providers.errors import MissingError, NotConfiguredError
from recsys.providers.songlink import SongLink
from recsys.providers.spotify.links import Link
from tests.providers.spotify_answers import ident
from tests.support.wire import Wire, sample

LINKS = "GET api.song.link/v1-alpha.1/links"
ADDRESS = "https://www.deezer.com/track/1"
KEY = {"songlink_api_key": "canary-key"}


def test_without_a_key_nothing_is_asked(open_access: Callable[..., Access], wire: Wire) -> None:
    with pytest.raises(NotConfiguredError, match="SONGLINK_API_KEY"):
        SongLink(open_access()).resolve(ADDRESS)
    assert not wire.asked


def test_the_spotify_track_is_the_one_of_its_platform(open_access: Callable[..., Access], wire: Wire) -> None:
    platforms = {"deezer": {"entityUniqueId": "DEEZER_SONG::1"}, "spotify": {"entityUniqueId": f"SPOTIFY_SONG::{ident(1)}"}}
    wire.on(LINKS, {"linksByPlatform": platforms, "entitiesByUniqueId": {f"SPOTIFY_ALBUM::{ident(2)}": {}}})
    access = open_access(**KEY)
    assert SongLink(access).resolve(ADDRESS) == Link("track", ident(1))
    assert not [path for path in access.cache.folder.rglob("*.json") if "canary" in path.read_text()]


@pytest.mark.parametrize("platforms", [{}, {"spotify": {"entityUniqueId": f"SPOTIFY_ALBUM::{ident(2)}"}}])
def test_no_spotify_track_is_missing(open_access: Callable[..., Access], wire: Wire, platforms: dict[str, object]) -> None:
    wire.on(LINKS, {"linksByPlatform": platforms})
    with pytest.raises(MissingError):
        SongLink(open_access(**KEY)).resolve(ADDRESS)


@pytest.mark.parametrize(
    "answer", [httpx.Response(401, json={"statusCode": 401, "code": "PUBLIC_API_ACCESS_DEPRECATED"}), httpx.Response(410)]
)
def test_the_end_of_the_service_is_final(open_access: Callable[..., Access], wire: Wire, answer: httpx.Response) -> None:
    wire.on(LINKS, answer)
    for _ in range(3):
        with pytest.raises(NotConfiguredError, match="MusicBrainz"):
            SongLink(open_access(**KEY)).resolve(ADDRESS)
    assert len(wire.asked) == 1


def test_recorded_answers(open_access: Callable[..., Access], wire: Wire, shared: Path) -> None:
    wire.on(LINKS, sample(shared, "songlink/links_docs_example.json"))  # type: ignore[arg-type]
    assert SongLink(open_access(**KEY)).resolve(ADDRESS) == Link("track", "0Jcij1eWd5bDMU5iPbxe2i")
