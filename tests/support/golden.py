"""Cases with the outputs of the older service, from ``tests/golden`` and from the folder named by ``RECSYS_GOLDEN``, when set.

Cases with flags (ties, float noise) are left out.
"""

from __future__ import annotations

import gzip
import json
import os
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from recsys import Inputs, Settings
from recsys.tables import CONTROLS, EVENTS, FEATURES, REQUESTS, TRACKS
from tests.support.worlds import frame

Case = dict[str, Any]
ROUNDED = 1.0001e-4
"""Tolerance of numbers that the older service rounded to four digits."""


def read(path: Path) -> Case:
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return json.loads(text)


@cache
def case_files() -> list[Path]:
    extra = os.environ.get("RECSYS_GOLDEN")
    folders = [Path(__file__).parent.parent / "golden", *([Path(extra)] if extra else [])]
    files = [path for folder in folders for pattern in ("*.json", "*.json.gz") for path in sorted(folder.rglob(pattern))]
    return [path for path in files if path.name != "MANIFEST.json" and not read(path)["flags"]]


def name(path: Path) -> str:
    return path.name.split(".")[0]


def asked(case: Case) -> list[tuple[Case, Case]]:
    """Requests that have an answer, with it."""
    pairs = zip(case["requests"], case["expected"]["requests"], strict=True)
    return [(request, expected) for request, expected in pairs if "error" not in expected]


def settings(case: Case) -> Settings:
    return Settings.reference(lists=(), **case["config"])


def moment(case: Case) -> datetime:
    return datetime.fromisoformat(case["now"])


def inputs(case: Case, requests: list[Case]) -> Inputs:
    """The case's rows; request number ``n`` is the list ``00n``."""
    tracks = [{**{k: v for k, v in track.items() if k != "features"}, **track.get("features", {})} for track in case["tracks"]]
    events = [{**event, "occurred_at": _time(event.get("occurred_at")), "context": None} for event in case["interactions"]]
    # a control record with a blank user_id inside lifts its listener's restriction; batch rows carry the id as their key
    controls = [
        {
            **record,
            "user_id": user,
            "allow_explicit": record.get("allow_explicit", False) or record.get("user_id") == "",
            "postponed_tracks": [{"track_id": track, "until": None} for track in record.get("postponed_tracks") or []],
        }
        for user, record in case["controls"].items()
    ]
    lists = [{**request, "list": f"{number:03}"} for number, request in enumerate(requests)]
    for request in lists:
        if request.get("feature_targets") is not None:
            request["feature_targets"] = {feature: request["feature_targets"].get(feature) for feature in FEATURES}
    return Inputs(frame(TRACKS, tracks), frame(EVENTS, events), frame(CONTROLS, controls), frame(REQUESTS, lists))


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
