from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from recsys.errors import NotFoundError
from recsys.lake import Lake
from recsys.providers.access import Access
from recsys.providers.errors import NotConfiguredError
from recsys.providers.lastfm import LastFm
from recsys.providers.scrobbles import import_scrobbles
from tests.support.wire import Wire

API = "GET ws.audioscrobbler.com/2.0"


def play(at: int | None, name: str = "Song") -> dict[str, Any]:
    dated = {"date": {"uts": str(at)}} if at else {"@attr": {"nowplaying": "true"}}
    return {"name": name, "artist": {"#text": "A", "mbid": ""}, "album": {"#text": "B"}, **dated}


def serve(wire: Wire, plays: list[dict[str, Any]], loved: list[dict[str, Any]] | None = None) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        if asked["method"] == "user.getLovedTracks":
            body: Any = {"lovedtracks": {"track": loved or [], "@attr": {"totalPages": "1", "total": "0"}}}
        else:
            first = int(asked.get("from", 0))
            rows = [one for one in plays if "date" not in one or int(one["date"]["uts"]) >= first]
            page = int(asked["page"])
            paging = {"totalPages": str(-(-len(rows) // 2)), "total": str(len(rows))}
            body = {"recenttracks": {"track": rows[2 * page - 2 : 2 * page], "@attr": paging}}
        return httpx.Response(200, json=body)

    wire.on(API, answer)


def test_plays_and_loved_tracks_become_events_each_once(open_access: Callable[..., Access], wire: Wire, tmp_path: Path) -> None:
    lake, access = Lake(tmp_path / "lake"), open_access(lastfm_api_key="canary-key")
    plays = [play(None), play(1_700_000_300), play(1_700_000_200), play(1_700_000_100)]
    loved = [{"name": "Loved", "artist": {"name": "A"}, "date": {"uts": "1600000000"}}]
    serve(wire, plays, loved)
    first = import_scrobbles(lake, LastFm(access), "ann", cache=access.cache, listener="me").summary
    assert (first.imported, first.shortfall) == (4, None)
    events = lake.input("events")
    assert sorted(events["type"].to_list()) == ["like", "play", "play", "play"]
    assert events["user_id"].unique().to_list() == ["me"]
    serve(wire, [play(1_800_000_000), *plays], loved)
    again = import_scrobbles(lake, LastFm(access), "ann", cache=access.cache, listener="me").summary
    assert again.imported == 1
    asked = [int(request.url.params["from"]) for request in wire.asked if "from" in request.url.params]
    assert asked == [1_700_000_300 - 14 * 86_400] * 3


def test_what_last_fm_refuses(open_access: Callable[..., Access], wire: Wire, tmp_path: Path) -> None:
    with pytest.raises(NotConfiguredError, match="LASTFM_API_KEY"):
        LastFm(open_access())
    lake, access = Lake(tmp_path / "lake"), open_access(lastfm_api_key="canary-key")
    wire.on(API, httpx.Response(404, json={"error": 6, "message": "User not found"}))
    with pytest.raises(NotFoundError, match="ann"):
        import_scrobbles(lake, LastFm(access), "ann", cache=access.cache)
    wire.on(API, httpx.Response(403, json={"error": 10, "message": "Invalid API key"}))
    summary = import_scrobbles(lake, LastFm(access), "ann", cache=access.cache).summary
    assert "LASTFM_API_KEY" in str(summary.shortfall)
    assert "canary" not in repr(summary)
