"""What a user did at a provider → events of a listener, each once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

import polars as pl

from recsys.lake import Lake
from recsys.providers.account import Summary
from recsys.providers.batches import StoredTracks
from recsys.providers.facts import Action
from recsys.tables import EVENTS, REJECTS


def store_actions(
    lake: Lake, actions: Sequence[Action], listener: str, summary: Summary, *, since: datetime | None = None
) -> None:
    """Write the actions that the lake lacks, from ``since`` on, as one batch of events."""
    catalog = StoredTracks.of(lake)
    rows = {
        (row["track_id"], row["type"], row["occurred_at"], row["context"]): row
        for action in actions
        if (row := _row(catalog, action, listener, summary.source)) and _due(row["occurred_at"], since)
    }
    events = lake.input("events").filter(pl.col("user_id") == listener)
    known = set(events.select("track_id", "type", "occurred_at", "context").iter_rows())
    fresh = [row for key, row in rows.items() if key not in known]
    summary.events += len(fresh)
    if fresh:
        frame = EVENTS.conform(pl.DataFrame(fresh, schema_overrides=EVENTS.schema))
        digest = hashlib.sha256(f"{len(lake.batches('events'))}\n{frame.write_ndjson()}".encode()).hexdigest()
        lake.add_batch("events", frame, rejects=REJECTS.empty(), source=summary.source, digest=digest, rows_read=frame.height)


def _row(catalog: StoredTracks, action: Action, listener: str, source: str) -> dict[str, object]:
    return {
        "user_id": listener,
        "track_id": catalog.alias(action.track),
        "type": action.kind,
        "occurred_at": _moment(action.moment),
        "context": action.context,
        "source": source,
    }


def _moment(text: str | None) -> datetime | None:
    """A time as Spotify writes it; None for none and for the zero time of old playlists."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.year > 1970 else None


def _due(moment: object, since: datetime | None) -> bool:
    return since is None or (isinstance(moment, datetime) and moment >= since)
