"""Enriching step by step, against a server on this machine; the flow with Prefect around it: test_import_catalog.py."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from flows.enrich import tracks
from flows.stages import stopwatch
from recsys import Lake
from recsys.errors import UsageError
from recsys.providers.errors import NotConfiguredError
from recsys.providers.settings import _NAMES
from recsys.tables import EVENTS, REJECTS, TRACKS
from tests.providers.spotify_answers import ident
from tests.support.hostile import Hostile
from tests.support.worlds import frame

pytestmark = pytest.mark.slow


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Two tracks, one of them played; no provider's settings."""
    for name in _NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    stopwatch()
    lake = Lake(tmp_path / "lake")
    known = frame(TRACKS, [{"id": ident(number), "spotify_id": ident(number), "title": f"T{number}"} for number in (1, 2)])
    played = EVENTS.conform(pl.DataFrame([{"user_id": "u", "track_id": ident(1), "type": "play"}]))
    for table, rows in (("tracks", known), ("events", played)):
        digest = f"{len(table):064x}"
        lake.add_batch(table, rows, rejects=REJECTS.empty(), source=table, digest=digest, rows_read=rows.height)
    return lake


@pytest.mark.parametrize(("everything", "number"), [(False, 1), (True, 2)])
def test_what_is_asked_about(everything: bool, number: int, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    with Hostile().running() as server:
        monkeypatch.setenv("RECCOBEATS_URL", server.address("html"))
        summary = tracks(lake, "reccobeats", everything)
    assert summary.account["asked"] == number
    assert summary.shortfall is not None
    assert lake.input("tracks").height == 2


def test_a_provider_without_its_settings_and_one_that_is_none(lake: Lake) -> None:
    with pytest.raises(NotConfiguredError, match="MUSICBRAINZ"):
        tracks(lake, "musicbrainz", False)
    with pytest.raises(UsageError):
        tracks(lake, "nobody", False)
