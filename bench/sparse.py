"""How good the votes are where ratings are few and tastes local, on a world too large for dense scores: a Markdown table.

    python -m bench.sparse [--users 30000] [--tracks 41000] [--each 32] [--judged 5000]

A synthetic world (`bench.worlds.local`, no real data), a fifth of each listener's ratings held out at random. Scores are computed
and judged in blocks. The peers' constants are fixed, not tuned; EASE would need 7 GB and hours here: see `bench.study --only
local` for it on a smaller world.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from bench.worlds import local
from recsys.evaluation.metrics import coverage, ndcg, recall, top
from recsys.evaluation.splits import Split, hold_out
from recsys.stages.neighbors.collaborative import Collaborative
from recsys.stages.neighbors.model import Parameters
from recsys.stages.neighbors.tuning import tune_votes

Block = Callable[[int, int], NDArray[np.floating[Any]]]
"""Scores of the listeners ``first`` (inclusive) to ``last`` (exclusive)."""
STEP, THREADS = 500, 2
ALONE = replace(Parameters(), rank=0, pool=200, kept=200, als_share=0.0)


def walked(train: csr_array, alpha: float, beta: float) -> Block:
    """RP3β: probabilities of walks listener → track → listener → track to the power ``alpha``, by popularity^``beta``."""
    known, heard, own = _binary(train)
    back, out = csr_array(known.multiply(heard**-alpha).T.tocsr()), csr_array(known.multiply(own[:, None] ** -alpha).tocsr())

    def scores(first: int, last: int) -> NDArray[np.floating[Any]]:
        return np.asarray((csr_array(known[first:last] @ back) @ out).toarray() / heard**beta)

    return scores


def filtered(train: csr_array) -> Block:
    """The linear part of GF-CF: R̃ R̃ᵀ R̃, R̃ = D_U^−½ R D_I^−½."""
    known, heard, own = _binary(train)
    even = csr_array(known.multiply(own[:, None] ** -0.5).multiply(heard**-0.5).tocsr())
    back = csr_array(even.T.tocsr())
    return lambda first, last: np.asarray((csr_array(known[first:last] @ back) @ even).toarray())


def _binary(train: csr_array) -> tuple[csr_array, NDArray[np.float64], NDArray[np.float64]]:
    """1 for each rating, listeners of each track, and ratings of each listener; at least 1."""
    known = csr_array((np.ones(train.nnz), train.indices, train.indptr), shape=train.shape)
    heard = np.bincount(train.indices, minlength=train.shape[1])
    return known, np.maximum(heard, 1.0), np.maximum(np.diff(train.indptr), 1.0)


def quality(scores: Block, split: Split, judged: int) -> str:
    """NDCG@10, Recall@20 and coverage@10 of the ``judged`` first listeners, as cells of a table."""
    lists, gains, recalls = list[Any](), list[Any](), list[Any]()
    for first in range(0, judged, STEP):
        last = min(first + STEP, judged)
        lists.append(top(scores(first, last), split.train[first:last], 20))
        gains.append(ndcg(lists[-1], split.test[first:last], 10))
        recalls.append(recall(lists[-1], split.test[first:last], 20))
    covered = coverage(np.concatenate(lists), split.train.shape[1], 10)
    return f"{np.nanmean(np.concatenate(gains)):.4f} | {np.nanmean(np.concatenate(recalls)):.4f} | {covered:.4f}"


def methods(train: csr_array, judged: int) -> Iterator[tuple[str, Block, str]]:
    """Name, scores, and what was chosen."""
    yield "GF-CF, linear part", filtered(train), ""
    yield "RP3β, α 0.6, β 0.4", walked(train, 0.6, 0.4), ""
    yield "near alone, 200 neighbours", Collaborative.fit(train, ALONE, THREADS, last=judged).scores, ""
    yield "default, not tuned", Collaborative.fit(train, Parameters(), THREADS, last=judged).scores, ""
    started = process_time()
    tuned = tune_votes(train, Parameters(), THREADS).parameters
    chosen = "; ".join(f"{name} {value:g}" for name, value in vars(tuned).items() if value != getattr(Parameters, name))
    words = f"{chosen}; tuning took {process_time() - started:.0f} s of processor time"
    yield "**default**", Collaborative.fit(train, tuned, THREADS, last=judged).scores, words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=30_000)
    parser.add_argument("--tracks", type=int, default=41_000)
    parser.add_argument("--each", type=int, default=32, help="plays of a listener; some repeat")
    parser.add_argument("--judged", type=int, default=5_000)
    arguments = parser.parse_args()
    split = hold_out(local(arguments.users, arguments.tracks, arguments.each), 0.2)
    judged = min(arguments.judged, arguments.users)
    print(f"{arguments.users:,} listeners, {arguments.tracks:,} tracks, {split.train.nnz:,} ratings learnt from\n")
    print("| method | NDCG@10 | Recall@20 | coverage@10 | chosen |\n|---|---|---|---|---|")
    for name, scores, words in methods(split.train, judged):
        print(f"| {name} | {quality(scores, split, judged)} | {words} |", flush=True)


if __name__ == "__main__":
    main()
