from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from recsys.errors import ProviderError
from recsys.providers.errors import UnauthorizedError
from recsys.providers.spotify.callback import Callback


def visit(callback: Callback, *paths: str) -> list[int]:
    return [httpx.get(f"http://127.0.0.1:{callback.port}{path}").status_code for path in paths]


def test_only_the_expected_answer_counts() -> None:
    callback = Callback(0)
    with ThreadPoolExecutor(1) as pool:
        visited = pool.submit(visit, callback, "/favicon.ico", "/callback", "/callback?code=c", "/callback?code=c&state=s")
        assert callback.wait(20) == ("c", "s")
        assert visited.result() == [404, 404, 404, 200]


def test_a_refusal_and_a_used_port() -> None:
    callback = Callback(0)
    with pytest.raises(ProviderError, match="SPOTIFY_REDIRECT_PORT"):
        Callback(callback.port)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(visit, callback, "/callback?error=access_denied&state=s")
        with pytest.raises(UnauthorizedError, match="refused"):
            callback.wait(20)


def test_nobody_comes() -> None:
    with pytest.raises(UnauthorizedError, match="nobody"):
        Callback(0).wait(0)
