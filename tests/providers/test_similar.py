"""Recordings similar to tracks of the catalogue: what is new, each once, and what stops the work."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from recsys.providers.access import Access
from recsys.providers.listenbrainz import ListenBrainz
from recsys.providers.similar import similar_to
from tests.support.wire import Wire

SIMILAR = "GET labs.api.listenbrainz.org/similar-recordings/json"


@pytest.fixture
def brainz(open_access: Callable[..., Access]) -> ListenBrainz:
    return ListenBrainz(open_access())


def hit(name: str, score: float) -> dict[str, object]:
    return {"recording_mbid": name, "recording_name": name.upper(), "artist_credit_name": "Ada", "score": score}


def rows(*names: str) -> list[dict[str, object]]:
    return [{"id": name, "mbid": f"mbid-{name}"} for name in names]


def test_the_best_of_each_track_that_the_catalogue_lacks(brainz: ListenBrainz, wire: Wire) -> None:
    wire.on(SIMILAR, [hit("x", 1), hit("known", 9), hit("y", 8)], [hit("y", 9), hit("z", 1), hit("w", 0.5)])
    listing = similar_to(brainz, rows("a", "b"), frozenset({"known"}), 2)
    assert [(one.id, one.source) for one in listing.facts] == [("y", "listenbrainz"), ("z", "listenbrainz")]
    assert listing.facts[0].fields == {"title": "Y", "artist": "Ada", "mbid": "y"}
    assert [request.url.params["recording_mbids"] for request in wire.asked] == ["mbid-a", "mbid-b"]


def test_a_track_without_an_id_or_without_an_answer_is_skipped(brainz: ListenBrainz, wire: Wire) -> None:
    wire.on(SIMILAR, [])
    listing = similar_to(brainz, [{"id": "a", "mbid": None}, *rows("b")], frozenset(), 5)
    assert [(skip.name, skip.code) for skip in listing.skipped] == [("a", "no_match"), ("b", "unknown")]
    assert len(wire.asked) == 1


def test_an_odd_answer_costs_one_track(brainz: ListenBrainz, wire: Wire) -> None:
    wire.on(SIMILAR, httpx.Response(400, json={"error": "no such algorithm"}), [hit("x", 1)])
    listing = similar_to(brainz, rows("a", "b"), frozenset(), 5)
    assert [(skip.name, skip.code) for skip in listing.skipped] == [("a", "failed")]
    assert [one.id for one in listing.facts] == ["x"]
    assert listing.stopped is None


def test_a_refusal_stops_and_counts_the_rest(brainz: ListenBrainz, wire: Wire) -> None:
    wire.on(SIMILAR, [hit("x", 1)], httpx.Response(401, json={"error": "no"}))
    listing = similar_to(brainz, rows("a", "b", "c"), frozenset(), 5)
    assert ([one.id for one in listing.facts], listing.not_asked) == (["x"], 2)
    assert listing.stopped is not None
