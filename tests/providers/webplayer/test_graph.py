from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from recsys.providers.access import Access
from recsys.providers.errors import MalformedError
from recsys.providers.webplayer.graph import HASHES, GraphService
from tests.support.wire import Wire

ADDRESS = "api-partner.spotify.com/pathfinder"


def service(access: Access) -> GraphService:
    return GraphService(access, "webplayer", access.settings.spotify_pathfinder_url)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(412, json={"errors": [{"message": "Invalid query hash"}]}),
        httpx.Response(412, text="nothing readable"),
        httpx.Response(400, json={"errors": [{"extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}]}),
        httpx.Response(200, json={"errors": [{"message": "PersistedQueryNotFound"}]}),
    ],
)
def test_an_outdated_query_names_its_setting(open_access: Callable[..., Access], wire: Wire, answer: httpx.Response) -> None:
    wire.on(f"GET {ADDRESS}/v1/query", answer)
    with pytest.raises(MalformedError, match=r"getTrack has changed.*SPOTIFY_WEBPLAYER_HASHES"):
        service(open_access()).ask("getTrack", {}, HASHES["getTrack"])


@pytest.mark.parametrize(
    ("version", "method", "expected"), [("v1", None, "GET"), ("v2", None, "POST"), ("v1", "POST", "POST"), ("v2", "GET", "GET")]
)
def test_how_it_is_asked(open_access: Callable[..., Access], wire: Wire, version: str, method: str | None, expected: str) -> None:
    wire.on(f"{expected} {ADDRESS}/{version}/query", {"data": {}})
    address = f"https://{ADDRESS}/{version}/query"
    service(open_access(spotify_pathfinder_url=address, spotify_pathfinder_method=method)).ask("getTrack", {"uri": "x"}, "h")
    assert wire.asked[0].method == expected


def test_every_hash_is_one() -> None:
    assert all(len(sha) == 64 and int(sha, 16) for sha in HASHES.values())
