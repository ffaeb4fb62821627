"""How good the collaborative part is, against strong peers: a Markdown table for each data set, and numbers by --json.

    python -m bench.study ../shared/data [--only lastfm movielens] [--methods default EASE] [--splits 3] [--json study.json]

Last.fm 2k (HetRec 2011) comes with its hold-out (`lastfm`); MovieLens (latest, small) is split here, a fifth of every listener's
ratings at random, several times (`movielens`). `movielens_later` and `tags_later` (first tag of an artist by a listener of
Last.fm 2k) learn from the first four fifths of all ratings by time and predict what the same listeners do later. `local` is a
synthetic sparse world with local structure (bench/worlds.py), no real data.

Whatever is chosen is chosen on a validation part cut from the part that is learnt from, by time where the test part is; the test
part is scored once. Gains are binary, lists hold the whole catalogue without what was learnt from; the ideal list has
min(10, hidden) hits, recall is divided by min(20, hidden); means over listeners with something learnt from and something hidden.
The data sets are no part of the project.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from bench.methods import METHODS, Method, Scores
from bench.worlds import local
from recsys.evaluation.metrics import coverage, ndcg, recall, top
from recsys.evaluation.splits import Split, divided, hold_out, time_travel

VALIDATION = 1000
"""Seed of the validation part."""
SHARE = 0.2
RESAMPLES = 2000
LISTENERS, TRACKS = 6_000, 8_000
"""Of the synthetic sparse world."""
SETS = ("lastfm", "movielens", "movielens_later", "tags_later", "local")


class Case(NamedTuple):
    """A split, and the times of what is learnt from, microseconds since 1970, where they are known."""

    split: Split
    times: NDArray[np.int64] | None = None


class Quality(NamedTuple):
    """NDCG@10 and Recall@20 of each listener, NaN without hidden ratings; coverage@10 of the catalogue."""

    ndcg: NDArray[np.float64]
    recall: NDArray[np.float64]
    coverage: float


@dataclass
class Result:
    """One method on one data set: a quality and a choice per split, and the seconds of the last fit."""

    method: str
    qualities: list[Quality]
    choices: list[dict[str, Any]]
    seconds: float

    @property
    def ndcg(self) -> NDArray[np.float64]:
        """Of all listeners of all splits."""
        return np.concatenate([quality.ndcg for quality in self.qualities])

    def means(self) -> dict[str, float]:
        recalls = np.concatenate([quality.recall for quality in self.qualities])
        covered = float(np.mean([quality.coverage for quality in self.qualities]))
        return {"ndcg@10": float(np.nanmean(self.ndcg)), "recall@20": float(np.nanmean(recalls)), "coverage@10": covered}


def judged(lists: NDArray[np.integer[Any]], split: Split) -> Quality:
    """Quality of lists, best first."""
    return Quality(ndcg(lists, split.test, 10), recall(lists, split.test, 20), coverage(lists, split.train.shape[1], 10))


def quality(scores: Scores, split: Split) -> Quality:
    return judged(top(scores, split.train, 20), split)


def lastfm(folder: Path) -> Split:
    """Listeners × artists, ratings = plays."""
    parts = [pl.read_parquet(folder / f"hetrec2011_lastfm_2k/split/{part}.parquet") for part in ("train", "test")]
    users = pl.concat(parts)["user_id"].unique().sort().to_numpy()
    artists = pl.read_parquet(folder / "hetrec2011_lastfm_2k/artists.parquet")["artist_id"].sort().to_numpy()

    def matrix(part: pl.DataFrame) -> csr_array:
        cells = np.searchsorted(users, part["user_id"]), np.searchsorted(artists, part["item_id"])
        return csr_array((part["value"].to_numpy(), cells), shape=(len(users), len(artists)))

    return Split(*map(matrix, parts))


def movielens(folder: Path) -> tuple[csr_array, NDArray[np.int64]]:
    """Users × rated films, ratings 0.5–5, and when each was rated."""
    rated = pl.read_parquet(folder / "movielens_latest_small/ratings.parquet")
    return matrix_of(rated["userId"], rated["movieId"], rated["rating"], rated["rated_at"])


def tags(folder: Path) -> tuple[csr_array, NDArray[np.int64]]:
    """Listeners × tagged artists, 1 each, and when each was first tagged; tags from before 2005 are errors."""
    tagged = pl.read_parquet(folder / "hetrec2011_lastfm_2k/user_taggedartists.parquet")
    tagged = tagged.filter(pl.col("tagged_at").dt.year() >= 2005)
    first = tagged.group_by("user_id", "artist_id").agg(pl.col("tagged_at").min()).sort("user_id", "artist_id")
    return matrix_of(first["user_id"], first["artist_id"], pl.ones(len(first), eager=True), first["tagged_at"])


def matrix_of(users: pl.Series, items: pl.Series, values: pl.Series, when: pl.Series) -> tuple[csr_array, NDArray[np.int64]]:
    """Values and times in the order of the matrix."""
    (known, row), (films, column) = (np.unique(one, return_inverse=True) for one in (users, items))
    order = np.lexsort((column, row))
    bounds = np.searchsorted(row[order], np.arange(len(known) + 1))
    rated = csr_array((values.to_numpy()[order].astype(float), column[order], bounds), shape=(len(known), len(films)))
    return rated, when.dt.epoch("us").to_numpy()[order]


def later(ratings: csr_array, times: NDArray[np.int64]) -> Case:
    """The first four fifths by time, and what follows of the listeners who are among them."""
    moment = float(np.quantile(times, 1 - SHARE))
    split = time_travel(ratings, times, moment)
    strangers = np.repeat(np.diff(split.train.indptr) == 0, np.diff(split.test.indptr))
    return Case(Split(split.train, divided(split.test, strangers).train), times[times < moment])


def datasets(folder: Path, splits: int, only: list[str]) -> Iterator[tuple[str, list[Case]]]:
    """Name and splits of each data set."""
    if "lastfm" in only:
        yield "lastfm", [Case(lastfm(folder))]
    if "movielens" in only:
        ratings, _ = movielens(folder)
        yield "movielens", [Case(hold_out(ratings, SHARE, seed)) for seed in range(splits)]
    if "movielens_later" in only:
        yield "movielens_later", [later(*movielens(folder))]
    if "tags_later" in only:
        yield "tags_later", [later(*tags(folder))]
    if "local" in only:
        yield "local", [Case(hold_out(local(LISTENERS, TRACKS), SHARE))]


def chosen(method: Method, case: Case) -> dict[str, Any]:
    """The choice with the greatest NDCG@10 on a part cut from what is learnt from; the first of equals."""
    if len(method.choices) == 1:
        return method.choices[0]
    train = case.split.train
    part = hold_out(train, SHARE, VALIDATION) if case.times is None else later(train, case.times).split
    return max(method.choices, key=lambda choice: float(np.nanmean(quality(method.score(part.train, **choice), part).ndcg)))


def studied(method: Method, cases: list[Case]) -> Result:
    """Choice and quality on every split."""
    choices = [chosen(method, case) for case in cases]
    qualities, seconds = [], 0.0
    for case, choice in zip(cases, choices, strict=True):
        started = perf_counter()
        scores = method.score(case.split.train, **choice, **({"times": case.times} if method.timed else {}))
        seconds = perf_counter() - started
        qualities.append(quality(scores, case.split))
    return Result(method.name, qualities, choices, seconds)


def interval(differences: NDArray[np.float64]) -> tuple[float, float]:
    """95 % interval of the mean difference of a listener: paired bootstrap over listeners, percentiles."""
    random = np.random.Generator(np.random.PCG64(0))
    means = [differences[random.integers(0, differences.size, differences.size)].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)


def table(results: list[Result]) -> Iterator[str]:
    """Markdown; the difference to the last method is paired by listener, with its bootstrapped 95 % interval."""
    yield "| method | NDCG@10 | Recall@20 | coverage@10 | NDCG@10 of the last − this, 95 % interval | chosen |"
    yield "|---|---|---|---|---|---|"
    last = results[-1].ndcg
    for result in results:
        apart = (last - result.ndcg)[~np.isnan(last)]
        means = " | ".join(f"{value:.4f}" for value in result.means().values())
        low, high = interval(apart)
        gap = f"{apart.mean():+.4f} ({low:+.4f} … {high:+.4f})" if result is not results[-1] else ""
        words = "; ".join(" ".join(f"{name} {value:g}" for name, value in choice.items()) for choice in result.choices if choice)
        yield f"| {result.method} | {means} | {gap} | {words} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", choices=SETS, nargs="*", default=SETS, help="data sets")
    parser.add_argument("--methods", nargs="*", help="only those whose name begins so")
    parser.add_argument("--splits", type=int, default=3, help="different splits of MovieLens")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    methods = [one for one in METHODS if arguments.methods is None or one.name.startswith(tuple(arguments.methods))]
    numbers: dict[str, Any] = {}
    for name, cases in datasets(arguments.data, arguments.splits, arguments.only):
        results = [studied(method, cases) for method in methods]
        train = cases[0].split.train
        users, tracks = train.shape
        print(f"\n{name}: {users:,} listeners, {tracks:,} tracks, {train.nnz:,} ratings learnt from\n", flush=True)
        print("\n".join(table(results)), flush=True)
        numbers[name] = {one.method: one.means() | {"chosen": one.choices, "seconds": one.seconds} for one in results}
    if arguments.json:
        arguments.json.write_text(json.dumps(numbers, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
