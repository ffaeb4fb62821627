"""The provider flows: what the commands do, with Prefect around it, against a server on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from recsys import Lake
from recsys.providers.batches import StoredTracks
from recsys.providers.settings import _NAMES
from recsys.tables import EVENTS, REJECTS
from tests.providers.spotify_answers import ident
from tests.support.bytes import naming
from tests.support.hostile import Hostile

pytestmark = pytest.mark.slow

SCRIPT = """
import json, os, sys
from flows.enrich import enrich
from flows.import_catalog import import_catalog
lake = sys.argv[1]
first = import_catalog(lake)
again = import_catalog(lake, ["spotify:track:" + sys.argv[2]])
enriched = enrich(lake, return_state=True)
os.environ["SPOTIFY_API_URL"] = sys.argv[3]
refused = import_catalog(lake, [sys.argv[4]], return_state=True)
states = [[state.type, state.message] for state in (enriched, refused)]
print(json.dumps([first.imported, again.imported, again.unchanged, states]))
"""


def test_events_fetch_the_tracks_they_name(tmp_path: Path, root: Path) -> None:
    lake = Lake(tmp_path / "lake")
    rows = [{"user_id": "u", "track_id": ident(number), "type": "play"} for number in (1, 2)]
    events = EVENTS.conform(pl.DataFrame(rows))
    lake.add_batch("events", events, rejects=REJECTS.empty(), source="e", digest="e" * 64, rows_read=2)
    with Hostile().running() as server:
        outside = {
            "SPOTIFY_API_URL": server.address("well") + "/v1",
            "SPOTIFY_BEARER_TOKEN": "canary-bearer",
            "RECCOBEATS_URL": server.address("html"),
            "PREFECT_HOME": str(tmp_path / "prefect"),
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
            "PREFECT_LOGGING_LEVEL": "INFO",  # the command, where another test imported it, sets a higher one
            "PYTHONPATH": str(root),
        }
        kept = {name: value for name, value in os.environ.items() if name not in _NAMES}
        command = [sys.executable, "-c", SCRIPT, str(lake.root), ident(2), server.address("html"), ident(9)]
        done = subprocess.run(
            command, cwd=tmp_path, env={**kept, **outside}, capture_output=True, text=True, timeout=900, check=False
        )
    assert done.returncode == 0, done.stderr
    first, again, unchanged, states = json.loads(done.stdout.splitlines()[-1])
    assert (first, again, unchanged) == (2, 0, 1)
    assert [state[0] for state in states] == ["FAILED", "FAILED"]
    assert "HTML" not in states[0][1]
    assert "reccobeats: " in states[0][1]
    told = done.stdout + done.stderr
    assert "musicbrainz was left out: musicbrainz: set MUSICBRAINZ_APP_NAME" in told
    assert "listenbrainz: asked=0" in told
    assert StoredTracks.of(lake).ids == {ident(1), ident(2)}
    assert "HTML" in told
    assert "canary" not in done.stderr + done.stdout
    assert naming(tmp_path / "prefect", "HTML") == []
