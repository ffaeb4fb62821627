"""The OpenAPI document of the lookup, derived from the data contract and the query's parameters; ``make readme`` writes it."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any, NamedTuple

from recsys.lookup.app import PAGE
from recsys.lookup.overview import PLAYLIST_FILES
from recsys.lookup.query import _MOST_LIMIT, LIMIT, MOST_OFFSET, NEEDS_A_RUN, PARAMETERS, PLAIN
from recsys.stages.rankings.texts import TEXTS
from tests.schemas import FLAG, TEXT, Schema, listed, nullable, record, ref, schemas

DOCUMENT = PAGE / "openapi.json"

PROBLEM = {
    400: "not text in UTF-8, or not JSON",
    401: "no valid key",
    404: "no such listener, list or track",
    408: "the body did not arrive in time",
    413: "the body is too long",
    414: "the address is too long",
    421: "another host's name",
    422: "a parameter or field that is not allowed",
    503: "no run can be read now",
}
NOT_STORED = (400, 401, 414, 421, 422, 503)
SAVED_FILE = (400, 401, 404, 414, 421, 422, 503, 0)
"""Of answers that are files and have no ETag."""
STORED = (400, 401, 404, 414, 421, 422, 503)
POSTED = (400, 401, 404, 408, 413, 414, 421, 422, 503)


def render() -> str:
    """The document as the server sends it."""
    return _lines(document(), 3, "\n") + "\n"


def _lines(value: Any, depth: int, newline: str) -> str:
    """JSON with a line for each entry down to a depth: a path, a schema."""
    if depth == 0 or not isinstance(value, dict) or not value:
        return json.dumps(value, ensure_ascii=False)
    inner = f"{newline} "
    entries = (f"{inner}{json.dumps(key)}: {_lines(one, depth - 1, inner)}" for key, one in value.items())
    return "{" + ",".join(entries) + newline + "}"


def document() -> Schema:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "recsys lookup",
            "version": "1",
            "summary": "Read-only: the lists, profiles and tracks of the published run.",
            "description": "Every answer about a run has a strong ETag; ask again with If-None-Match. "
            "Errors are RFC 9457 problem documents.",
        },
        "security": [{"key": []}, {"bearer": []}, {}],
        "paths": paths(),
        "components": {
            "parameters": {name: parameter(name) for name in PARAMETERS} | _segments(),
            "responses": {f"Problem{status}": _problem(meaning) for status, meaning in PROBLEM.items()}
            | {"Unchanged": {"description": "the client has these rows"}},
            "schemas": schemas() | {"Body": body()},
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def parameter(name: str) -> Schema:
    described = {"name": name, "in": "query", "description": PARAMETERS[name].meaning, "schema": _schema(name)}
    return described | ({"style": "form", "explode": True} if PARAMETERS[name].many else {})


def _schema(name: str) -> Schema:
    if PARAMETERS[name].many:
        return {"type": "array", "items": {"type": "string"}}
    return {
        "list": {"type": "string", "default": PLAIN.list},
        "limit": {"type": "integer", "minimum": 1, "maximum": _MOST_LIMIT, "default": LIMIT},
        "offset": {"type": "integer", "minimum": 0, "maximum": MOST_OFFSET, "default": PLAIN.offset},
        "min_popularity": {"type": "number", "minimum": 0, "maximum": 1},
        "max_popularity": {"type": "number", "minimum": 0, "maximum": 1},
        "include_explicit": {"type": "boolean", "default": PLAIN.include_explicit},
    }[name]


def body() -> Schema:
    """The older service's request: the same parameters under its names, and what would need a run."""
    special: Schema = {
        "limit": {"description": f"≤ 0 or absent = {LIMIT}, at most {_MOST_LIMIT} count"},
        "list": {"description": "comfort or discovery; anything else is balanced"},
    }
    fields: Schema = {"user_id": {"type": "string", "pattern": "[^\\s\\u001c-\\u001f\\u0085]"}}
    for name, one in PARAMETERS.items():
        if one.legacy:
            plain = {key: value for key, value in _schema(name).items() if key in ("type", "items")}
            fields[one.legacy] = nullable(plain) | special.get(name, {})
    needs_a_run = {"description": "needs a run: save a request instead"}
    nothing: tuple[Schema, ...] = (
        {"type": ["array", "null"], "items": {"type": "string"}, "maxItems": 0},
        {"type": ["object", "null"], "maxProperties": 0},
        {"type": ["number", "null"], "enum": [0, None]},
    )
    fields |= {name: empty | needs_a_run for name, empty in zip(NEEDS_A_RUN, nothing, strict=True)}
    return record(fields, required=("user_id",))


def _segments() -> Schema:
    meanings = {
        "user_id": "listener; slashes and other signs percent-encoded",
        "track_id": "track; percent-encoded like a listener",
    }
    prefix = {"name": "prefix", "in": "query", "description": "beginning of the id", "schema": {"type": "string", "default": ""}}
    language = {
        "name": "Accept-Language",
        "in": "header",
        "description": f"language of the reasons: {', '.join(TEXTS)}; any other gets the run's own",
        "schema": TEXT,
    }
    search = {"name": "search", "in": "query", "description": "words, without case; none finds nothing", "schema": TEXT}
    form = {
        "name": "format",
        "in": "query",
        "description": "kind of file",
        "schema": TEXT | {"enum": [*PLAYLIST_FILES], "default": "jspf"},
    }
    return {"prefix": prefix, "search": search, "format": form, LANGUAGE: language} | {
        name: {"name": name, "in": "path", "required": True, "description": meaning, "schema": {"type": "string", "minLength": 1}}
        for name, meaning in meanings.items()
    }


