"""Errors of the lookup as RFC 9457 problem documents: what is wrong, what is allowed, what to do."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import Response

from recsys.errors import LakeError, NotFoundError, RecsysError

MEDIA_TYPE = "application/problem+json"

_log = logging.getLogger("recsys.lookup")


class ProblemError(Exception):
    """An answer that is an error. ``errors``: one entry (``where``, ``detail``) per wrong parameter or field."""

    def __init__(
        self, status: int, detail: str, *, errors: list[dict[str, str]] | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers = status, detail, errors, headers

    def response(self) -> Response:
        """The problem document."""
        body: dict[str, object] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = self.errors
        headers = {"cache-control": "no-store", **(self.headers or {})}
        return Response(orjson.dumps(body), self.status, headers, MEDIA_TYPE)


def wrong(where: str, detail: str) -> ProblemError:
    """A parameter or a field that is not allowed."""
    return ProblemError(422, f"{where}: {detail}", errors=[{"where": where, "detail": detail}])


def response_to(error: Exception) -> Response:
    """The answer for an error; one that was not raised on purpose goes to the log whole."""
    if isinstance(error, ProblemError):
        return error.response()
    if isinstance(error, NotFoundError):
        return ProblemError(404, str(error)).response()
    if isinstance(error, LakeError):
        _log.error("%s", error)
        detail = "no published run can be read now; try again later. The server's log says what is wrong."
        return ProblemError(503, detail, headers={"retry-after": "5"}).response()
    if isinstance(error, RecsysError):
        return ProblemError(503, str(error)).response()
    if isinstance(error, HTTPException):
        words = _WORDS.get(error.status_code, error.detail)
        return ProblemError(error.status_code, words, headers=error.headers).response()
    _log.error("a bug in the lookup", exc_info=error)
    return ProblemError(500, "the server failed on this request; its log says how").response()


_WORDS = {
    404: "there is nothing at this address; see /docs",
    405: "this address answers other methods; the lookup changes nothing. See /docs",
}
