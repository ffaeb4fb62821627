from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from recsys.errors import ProviderError
from recsys.providers.errors import UnauthorizedError
from recsys.providers.spotify.callback import Callback


def visit(callback: Callback, *paths: str) -> list[int]:
    return [httpx.get(f"http://127.0.0.1:{callback.port}{path}").status_code for path in paths]


def test_only_the_expected_answer_counts() -> None:
    callback = Callback(0, "s")
    with ThreadPoolExecutor(1) as pool:
        visited = pool.submit(visit, callback, "/favicon.ico", "/callback", "/callback?code=c", "/callback?code=c&state=s")
        assert callback.wait(20) == "c"
        assert visited.result() == [404, 404, 404, 200]


def test_a_refusal_and_a_used_port() -> None:
    callback = Callback(0, "s")
    with pytest.raises(ProviderError, match="SPOTIFY_REDIRECT_PORT"):
        Callback(callback.port, "s")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(visit, callback, "/callback?error=access_denied&state=s")
        with pytest.raises(UnauthorizedError, match="refused"):
            callback.wait(20)


def test_nobody_comes() -> None:
    with pytest.raises(UnauthorizedError, match="nobody"):
        Callback(0, "s").wait(0)


def test_a_connection_on_which_nothing_comes_holds_nobody_up() -> None:
    callback = Callback(0, "s")
    with socket.create_connection(("127.0.0.1", callback.port)), ThreadPoolExecutor(1) as pool:
        pool.submit(visit, callback, "/callback?code=c&state=s")
        assert callback.wait(20) == "c"


@pytest.mark.slow
@pytest.mark.parametrize("state", ["other", "%C3%A4", "%FF"])
def test_an_answer_to_another_login_is_ignored(state: str) -> None:
    callback = Callback(0, "s")
    with ThreadPoolExecutor(1) as pool:
        visited = pool.submit(visit, callback, f"/callback?code=x&state={state}", "/callback?code=c&state=s")
        assert callback.wait(20) == "c"
        assert visited.result() == [404, 200]
    callback = Callback(0, "s")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(visit, callback, f"/callback?code=x&state={state}")
        with pytest.raises(UnauthorizedError, match="another login"):
            callback.wait(20, grace=0)
