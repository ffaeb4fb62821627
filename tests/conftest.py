"""What every test shares: no telemetry, no network but localhost, and the way to data that is not part of the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parent.parent
os.environ.update(
    {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "GX_ANALYTICS_ENABLED": "false", "COLUMNS": "100"}
)
for name in [name for name in os.environ if name.startswith(("REC_", "RECSYS_")) and name != "RECSYS_GOLDEN"]:
    del os.environ[name]
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of large data sets and samples beside the project; tests that need it are skipped without it."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"needs the data folder {folder}")
    return folder
