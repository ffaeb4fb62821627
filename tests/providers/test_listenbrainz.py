from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from recsys.errors import NotFoundError
from recsys.providers import listenbrainz
from recsys.providers.access import Access
from recsys.providers.errors import BlockedError
from recsys.providers.lenient import readable
from recsys.providers.listenbrainz import ListenBrainz
from tests.support.wire import Clock, Wire, sample

LISTENS = "GET api.listenbrainz.org/1/user/ann/listens"
COUNT = "GET api.listenbrainz.org/1/user/ann/listen-count"


def listen(at: int) -> dict[str, object]:
    return {
        "listened_at": at,
        "recording_msid": f"m{at}",
        "user_name": "ann",
        "track_metadata": {
            "track_name": f"T{at}",
            "artist_name": "A",
            "additional_info": {"submission_client": "x", "isrc": None},
        },
    }


def server(times: list[int]) -> Callable[[httpx.Request], httpx.Response]:
    """ListenBrainz with these listens: newest first, ``max_ts`` exclusive."""

    def answer(request: httpx.Request) -> httpx.Response:
        before = int(request.url.params.get("max_ts", 10**12))
        result = sorted((at for at in times if at < before), reverse=True)[: int(request.url.params["count"])]
        return httpx.Response(200, json={"payload": {"count": len(result), "listens": [listen(at) for at in result]}})

    return answer


@pytest.fixture
def brainz(open_access: Callable[..., Access], monkeypatch: pytest.MonkeyPatch) -> ListenBrainz:
    monkeypatch.setattr(listenbrainz, "_PAGE", 10)
    return ListenBrainz(open_access())


def read(brainz: ListenBrainz, most: int = 10**6) -> list[int]:
    """Times of all new listens, the walk kept after every page; stops after ``most`` pages."""
    times = []
    for number, (listens, walk) in enumerate(brainz.listens("ann", "ann"), 1):
        times += [one.listened_at for one in readable(listens)]
        brainz.keep("ann", walk)
        if number == most:
            break
    return times


def serve(wire: Wire, times: list[int]) -> None:
    wire.on(LISTENS, server(times))
    wire.on(COUNT, {"payload": {"count": len(times)}})


DAY = 86_400


def test_every_listen_once_and_then_only_new_ones_and_the_last_days(brainz: ListenBrainz, wire: Wire) -> None:
    times = [day * DAY for day in range(100, 145)]
    serve(wire, times)
    assert sorted(read(brainz)) == times
    assert (brainz.walk("ann").done, brainz.walk("ann").count) == (144 * DAY, 45)
    assert sorted(read(brainz)) == times[-14:]
    serve(wire, [*times, 200 * DAY])
    assert sorted(read(brainz)) == [*times[-14:], 200 * DAY]


def test_listens_that_came_late_are_read_however_old_they_are(brainz: ListenBrainz, wire: Wire) -> None:
    times = [day * DAY for day in range(100, 145)]
    serve(wire, times)
    read(brainz)
    serve(wire, [*times, 143 * DAY + 1])
    assert len(read(brainz)) == 15
    serve(wire, [*times, 143 * DAY + 1, 7])
    assert 7 in read(brainz)
    assert len(read(brainz)) == 15
    serve(wire, times[1:])  # one was deleted and one had been late
    assert len(read(brainz)) > 15
    assert len(read(brainz)) == 14


def test_without_a_number_of_listens_all_are_read_each_time(brainz: ListenBrainz, wire: Wire) -> None:
    wire.on(LISTENS, server([100 * DAY, 200 * DAY]))
    read(brainz)
    assert set(read(brainz)) == {100 * DAY, 200 * DAY}


@pytest.mark.parametrize("pages", [1, 2, 3, 4])
def test_an_interrupted_walk_loses_nothing_and_goes_on_where_it_stopped(brainz: ListenBrainz, wire: Wire, pages: int) -> None:
    times = [day * DAY for day in range(100, 145)]
    serve(wire, times)
    first = read(brainz, pages)
    later = [day * DAY for day in range(300, 315)]
    serve(wire, [*times, *later])
    rest = read(brainz)
    assert sorted(set(first + rest)) == [*times, *later]
    assert brainz.walk("ann").done == 314 * DAY
    assert len(read(brainz)) <= 15


