"""The lists of a run as arrays: what each asks for, and what its listener keeps out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys.inputs import Snapshot
from recsys.matrices.arrays import Flags, Floats, Ints
from recsys.matrices.catalog import Catalog
from recsys.matrices.tokens import NameSets, fold, token
from recsys.settings import Mode, Settings
from recsys.tables import COOLDOWN, DROP_RULES, FEATURES, PARTS, REQUESTS

_DEFAULT_LIMIT, MOST_LIMIT = 20, 100
_ARTIST_TRACKS, GENRE_TRACKS = 5, 20
"""Most popular tracks that stand for a seed artist, and for a seed genre."""
_SHOWN = 5
"""Unknown names a remark spells out."""
DEFAULT_TARGET, DISCOVERY_TARGET, COMFORT_TARGET = 0.22, 0.34, 0.10
_MODES = ("balanced", "comfort", "discovery")

_NONE: Ints = np.empty(0, dtype=np.int32)


class Exclusions(NamedTuple):
    """What is kept out of a list: canonical rows by rule, and excluded names. Lists without any share one empty value."""

    tracks: Ints = _NONE
    postponed: Ints = _NONE
    cooldown: Ints = _NONE
    artists: Ints = _NONE
    genres: Ints = _NONE


class Likened(NamedTuple):
    """The tracks that the seed artists and genres of a list stand for, and for which of them each stands."""

    tracks: Ints = _NONE
    artists: Ints = _NONE
    """Number of the artist in the catalogue, −1 for a genre's."""
    genres: Ints = _NONE
    """Number of the genre in the catalogue, −1 for an artist's."""


@dataclass(frozen=True)
class Requests:
    """One row per list, sorted by listener; ``indptr`` (listeners + 1) bounds the lists of each listener."""

    indptr: NDArray[np.int64]
    listener: Ints
    limit: Ints
    mode: Ints
    """Position in :data:`_MODES`, for the popularity fit of scale `raw`."""
    target: Floats
    """Wanted distance from the taste, for scale `raw`."""
    weight: Floats
    """(lists, parts) weight of each part, for scale `spread`."""
    distance: Floats
    """Wanted distance as a quantile, for scale `spread`."""
    new_artists: Flags
    """Whether artists the listener has played are left out."""
    tolerance: Floats
    """Standard deviations at which the fit to the targets is 1/e."""
    bounds: dict[int, Floats]
    """List → (12, 2) least and greatest feature in raw units, infinite where none; only lists with bounds."""
    wanted: dict[int, Floats]
    """List → (12,) wanted features in raw units, NaN where none; only lists with targets."""
    explicit_ok: Flags
    explicit_safe: Flags
    least: Floats
    most: Floats
    seeds: dict[int, Ints]
    """List → rows of its seed tracks that the catalogue has, repeats included; only lists with seeds."""
    likened: dict[int, Likened]
    """Only lists with seed artists and genres that the catalogue has. Unlike seeds these tracks may be recommended."""
    remarks: list[str | None]
    """What of each list's request could not be followed, in words."""
    targets: dict[int, Floats]
    """List → (12,) wanted features, normalised, NaN where none; only lists with targets."""
    exclusions: dict[int, Exclusions]
    """List → exclusions; only lists with any."""

    def is_seeded(self, row: int) -> bool:
        """Whether a list names seeds, or artists or genres to start from."""
        return row in self.seeds or row in self.likened

    def seeds_of(self, row: int) -> Ints:
        """The seed tracks of a list; none where it has no seeds."""
        return self.seeds.get(row, _NONE)

    def starts(self, row: int) -> Ints:
        """The tracks a list starts from: its seeds and what its seed artists and genres stand for."""
        return np.concatenate([self.seeds_of(row), self.likened.get(row, Likened()).tracks])


def rule(name: str) -> int:
    """Number of a drop rule, from 1."""
    return DROP_RULES.index(name) + 1


def build_requests(snapshot: Snapshot, catalog: Catalog, settings: Settings) -> Requests:
    """Arrays of the snapshot's lists and controls."""
    barred = snapshot.controls.rename({"excluded_genres": "barred_genres"})
    lists = REQUESTS.completed(snapshot.lists.join(barred, on="user_id", how="left", maintain_order="left"))
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
        limit=np.where(limit > 0, np.minimum(limit, MOST_LIMIT), _DEFAULT_LIMIT).astype(np.int32),
        mode=_per_unique(modes, _mode).astype(np.int32),
        **_wishes(lists, modes, settings),
        target=_targets_of_distance(lists["exploration_target"], modes, settings),
        explicit_ok=(included & allowed if hide else included).to_numpy(),
        explicit_safe=(allowed | hide).to_numpy(),
        least=lists["min_popularity"].fill_null(-np.inf).to_numpy(writable=True),
        most=lists["max_popularity"].fill_null(np.inf).to_numpy(writable=True),
        seeds=_seeds(lists, catalog),
        likened=_likened(lists, catalog),
        remarks=_remarks(lists, catalog, settings),
        targets=_feature_targets(lists, catalog, settings),
        exclusions=_kept(lists, catalog, settings, snapshot.as_of),
    )


