"""Do lists follow taste where listeners skip? A synthetic world whose truth is known: taste causes plays, skips and likes.

    python -m bench.skips [--users 400] [--tracks 3000]

Every listener and artist has a place in a space of tastes; a track lies near its artist. Listeners hear tracks of a radio that
mostly plays what they like, and skip by how little they like a track and by a habit of their own: heavy skippers skip what they
love, too. Lists are judged by the truth, on tracks that were never heard:

ndcg      NDCG@20, the gain being how likely the listener is to like the track
skipped   how likely the listener is to skip a listed track
loved     share of a list that is by the listener's five truly best-loved artists
passed    share of the unheard tracks by these artists that are not among the better half of all by score
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys import Inputs, Settings, build

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
TASTES, EACH, HEARD, FAITHFUL, LOVED, SHOWN = 6, 10, 200, 3, 5, 20
"""Dimensions of taste, tracks of an artist, tracks heard by a listener, power of the liking by which they are
chosen, artists that count as loved, rows that are judged."""
AGAIN = 5
"""Most times that a track is heard."""
Floats = NDArray[np.float64]


class World(NamedTuple):
    """What listeners did, and why."""

    inputs: Inputs
    liking: Floats
    """(users, tracks) probability that the listener likes the track."""
    skipping: Floats
    """(users, tracks) probability that the listener skips it."""
    heard: NDArray[np.bool_]
    loved: NDArray[np.bool_]
    """(users, tracks) whether it is by one of the listener's best-loved artists."""


def world(users: int, tracks: int, seed: int = 0) -> World:
    """Equal arguments give equal worlds."""
    rng = np.random.default_rng(seed)
    artists = tracks // EACH
    place, taste = rng.normal(size=(artists, TASTES)), rng.normal(size=(users, TASTES))
    artist = np.arange(tracks) % artists
    track = place[artist] + 0.5 * rng.normal(size=(tracks, TASTES))
    liking = _sigmoid(taste @ track.T / np.sqrt(TASTES) - 1.0)
    skipping = _sigmoid(1.5 * rng.normal(size=(users, 1)) - 2.0 * (taste @ track.T) / np.sqrt(TASTES))
    heard = np.zeros((users, tracks), np.bool_)
    for user in range(users):
        heard[user, rng.choice(tracks, HEARD, replace=False, p=liking[user] ** FAITHFUL / (liking[user] ** FAITHFUL).sum())] = (
            True
        )
    best = np.argsort(-(taste @ place.T), axis=1)[:, :LOVED]
    loved = (artist[None, :, None] == best[:, None, :]).any(axis=2)
    return World(
        Inputs(tracks=_tracks(artist, rng), events=_events(heard, liking, skipping, rng)), liking, skipping, heard, loved
    )


def _tracks(artist: NDArray[np.int64], rng: np.random.Generator) -> pl.DataFrame:
    number = pl.Series("number", np.arange(len(artist)))
    return pl.DataFrame({"artist": artist, "popularity": rng.random(len(artist))}).select(
        pl.format("t{}", number).alias("id"),
        pl.format("Song {}", number).alias("title"),
        pl.format("Artist {}", "artist"),
        "popularity",
    )


def _events(heard: NDArray[np.bool_], liking: Floats, skipping: Floats, rng: np.random.Generator) -> pl.DataFrame:
    user, track = np.nonzero(heard)
    again = rng.integers(1, AGAIN + 1, len(user))
    user, track = np.repeat(user, again), np.repeat(track, again)
    skipped = rng.random(len(user)) < skipping[user, track]
    liked = ~skipped & (rng.random(len(user)) < 0.3 * liking[user, track])
    days = rng.integers(1, 300, len(user))
    return pl.DataFrame(
        {"user": user, "track": track, "type": np.select([skipped, liked], ["skip", "like"], "play"), "days": days}
    ).select(
        pl.format("u{}", "user").alias("user_id"),
        pl.format("t{}", "track").alias("track_id"),
        "type",
        (pl.lit(AS_OF) - pl.duration(days="days")).alias("occurred_at"),
    )


def _sigmoid(x: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-x))


def judge(truth: World, settings: Settings) -> dict[str, float]:
    """The measures named above, of list `balanced`, over all listeners."""
    users, tracks = truth.heard.shape
    tables = build(truth.inputs, settings, as_of=AS_OF)
    rows = tables["rankings"].filter(pl.col("list") == "balanced", pl.col("rank") <= SHOWN, pl.col("user_id") != "*")
    user, track = _numbers(rows)
    discount = 1.0 / np.log2(rows["rank"].to_numpy() + 1.0)
    unheard = np.where(truth.heard, 0.0, truth.liking)
    best = -np.sort(-unheard, axis=1)[:, :SHOWN] @ (1.0 / np.log2(np.arange(SHOWN) + 2.0))
    gained = np.bincount(user, weights=discount * unheard[user, track], minlength=users)
    pool = tables["candidates"].filter(pl.col("list") == "balanced", pl.col("user_id") != "*")
    better = np.zeros((users, tracks), np.bool_)
    better[_numbers(pool)] = True
    hidden = truth.loved & ~truth.heard
    return {
        "ndcg": float(np.mean(gained / best)),
        "skipped": float(truth.skipping[user, track].mean()),
        "loved": float(truth.loved[user, track].mean()),
        "passed": float((hidden & ~better).sum() / hidden.sum()),
    }


def _numbers(rows: pl.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Listeners and tracks."""
    user, track = (rows[name].str.slice(1).cast(pl.Int64).to_numpy() for name in ("user_id", "track_id"))
    return user, track


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=400)
    parser.add_argument("--tracks", type=int, default=3000)
    arguments = parser.parse_args()
    truth = world(arguments.users, arguments.tracks)
    half = arguments.tracks // 2  # the pool is the better half
    variants = {
        "default": Settings(lists=("balanced",), pool=half),
        "netted_evidence = false": Settings(lists=("balanced",), pool=half, netted_evidence=False),
        "reference": Settings.reference(lists=("balanced",), pool=half),
    }
    for name, settings in variants.items():
        print(f"{name:<24}", "  ".join(f"{measure} {value:.3f}" for measure, value in judge(truth, settings).items()))


if __name__ == "__main__":
    main()
