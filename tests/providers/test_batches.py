from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from recsys.lake import Lake
from recsys.providers.batches import StoredTracks, store
from recsys.providers.errors import UnavailableError
from recsys.providers.facts import Facts, Listing, Skip
from recsys.tables import REJECTS, TRACKS


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def told(*names: str, source: str = "spotify", **fields: object) -> Listing:
    return Listing([Facts(name, source, {"title": f"T {name}", "artists": ["A"], "artist": "A", **fields}) for name in names])


def ingested(lake: Lake, *rows: dict[str, object]) -> None:
    frame = TRACKS.conform(pl.DataFrame(list(rows)))
    lake.add_batch("tracks", frame, rejects=REJECTS.empty(), source="f", digest=f"{len(rows):064d}", rows_read=frame.height)


def test_new_updated_and_unchanged_tracks(lake: Lake) -> None:
    first = store(lake, told("a", "b"), "x")
    assert (first.imported, first.updated, first.unchanged, first.batches) == (2, 0, 0, [1])
    again = store(lake, told("a", "b"), "x")
    assert (again.imported, again.updated, again.unchanged, again.batches) == (0, 0, 2, [])
    changed = store(lake, told("b", "c", popularity=0.5), "x")
    assert (changed.imported, changed.updated, changed.unchanged) == (1, 1, 0)
    rows = {row["id"]: row for row in StoredTracks.of(lake).rows()}
    assert (rows["a"]["popularity"], rows["b"]["popularity"]) == (None, 0.5)
    assert rows["a"]["song_key"] == "a | t a"


def test_a_value_that_returns_to_what_it_was_is_a_new_version(lake: Lake) -> None:
    for popularity in (0.5, 0.6, 0.5, 0.6):
        assert store(lake, told("a", popularity=popularity), "x").imported + 1
    assert StoredTracks.of(lake).rows()[0]["popularity"] == 0.6
    assert len(lake.batches("tracks")) == 4


def test_skips_become_rejects_and_the_counts_add_up(lake: Lake) -> None:
    listing = told("a")
    listing.skipped = [Skip("Home", "local_file", "no id", 1), Skip("Talk", "episode", "no music", 2)]
    assert store(lake, listing, "spotify playlist").causes == {"episode": 1, "local_file": 1}
    [batch] = lake.batches("tracks")
    assert (batch.rows_read, batch.kept, batch.rejected) == (3, 1, 2)
    assert lake.rejects().select("line", "code", "raw").rows() == [(1, "local_file", "Home"), (2, "episode", "Talk")]


def test_a_dry_run_writes_nothing(lake: Lake) -> None:
    assert store(lake, told("a"), "x", dry_run=True).imported == 1
    assert not lake.root.exists()


def test_a_number_outside_its_range_is_left_out_and_told(lake: Lake) -> None:
    summary = store(lake, told("a", tempo=900.0, energy=0.5, source="reccobeats"), "x")
    row = StoredTracks.of(lake).rows()[0]
    assert (row["tempo"], row["energy"]) == (None, 0.5)
    assert summary.warnings == ["a: tempo 900.0 of reccobeats left out; allowed: 0 … 260"]


def test_a_track_is_found_under_the_id_that_a_file_gave_it(lake: Lake) -> None:
    ingested(lake, {"id": "mine", "spotify_id": "a", "title": "Own title", "origin": "catalog"})
    summary = store(lake, told("a", isrc="USQX91300108"), "x")
    [row] = StoredTracks.of(lake).rows()
    assert (row["id"], row["title"], row["isrc"], summary.updated) == ("mine", "Own title", "USQX91300108", 1)
    assert any("title kept from file" in warning for warning in summary.warnings)


def test_a_mention_does_not_hide_the_catalogues_row(lake: Lake) -> None:
    store(lake, told("a", isrc="USQX91300108"), "x")
    ingested(lake, {"id": "a", "title": "as typed", "origin": "mention"}, {"id": "z", "title": "z", "origin": "mention"})
    assert [(row["id"], row["isrc"]) for row in StoredTracks.of(lake).rows()] == [("a", "USQX91300108")]


def test_an_early_end_and_old_answers_are_told(lake: Lake) -> None:
    listing = Listing([Facts("a", "spotify", {"title": "x"}, stale=True)], stopped=UnavailableError("spotify: down"))
    summary = store(lake, listing, "x")
    assert summary.stopped == "spotify: down"
    assert "expired" in summary.notes[0]
    assert summary.imported == 1
