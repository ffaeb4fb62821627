"""Errors as problem documents: what each kind of error says, and what it never says."""

from __future__ import annotations

import logging

import orjson
import pytest
from starlette.exceptions import HTTPException
from starlette.responses import Response

from recsys.errors import LakeError, NotFoundError, ProviderError
from recsys.lookup.problem import MEDIA_TYPE, ProblemError, response_to, wrong


def body(response: Response) -> dict[str, object]:
    assert response.media_type == MEDIA_TYPE
    assert response.headers["cache-control"] == "no-store"
    result = orjson.loads(bytes(response.body))
    assert (result["type"], result["status"]) == ("about:blank", response.status_code)
    return dict(result)


def test_a_wrong_parameter_says_which_and_why() -> None:
    result = body(response_to(wrong("limit", "must be 1 to 100")))
    assert (result["status"], result["title"]) == (422, "Unprocessable Entity") or result["title"] == "Unprocessable Content"
    assert result["detail"] == "limit: must be 1 to 100"
    assert result["errors"] == [{"where": "limit", "detail": "must be 1 to 100"}]


def test_headers_of_an_error_are_kept() -> None:
    response = ProblemError(429, "too many", headers={"retry-after": "7"}).response()
    assert (response.headers["retry-after"], body(response)["detail"]) == ("7", "too many")
    assert "errors" not in body(response)


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (NotFoundError("no list x; there: a, b"), 404, "no list x; there: a, b"),
        (ProviderError("asleep"), 503, "asleep"),
        (HTTPException(404), 404, "there is nothing at this address; see /docs"),
        (HTTPException(405, headers={"allow": "GET"}), 405, "the lookup changes nothing"),
        (HTTPException(418, "short and stout"), 418, "short and stout"),
    ],
)
def test_every_kind_of_error(error: Exception, status: int, words: str) -> None:
    response = response_to(error)
    assert response.status_code == status
    assert words in str(body(response)["detail"])
    if status == 405:
        assert response.headers["allow"] == "GET"


@pytest.mark.parametrize(("error", "status"), [(LakeError("/secret/lake is gone"), 503), (RuntimeError("secret"), 500)])
def test_what_is_the_servers_own_goes_to_the_log_alone(error: Exception, status: int, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "recsys.lookup"):
        response = response_to(error)
    assert response.status_code == status
    assert b"secret" not in bytes(response.body)
    assert "secret" in caplog.text
    assert ("Traceback" in caplog.text or "RuntimeError" in caplog.text) is (status == 500)
    assert response.headers.get("retry-after") == ("5" if status == 503 else None)
