from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from recsys.providers.access import Access
from recsys.providers.errors import BlockedError, UnauthorizedError
from recsys.providers.lastfm import LastFm
from recsys.providers.lenient import Unreadable
from tests.support.wire import Wire

API = "GET ws.audioscrobbler.com/2.0"


def test_what_plays_now_is_no_play_and_an_odd_one_stays(open_access: Callable[..., Access], wire: Wire) -> None:
    tracks = [{"name": "Now", "artist": {"#text": "A"}}, {"name": "Then", "artist": {"#text": "A"}, "date": {"uts": "5"}}, 7]
    wire.on(API, {"recenttracks": {"track": tracks, "@attr": {"totalPages": "1", "total": "1"}}})
    [[play, odd]] = list(LastFm(open_access(lastfm_api_key="k")).recent("ann"))
    assert isinstance(odd, Unreadable)
    assert not isinstance(play, Unreadable)
    assert play.name == "Then"


@pytest.mark.parametrize(("code", "kind"), [(10, UnauthorizedError), (17, UnauthorizedError), (29, BlockedError)])
def test_its_numbered_errors(open_access: Callable[..., Access], wire: Wire, code: int, kind: type[Exception]) -> None:
    wire.on(API, httpx.Response(400, json={"error": code, "message": "m"}))
    with pytest.raises(kind):
        list(LastFm(open_access(lastfm_api_key="k")).loved("ann"))
