"""Every provider on one local port, with rules for how it misbehaves; requests are counted and no answer comes from elsewhere.

``rule("GET /sp/playlists.*offset=100", body="<html>")`` answers what matches; ``after`` and ``times`` say from which match on and
how often. A request that no rule names gets the truth of a small world.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.providers.spotify_answers import dev, ident

Reply = tuple[int, Any]
MISSING: Reply = (404, {"error": {"status": 404, "message": "Resource not found"}})


@dataclass
class Rule:
    pattern: str
    status: int = 200
    body: Any = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    after: int = 0
    times: int | None = None
    seen: int = 0

    def due(self, request: str) -> bool:
        if not re.search(self.pattern, request):
            return False
        self.seen += 1
        return self.seen > self.after and (self.times is None or self.seen <= self.after + self.times)


class Outside:
    """The running servers' world. ``lists``: playlist or library path → entries; ``listens``: user → listens."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.reset()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    def reset(self) -> None:
        self.requests.clear()
        self.rules: list[Rule] = []
        self.lists: dict[str, list[Any]] = {}
        self.listens: dict[str, list[dict[str, Any]]] = {}
        self.counted = True
        self.recordings: list[dict[str, Any]] = []
        self.rotated: set[str] = set()
        self.batches = False

    def rule(self, pattern: str, status: int = 200, body: Any = "", **more: Any) -> None:
        self.rules.append(Rule(pattern, status, body, **more))

    def count(self, pattern: str) -> int:
        """Requests that match."""
        return sum(bool(re.search(pattern, request)) for request in self.requests)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """Settings that put this server in the place of every provider."""
        parts = {
            "SPOTIFY_API_URL": "sp", "SPOTIFY_ACCOUNTS_URL": "acc", "SPOTIFY_WEBPLAYER_URL": "open",
            "SPOTIFY_PATHFINDER_URL": "path", "SPOTIFY_CLIENTTOKEN_URL": "ct", "MUSICBRAINZ_URL": "mb",
            "LISTENBRAINZ_URL": "lb", "LISTENBRAINZ_LABS_URL": "labs", "RECCOBEATS_URL": "rb", "SONGLINK_URL": "sl",
        }  # fmt: skip
        named = {"MUSICBRAINZ_APP_NAME": "recsys-test", "MUSICBRAINZ_CONTACT": "me@example.org"}
        app = {"SPOTIFY_CLIENT_ID": "app", "SPOTIFY_CLIENT_SECRET": "canary-secret"}
        return {name: f"{self.address}/{part}" for name, part in parts.items()} | named | app

    @contextmanager
    def running(self) -> Iterator[Outside]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join(5)

    def answer(self, method: str, target: str, body: str) -> tuple[int, Any, Mapping[str, str]]:
        with self._lock:
            request = f"{method} {target}"
            self.requests.append(request)
            rule = next((rule for rule in self.rules if rule.due(request)), None)
        if rule is not None:
            return rule.status, rule.body, rule.headers
        address = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        provider, _, path = address.path.lstrip("/").partition("/")
        status, result = getattr(self, f"_{provider}")("/" + path, query, body)
        return status, result, {}

    def _acc(self, _path: str, _query: dict[str, str], body: str) -> Reply:
        if "client_credentials" not in body and "canary-refresh" not in body and "canary-code" not in body:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "canary-token", "expires_in": 3600, "refresh_token": "canary-refresh"}

    def _sp(self, path: str, query: dict[str, str], _body: str) -> Reply:
        if path == "/tracks" and self.batches:
            return 200, {"tracks": [dev(int(name)) for name in query["ids"].split(",")]}
        if path in ("/tracks", "/audio-features"):
            return 403, {"error": {"status": 403, "message": "Forbidden"}}
        if path.startswith("/tracks/"):
            number = int(path.rpartition("/")[2])
            return (200, dev(number)) if number < 10**6 else MISSING
        entries = self.lists.get(path.removesuffix("/items"))
        if entries is None:
            return MISSING
        start, most = int(query.get("offset", 0)), int(query.get("limit", 20))
        more = f"{self.address}/sp{path}?offset={start + most}" if start + most < len(entries) else None
        return 200, {"items": entries[start : start + most], "total": len(entries), "next": more}

    def _open(self, path: str, _query: dict[str, str], _body: str) -> Reply:
        kind, name = path.split("/")[-2:]
        session = {"accessToken": "canary-embed", "accessTokenExpirationTimestampMs": (time.time() + 3600) * 1000}
        rows = [_embedded(one) for one in self.lists.get(f"/playlists/{name}", [])[:50]]
        entity = (
            _embedded({"item": dev(int(name) if name.isdigit() else 1)}) if kind == "track" else {"title": "P", "trackList": rows}
        )
        state = {"data": {"entity": entity}, "settings": {"session": session}}
        page = {"props": {"pageProps": {"state": state}}}
        return 200, f'<html><script id="__NEXT_DATA__" type="application/json">{json.dumps(page)}</script></html>'

    def _path(self, _path: str, query: dict[str, str], body: str) -> Reply:
        asked = json.loads(body) if body else query
        operation, variables = asked["operationName"], asked["variables"]
        variables = json.loads(variables) if isinstance(variables, str) else variables
        if operation in self.rotated:
            return 412, {"errors": [{"message": "Invalid query hash"}]}
        name = str(variables.get("uri", "")).rpartition(":")[2]
        if operation == "getTrack":
            return 200, {"data": {"trackUnion": _graph(dev(int(name)))}}
        entries = self.lists.get(f"/playlists/{name}")
        if operation != "fetchPlaylist" or entries is None:
            return 200, {"data": {"playlistV2": {"__typename": "NotFound"}}}
        rows = [{"itemV2": {"data": _graph(one["item"])}} for one in entries]
        part = rows[variables["offset"] : variables["offset"] + variables["limit"]]
        return 200, {"data": {"playlistV2": {"__typename": "Playlist", "content": {"items": part, "totalCount": len(rows)}}}}

    def _mb(self, path: str, query: dict[str, str], _body: str) -> Reply:
        _, kind, *rest = path.split("/")
        if kind == "isrc":
            hits = [one for one in self.recordings if rest[0] in one["isrcs"]]
            return (200, {"recordings": hits}) if hits else (404, {"error": "Not Found"})
        if kind == "recording" and rest:
            hits = [one for one in self.recordings if one["id"] == rest[0]]
            return (200, hits[0]) if hits else (404, {"error": "Not Found"})
        if kind == "recording":
            wanted = dict(re.findall(r'(\w+):"((?:[^"\\]|\\.)*)"', query["query"]))
            plain = {name: _words(re.sub(r"\\(.)", r"\1", text)) for name, text in wanted.items()}
            hits = [one for one in self.recordings if plain["recording"] in _words(one["title"])]
            hits = [one for one in hits if plain.get("artist", "") in _words(_credit(one))]
            return 200, {"recordings": [{**one, "score": 100} for one in hits]}
        return 200, {"id": rest[0] if rest else "", "genres": [{"name": "rock", "count": 3}]}

    def _lb(self, path: str, query: dict[str, str], body: str) -> Reply:
        if path == "/1/popularity/recording":
            names = json.loads(body)["recording_mbids"]
            return 200, [{"recording_mbid": name, "total_user_count": 100} for name in names]
        *_, user, kind = path.split("/")
        listens = self.listens.get(unquote(user))
        if listens is None or (kind == "listen-count" and not self.counted):
            return 404, {"error": "Cannot find user"}
        if kind == "listen-count":
            return 200, {"payload": {"count": len(listens)}}
        before, most = int(query.get("max_ts", 10**12)), int(query.get("count", 25))
        newest = sorted((one for one in listens if one["listened_at"] < before), key=lambda one: -one["listened_at"])
        return 200, {"payload": {"listens": newest[:most]}}

    def _rb(self, _path: str, query: dict[str, str], _body: str) -> Reply:
        names = query["ids"].split(",")
        return 200, {"content": [{"id": name, "href": f"https://open.spotify.com/track/{name}", "energy": 0.5} for name in names]}


