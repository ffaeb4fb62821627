"""A list at once: a wish as a row of `requests`, checked against a run, and what the run's stored model makes of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from recsys.errors import NotFoundError, UsageError
from recsys.names import key
from recsys.readers.naming import near_names, track_named
from recsys.settings import Settings
from recsys.tables import FEATURES, REQUESTS, TRACKS

if TYPE_CHECKING:
    from recsys.readers.answer import Tables

_TARGET = re.compile(r"\s*(?P<name>\w+)\s*=\s*(?P<value>\S+)\s*")
_BOUND = re.compile(r"\s*(?P<name>\w+)\s*=\s*(?P<low>\S*?)\s*\.\.\s*(?P<high>\S*)\s*")
UNSAVED = "try"
"""Name of a list that is not saved."""


@dataclass(frozen=True)
class Wish:
    """What somebody asks of a list, as written: seeds by id or title, ``targets`` as energy=0.9, ``bounds`` as tempo=150..180."""

    seeds: Sequence[str] = ()
    artists: Sequence[str] = ()
    genres: Sequence[str] = ()
    targets: Sequence[str] = ()
    bounds: Sequence[str] = ()
    mode: str = "balanced"
    limit: int = 20


def request(tables: Tables, settings: Settings, user_id: str, wish: Wish, name: str = UNSAVED) -> pl.DataFrame:
    """The wish as a row of table `requests`: seeds by id, artists and genres as the catalogue spells them.

    Raises :class:`NotFoundError`, with what is near, for a track, artist, genre or mode that does not exist, and
    :class:`UsageError` for a target or bound that is not allowed.
    """
    tracks = tables["tracks"]
    mode = wish.mode.strip().lower()
    if mode not in settings.modes:
        raise NotFoundError(f"there is no mode {wish.mode!r}; modes: {', '.join(settings.modes)}")
    row = {
        "user_id": user_id,
        "list": name,
        "limit": wish.limit,
        "mode": mode,
        "seed_track_ids": [track_named(tracks, tables["songs"], seed) for seed in wish.seeds] or None,
        "seed_artists": _spelled(wish.artists, tracks, "artists", "artist") or None,
        "seed_genres": _spelled(wish.genres, tracks, "genres", "genre") or None,
        "feature_targets": dict.fromkeys(FEATURES) | _targets(wish.targets) if wish.targets else None,
        "feature_bounds": dict.fromkeys(FEATURES) | bounds(wish.bounds) if wish.bounds else None,
    }
    whole = [{column: row.get(column) for column in REQUESTS.names}]
    return REQUESTS.conform(pl.DataFrame(whole, schema=REQUESTS.schema, strict=False))


def _targets(texts: Sequence[str]) -> dict[str, float]:
    """Features and their wanted values. Raises :class:`UsageError` like :func:`request`."""
    wanted: dict[str, float] = {}
    for text in texts:
        match = _TARGET.fullmatch(text)
        if not match:
            raise UsageError(f"--target {text}: a feature and a number are needed, as energy=0.9")
        name = _feature("--target", text, match["name"])
        wanted[name] = _number("--target", text, name, match["value"])
    return wanted


def bounds(texts: Sequence[str]) -> dict[str, list[float | None]]:
    """Features and their least and greatest values, none for no end. Raises :class:`UsageError` like :func:`request`."""
    wanted: dict[str, list[float | None]] = {}
    for text in texts:
        match = _BOUND.fullmatch(text)
        if not match or not (match["low"] or match["high"]):
            raise UsageError(f"--bound {text}: a feature and a range are needed, as tempo=150..180, tempo=150.. or tempo=..180")
        name = _feature("--bound", text, match["name"])
        low, high = (_number("--bound", text, name, end) if end else None for end in (match["low"], match["high"]))
        if low is not None and high is not None and low > high:
            raise UsageError(f"--bound {text}: the range ends below its beginning; write {name}={high:g}..{low:g}")
        wanted[name] = [low, high]
    return wanted


def _feature(option: str, text: str, name: str) -> str:
    if name.lower() not in FEATURES:
        near = near_names(name, FEATURES)
        meant = f"did you mean {near[0]}?  " if near else ""
        raise UsageError(f"{option} {text}: there is no feature {name!r}; {meant}features: {', '.join(FEATURES)}")
    return name.lower()


def _number(option: str, text: str, name: str, value: str) -> float:
    """A number in the range of a feature."""
    column = TRACKS[name]
    low, high = column.low or 0.0, column.high or 0.0
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not low <= number <= high:
        raise UsageError(
            f"{option} {text}: {name} is a number from {low:g} to {high:g}{f' {column.unit}' if column.unit else ''}"
        )
    return number


def _spelled(names: Sequence[str], tracks: pl.DataFrame, column: str, what: str) -> list[str]:
    """The names as the catalogue first spells them. Raises :class:`NotFoundError` for one that no track bears."""
    if not names:
        return []
    known: dict[str, str] = {}
    for spelling in _borne(tracks, column):
        known.setdefault(key(spelling), spelling)
    for name in names:
        if key(name) not in known:
            near = near_names(name, list(known.values()))
            meant = f"near: {', '.join(near)}" if near else "check its spelling"
            raise NotFoundError(f"no track has the {what} {name!r}; {meant}")
    return [known[key(name)] for name in names]


def _borne(tracks: pl.DataFrame, column: str) -> list[str]:
    """Every artist, or genre, of the catalogue."""
    listed = tracks[column].drop_nulls().explode(empty_as_null=False)
    alone = tracks.filter(pl.col("artists").list.len().fill_null(0) == 0)["artist"] if column == "artists" else listed.clear()
    return [name.strip() for name in pl.concat([listed, alone.drop_nulls()]).unique(maintain_order=True) if name.strip()]


def tried(tables: Tables, settings: Settings, as_of: datetime, row: pl.DataFrame) -> tuple[dict[str, Any], pl.DataFrame]:
    """Row of `lists` and rows of `rankings`, with title and artist, that the run's model makes of one row of `requests`.

    Row for row what the next run makes of it, where nothing else has changed.
    """
    from recsys.readers.scoring import open_scorer, rank  # here, for a wrong wish is answered without the kernels

    rankings, lists = rank(*open_scorer(tables, settings, as_of, row["user_id"][0], row))
    names = tables["tracks"].select(pl.col("id").alias("track_id"), "title", "artist").unique("track_id", keep="last")
    return lists.row(0, named=True), rankings.join(names, on="track_id", how="left", maintain_order="left").sort("rank")
