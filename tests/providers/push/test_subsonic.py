"""Playlists on a Subsonic server: the protocol's salted hash, its search, and its errors inside good answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from recsys.providers.access import Access
from recsys.providers.errors import MalformedError, MissingError, NotConfiguredError, UnauthorizedError
from recsys.providers.push.subsonic import SubsonicLists
from tests.providers.listed import ROW
from tests.support.wire import Wire

Open = Callable[..., Access]
REST = "music.test/rest"


@pytest.fixture
def target(open_access: Open) -> SubsonicLists:
    return SubsonicLists(open_access(subsonic_url="https://music.test", subsonic_user="ann", subsonic_password="canary-ss"))


def answer(**body: Any) -> dict[str, object]:
    return {"subsonic-response": {"status": "ok", **body}}


def refusal(code: int, message: str = "no") -> dict[str, object]:
    return answer(status="failed", error={"code": code, "message": message})


def sent(wire: Wire) -> list[tuple[str, httpx.QueryParams]]:
    return [(request.url.path.rpartition("/")[2], httpx.QueryParams(request.content.decode())) for request in wire.asked]


def song(name: str, title: str, artist: str = "The Beatles", seconds: int | None = 139) -> dict[str, object]:
    return {"id": name, "title": title, "artist": artist, "duration": seconds}


def test_the_password_is_never_sent_but_its_hash_with_a_new_salt(target: SubsonicLists, wire: Wire) -> None:
    wire.on(f"POST {REST}/search3", answer())
    for _ in range(2):
        target.track(ROW)
    first, second = (params for _, params in sent(wire))
    for params in (first, second):
        assert params["t"] == hashlib.md5(f"canary-ss{params['s']}".encode()).hexdigest()  # noqa: S324
        assert (params["u"], params["f"]) == ("ann", "json")
    assert first["s"] != second["s"]
    assert not any(b"canary" in request.content or "canary" in str(request.url) for request in wire.asked)


@pytest.mark.parametrize(
    ("songs", "chosen"),
    [
        ([song("live", "Help! (live)"), song("right", "Help!", seconds=140)], "right"),
        ([song("other", "Help!", "Bananarama")], None),
        ([song("right", "Help!", seconds=None)], "right"),
        ([], None),
    ],
)
def test_the_song_by_title_artist_and_length(songs: list[object], chosen: str | None, target: SubsonicLists, wire: Wire) -> None:
    wire.on(f"POST {REST}/search3", answer(searchResult3={"song": songs}))
    assert target.track(ROW) == chosen
    assert sent(wire)[0][1]["query"] == "Help!"


def test_a_track_without_a_title_is_not_asked_for(target: SubsonicLists, wire: Wire) -> None:
    assert target.track({**ROW, "title": None}) is None
    assert wire.asked == []


def test_a_playlist_with_its_note_and_its_replacement(target: SubsonicLists, wire: Wire) -> None:
    wire.on(f"POST {REST}/createPlaylist", answer(playlist={"id": "p"}))
    wire.on(f"POST {REST}/updatePlaylist", answer())
    assert target.create("My list", "a note", ["1", "2"]) == "p"
    target.replace("p", "New", ["3"])
    create, note, replace, rename = (params for _, params in sent(wire))
    assert (create["name"], create.get_list("songId"), "playlistId" in create) == ("My list", ["1", "2"], False)
    assert (note["playlistId"], note["comment"]) == ("p", "a note")
    assert (replace["playlistId"], replace.get_list("songId")) == ("p", ["3"])
    assert (rename["playlistId"], rename["name"]) == ("p", "New")


@pytest.mark.parametrize(
    ("code", "kind"),
    [(40, UnauthorizedError), (41, UnauthorizedError), (50, UnauthorizedError), (70, MissingError), (0, MalformedError)],
)
def test_errors_inside_good_answers(code: int, kind: type[Exception], target: SubsonicLists, wire: Wire) -> None:
    wire.on(f"POST {REST}/createPlaylist", refusal(code, "Wrong username"))
    with pytest.raises(kind, match="Wrong username") as caught:
        target.replace("p", "x", ["1"])
    assert "canary" not in str(caught.value)


def test_an_answer_without_the_playlist(target: SubsonicLists, wire: Wire) -> None:
    wire.on(f"POST {REST}/createPlaylist", answer())
    with pytest.raises(MalformedError, match="without the playlist"):
        target.create("x", "y", ["1"])


@pytest.mark.parametrize("missing", ["subsonic_url", "subsonic_user", "subsonic_password"])
def test_it_says_what_it_lacks(missing: str, open_access: Open) -> None:
    settings = {"subsonic_url": "https://music.test", "subsonic_user": "ann", "subsonic_password": "canary-ss"}
    with pytest.raises(NotConfiguredError, match="SUBSONIC_URL, SUBSONIC_USER and SUBSONIC_PASSWORD"):
        SubsonicLists(open_access(**{name: value for name, value in settings.items() if name != missing}))