def test_several_listens_in_the_second_where_a_page_ends(brainz: ListenBrainz, wire: Wire) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        before = int(request.url.params.get("max_ts", 10**12))
        rows = [{**listen(at), "recording_msid": f"{at}-{copy}"} for at in (9, 8, 7, 6, 5) for copy in range(3) if at < before]
        return httpx.Response(200, json={"payload": {"listens": rows[:10]}})

    wire.on(LISTENS, answer)
    assert sorted(read(brainz)) == sorted([5, 6, 7, 8, 9] * 3)


def test_only_what_an_import_reads_is_kept(brainz: ListenBrainz, wire: Wire) -> None:
    wire.on(LISTENS, server([5]))
    [(listens, _), *_] = brainz.listens("ann", "ann")
    kept = json.loads(listens[0].model_dump_json(exclude_none=True))
    info = {"track_name": "T5", "artist_name": "A", "additional_info": {}}
    assert kept == {"listened_at": 5, "recording_msid": "m5", "track_metadata": info}


def test_an_unknown_user(brainz: ListenBrainz, wire: Wire) -> None:
    wire.on(LISTENS, httpx.Response(404, json={"code": 404, "error": "Cannot find user"}))
    with pytest.raises(NotFoundError, match="ann"):
        read(brainz)


def test_the_services_own_reset_header_is_obeyed(brainz: ListenBrainz, wire: Wire, clock: Clock) -> None:
    wire.on(LISTENS, httpx.Response(429, headers={"x-ratelimit-reset-in": "9"}), server([5]))
    wire.on(COUNT, {"payload": {"count": 1}})
    before = clock()
    assert read(brainz) == [5]
    assert clock() - before >= 9
    wire.on(LISTENS, httpx.Response(429, headers={"x-ratelimit-reset-in": "4000"}))
    with pytest.raises(BlockedError):
        read(brainz)


def test_popularity_is_logarithmic_and_unknown_recordings_are_skipped(brainz: ListenBrainz, wire: Wire) -> None:
    heard = [
        {"recording_mbid": "b", "total_listen_count": 9, "total_user_count": 10},
        {"recording_mbid": "c", "total_listen_count": None, "total_user_count": None},
        {"recording_mbid": "a", "total_listen_count": 9, "total_user_count": 10**7},
    ]
    wire.on("POST api.listenbrainz.org/1/popularity/recording", heard)
    listing = brainz.enrich([{"id": name.upper(), "mbid": name} for name in "abcd"])
    shares = {facts.id: facts.fields["popularity"] for facts in listing.facts}
    assert shares == {"A": 1.0, "B": round(math.log(11) / math.log(50_001), 6)}
    assert [skip.name for skip in listing.skipped] == ["C", "D"]
    assert json.loads(wire.asked[0].content) == {"recording_mbids": ["a", "b", "c", "d"]}


def test_similar_recordings_are_sorted_and_named_once(brainz: ListenBrainz, wire: Wire) -> None:
    rows = [("x", 5), ("y", 9), ("x", 5), ("z", 7)]
    result = [{"recording_mbid": name, "score": score, "artist_credit_mbids": None} for name, score in rows]
    wire.on("GET labs.api.listenbrainz.org/similar-recordings/json", result)
    assert [one.recording_mbid for one in brainz.similar(["r"])] == ["y", "z", "x"]
    assert wire.asked[0].url.params["algorithm"].startswith("session_based_")


def test_recorded_answers(brainz: ListenBrainz, wire: Wire, shared: Path) -> None:
    name = "listenbrainz/labs_similar_recordings_unsorted_duplicates.json"
    wire.on("GET labs.api.listenbrainz.org/similar-recordings/json", sample(shared, name))  # type: ignore[arg-type]
    scores = [one.score for one in brainz.similar(["r"])]
    assert scores == sorted(scores, reverse=True)
