"""Tracks, rejects and answers without what one provider supplied."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import RootModel

from recsys.errors import NotFoundError, UsageError
from recsys.forgetting import Provider, forget
from recsys.lake import Lake
from recsys.providers.cache import Cache
from recsys.tables import EVENTS, REJECTS, TRACKS
from tests.support.worlds import Row, frame


class Facts(RootModel[dict[str, str]]):
    """An answer."""


def told(**by: str) -> str:
    return json.dumps(by)


MIXED = {
    "id": "mixed",
    "title": "Mine",
    "popularity": 0.5,
    "isrc": "I",
    "provenance": told(popularity="spotify", isrc="musicbrainz"),
}
OWN = {"id": "own", "title": "spotify", "popularity": 0.9, "provenance": None}
WHOLE = {
    "id": "whole",
    "title": "T",
    "spotify_id": "whole",
    "provenance": told(id="spotify", title="spotify", spotify_id="spotify"),
}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def supplied(lake: Lake, *rows: Row, source: str = "spotify playlist:x", rejects: int = 0) -> None:
    refused = [
        {"batch": "0", "table": "tracks", "source": "s", "line": line, "code": "type", "reason": "no"} for line in range(rejects)
    ]
    bad = REJECTS.conform(pl.DataFrame(refused)) if refused else REJECTS.empty()
    digest = f"{len(lake.batches()) + 1:064x}"
    lake.add_batch("tracks", frame(TRACKS, rows), rejects=bad, source=source, digest=digest, rows_read=len(rows) + rejects)


def stored(lake: Lake) -> dict[str, dict[str, Any]]:
    rows = {row["id"]: row for row in lake.input("tracks").drop("batch").to_dicts()}
    return {name: {field: value for field, value in row.items() if value is not None} for name, row in rows.items()}


def test_its_values_go_and_those_of_others_stay(lake: Lake) -> None:
    supplied(lake, MIXED, OWN, source="tracks.csv")
    events = frame(EVENTS, [{"user_id": "spotify", "track_id": "t", "type": "play", "source": "spotify"}])
    lake.add_batch("events", events, rejects=REJECTS.empty(), source="spotify", digest="e" * 64, rows_read=1)
    result = forget(lake, Provider("spotify"))
    assert (result.rows, result.batches) == (0, 1)
    assert stored(lake)["own"]["title"] == "spotify"
    mixed = stored(lake)["mixed"]
    assert (mixed["title"], mixed["isrc"], "popularity" in mixed) == ("Mine", "I", False)
    assert "spotify" not in mixed["provenance"]
    assert lake.batches("tracks")[0].source == "tracks.csv"
    assert lake.input("events").drop("batch").equals(events)


def test_a_track_that_nobody_else_knows_goes_from_inputs_and_keeps_its_id_in_runs(lake: Lake) -> None:
    rows = frame(TRACKS, [WHOLE, OWN])
    supplied(lake, WHOLE, OWN)
    assert forget(lake, Provider("spotify")).rows == 1
    assert set(stored(lake)) == {"own"}
    (bare, own) = Provider("spotify").run("tracks", rows).to_dicts()
    assert {name: value for name, value in bare.items() if value is not None} == {"id": "whole"}
    assert own == rows.to_dicts()[1]


@pytest.mark.slow
def test_rejects_and_words_of_a_batch_that_it_supplied(lake: Lake) -> None:
    supplied(lake, WHOLE, OWN, rejects=2)
    supplied(lake, MIXED, source="tracks.csv", rejects=1)
    forget(lake, Provider("spotify"))
    assert [(batch.source, batch.rejected) for batch in lake.batches("tracks")] == [("spotify", 0), ("tracks.csv", 1)]


def test_answers_of_others_stay(lake: Lake) -> None:
    supplied(lake, OWN)
    cache = Cache(lake.root / "cache")
    for provider in ("spotify", "musicbrainz"):
        cache.put(provider, "track", "x", Facts({"a": "b"}))
    assert forget(lake, Provider("spotify")).answers == 1
    assert cache.providers() == ["musicbrainz"]
    with pytest.raises(NotFoundError, match="holds nothing of this provider"):
        forget(lake, Provider("spotify"))


def test_other_tables_and_files_are_not_its() -> None:
    events = frame(EVENTS, [{"user_id": "spotify", "track_id": "t", "type": "play", "source": "spotify"}])
    provider = Provider("spotify")
    assert provider.run("events", events) is events
    assert not provider.holds(b"spotify")


@pytest.mark.parametrize("name", ["napster", "", "file", "mention", "*"])
def test_who_supplies_no_tracks(name: str) -> None:
    with pytest.raises(UsageError, match=r"supplies no tracks; allowed: .*spotify"):
        Provider(name)
