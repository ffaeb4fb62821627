from __future__ import annotations

import stat
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from recsys.providers.access import Access
from recsys.providers.errors import NotConfiguredError, UnauthorizedError
from recsys.providers.spotify.auth import Login, SpotifyAuth, _store, _Stored, stored, token_mode
from tests.support.wire import Clock, Wire

TOKEN = "POST accounts.spotify.com/api/token"
APP = {"spotify_client_id": "app", "spotify_client_secret": "canary-secret"}


def granted(token: str, **more: object) -> dict[str, object]:
    return {"access_token": token, "token_type": "Bearer", "expires_in": 3600, **more}


def test_the_app_token_is_fetched_once_and_renewed_before_it_ends(
    open_access: Callable[..., Access], wire: Wire, clock: Clock
) -> None:
    wire.on(TOKEN, granted("one"), granted("two"))
    auth = SpotifyAuth(open_access(**APP))
    assert [auth.headers(), auth.headers()] == [{"Authorization": "Bearer one"}] * 2
    clock.sleep(3550)
    assert auth.headers() == {"Authorization": "Bearer two"}
    assert [request.content for request in wire.asked] == [b"grant_type=client_credentials"] * 2
    assert all(request.headers["authorization"] == "Basic YXBwOmNhbmFyeS1zZWNyZXQ=" for request in wire.asked)


def test_one_renewal_for_all_threads_that_used_the_same_token(open_access: Callable[..., Access], wire: Wire) -> None:
    wire.on(TOKEN, granted("one"), granted("two"), granted("three"))
    auth = SpotifyAuth(open_access(**APP))
    used = auth.headers()
    assert auth.renew(used)
    assert auth.headers() == {"Authorization": "Bearer two"}
    assert auth.renew(used)
    assert auth.headers() == {"Authorization": "Bearer two"}


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ({"error": "invalid_client", "error_description": "Invalid client secret"}, "SPOTIFY_CLIENT_SECRET"),
        ({"error": "invalid_grant", "error_description": "Refresh token revoked"}, "recsys providers login"),
    ],
)
def test_a_refused_token_request_says_what_to_do(
    open_access: Callable[..., Access], wire: Wire, body: dict[str, object], hint: str
) -> None:
    wire.on(TOKEN, httpx.Response(400, json=body))
    with pytest.raises(UnauthorizedError, match=hint) as caught:
        SpotifyAuth(open_access(**APP)).headers()
    assert "canary" not in str(caught.value)


def test_an_external_token_is_used_as_it_is(open_access: Callable[..., Access], wire: Wire) -> None:
    auth = SpotifyAuth(open_access(**APP, spotify_bearer_token="outside"))
    assert auth.headers() == {"Authorization": "Bearer outside"}
    assert not auth.renew(auth.headers())
    assert not wire.asked


def test_nothing_configured_names_the_settings(open_access: Callable[..., Access]) -> None:
    with pytest.raises(NotConfiguredError, match="SPOTIFY_CLIENT_ID"):
        SpotifyAuth(open_access()).headers()


def test_a_login_survives_a_false_invalid_grant_and_keeps_its_old_refresh_token(
    open_access: Callable[..., Access], wire: Wire
) -> None:
    access = open_access()
    path = _store(access.settings, _Stored(client_id="app", refresh_token="first"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token_mode(access.settings) == "user"
    wire.on(TOKEN, httpx.Response(400, json={"error": "invalid_grant"}), granted("a"), granted("b", refresh_token="second"))
    with pytest.raises(UnauthorizedError):
        SpotifyAuth(access).headers()
    assert SpotifyAuth(access).headers() == {"Authorization": "Bearer a"}
    assert stored(access.settings) == _Stored(client_id="app", refresh_token="first")
    assert SpotifyAuth(access).headers() == {"Authorization": "Bearer b"}
    assert stored(access.settings) == _Stored(client_id="app", refresh_token="second")


def test_login_with_pkce(open_access: Callable[..., Access], wire: Wire) -> None:
    access = open_access(spotify_client_id="app")
    login = Login(access)
    query = {name: values[0] for name, values in parse_qs(urlsplit(login.address).query).items()}
    assert query["redirect_uri"] == "http://127.0.0.1:8888/callback"
    assert query["code_challenge_method"] == "S256"
    wire.on(TOKEN, granted("a", refresh_token="mine"))
    with pytest.raises(UnauthorizedError):
        login.finish("code", "another login's state")
    login.finish("code", query["state"])
    sent = parse_qs(wire.asked[0].content.decode())
    assert create_s256_code_challenge(sent["code_verifier"][0]) == query["code_challenge"]
    assert "authorization" not in wire.asked[0].headers
    assert stored(access.settings) == _Stored(client_id="app", refresh_token="mine")
