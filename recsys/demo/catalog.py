"""The demo catalogue: invented tracks of the planted groups, with the oddities real catalogues have."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from recsys.demo.groups import FIRST_NAMES, GROUPS, MOMENTS, SURNAME_ENDS, SURNAME_STARTS, VERBS, TasteGroup
from recsys.tables import FEATURES, TRACKS

TRACKS_PER_GROUP = 245
ARTISTS_PER_GROUP = 30
REISSUES = 40
NEWEST_YEAR = 2025

_Floats = npt.NDArray[np.float64]
_Ints = npt.NDArray[np.int64]

_SPREAD = np.array([0.09, 0.09, 2.0, 0.03, 0.08, 0.09, 0.05, 0.11, 11.0, 0.0])
_LOW = np.array([0.02, 0.01, -45.0, 0.02, 0.001, 0.0, 0.02, 0.02, 45.0, 3.0])
_HIGH = np.array([0.98, 0.99, -1.0, 0.9, 0.99, 0.97, 0.95, 0.98, 210.0, 5.0])


def catalog(rng: np.random.Generator) -> tuple[pl.DataFrame, list[str]]:
    """2,000 tracks in contract columns, sorted by id, and the name of each track's group.

    8 groups of 245 tracks in mixed order, then 40 reissues: an earlier song again on a later album. Popularity (0–1) has a
    long tail; about 8 % of the tracks have no audio features, 6 % a featured artist, 3 % a quality penalty, 2 % a promotion.
    """
    names = _artist_names(rng)
    frames = [_group_tracks(rng, group, artists) for group, artists in zip(GROUPS, names, strict=True)]
    order = rng.permutation(TRACKS_PER_GROUP * len(GROUPS))
    order = np.append(order, rng.choice(order, REISSUES, replace=False))
    return TRACKS.conform(_numbered(pl.concat(frames)[order])), [GROUPS[i // TRACKS_PER_GROUP].name for i in order]


def _artist_names(rng: np.random.Generator) -> list[list[str]]:
    """Names per group, half bands in the group's words, half people; no name twice."""
    half = ARTISTS_PER_GROUP // 2
    surnames = ["".join(parts) for parts in product(SURNAME_STARTS.split(), SURNAME_ENDS.split())]
    people = _pick(rng, [" ".join(parts) for parts in product(FIRST_NAMES.split(), surnames)], half * len(GROUPS))
    bands = (
        _pick(rng, [f"{adjective} {noun}s" for adjective, noun in product(group.adjectives.split(), group.nouns.split())], half)
        for group in GROUPS
    )
    return [[*band, *people[i * half : (i + 1) * half]] for i, band in enumerate(bands)]


def _titles(rng: np.random.Generator, group: TasteGroup) -> list[str]:
    nouns = group.nouns.split()
    titles = [f"{adjective} {noun}" for adjective, noun in product(group.adjectives.split(), nouns)]
    titles += [f"{verb} the {noun}" for verb, noun in product(VERBS.split(), nouns)]
    titles += [f"{noun} at {moment}" for noun, moment in product(nouns, MOMENTS.split())]
    return _pick(rng, titles, TRACKS_PER_GROUP)


def _pick(rng: np.random.Generator, words: list[str], count: int) -> list[str]:
    return [words[i] for i in rng.choice(len(words), count, replace=False)]


def _group_tracks(rng: np.random.Generator, group: TasteGroup, artists: list[str]) -> pl.DataFrame:
    """The group's tracks without id, with the random oddities spread over them."""
    count = TRACKS_PER_GROUP
    fame = 1.0 / np.arange(1, len(artists) + 1) ** 0.7
    performers = rng.choice(len(artists), count, p=fame / fame.sum())
    popularity = np.clip(1.5 * np.sqrt(fame[performers]) * rng.beta(1.6, 3.2, count), 0.01, 0.98)
    boosted = rng.random(count) < 0.02
    penalised = rng.random(count) < 0.03
    frame = pl.DataFrame(
        {
            **_credits(rng, artists, performers, _titles(rng, group)),
            "genres": [[group.genres[0], *_pick(rng, list(group.genres[1:]), n)] for n in rng.integers(0, 3, count)],
            "duration_ms": (np.clip(rng.normal(222, 45, count), 95, 540) * 1000).astype(np.int64),
            "popularity": popularity.round(3),
            "explicit": rng.random(count) < group.explicit,
            "commercial_boost": np.where(boosted, rng.uniform(0.01, 0.06, count).round(3), np.nan),
            "quality_penalty": np.where(penalised, rng.uniform(0.1, 0.5, count).round(2), np.nan),
            "discovery_allowed": boosted,
            **_audio(rng, group),
        },
        strict=False,
    )
    return frame.with_columns(pl.col(pl.Float64).fill_nan(None))


def _credits(rng: np.random.Generator, artists: list[str], performers: _Ints, titles: list[str]) -> dict[str, list[Any]]:
    """Who made what, and when: artist credit, all artists, title, album and release date; albums are an artist's years."""
    guests = np.where(rng.random(len(titles)) < 0.06, (performers + 1 + rng.integers(0, 5, len(titles))) % len(artists), -1)
    years = NEWEST_YEAR - rng.integers(0, 4, len(titles)) * 3 - performers % 4
    billed = [[artists[main], *([artists[guest]] if guest >= 0 else [])] for main, guest in zip(performers, guests, strict=True)]
    first = {(main, year): title for main, year, title in zip(performers, years, titles, strict=True)}
    return {
        "title": titles,
        "artist": [" feat. ".join(names) for names in billed],
        "artists": billed,
        "album": [first[key] for key in zip(performers, years, strict=True)],
        "release_date": [_date(int(year), int(main)) for main, year in zip(performers, years, strict=True)],
    }


def _date(year: int, artist: int) -> str:
    """As precise as catalogues are: some artists' albums have a day, some a month, some only a year."""
    month, day = 1 + (year * 5 + artist) % 12, 1 + (year * 7 + artist * 3) % 28
    return (f"{year}-{month:02}-{day:02}", f"{year}-{month:02}-{day:02}", f"{year}-{month:02}", f"{year}")[artist % 4]


def _audio(rng: np.random.Generator, group: TasteGroup) -> dict[str, _Floats]:
    count = TRACKS_PER_GROUP
    sound = np.clip(rng.normal(group.sound, _SPREAD, (count, len(group.sound))), _LOW, _HIGH).round(3)
    values = np.column_stack([sound, rng.integers(0, 12, count), rng.integers(0, 2, count)])
    values[rng.random(count) < 0.08] = np.nan
    return dict(zip(FEATURES, values.T, strict=True))


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    """Ids in row order; the rows after the first release of every song become reissues on a later album."""
    number = pl.int_range(pl.len())
    reissue = number >= TRACKS_PER_GROUP * len(GROUPS)
    return frame.with_columns(
        id=pl.format("demo-t{}", (number + 1).cast(pl.String).str.zfill(4)),
        title=pl.when(reissue & (number % 2 == 0)).then(pl.col("title") + " - Remastered").otherwise("title"),
        album=pl.when(reissue).then(pl.lit("The Best of ") + pl.col("artists").list.first()).otherwise("album"),
        release_date=pl.when(reissue).then(pl.lit(str(NEWEST_YEAR))).otherwise("release_date"),
        popularity=pl.when(reissue).then((pl.col("popularity") * 0.5).round(3)).otherwise("popularity"),
        origin=pl.lit("catalog"),
        provenance=pl.lit('{"*":"demo"}'),
    )
