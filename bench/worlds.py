"""Synthetic listeners of any number, with the long tails of real ones: few tracks and few listeners make most of the events.

Nothing here is real data. Tracks and listeners belong to taste groups, so that there are neighbours to find; ranks follow a
Zipf–Mandelbrot law. Equal arguments give equal worlds.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recsys import Inputs
from recsys.tables import FEATURES

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
GROUPS = 24
FAITHFUL = 0.6
"""Share of a listener's events that go to tracks of the listener's own group."""
SCENE, HOMES, LOYAL = 12, 6, 0.75
"""Of sparse worlds: tracks of a scene, most scenes a listener is at home in, and the share of plays in them."""
TYPES = {"play": 0.72, "skip": 0.12, "like": 0.07, "save": 0.05, "dislike": 0.03, "hide": 0.01}

Ints = NDArray[np.int64]


def ratings(users: int, tracks: int, events: int, seed: int = 0) -> pl.DataFrame:
    """Columns u, i (Int32, from 0) and r (Float32): ``events`` plays, added up per listener and track, sorted by u, i.

    Every listener plays at least once; there are fewer rows than events, for favourites are played again.
    """
    who, what = _plays(np.random.default_rng(seed), users, tracks, events)
    cell, count = np.unique(who * tracks + what, return_counts=True)
    pairs = {"u": (cell // tracks).astype(np.int32), "i": (cell % tracks).astype(np.int32), "r": count.astype(np.float32)}
    return pl.DataFrame(pairs)


def inputs(users: int, tracks: int, events: int, seed: int = 0) -> Inputs:
    """Input tables of such a world: a catalogue with its oddities and events of all types in the two years before AS_OF."""
    rng = np.random.default_rng(seed)
    who, what = _plays(rng, users, tracks, events)
    age = rng.exponential(150.0, events).clip(0, 730) * 86_400_000_000
    frame = pl.DataFrame({"user": who, "track": what, "at": age.astype(np.int64)}).select(
        _name("u", "user").alias("user_id"),
        _name("t", "track").alias("track_id"),
        pl.Series("type", list(TYPES)).gather(rng.choice(len(TYPES), events, p=list(TYPES.values()))),
        (pl.lit(AS_OF - timedelta(hours=1)) - pl.duration(microseconds="at")).cast(pl.Datetime("us", "UTC")).alias("occurred_at"),
    )
    plays = np.bincount(what, minlength=tracks)
    return Inputs(tracks=_catalogue(rng, tracks, plays), events=frame)


def seeded(events: pl.LazyFrame) -> pl.DataFrame:
    """Requests: of every listener one for a list like five tracks of their own."""
    own = events.filter(pl.col("type") == "play").select("user_id", "track_id").unique().sort("user_id", "track_id")
    seeds = own.group_by("user_id", maintain_order=True).agg(pl.col("track_id").head(5).alias("seed_track_ids"))
    return seeds.with_columns(list=pl.lit("seeded"), limit=50).collect()


def _plays(rng: np.random.Generator, users: int, tracks: int, events: int) -> tuple[Ints, Ints]:
    """Listener and track of every play. Track ``i`` is of group ``i`` mod GROUPS."""
    listeners = np.concatenate([np.arange(users), rng.permutation(users)[ranks(rng, users, max(0, events - users), 0.9)]])[
        :events
    ]
    home = rng.integers(0, GROUPS, users)[listeners]
    rank = ranks(rng, tracks, events, 0.85)
    faithful = rng.random(events) < FAITHFUL
    rank[faithful] += home[faithful] - rank[faithful] % GROUPS
    rank[rank >= tracks] -= GROUPS if tracks > GROUPS else 0
    # ids must not tell the rank: ranks are shuffled within their group
    shuffled = np.arange(tracks)
    for group in range(min(GROUPS, tracks)):
        shuffled[group::GROUPS] = rng.permutation(shuffled[group::GROUPS])
    return listeners, shuffled[rank.clip(0, tracks - 1)]


def local(users: int, tracks: int, each: int = 27, seed: int = 0) -> csr_array:
    """Plays (users, tracks) of a sparse world with local structure: about ``each`` tracks a listener, 20 listeners a track.

    Every listener is at home in a few of many small scenes (a dozen tracks each, beside like ones), and strays to tracks that
    everybody plays. Listeners share few tracks with anybody, tracks much with the tracks of their scene.
    """
    rng = np.random.default_rng(seed)
    scenes = max(2, tracks // SCENE)
    played = np.maximum(5, rng.geometric(1.0 / each, users))
    who = np.repeat(np.arange(users), played)
    homes = rng.permutation(scenes)[ranks(rng, scenes, users * HOMES, 0.6)].reshape(users, HOMES)
    at = homes[who, rng.integers(0, np.minimum(2 + played // 40, HOMES)[who])]
    scene = (at + np.rint(rng.laplace(0, 0.5, who.size)).astype(np.int64)) % scenes
    what = (scene * SCENE + ranks(rng, SCENE, who.size, 0.9)) % tracks
    astray = rng.random(who.size) > LOYAL
    what[astray] = rng.permutation(tracks)[ranks(rng, tracks, int(astray.sum()), 1.0)]
    cell, count = np.unique(who * tracks + what, return_counts=True)
    return csr_array((count.astype(np.float64), (cell // tracks, cell % tracks)), shape=(users, tracks))


def ranks(rng: np.random.Generator, ranks: int, draws: int, exponent: float) -> Ints:
    weight = np.cumsum((np.arange(ranks) + 8.0) ** -exponent)
    return np.searchsorted(weight, rng.random(draws) * weight[-1], side="right").astype(np.int64)


def _catalogue(rng: np.random.Generator, tracks: int, plays: Ints) -> pl.DataFrame:
    """Tracks of about eight an artist; 15 % without audio, 4 % a second release, 3 % with a penalty or promotion."""
    group = np.arange(tracks) % GROUPS
    artists = max(1, tracks // 8)
    artist = ranks(rng, artists, tracks, 0.7)
    guest = np.where(rng.random(tracks) < 0.06, rng.integers(0, artists, tracks), artist)
    release = np.where(rng.random(tracks) < 0.04, np.maximum(np.arange(tracks) - GROUPS, 0), np.arange(tracks))
    artist, guest = artist[release], guest[release]
    named = pl.DataFrame({"track": np.arange(tracks), "song": release, "group": group, "artist": artist, "guest": guest})
    style = group + GROUPS * rng.integers(1, 4, tracks)
    spread = np.log1p(plays) / max(1.0, float(np.log1p(plays.max(initial=0))))
    return named.select(
        _name("t", "track").alias("id"),
        pl.format("Song {}", "song").alias("title"),
        pl.format("Artist {}", "artist").alias("artist"),
        pl.concat_list(pl.format("Artist {}", "artist"), pl.format("Artist {}", "guest"))
        .list.unique(maintain_order=True)
        .alias("artists"),
        pl.concat_list(pl.format("genre {}", "group"), pl.format("genre {}", pl.Series(style))).alias("genres"),
        pl.format("artist {}|song {}", "artist", "song").alias("song_key"),
        pl.Series("popularity", (0.9 * spread + 0.1 * rng.random(tracks)).round(4)),
        pl.Series("explicit", rng.random(tracks) < 0.08),
        _rare(rng, "quality_penalty", tracks, 0.5),
        _rare(rng, "commercial_boost", tracks, 0.06),
        pl.Series("discovery_allowed", rng.random(tracks) < 0.5),
        *_audio(rng, group),
    )


def _audio(rng: np.random.Generator, group: Ints) -> list[pl.Series]:
    """The 12 features about the centre of each track's group, in their own units."""
    low = np.array([0.05, 0.02, -30, 0.02, 0, 0, 0.03, 0.02, 60, 3, 0, 0])
    high = np.array([0.95, 0.98, -3, 0.5, 0.98, 0.9, 0.6, 0.97, 190, 5, 11, 1])
    centre = rng.random((GROUPS, 12))[group]
    share = np.clip(centre + rng.normal(0, 0.12, centre.shape), 0, 1)
    share[:, 9:] = rng.random((len(group), 3)).round()
    values = low + share * (high - low)
    values[rng.random(len(group)) < 0.15] = np.nan
    return [pl.Series(name, column, nan_to_null=True) for name, column in zip(FEATURES, values.T, strict=True)]


def _rare(rng: np.random.Generator, name: str, tracks: int, most: float) -> pl.Series:
    return pl.Series(name, np.where(rng.random(tracks) < 0.03, rng.uniform(0, most, tracks), np.nan), nan_to_null=True)


def _name(letter: str, column: str) -> pl.Expr:
    return pl.lit(letter) + pl.col(column).cast(pl.String).str.zfill(7)
