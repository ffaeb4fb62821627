from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from recsys.errors import NotFoundError
from recsys.providers.access import Access
from recsys.providers.errors import BlockedError, UnauthorizedError, UnavailableError
from recsys.providers.lastfm import LastFm, Play
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


def test_one_play_alone_is_no_list_there(open_access: Callable[..., Access], wire: Wire) -> None:
    track = {"name": "Then", "artist": {"#text": "A"}, "date": {"uts": "5"}}
    wire.on(API, {"recenttracks": {"track": track, "@attr": {"totalPages": "1", "total": "1"}}})
    [[play]] = list(LastFm(open_access(lastfm_api_key="k")).recent("ann"))
    assert isinstance(play, Play)


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize(
    ("code", "kind"),
    [(6, NotFoundError), (8, UnavailableError), (10, UnauthorizedError), (17, UnauthorizedError), (29, BlockedError)],
)
def test_its_numbered_errors(
    open_access: Callable[..., Access], wire: Wire, code: int, kind: type[Exception], status: int
) -> None:
    wire.on(API, httpx.Response(status, json={"error": code, "message": "m y words"}))
    with pytest.raises(kind, match="too many requests" if code == 29 else "m y words"):
        list(LastFm(open_access(lastfm_api_key="k")).loved("ann"))