def _wishes(lists: pl.DataFrame, modes: list[str], settings: Settings) -> dict[str, Any]:
    """What lists want by their mode and by their own words."""
    known = {mode: settings.modes.get(token(mode), Mode()) for mode in set(modes)}
    number = {mode: place for place, mode in enumerate(known)}
    at = np.array([number[mode] for mode in modes], dtype=np.int64)
    weight = np.array([_weights(mode, settings) for mode in known.values()]).reshape(-1, len(PARTS))[at]
    distance = np.array([np.nan if mode.distance is None else mode.distance for mode in known.values()], dtype=np.float64)[at]
    distance = np.where(lists["exploration_target"].fill_null(0.0) != 0, lists["exploration_target"].fill_null(0.0), distance)
    weight[:, PARTS.index("exploration")] *= ~np.isnan(distance)
    targets, target, familiarity = _wanted(lists), PARTS.index("target"), PARTS.index("familiarity")
    strength = lists["target_strength"].fill_null(settings.target_weight).to_numpy()
    weight[list(targets), target] = strength[list(targets)]
    for row in _filled(lists, "seed_track_ids", "seed_artists", "seed_genres")["row"].to_list():
        if known[modes[row]].familiarity is None:
            weight[row, familiarity] = 0.0  # the seeds say whose tracks are wanted
    return {
        "weight": weight,
        "distance": np.clip(np.nan_to_num(distance), 0.0, 1.0),
        "new_artists": np.array([mode.artists == "new" for mode in known.values()], dtype=np.bool_)[at],
        "tolerance": lists["target_tolerance"].fill_null(settings.target_tolerance).to_numpy(),
        "bounds": _bounds(lists),
        "wanted": targets,
    }


def _weights(mode: Mode, settings: Settings) -> list[float]:
    """Weights of the parts in a mode, in the order of :data:`PARTS`; of the targets 0."""
    own = (mode.content, mode.collaborative, mode.popularity, mode.exploration, mode.familiarity)
    general = (
        settings.content_weight, settings.collab_weight, settings.popularity_weight, settings.exploration_weight,
        settings.familiarity_weight,
    )  # fmt: skip
    return [fallback if given is None else given for given, fallback in zip(own, general, strict=True)] + [0.0]


def _wanted(lists: pl.DataFrame) -> dict[int, Floats]:
    rows = (
        lists.with_row_index("row").filter(pl.col("feature_targets").is_not_null()).select("row", "feature_targets").iter_rows()
    )
    targets = {row: np.array([np.nan if one[name] is None else one[name] for name in FEATURES]) for row, one in rows}
    return {row: wanted for row, wanted in targets.items() if not np.isnan(wanted).all()}


def _bounds(lists: pl.DataFrame) -> dict[int, Floats]:
    rows = lists.with_row_index("row").filter(pl.col("feature_bounds").is_not_null()).select("row", "feature_bounds").iter_rows()
    limits = {row: np.array([_bound(one[name]) for name in FEATURES]) for row, one in rows}
    return {row: bounds for row, bounds in limits.items() if np.isfinite(bounds).any()}


def _bound(pair: list[float | None] | None) -> tuple[float, float]:
    low, high = pair or (None, None)
    return -np.inf if low is None else low, np.inf if high is None else high


def _mode(text: str) -> int:
    return _MODES.index(token(text)) if token(text) in _MODES else 0


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


def _likened(lists: pl.DataFrame, catalog: Catalog) -> dict[int, Likened]:
    """The most popular songs of the seed artists and genres, of equals those that come first."""
    rows = _filled(lists, "seed_artists", "seed_genres").select("row", "seed_artists", "seed_genres").rows()
    artists = _most_popular(catalog, catalog.artist_sets, {name for _, names, _ in rows for name in names or ()}, _ARTIST_TRACKS)
    genres = _most_popular(catalog, catalog.genre_sets, {name for _, _, names in rows for name in names or ()}, GENRE_TRACKS)
    named = {
        row: [(artists[name], True) for name in some or ()] + [(genres[name], False) for name in kinds or ()]
        for row, some, kinds in rows
    }
    return {row: _together(parts) for row, parts in named.items() if any(len(part.tracks) for part, _ in parts)}


class _Popular(NamedTuple):
    """The most popular tracks that bear a name, and its number, −1 where the catalogue has none of the name."""

    tracks: Ints = _NONE
    number: int = -1


