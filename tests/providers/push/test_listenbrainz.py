"""Playlists at ListenBrainz: JSPF by recording, in parts, and emptied before they are filled again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from recsys.providers.access import Access
from recsys.providers.errors import NotConfiguredError
from recsys.providers.push.listenbrainz import JSPF, ListenBrainzLists
from tests.support.wire import Wire

Open = Callable[..., Access]
API = "api.listenbrainz.org/1/playlist"
PRIVATE = {JSPF: {"public": False}}


@pytest.fixture
def target(open_access: Open, wire: Wire) -> ListenBrainzLists:
    wire.on(f"POST {API}/create", {"playlist_mbid": "p"})
    for change in ("edit/p", "p/item/delete", "p/item/add"):
        wire.on(f"POST {API}/{change}", {"status": "ok"})
    return ListenBrainzLists(open_access(listenbrainz_token="canary-lb"))


def sent(wire: Wire) -> list[tuple[str, Any]]:
    """Last part of the address and body of every POST."""
    posts = [request for request in wire.asked if request.method == "POST"]
    return [(request.url.path.rpartition("/playlist/")[2], json.loads(request.content)) for request in posts]


def test_a_track_by_its_recording(target: ListenBrainzLists) -> None:
    assert target.track({"mbid": "m1"}) == "m1"
    assert target.track({"mbid": None}) is None


def test_a_private_playlist(target: ListenBrainzLists, wire: Wire) -> None:
    assert target.create("My list", "a note", ["m1"]) == "p"
    body = {"title": "My list", "annotation": "a note", "extension": PRIVATE}
    tracks = [{"identifier": "https://musicbrainz.org/recording/m1"}]
    assert sent(wire) == [("create", {"playlist": {**body, "track": tracks}})]
    assert wire.asked[0].headers["authorization"] == "Token canary-lb"


@pytest.mark.parametrize(("count", "parts"), [(100, [100]), (101, [100, 1]), (250, [100, 100, 50])])
def test_long_lists_go_in_parts_of_a_hundred(count: int, parts: list[int], target: ListenBrainzLists, wire: Wire) -> None:
    target.create("x", "y", [f"m{number}" for number in range(count)])
    bodies = [body["playlist"]["track"] for _, body in sent(wire)]
    assert [len(body) for body in bodies] == parts
    names = [track["identifier"].rpartition("/")[2] for body in bodies for track in body]
    assert names == [f"m{number}" for number in range(count)]


@pytest.mark.parametrize(("there", "deleted"), [(0, []), (3, [{"index": 0, "count": 3}])])
def test_replacing_takes_out_what_is_there(there: int, deleted: list[object], target: ListenBrainzLists, wire: Wire) -> None:
    wire.on(f"GET {API}/p", {"playlist": {"track": [{}] * there}})
    target.replace("p", "New", ["m1", "m2"])
    calls = sent(wire)
    assert calls[0] == ("edit/p", {"playlist": {"title": "New", "extension": PRIVATE, "track": []}})
    assert [body for path, body in calls if path == "p/item/delete"] == deleted
    assert (calls[-1][0], len(calls[-1][1]["playlist"]["track"])) == ("p/item/add", 2)


def test_without_a_token(open_access: Open) -> None:
    with pytest.raises(NotConfiguredError, match="LISTENBRAINZ_TOKEN"):
        ListenBrainzLists(open_access())
