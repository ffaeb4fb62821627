"""One night on a small lake, which a process of its own can run and be killed in."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from recsys.errors import RecsysError
from recsys.lake import Batch, Lake, Plan, Run
from recsys.settings import Settings
from recsys.tables import REJECTS

AS_OF = datetime(2026, 1, 31, tzinfo=UTC)


def events(day: int, rows: int = 3) -> pl.DataFrame:
    users = [f"u{number}" for number in range(rows)]
    return pl.DataFrame({"user_id": users, "track_id": [f"t{day}"] * rows, "type": ["play"] * rows})


def refused(digest: str) -> pl.DataFrame:
    row = {"batch": digest, "table": "events", "source": "day", "line": 4, "code": "type", "reason": "no such type"}
    return REJECTS.conform(pl.DataFrame([row]))


def ingest(lake: Lake, day: int, rows: int = 3) -> Batch | None:
    digest = hashlib.sha256(str(day).encode()).hexdigest()
    return lake.add_batch(
        "events",
        events(day, rows),
        rejects=refused(digest) if day % 2 else REJECTS.empty(),
        source=f"day-{day}.csv",
        digest=digest,
        rows_read=rows + day % 2,
    )


def plan(lake: Lake) -> Plan:
    """Tonight's plan under one code version, so that an edit of the sources does not disturb a comparison."""
    return replace(lake.plan(Settings(), AS_OF), code="0")


def neighbors(users: list[str]) -> pl.DataFrame:
    count = len(users)
    columns = {"similarity": [0.5] * count, "overlap": [2] * count, "weight": [0.25] * count}
    return pl.DataFrame({"user_id": users, "neighbor_id": ["z"] * count, **columns})


def build(lake: Lake, status: str = "passed") -> Run:
    made = plan(lake)
    users = lake.inputs(made.batches).events["user_id"].unique().sort().to_list()
    with lake.stage(made) as staged:
        staged.write("neighbors", neighbors(users[:1]), part=0)
        staged.write("neighbors", neighbors(users[1:]), part=1)
        staged.write_file("lookup/users.txt", "\n".join(users).encode())
        return lake.commit(staged, status=status, seconds={"neighbors": 0.5}, metrics={"users": len(users)})


def night(root: Path, day: int = 2) -> Run:
    lake = Lake(root)
    ingest(lake, day)
    ingest(lake, day + 1)
    return lake.publish(build(lake).id)


def main(
    root: str,
    said: str = os.devnull,
    environment: dict[str, str] | None = None,
    limits: dict[int, int] | None = None,
    hasty: bool = True,
) -> None:
    """The night in a process of its own, under soft limits; an error is written to ``said`` and becomes the exit code."""
    os.environ.update(environment or {})
    if hasty:
        os.fsync = lambda _: None
    output = Path(said).open("w")  # noqa: SIM115
    for name, limit in (limits or {}).items():
        resource.setrlimit(name, (limit, resource.getrlimit(name)[1]))
    try:
        night(Path(root))
    except RecsysError as error:
        output.write(str(error))
        output.close()
        sys.exit(error.exit_code)


def contents(root: Path) -> dict[str, Any]:
    """Every file and its bytes, without what may differ between two runs: times, and the manifest's digest."""
    result: dict[str, Any] = {}
    for path in root.rglob("*"):
        if path.is_dir() or path.name == ".lock":
            continue
        result[path.relative_to(root).as_posix()] = _timeless(path)
    return result


def _timeless(path: Path) -> Any:
    data = path.read_bytes()
    if path.name == "CURRENT":
        return data.split()[0]
    if path.name == "manifest.json":
        return {key: value for key, value in json.loads(data).items() if key not in ("created_at", "seconds", "checksum")}
    return data


def ingest_all(root: str, days: list[int]) -> None:
    """Ingest several days, waiting for other writers."""
    lake = Lake(root, wait=60)
    for day in days:
        ingest(lake, day)


def publish_all(root: str, days: list[int]) -> None:
    """A night per day, each ingest, run and publication under one lock, waiting for other writers."""
    lake = Lake(root, wait=60)
    for day in days:
        with lake.writer():
            ingest(lake, day)
            lake.publish(build(lake).id)
