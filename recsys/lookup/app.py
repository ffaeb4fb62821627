"""The lookup over HTTP: routes in, stored rows out. Every answer about a run carries a strong ETag."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TextIO

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from recsys.errors import LakeError
from recsys.lookup import status
from recsys.lookup.alike import alike_tracks
from recsys.lookup.current import Current, Published
from recsys.lookup.gateway import QUICK, SCOPE_HEADERS, Gateway, Headers, Quick, Ready
from recsys.lookup.languages import said, translated
from recsys.lookup.overview import newest_runs, playlist, report_page, search_tracks
from recsys.lookup.problem import wrong
from recsys.lookup.query import PLAIN, SAVED, Query, decoded, from_address, from_body, pairs, segment
from recsys.lookup.reader import Listener
from recsys.lookup.stored import Stored, addressed, fresh, known_answer, spoken, zipped

PAGE = Path(__file__).parent / "page"
ASSETS = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/rows.js": ("rows.js", "text/javascript"),
    "/side.js": ("side.js", "text/javascript"),
    "/words.js": ("words.js", "text/javascript"),
    "/charts.js": ("charts.js", "text/javascript"),
    "/docs": ("docs.html", "text/html"),
    "/docs.js": ("docs.js", "text/javascript"),
    "/openapi.json": ("openapi.json", "application/json"),
}
"""Path → file of the page and its type."""

ANSWER = b'{"data":[%b],"taste_profile":%b,"run":%b,"fallback":%b,"pagination":{"offset":%d,"limit":%d,"returned":%d,"total":%d}}'

Endpoint = Callable[[Request], Awaitable[Response]]


def build(
    root: Path,
    *,
    keys: Sequence[str] = (),
    hosts: Sequence[str] | None = None,
    log: TextIO | None = sys.stderr,
    links: bool = True,
) -> Gateway:
    """The lookup of the lake in ``root`` as an ASGI application; see :class:`Gateway` for keys, hosts and log.

    ``links``: whether the page links to where tracks can be heard.
    """
    current = Current(root)
    routes = [
        Route("/v1/users/{user_id}/recommendations", Stored(current, recommendations, spoken=True), methods=["GET"]),
        Route("/v1/recommendations", posted(current), methods=["POST"]),
        Route("/v1/users/{user_id}/taste-profile", Stored(current, taste_profile), methods=["GET"]),
        Route("/v1/users/{user_id}/controls", Stored(current, _controls), methods=["GET"]),
        Route("/v1/users/{user_id}/lists", Stored(current, _lists), methods=["GET"]),
        Route("/v1/users/{user_id}/history", Stored(current, _history), methods=["GET"]),
        Route("/v1/users/{user_id}/previous", Stored(current, _previous), methods=["GET"]),
        Route("/v1/users/{user_id}/playlist", playlist(current), methods=["GET"]),
        Route("/v1/users/{user_id}/why/{track_id}", Stored(current, explained, threaded=True, spoken=True), methods=["GET"]),
        Route("/v1/tracks/{track_id}", Stored(current, track), methods=["GET"]),
        Route("/v1/tracks/{track_id}/similar", Stored(current, _alike, threaded=True), methods=["GET"]),
        Route("/v1/tracks", Stored(current, searched, threaded=True), methods=["GET"]),
        Route("/v1/users", Stored(current, users), methods=["GET"]),
        Route("/v1/runs", newest_runs(root, current), methods=["GET"]),
        Route("/v1/runs/current", Stored(current, _run), methods=["GET"]),
        Route("/v1/runs/current/report", report_page(current), methods=["GET"]),
        Route("/v1/providers/status", status.providers(root)),
        Route("/healthz", alive),
        Route("/readyz", ready(current)),
        *(Route(path, asset(name, kind, links=links)) for path, (name, kind) in ASSETS.items()),
    ]
    return Gateway(
        Router(routes, redirect_slashes=False), keys=keys, hosts=hosts, log=log, quick=quick(current), refresh=current.get
    )


def quick(current: Current) -> Quick:
    """Lists are what apps ask for, and need none of the router's ways; compressed ones do."""

    def answer(path: bytes, text: bytes, headers: Headers) -> Ready | None:
        if not (path.startswith(_BEGIN) and path.endswith(QUICK) and path.isascii()):
            return None
        user = path[len(_BEGIN) : -len(QUICK)]
        if not user or b"/" in user:
            return None
        published = current.get()
        language = spoken(published, headers)
        address = addressed(path, text, headers, language)
        try:
            ready = known_answer(published, address, headers)
            if zipped(headers) and (ready is None or ready.body):
                return None
            if ready is None:
                answer = list_answer(published, decoded(user), from_address(text), language)
                ready = fresh(published, address, answer, language)
            return ready
        except LakeError as error:
            current.drop(error)
            raise

    return answer


_BEGIN = b"/v1/users/"


def recommendations(published: Published, request: Request) -> bytes:
    """One list of one listener."""
    language = spoken(published, request.scope[SCOPE_HEADERS])
    return list_answer(published, segment(request, "user_id"), from_address(request.scope["query_string"]), language)


def posted(current: Current) -> Endpoint:
    """The older service's request for a list, answered from what is stored."""

    async def endpoint(request: Request) -> Response:
        user_id, query, lets_explicit_in = from_body(await request.body())
        published = current.get()
        try:
            if lets_explicit_in and blocks_explicit(published.reader.listener(user_id)):
                raise wrong("include_explicit", f"the listener's controls forbid explicit tracks; {SAVED}")
            language = spoken(published, request.scope[SCOPE_HEADERS])
            answer = list_answer(published, user_id, query, language)
        except LakeError as error:
            current.drop(error)
            raise
        headers = {"cache-control": "no-store", "content-language": language}
        return Response(answer, headers=headers, media_type="application/json")

    return endpoint