def _problem(meaning: str) -> Schema:
    return {"description": meaning, "content": {"application/problem+json": {"schema": ref("Problem")}}}


class Operation(NamedTuple):
    """A path's method: its answer and what may go wrong beside it."""

    name: str
    summary: str
    tag: str
    answer: Schema
    parameters: tuple[str, ...] = ()
    problems: tuple[int, ...] = STORED
    more: Schema = MappingProxyType({})  # type: ignore[assignment]

    @property
    def spoken(self) -> bool:
        """Whether the answer has reasons, which are in the reader's language."""
        return LANGUAGE in self.parameters

    def document(self) -> Schema:
        ok = {
            "description": "stored rows",
            "headers": {
                name: {"schema": TEXT} for name in ("ETag", "X-Request-ID", *(("Content-Language",) if self.spoken else ()))
            },
            "content": MEDIA.get(self.name, {"application/json": {"schema": self.answer}}),
        }
        unchanged = {"304": ref("Unchanged", "responses")} if self.problems is STORED else {}
        problems = {str(status): ref(f"Problem{status}", "responses") for status in self.problems if status}
        return {
            "operationId": self.name,
            "summary": self.summary,
            "tags": [self.tag],
            "parameters": [ref(name, "parameters") for name in self.parameters],
            "responses": {"200": ok} | unchanged | problems,
            **self.more,
        }


def answered(data: Schema, **more: Schema) -> Schema:
    """``{data, run}``, and what else is said."""
    return record({"data": data, "run": ref("Run")} | more)


NARROWS = {
    "description": "Parameters only leave rows out: gaps are filled from the stored candidates of the list, which is never longer or "
    "wider than the run made it."
}
ASKS = {"requestBody": {"required": True, "content": {"application/json": {"schema": ref("Body")}}}}
OPEN = {"security": []}
MEDIA: Schema = {
    "playlist": {kind: {"schema": {"type": "object"} if kind.endswith("json") else TEXT} for kind in PLAYLIST_FILES.values()},
    "report": {"text/html": {"schema": TEXT}},
}
"""Operation → what it answers with where that is no JSON of the contract."""
LANGUAGE = "language"
OF_USER = "/v1/users/{user_id}"


def paths() -> Schema:
    lists, user = ref("Recommendations"), ("user_id",)
    own = {name: answered(ref(name), fallback=FLAG) for name in ("TasteProfile", "Controls")}
    asked, providers = answered(listed(ref("List")), fallback=FLAG), record({"data": listed(ref("Provider"))})
    # fmt: off
    get = {
        f"{OF_USER}/recommendations": Operation("recommendations", "One list of one listener", "lists", lists, (*user, *PARAMETERS, LANGUAGE), more=NARROWS),
        f"{OF_USER}/taste-profile": Operation("taste_profile", "A listener's profile", "listeners", own["TasteProfile"], user),
        f"{OF_USER}/controls": Operation("controls", "A listener's controls as the run used them", "listeners", own["Controls"], user),
        f"{OF_USER}/lists": Operation("lists", "What each list asked for, what was dropped, what came out", "listeners", asked, user),
        f"{OF_USER}/history": Operation("history", "The ten songs a listener heard last", "listeners", answered(listed(ref("Heard"))), user),
        f"{OF_USER}/previous": Operation("previous", "Where a list's tracks stood in the run published before", "lists", answered(ref("Previous")), ("user_id", "list")),
        f"{OF_USER}/playlist": Operation("playlist", "A whole list as a playlist file", "lists", TEXT, ("user_id", "list", "format", LANGUAGE), SAVED_FILE),
        f"{OF_USER}/why/{{track_id}}": Operation("why", "Why a track is, or is not, in a list", "lists", answered(ref("Why")), ("user_id", "track_id", "list", LANGUAGE)),
        "/v1/users": Operation("users", "The first 20 listeners whose id begins so", "listeners", answered(listed(TEXT)), ("prefix",)),
        "/v1/tracks": Operation("search", "The 20 most popular tracks with these words in title and artist", "run", answered(listed(ref("Named"))), ("search",)),
        "/v1/runs": Operation("runs", "The 20 newest runs in short", "run", answered(listed(ref("RunLine"))), (), NOT_STORED),
        "/v1/runs/current/report": Operation("report", "The report of the published run, a page", "run", TEXT, (), SAVED_FILE),
        "/v1/tracks/{track_id}": Operation("track", "A track of the run's snapshot", "run", answered(ref("WholeTrack")), ("track_id",)),
        "/v1/tracks/{track_id}/similar": Operation("similar", "The 10 tracks that sound most like a track, other releases of it left out", "run", answered(listed(ref("Alike"))), ("track_id",)),
        "/v1/runs/current": Operation("run", "The published run's manifest in short", "run", answered(ref("RunSummary"))),
        "/v1/providers/status": Operation("providers", "Providers: configuration, availability, answers in the cache", "run", providers, (), (401, 414, 421, 503)),
        "/healthz": Operation("alive", "The process answers", "health", record({"status": TEXT}), (), (414, 421), OPEN),
        "/readyz": Operation("ready", "A run is loaded", "health", record({"status": TEXT, "run": ref("Run")}), (), (414, 421, 503), OPEN),
    }
    post = Operation("legacy_recommendations", "The older service's request, answered from stored lists", "lists", lists, (LANGUAGE,), POSTED, ASKS)
    # fmt: on
    gets = {path: {"get": operation.document()} for path, operation in get.items()}
    return gets | {"/v1/recommendations": {"post": post.document()}}
