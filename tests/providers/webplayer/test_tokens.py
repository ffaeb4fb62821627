from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from recsys.providers.access import Access
from recsys.providers.errors import UnauthorizedError
from recsys.providers.webplayer.tokens import ANY_PAGE, Pages, PlayerAuth
from tests.support.wire import Clock, Wire

TOKEN = "GET open.spotify.com/api/token"


def auth(access: Access) -> PlayerAuth:
    return PlayerAuth(access, Pages(access))


def test_the_token_of_an_embed_page_serves_until_it_ends(open_access: Callable[..., Access], wire: Wire, clock: Clock) -> None:
    session = {"accessToken": "t", "accessTokenExpirationTimestampMs": (clock() + 3600) * 1000}
    state = {"props": {"pageProps": {"state": {"data": {"entity": {"title": "x"}}, "settings": {"session": session}}}}}
    page = f'<script id="__NEXT_DATA__" type="application/json">{json.dumps(state)}</script>'
    wire.on(f"GET open.spotify.com/embed/{ANY_PAGE}", httpx.Response(200, text=page))
    player = auth(open_access())
    assert player.headers()["Authorization"] == player.headers()["Authorization"] == "Bearer t"
    assert len(wire.asked) == 1
    clock.sleep(3600)
    player.headers()
    assert len(wire.asked) == 2


def test_a_secret_that_was_rotated_is_tried_twice_at_most(open_access: Callable[..., Access], wire: Wire) -> None:
    wire.on(TOKEN, httpx.Response(400, json={"totpVerExpired": "error", "error": {"code": 400}}))
    cipher = ',7/*F("rLJ2oxaKL^f+E1xvP@N'
    secrets = json.dumps(dict.fromkeys(("61", "60", "59"), cipher))
    with pytest.raises(UnauthorizedError, match="rotated"):
        auth(open_access(spotify_webplayer_secrets=secrets)).headers()
    assert wire.count(TOKEN) == 2
