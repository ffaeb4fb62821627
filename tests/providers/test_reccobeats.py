from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from recsys.providers.access import Access
from recsys.providers.reccobeats import _BATCH, ReccoBeats
from tests.providers.spotify_answers import ident
from tests.support.wire import Wire, sample

FEATURES = "GET api.reccobeats.com/v1/audio-features"


def measured(number: int, **changes: object) -> dict[str, object]:
    href = f"https://open.spotify.com/track/{ident(number)}"
    return {
        "id": f"uuid-{number}",
        "href": href,
        "isrc": f"USUG1{number:07d}",
        "energy": 0.7,
        "key": -1,
        "tempo": 171.0,
        **changes,
    }


@pytest.fixture
def beats(open_access: Callable[..., Access]) -> ReccoBeats:
    return ReccoBeats(open_access())


def test_batches_of_40_in_any_order_with_unknown_ids_left_out(beats: ReccoBeats, wire: Wire) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        ids = request.url.params["ids"].split(",")
        assert len(ids) <= _BATCH
        return httpx.Response(200, json={"content": [measured(int(one)) for one in reversed(ids) if int(one) % 7]})

    wire.on(FEATURES, answer)
    listing = beats.enrich([{"id": f"t{number}", "spotify_id": ident(number)} for number in range(1, 101)])
    assert wire.count(FEATURES) == 3
    assert len(listing.facts) == 86
    assert [skip.name for skip in listing.skipped] == [f"t{number}" for number in range(7, 101, 7)]
    fields = listing.facts[0].fields
    assert (listing.facts[0].id, fields["energy"], fields["key"], fields["tempo"]) == ("t1", 0.7, -1, 171.0)
    assert "time_signature" not in fields


def test_by_isrc_two_answers_about_one_code_give_the_same_one_every_time(beats: ReccoBeats, wire: Wire) -> None:
    twins = [measured(2, isrc="USUG11904206", id="b", energy=0.2), measured(1, isrc="USUG11904206", id="a", energy=0.1)]
    wire.on(FEATURES, {"content": twins})
    [facts] = beats.enrich([{"id": "t", "isrc": "USUG11904206"}]).facts
    assert facts.fields["energy"] == 0.1


def test_what_it_wants(beats: ReccoBeats) -> None:
    assert beats.wants({"id": "t", "spotify_id": ident(1)})
    assert beats.wants({"id": "t", "isrc": "USUG11904206"})
    assert not beats.wants({"id": "t", "isrc": "nonsense"})
    assert not beats.wants({"id": "t"})


def test_recorded_answers(beats: ReccoBeats, wire: Wire, shared: Path) -> None:
    wire.on(FEATURES, sample(shared, "reccobeats/audio_features.json"))  # type: ignore[arg-type]
    rows = [{"id": "a", "spotify_id": "0VjIjW4GlUZAMYd2vXMi3b"}, {"id": "b", "isrc": "USUG11904206"}]
    assert [facts.fields["tempo"] for facts in beats.enrich(rows).facts] == [171.001, 171.001]