def blocks_explicit(listener: Listener) -> bool:
    """Whether the listener's controls forbid explicit tracks."""
    return orjson.loads(listener.controls)["allow_explicit"] is False


def list_answer(published: Published, user_id: str, query: Query, language: str) -> bytes:
    """``{data, taste_profile, run, fallback, pagination}`` of a list, its reasons in a language."""
    reader = published.reader
    listener = reader.listener(user_id)
    listed = reader.find_list(listener, query.list)
    if query is not PLAIN and query.narrows:
        from recsys.lookup.narrowing import narrowed  # here, for it needs numpy

        rows = narrowed(reader, listed, query)
        total = len(rows)
        data = orjson.dumps(rows[query.offset : query.offset + query.limit])[1:-1]
    else:
        total, data = listed.rows_count, reader.rows(listed, query.offset, query.limit)
    if language != reader.language:
        data = said(data, language)
    returned = max(0, min(query.limit, total - query.offset))
    return ANSWER % (
        data,
        listener.profile,
        published.record,
        b"false" if listener.known else b"true",
        query.offset,
        query.limit,
        returned,
        total,
    )


def taste_profile(published: Published, request: Request) -> bytes:
    """A listener's stored profile."""
    return one(published, request, lambda listener: listener.profile)


def _controls(published: Published, request: Request) -> bytes:
    """A listener's controls as the run used them."""
    return one(published, request, lambda listener: listener.controls)


def _lists(published: Published, request: Request) -> bytes:
    """What each of a listener's lists asked for and where the catalogue went."""
    reader = published.reader
    return one(published, request, lambda listener: b"[%b]" % b",".join(map(reader.record, reader.lists(listener).values())))


def one(published: Published, request: Request, part: Callable[[Listener], bytes]) -> bytes:
    """``{data, fallback, run}`` of one listener."""
    no_parameters(request)
    listener = published.reader.listener(segment(request, "user_id"))
    return record(published, part(listener), b',"fallback":%b' % (b"false" if listener.known else b"true"))


def explained(published: Published, request: Request) -> bytes:
    """Why a track is, or is not, in a list."""
    from recsys.lookup.why import stored_why  # here, for it needs the tables

    parameters = dict(pairs(request.scope["query_string"], ("list",)))
    name = parameters.get("list", PLAIN.list)
    answer = stored_why(published.reader, segment(request, "user_id"), segment(request, "track_id"), name)
    if answer["row"] is not None:
        answer["row"] = translated(answer["row"], spoken(published, request.scope[SCOPE_HEADERS]))
        answer["text"] = answer["row"]["reason"]
    return record(published, orjson.dumps(answer))


def track(published: Published, request: Request) -> bytes:
    """A track of the run's snapshot."""
    no_parameters(request)
    number = published.reader.find_track(segment(request, "track_id"))
    return record(published, published.reader.whole_track(number))


def _history(published: Published, request: Request) -> bytes:
    """The songs that a listener heard last."""
    no_parameters(request)
    return record(published, published.reader.recent(segment(request, "user_id")))


def _previous(published: Published, request: Request) -> bytes:
    """Where the tracks of a list stood in the run that readers had before."""
    name = dict(pairs(request.scope["query_string"], ("list",))).get("list", PLAIN.list)
    return record(published, orjson.dumps(published.before.ranks(segment(request, "user_id"), name)))


def _alike(published: Published, request: Request) -> bytes:
    """Tracks that sound like a track."""
    no_parameters(request)
    return record(published, orjson.dumps(alike_tracks(published, segment(request, "track_id"))))


def searched(published: Published, request: Request) -> bytes:
    """Tracks by title and artist."""
    text = dict(pairs(request.scope["query_string"], ("search",))).get("search", "")
    return record(published, orjson.dumps(search_tracks(published, text)))


def users(published: Published, request: Request) -> bytes:
    """The first listeners whose id begins with ``prefix``, in order: what the page offers while an id is typed."""
    parameters = dict(pairs(request.scope["query_string"], ("prefix",)))
    return record(published, orjson.dumps(published.reader.users(parameters.get("prefix", ""))))


def _run(published: Published, request: Request) -> bytes:
    """The manifest in short."""
    no_parameters(request)
    return record(published, orjson.dumps(status.run_summary(published.reader.run)))


def record(published: Published, data: bytes, more: bytes = b"") -> bytes:
    """``{data, run}``, and what else is to be said."""
    return b'{"data":%b%b,"run":%b}' % (data, more, published.record)


def no_parameters(request: Request) -> None:
    """Raises :class:`ProblemError` when there is a query."""
    pairs(request.scope["query_string"], ())


async def alive(_: Request) -> Response:
    """The process answers."""
    return Response(b'{"status":"alive"}', headers={"cache-control": "no-store"}, media_type="application/json")


def ready(current: Current) -> Endpoint:
    """A run is loaded; 503 otherwise."""

    async def endpoint(_: Request) -> Response:
        body = b'{"status":"ready","run":%b}' % current.get().record
        return Response(body, headers={"cache-control": "no-store"}, media_type="application/json")

    return endpoint


def asset(name: str, kind: str, *, links: bool) -> Endpoint:
    """A file of the page, read once."""
    body = (PAGE / name).read_bytes()
    if not links:
        body = body.replace(b'data-links="on"', b'data-links="off"')
    tag = blake2b(body, digest_size=16).hexdigest()

    async def endpoint(request: Request) -> Response:
        zipped = "z" if "gzip" in request.headers.get("accept-encoding", "") else "p"
        headers = {"etag": f'"{tag}{zipped}"', "cache-control": "no-cache"}
        if headers["etag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type=kind)

    return endpoint
