"""The demo world as frames, and the door that writes it as input files.

The world is synthetic: every listener, artist and track is invented, and every id begins with ``demo-``. Listeners and tracks
belong to planted taste groups, so that a person, or a test, can see whether lists stay near a listener's taste.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from recsys.demo.catalog import catalog
from recsys.demo.groups import GROUPS
from recsys.demo.listeners import events, homes, listeners
from recsys.demo.wishes import controls, requests
from recsys.errors import UsageError

NOTE = """# Synthetic demo data

Made by `recsys demo`, the same bytes every time. Every listener, artist and track is invented; any likeness to real ones is
chance. Every id begins with `demo-`.

| file | what |
|---|---|
| tracks.parquet | the catalogue |
| events.csv.gz | what listeners played, skipped, liked, saved, disliked and hid |
| controls.jsonl | what listeners forbade |
| requests.jsonl | saved lists |
| groups.csv | the planted taste group of every listener and track, for reading only |
"""


@dataclass(frozen=True)
class DemoWorld:
    """Input tables in contract columns, and ``groups``: one row per listener and track (id, group)."""

    tracks: pl.DataFrame
    events: pl.DataFrame
    controls: pl.DataFrame
    requests: pl.DataFrame
    groups: pl.DataFrame


def world(seed: int = 0) -> DemoWorld:
    """2,000 tracks, 300 listeners and 40,000 events in 8 planted groups; the same frames for the same seed."""
    rng = np.random.default_rng(seed)
    tracks, track_groups = catalog(rng)
    home = homes(rng)
    names = [group.name for group in GROUPS]
    positions = np.array([names.index(name) for name in track_groups])
    return DemoWorld(
        tracks,
        events(rng, tracks, positions, home),
        controls(rng, tracks),
        requests(tracks, track_groups),
        pl.DataFrame({"id": [*listeners(), *tracks["id"]], "group": [*(names[i] for i in home[:, 0]), *track_groups]}),
    )


def write(demo: DemoWorld, folder: Path) -> dict[str, Path]:
    """Writes the world as input files of three formats into ``folder``; returns table → file.

    Raises :class:`UsageError` when the folder cannot be written.
    """
    files = {
        "tracks": folder / "tracks.parquet",
        "events": folder / "events.csv.gz",
        "controls": folder / "controls.jsonl",
        "requests": folder / "requests.jsonl",
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(demo, folder, files)
    except OSError as error:
        raise UsageError(f"{folder}: the demo files cannot be written: {error.strerror}; choose another --folder") from error
    return files


def _write(demo: DemoWorld, folder: Path, files: dict[str, Path]) -> None:
    demo.tracks.write_parquet(files["tracks"])
    files["events"].write_bytes(gzip.compress(_csv(demo.events), mtime=0))
    files["controls"].write_bytes(_json_lines(demo.controls))
    files["requests"].write_bytes(_json_lines(demo.requests))
    demo.groups.write_csv(folder / "groups.csv")
    (folder / "README.md").write_text(NOTE, encoding="utf-8")


def _csv(frame: pl.DataFrame) -> bytes:
    return frame.write_csv(datetime_format="%Y-%m-%dT%H:%M:%SZ").encode()


def _json_lines(frame: pl.DataFrame) -> bytes:
    lines = (json.dumps(_present(row), ensure_ascii=False) for row in frame.iter_rows(named=True))
    return "".join(f"{line}\n" for line in lines).encode()


def _present(value: object) -> object:
    """The value as JSON writes it: without nulls, times as ISO 8601."""
    if isinstance(value, dict):
        return {key: _present(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_present(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value
