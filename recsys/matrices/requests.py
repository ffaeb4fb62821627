"""The lists of a run as arrays: what each asks for, and what its listener keeps out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys.inputs import Snapshot
from recsys.matrices.arrays import Flags, Floats, Ints
from recsys.matrices.catalog import Catalog
from recsys.matrices.tokens import fold, token
from recsys.settings import Settings
from recsys.tables import DROP_RULES, FEATURES

DEFAULT_LIMIT, MOST_LIMIT = 20, 100
DEFAULT_TARGET, DISCOVERY_TARGET, COMFORT_TARGET = 0.22, 0.34, 0.10
MODES = ("balanced", "comfort", "discovery")

_NONE: Ints = np.empty(0, dtype=np.int32)


class Exclusions(NamedTuple):
    """What is kept out of a list: canonical rows by rule, and excluded names. Lists without any share one empty value."""

    tracks: Ints = _NONE
    postponed: Ints = _NONE
    artists: Ints = _NONE
    genres: Ints = _NONE


@dataclass(frozen=True)
class Requests:
    """One row per list, sorted by listener; ``indptr`` (listeners + 1) bounds the lists of each listener."""

    indptr: NDArray[np.int64]
    listener: Ints
    limit: Ints
    mode: Ints
    """Position in :data:`MODES`, for the popularity fit."""
    target: Floats
    """Wanted distance from the taste."""
    explicit_ok: Flags
    explicit_safe: Flags
    least: Floats
    most: Floats
    seeds: dict[int, Ints]
    """List → rows of its seed tracks that the catalogue has, repeats included; only lists with seeds."""
    targets: dict[int, Floats]
    """List → (12,) wanted features, normalised, NaN where none; only lists with targets."""
    exclusions: dict[int, Exclusions]
    """List → exclusions; only lists with any."""


def rule(name: str) -> int:
    """Number of a drop rule, from 1."""
    return DROP_RULES.index(name) + 1


def build_requests(snapshot: Snapshot, catalog: Catalog, settings: Settings) -> Requests:
    """Arrays of the snapshot's lists and controls."""
    lists = snapshot.lists.join(
        snapshot.controls.rename({"excluded_genres": "barred_genres"}), on="user_id", how="left", maintain_order="left"
    )
    users = {user: row for row, user in enumerate(snapshot.users)}
    listener = lists["user_id"].replace_strict(list(users), list(users.values()), return_dtype=pl.Int32).to_numpy()
    allowed = lists["allow_explicit"].fill_null(value=True)
    included = lists["include_explicit"].fill_null(allowed)
    hide = settings.blocked_explicit == "hide"
    modes = lists["mode"].fill_null("").to_list()
    limit = lists["limit"].fill_null(0)
    return Requests(
        indptr=np.searchsorted(listener, np.arange(len(users) + 1, dtype=np.int32)).astype(np.int64),
        listener=listener,
        limit=np.where(limit > 0, np.minimum(limit, MOST_LIMIT), DEFAULT_LIMIT).astype(np.int32),
        mode=_per_unique(modes, _mode).astype(np.int32),
        target=_targets_of_distance(lists["exploration_target"], modes, settings),
        explicit_ok=(included & allowed if hide else included).to_numpy(),
        explicit_safe=(allowed | hide).to_numpy(),
        least=lists["min_popularity"].fill_null(-np.inf).to_numpy(writable=True),
        most=lists["max_popularity"].fill_null(np.inf).to_numpy(writable=True),
        seeds=_seeds(lists, catalog),
        targets=_feature_targets(lists, catalog, settings),
        exclusions=_kept(lists, catalog, settings, snapshot.as_of),
    )


def _mode(text: str) -> int:
    return MODES.index(token(text)) if token(text) in MODES else 0


def _per_unique(texts: list[str], value: object) -> NDArray[np.float64]:
    known = {text: value(text) for text in set(texts)}  # type: ignore[operator]
    return np.array([known[text] for text in texts], dtype=np.float64)


def _targets_of_distance(given: pl.Series, modes: list[str], settings: Settings) -> Floats:
    def name(text: str) -> str:
        return fold(text.strip() if settings.trim_mode else text)

    target = np.where(given.fill_null(0.0) == 0.0, DEFAULT_TARGET, given.fill_null(0.0).to_numpy())
    discovery = _per_unique(modes, lambda text: name(text) == "discovery") > 0
    comfort = _per_unique(modes, lambda text: name(text) == "comfort") > 0
    target = np.where(discovery, np.maximum(target, DISCOVERY_TARGET), target)
    return np.where(comfort, np.minimum(target, COMFORT_TARGET), target)


def _filled(lists: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """The rows in which any of the list columns has an element, with their number as ``row``."""
    any_element = pl.any_horizontal(*(pl.col(column).list.len().fill_null(0) > 0 for column in columns))
    return lists.with_row_index("row").filter(any_element)


def _seeds(lists: pl.DataFrame, catalog: Catalog) -> dict[int, Ints]:
    rows = _filled(lists, "seed_track_ids").select("row", "seed_track_ids").iter_rows()
    return {row: _rows(ids, catalog) for row, ids in rows}


def _rows(ids: Sequence[str], catalog: Catalog) -> Ints:
    return np.array([catalog.row_of[track] for track in ids if track in catalog.row_of], dtype=np.int32)


def _feature_targets(lists: pl.DataFrame, catalog: Catalog, settings: Settings) -> dict[int, Floats]:
    asked = lists.with_row_index("row").filter(pl.col("feature_targets").is_not_null())
    absent = 0.0 if settings.partial_targets == "zero" else np.nan
    return {
        row: catalog.space.normalize(np.array([absent if wanted[name] is None else wanted[name] for name in FEATURES]))
        for row, wanted in asked.select("row", "feature_targets").iter_rows()
    }


def _kept(lists: pl.DataFrame, catalog: Catalog, settings: Settings, as_of: datetime) -> dict[int, Exclusions]:
    columns = (
        "excluded_tracks", "excluded_track_ids", "postponed_tracks",
        "excluded_artists", "excluded_artist_ids", "barred_genres", "excluded_genres",
    )  # fmt: skip
    exclusions: dict[int, Exclusions] = {}
    for row in _filled(lists, *columns).select("row", *columns).iter_rows(named=True):
        postponed = [
            one["track_id"]
            for one in row["postponed_tracks"] or ()
            if not settings.postponed_end or one["until"] is None or one["until"] > as_of
        ]
        artists = [catalog.artist_key(name) for name in _both(row, "excluded_artists", "excluded_artist_ids")]
        genres = [catalog.genre_key(name) for name in _both(row, "barred_genres", "excluded_genres")]
        exclusions[row["row"]] = Exclusions(
            tracks=_rows(_both(row, "excluded_tracks", "excluded_track_ids"), catalog),
            postponed=_rows(postponed, catalog),
            artists=catalog.excludable_artists.ids(artists),
            genres=catalog.excludable_genres.ids(genres),
        )
    return exclusions


def _both(row: dict[str, list[str] | None], one: str, other: str) -> list[str]:
    return [*(row[one] or ()), *(row[other] or ())]