def listen(at: int, title: str, artist: str = "A") -> dict[str, Any]:
    """One listen as ListenBrainz answers it."""
    return {"listened_at": at, "recording_msid": f"{title}-{at}", "track_metadata": {"artist_name": artist, "track_name": title}}


def entries(*numbers: int) -> list[dict[str, Any]]:
    """Entries of a playlist."""
    return [{"item": dev(number)} for number in numbers]


def _credit(recording: dict[str, Any]) -> str:
    return "".join(one["name"] + one.get("joinphrase", "") for one in recording["artist-credit"])


def _words(text: str) -> str:
    return " ".join(re.findall(r"[\w']+", text.lower()))


def _graph(track: dict[str, Any]) -> dict[str, Any]:
    artists = {"items": [{"profile": {"name": one["name"]}} for one in track["artists"]]}
    return {
        "__typename": "Track", "name": track["name"], "uri": f"spotify:track:{track['id']}", "artists": artists,
        "duration": {"totalMilliseconds": track["duration_ms"]},
    }  # fmt: skip


def _embedded(entry: dict[str, Any]) -> dict[str, Any]:
    track = entry["item"]
    return {"uri": f"spotify:track:{track['id']}", "title": track["name"], "subtitle": "A", "duration": track["duration_ms"]}


def _handler(outside: Outside) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            status, result, headers = outside.answer(self.command, self.path, body)
            content = result if isinstance(result, str) else json.dumps(result)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content.encode())), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content.encode())

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — the base class says so
            """Nothing."""

    return Handler


__all__ = ["Outside", "Rule", "entries", "ident", "listen"]
