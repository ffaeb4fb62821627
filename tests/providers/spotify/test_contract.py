"""Every request the client can send is one that the published description of Spotify's Web API allows.

The description is mocked by Prism, which answers 422 to a request that does not fit and 404 to a path it does not know.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from recsys.providers.access import Access
from recsys.providers.facts import Listing
from recsys.providers.spotify.client import Spotify
from recsys.providers.spotify.links import Link
from tests.providers.spotify_answers import ident

PRISM = "@stoplight/prism-cli@5.14.2"
NPX = shutil.which("npx")

pytestmark = pytest.mark.slow


class Recorder(httpx.BaseTransport):
    """Passes requests on and keeps what they were answered."""

    def __init__(self) -> None:
        self._inner = httpx.HTTPTransport()
        self.seen: list[tuple[str, int]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        self.seen.append((request.url.raw_path.decode(), response.status_code))
        return response

    def close(self) -> None:
        self._inner.close()


@pytest.fixture(scope="module")
def prism(shared: Path) -> Iterator[str]:
    """Address of a running mock of the description."""
    if NPX is None:
        pytest.skip("needs node and npx, to run the mock server @stoplight/prism-cli")
    if subprocess.run([NPX, "--yes", PRISM, "--version"], capture_output=True, timeout=900, check=False).returncode:
        pytest.skip(f"needs the npm registry once: npx could not fetch {PRISM}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    description = shared / "providers" / "spotify-openapi.yml"
    command = [NPX, "--yes", PRISM, "mock", "-h", "127.0.0.1", "-p", str(port), str(description)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as mock:
        try:
            yield _ready(f"http://127.0.0.1:{port}")
        finally:
            subprocess.run(["kill", "--", f"-{mock.pid}"], check=False)


def _ready(address: str) -> str:
    for _ in range(300):
        try:
            httpx.get(f"{address}/tracks/x")
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return address
    pytest.fail("the mock server did not start within 30 s")


@pytest.mark.parametrize("market", [None, "DE"])
def test_every_request_is_in_the_published_description(
    prism: str, open_access: Callable[..., Access], market: str | None
) -> None:
    recorder = Recorder()
    access = open_access(spotify_api_url=prism, spotify_bearer_token="x", spotify_market=market, spotify_workers=1)
    with replace(access, transport=recorder, timeout=20.0) as door:
        spotify = Spotify(door)
        listings: list[Listing] = [
            spotify.tracks([ident(1)]),
            spotify.tracks([ident(2), ident(3)]),
            *(spotify.read(Link(kind, ident(4))) for kind in ("album", "playlist", "artist")),  # type: ignore[arg-type]
            *(spotify.read(Link("me", part)) for part in ("liked", "top", "recent")),
        ]
        with spotify._cache.changing("spotify") as state:
            state.refused[f"{spotify.auth.identity}:artists/top-tracks"] = spotify._cache.clock()
        listings.append(spotify.read(Link("artist", ident(5))))
        spotify.search("love", ["track", "album", "artist", "playlist"], 25)
    paths = {path.partition("?")[0] for path, _ in recorder.seen}
    assert [seen for seen in recorder.seen if seen[1] != 200] == []
    assert paths >= {"/tracks", f"/tracks/{ident(1)}", f"/albums/{ident(4)}", f"/albums/{ident(4)}/tracks", "/audio-features"}
    assert paths >= {f"/playlists/{ident(4)}/items", f"/artists/{ident(4)}/top-tracks", f"/artists/{ident(5)}", "/search"}
    assert paths >= {"/me/tracks", "/me/top/tracks", "/me/player/recently-played"}
    assert len(recorder.seen) < 60