def _together(parts: Sequence[tuple[_Popular, bool]]) -> Likened:
    """The tracks of names, one after another; with each whether it is an artist's."""
    whole = [np.full(len(popular.tracks), popular.number, np.int32) for popular, _ in parts]
    artists = [numbers if artist else np.full_like(numbers, -1) for numbers, (_, artist) in zip(whole, parts, strict=True)]
    genres = [np.full_like(numbers, -1) if artist else numbers for numbers, (_, artist) in zip(whole, parts, strict=True)]
    return Likened(*map(np.concatenate, ([popular.tracks for popular, _ in parts], artists, genres)))


def _most_popular(catalog: Catalog, sets: NameSets, names: set[str], most: int) -> dict[str, _Popular]:
    """Name → the most popular tracks that bear it, one of a song."""
    popular = dict.fromkeys(names, _Popular())
    for name in names:
        if (number := sets.names.get(catalog.name_key(name))) is not None:
            groups = np.searchsorted(sets.indptr, np.flatnonzero(sets.members == number), side="right") - 1
            tracks = np.flatnonzero(np.isin(sets.of, groups))
            tracks = tracks[np.argsort(-catalog.popularity[tracks], kind="stable")]
            _, first = np.unique(catalog.canonical[tracks], return_index=True)
            popular[name] = _Popular(tracks[np.sort(first)][:most].astype(np.int32), number)
    return popular


def _remarks(lists: pl.DataFrame, catalog: Catalog, settings: Settings) -> list[str | None]:
    """What of lists' wishes could not be followed; nobody else's list suffers from it."""
    if settings.parts_scale == "raw":
        return [None] * lists.height
    strange, empty = _strange(lists, catalog, settings), _empty(lists)
    return ["; ".join([*strange.get(row, ()), *empty.get(row, ())]) or None for row in range(lists.height)]


def _strange(lists: pl.DataFrame, catalog: Catalog, settings: Settings) -> dict[int, list[str]]:
    """What the run does not know of what lists name."""
    remarks: dict[int, list[str]] = {}
    columns = ("mode", "seed_track_ids", "seed_artists", "seed_genres")
    strange = [mode for mode in lists["mode"].drop_nulls().unique() if mode.strip() and token(mode) not in settings.modes]
    odd = pl.col("mode").is_in(strange) | pl.any_horizontal(pl.col(columns[1:]).list.len() > 0)
    for row, mode, *seeds in lists.with_row_index("row").filter(odd).select("row", *columns).iter_rows():
        tracks, artists, genres = (names or () for names in seeds)
        missing = {
            f"mode, built as {next(iter(settings.modes))}": [mode] if mode in strange else [],
            "seed tracks": [name for name in tracks if name not in catalog.row_of],
            "seed artists": [name for name in artists if catalog.name_key(name) not in catalog.artist_sets.names],
            "seed genres": [name for name in genres if catalog.name_key(name) not in catalog.genre_sets.names],
        }
        remarks[row] = [_unknown(word, names) for word, names in missing.items() if names]
    return remarks


def _empty(lists: pl.DataFrame) -> dict[int, list[str]]:
    """Ranges that end below their beginning, in which no track can be."""
    remarks: dict[int, list[str]] = {}
    popularity = ("min_popularity", "max_popularity")
    crossed = lists.with_row_index("row").filter(pl.col(popularity[0]) > pl.col(popularity[1])).select("row", *popularity)
    for row, low, high in crossed.iter_rows():
        remarks[row] = [f"no popularity is from {low:g} to {high:g}"]
    for row, bounds in _bounds(lists).items():
        none = [
            f"no {name} is from {low:g} to {high:g}"
            for name, (low, high) in zip(FEATURES, bounds.tolist(), strict=True)
            if low > high
        ]
        remarks[row] = [*remarks.get(row, ()), *none]
    return remarks


def _unknown(word: str, names: Sequence[str]) -> str:
    return f"unknown {word}: {', '.join(names[:_SHOWN])}{' …' if len(names) > _SHOWN else ''}"


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
    columns: tuple[str, ...] = (
        "excluded_tracks", "excluded_track_ids", "postponed_tracks",
        "excluded_artists", "excluded_artist_ids", "barred_genres", "excluded_genres",
    )  # fmt: skip
    if COOLDOWN in lists.columns:
        columns = (*columns, COOLDOWN)
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
            cooldown=_rows(row.get(COOLDOWN) or (), catalog),
            artists=catalog.excludable_artists.ids(artists),
            genres=catalog.excludable_genres.ids(genres),
        )
    return exclusions


def _both(row: dict[str, list[str] | None], one: str, other: str) -> list[str]:
    return [*(row[one] or ()), *(row[other] or ())]
