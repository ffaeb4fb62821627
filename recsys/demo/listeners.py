"""The demo listeners and what they did: one planted home group each, a second one, and the odd stray."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from recsys.demo.groups import GROUPS
from recsys.tables import EVENTS

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
"""The moment the demo is built for; every event lies in the year before it."""

LISTENERS = 300
EVENT_COUNT = 40_000
COLD = ("demo-u297", "demo-u298", "demo-u299")
"""Listeners without any event."""
SKIPPER = "demo-u300"
"""The listener who only ever skipped."""
PARENTS = ("demo-u055", "demo-u155", "demo-u255")
"""Listeners whose plays outside their groups carry the context `kids`, which their controls leave out."""

_TYPES = np.array(("play", "skip", "like", "save", "dislike", "hide"))
_AT_HOME = (0.80, 0.06, 0.07, 0.05, 0.01, 0.01)
_ABROAD = (0.52, 0.33, 0.03, 0.02, 0.06, 0.04)
_CONTEXTS = np.array(("album", "playlist", "radio", "search", "sleep"))
_HOURS = np.array([2, 1, 1, 1, 1, 2, 4, 7, 8, 6, 5, 5, 6, 6, 5, 6, 7, 8, 9, 9, 9, 8, 6, 4])
_SKIPS = 40
_UNDATED = 0.001
_UNKNOWN_TRACK = 0.0015

_Floats = npt.NDArray[np.float64]
_Ints = npt.NDArray[np.int64]


def listeners() -> list[str]:
    """User ids, sorted."""
    return [f"demo-u{number:03}" for number in range(1, LISTENERS + 1)]


def homes(rng: np.random.Generator) -> _Ints:
    """Home and second group of every listener: (300, 2) positions in ``GROUPS``, never the same twice."""
    home = np.arange(LISTENERS) % len(GROUPS)
    return np.column_stack([home, (home + rng.integers(1, len(GROUPS), LISTENERS)) % len(GROUPS)])


def events(rng: np.random.Generator, tracks: pl.DataFrame, track_groups: _Ints, home: _Ints) -> pl.DataFrame:
    """Exactly 40,000 events in contract columns, in time order.

    A listener plays a personal library again and again: mostly popular tracks and favourite artists of the home group, some of
    the second. About 0.1 % of the events have no time and 0.15 % name a track that the catalogue does not have.
    """
    users = listeners()
    counts = _counts(rng, users)
    frames = [
        _listener_events(
            rng, user, counts[i], tracks, _appeal(rng, tracks, track_groups, home[i], user in PARENTS), home[i], track_groups
        )
        for i, user in enumerate(users)
        if counts[i]
    ]
    frame = pl.concat(frames)
    lost, undated = rng.random(frame.height) < _UNKNOWN_TRACK, rng.random(frame.height) < _UNDATED
    frame = frame.with_columns(
        track_id=pl.when(pl.Series(lost)).then(pl.col("track_id").str.replace("demo-t", "demo-t9")).otherwise("track_id"),
        occurred_at=pl.when(~pl.Series(undated)).then("occurred_at"),
        source=pl.lit("demo"),
    )
    return EVENTS.conform(frame.sort("occurred_at", "user_id", "track_id", "type", nulls_last=True))


def _counts(rng: np.random.Generator, users: list[str]) -> _Ints:
    """Events per listener: few heavy listeners, many light ones, none for the cold ones."""
    share = rng.lognormal(0.0, 0.8, len(users))
    share[[users.index(user) for user in (*COLD, SKIPPER)]] = 0
    counts = rng.multinomial(EVENT_COUNT - _SKIPS, share / share.sum())
    counts[users.index(SKIPPER)] = _SKIPS
    return counts


def _appeal(rng: np.random.Generator, tracks: pl.DataFrame, track_groups: _Ints, home: _Ints, strays: bool) -> _Floats:
    """How likely the listener is to know each track: (n_tracks,), sums to 1."""
    near = np.where(track_groups == home[0], 1.0, np.where(track_groups == home[1], 0.12, 0.05 if strays else 0.008))
    artists = tracks["artists"].list.first().rank("dense").to_numpy()
    favourites = rng.choice(np.unique(artists[track_groups == home[0]]), 4, replace=False)
    appeal = near * tracks["popularity"].to_numpy() ** 2 * np.where(np.isin(artists, favourites), 5.0, 1.0)
    shares: _Floats = appeal / appeal.sum()
    return shares


def _listener_events(
    rng: np.random.Generator, user: str, count: int, tracks: pl.DataFrame, appeal: _Floats, home: _Ints, track_groups: _Ints
) -> pl.DataFrame:
    library = rng.choice(len(appeal), min(len(appeal) // 4, 4 + int(count * 0.6)), replace=False, p=appeal)
    loyalty = 1.0 / np.arange(1, len(library) + 1) ** 0.6
    picks = library[rng.choice(len(library), count, p=loyalty / loyalty.sum())]
    abroad = ~np.isin(track_groups[picks], home)
    kinds = np.where(abroad, rng.choice(_TYPES, count, p=_ABROAD), rng.choice(_TYPES, count, p=_AT_HOME))
    if user == SKIPPER:
        kinds[:] = "skip"
    contexts = rng.choice(_CONTEXTS, count)
    return pl.DataFrame(
        {
            "user_id": [user] * count,
            "track_id": tracks["id"].gather(picks),
            "type": kinds,
            "occurred_at": _moments(rng, count),
            "completed_ms": _completed(rng, kinds, tracks["duration_ms"].to_numpy()[picks]),
            "context": np.where(abroad, "kids", contexts) if user in PARENTS else contexts,
        },
        schema_overrides={"occurred_at": EVENTS["occurred_at"].dtype},
    )


def _moments(rng: np.random.Generator, count: int) -> npt.NDArray[np.datetime64]:
    """Moments in the year before ``AS_OF``, more of them lately, mostly in the morning and the evening."""
    days = 1 + np.floor(364 * rng.beta(1.0, 1.5, count)).astype(np.int64)
    hours = rng.choice(24, count, p=_HOURS / _HOURS.sum())
    seconds = -days * 86_400 + hours * 3_600 + rng.integers(0, 3_600, count)
    return np.datetime64(AS_OF.replace(tzinfo=None), "us") + seconds.astype("timedelta64[s]")


def _completed(rng: np.random.Generator, kinds: npt.NDArray[np.str_], durations: _Ints) -> pl.Series:
    """Milliseconds heard: nearly all of a play, under 30 s of a skip, null for the rest."""
    share = np.minimum(1.0, rng.uniform(0.35, 2.5, len(kinds)))
    heard = np.where(kinds == "skip", rng.integers(800, 29_000, len(kinds)), (durations * share).astype(np.int64))
    return pl.Series(heard).set(pl.Series((kinds != "skip") & (kinds != "play")), None)
