"""How good the collaborative part is, against strong peers, on two public data sets: a Markdown table, and numbers by --json.

    python -m bench.study ../shared/data [--only lastfm] [--splits 3] [--json study.json]

Last.fm 2k (HetRec 2011) comes with its hold-out; MovieLens (latest, small) is split here, a fifth of every listener's ratings at
random, several times. Whatever is chosen is chosen on a validation part cut from the part that is learnt from; the test part is
scored once. Gains are binary, lists hold the whole catalogue without what was learnt from; the ideal list has min(10, hidden)
hits, recall is divided by min(20, hidden); means over listeners with something hidden. The data sets are no part of the project.
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
from recsys.evaluation.metrics import coverage, ndcg, recall, top
from recsys.evaluation.splits import Split, hold_out

VALIDATION = 1000
"""Seed of the validation part."""
SHARE = 0.2


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


def movielens(folder: Path) -> csr_array:
    """Users × rated films, ratings 0.5–5."""
    rated = pl.read_parquet(folder / "movielens_latest_small/ratings.parquet")
    users, row = np.unique(rated["userId"], return_inverse=True)
    films, column = np.unique(rated["movieId"], return_inverse=True)
    return csr_array((rated["rating"].to_numpy(), (row, column)), shape=(len(users), len(films)))


def datasets(folder: Path, splits: int) -> Iterator[tuple[str, list[Split]]]:
    """Name and splits of each data set."""
    yield "lastfm", [lastfm(folder)]
    ratings = movielens(folder)
    yield "movielens", [hold_out(ratings, SHARE, seed) for seed in range(splits)]


def chosen(method: Method, train: csr_array) -> dict[str, Any]:
    """The choice with the greatest NDCG@10 on a part cut from ``train``; the first of equals."""
    if len(method.choices) == 1:
        return method.choices[0]
    part = hold_out(train, SHARE, VALIDATION)
    return max(method.choices, key=lambda choice: float(np.nanmean(quality(method.score(part.train, **choice), part).ndcg)))


def studied(method: Method, splits: list[Split]) -> Result:
    """Choice and quality on every split."""
    choices = [chosen(method, split.train) for split in splits]
    qualities, seconds = [], 0.0
    for split, choice in zip(splits, choices, strict=True):
        started = perf_counter()
        scores = method.score(split.train, **choice)
        seconds = perf_counter() - started
        qualities.append(quality(scores, split))
    return Result(method.name, qualities, choices, seconds)


def table(results: list[Result]) -> Iterator[str]:
    """Markdown; the last column is the difference to the last method per listener, with its standard error."""
    yield "| method | NDCG@10 | Recall@20 | coverage@10 | NDCG@10 of the last − this, ± standard error | chosen |"
    yield "|---|---|---|---|---|---|"
    last = results[-1].ndcg
    for result in results:
        apart = (last - result.ndcg)[~np.isnan(last)]
        means = " | ".join(f"{value:.4f}" for value in result.means().values())
        gap = f"{apart.mean():+.4f} ± {apart.std() / np.sqrt(apart.size):.4f}" if result is not results[-1] else ""
        words = "; ".join(" ".join(f"{name} {value:g}" for name, value in choice.items()) for choice in result.choices if choice)
        yield f"| {result.method} | {means} | {gap} | {words} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", choices=["lastfm", "movielens"])
    parser.add_argument("--splits", type=int, default=3, help="different splits of MovieLens")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    numbers: dict[str, Any] = {}
    for name, splits in datasets(arguments.data, arguments.splits):
        if arguments.only in (None, name):
            results = [studied(method, splits) for method in METHODS]
            users, tracks = splits[0].train.shape
            print(f"\n{name}: {users:,} listeners, {tracks:,} tracks, {splits[0].train.nnz:,} ratings learnt from\n", flush=True)
            print("\n".join(table(results)), flush=True)
            numbers[name] = {one.method: one.means() | {"chosen": one.choices, "seconds": one.seconds} for one in results}
    if arguments.json:
        arguments.json.write_text(json.dumps(numbers, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
