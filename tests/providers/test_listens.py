from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from recsys.forgetting import Listener, forget
from recsys.lake import Lake
from recsys.providers import listenbrainz, listens
from recsys.providers.access import Access
from recsys.providers.listenbrainz import ListenBrainz
from recsys.providers.listens import import_feedback, import_listens
from tests.support.outside import listen
from tests.support.wire import Wire

LISTENS = "GET api.listenbrainz.org/1/user/ann/listens"
COUNT = "GET api.listenbrainz.org/1/user/ann/listen-count"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def brainz(open_access: Callable[..., Access], monkeypatch: pytest.MonkeyPatch) -> ListenBrainz:
    monkeypatch.setattr(listenbrainz, "_PAGE", 10)
    monkeypatch.setattr(listens, "PAGES", 2)
    return ListenBrainz(open_access())


def serve(wire: Wire, rows: list[Any]) -> None:
    """ListenBrainz with these listens; an odd one stands where the list has it."""

    def answer(request: httpx.Request) -> httpx.Response:
        before = int(request.url.params.get("max_ts", 10**12))
        times = [row.get("listened_at") if isinstance(row.get("listened_at"), int) else 10**9 for row in rows]
        newest = sorted((pair for pair in zip(times, rows, strict=True) if pair[0] < before), key=lambda pair: -pair[0])
        page = [row for _, row in newest[: int(request.url.params["count"])]]
        return httpx.Response(200, json={"payload": {"listens": page}})

    wire.on(LISTENS, answer)
    wire.on(COUNT, {"payload": {"count": len(rows)}})


def seconds(lake: Lake) -> list[int]:
    return sorted(lake.input("events")["occurred_at"].dt.epoch("s").to_list())


@pytest.mark.slow
def test_each_listen_is_one_event_also_when_it_comes_late_or_again(lake: Lake, brainz: ListenBrainz, wire: Wire) -> None:
    rows = [listen(1_700_000_000 + 100 * number, f"S{number}") for number in range(30)]
    serve(wire, rows)
    assert import_listens(lake, brainz, "ann").summary.account["imported"] == 30
    late = [listen(1_700_000_450, "late"), *(listen(1_500_000_000 + number, f"old {number}") for number in range(25))]
    serve(wire, rows + late)
    assert import_listens(lake, brainz, "ann").summary.imported == 26
    again = import_listens(lake, brainz, "ann").summary
    assert (again.imported, again.shortfall) == (0, None)
    assert seconds(lake) == sorted(row["listened_at"] for row in rows + late)
    assert lake.input("events")["user_id"].unique().to_list() == ["ann"]


def test_what_was_forgotten_comes_again(lake: Lake, brainz: ListenBrainz, wire: Wire) -> None:
    rows = [listen(1_700_000_000 + 100 * number, f"S{number}") for number in range(5)]
    serve(wire, rows)
    import_listens(lake, brainz, "ann")
    forget(lake, Listener("ann"))
    assert import_listens(lake, brainz, "ann").summary.imported == 5
    assert len(seconds(lake)) == 5


def test_an_odd_listen_costs_nobody_else(lake: Lake, brainz: ListenBrainz, wire: Wire) -> None:
    odd: list[Any] = [{"listened_at": "yesterday", "track_metadata": 3}, listen(1_600_000_000, "")]
    serve(wire, [*(listen(1_700_000_000 + number, f"S{number}") for number in range(15)), *odd])
    summary = import_listens(lake, brainz, "ann").summary
    assert (summary.imported, summary.rejected, summary.shortfall) == (15, 2, None)
    assert lake.rejects().height == 2
    again = import_listens(lake, brainz, "ann").summary
    assert (again.imported, again.rejected) == (0, 0)


def test_an_import_that_stops_says_what_is_left_and_goes_on_later(lake: Lake, brainz: ListenBrainz, wire: Wire) -> None:
    rows = [listen(1_700_000_000 + number, f"S{number}") for number in range(35)]
    serve(wire, rows)
    whole = wire._answers[LISTENS][0]
    wire.on(LISTENS, whole, whole, httpx.Response(500))
    first = import_listens(lake, brainz, "ann").summary
    assert (first.imported, first.account["asked"], bool(first.shortfall)) == (19, 35, True)
    wire.on(LISTENS, whole)
    import_listens(lake, brainz, "ann")
    assert seconds(lake) == [row["listened_at"] for row in rows]


def test_another_listener_and_a_beginning(lake: Lake, brainz: ListenBrainz, wire: Wire) -> None:
    serve(wire, [listen(1_700_000_000 + number, f"S{number}") for number in range(5)])
    assert import_listens(lake, brainz, "ann", listener="me", since=1_700_000_002).summary.imported == 2
    assert lake.input("events")["user_id"].unique().to_list() == ["me"]
    assert import_listens(lake, brainz, "ann").summary.imported == 5


def test_what_a_user_loves_becomes_likes(lake: Lake, brainz: ListenBrainz, wire: Wire) -> None:
    rows = [
        {"created": 1_700_000_000, "score": 1, "track_metadata": {"track_name": "S", "artist_name": "A"}},
        {"created": 1_700_000_001, "score": 1, "track_metadata": None},
    ]
    wire.on("GET api.listenbrainz.org/1/feedback/user/ann/get-feedback", {"feedback": rows})
    for expected in (1, 0):
        assert import_feedback(lake, brainz, "ann").summary.imported == expected
    assert lake.input("events")["type"].to_list() == ["like"]
