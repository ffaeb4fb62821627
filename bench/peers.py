"""The nearest neighbours of all users beside what other libraries take for the cosine, on the same matrix, in the same run.

    uv sync --group bench
    python -m bench.peers [--data ../shared/data] [--large] [--ratings FILE.parquet …] [--threads 2] [--k 50] [--json]

All begin with one float32 matrix (ours with the same in float64) and end with the k most similar users of every user; making
a matrix of unit rows counts. A cosine takes one sum per pair, the co-rated correlation six. The peers give float32 sums, ours
exact correlations and overlaps. Ratios are to the fastest peer: how many times as long it takes.
"""

from __future__ import annotations

import argparse
import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import csr_array, csr_matrix, diags_array

from bench.neighbors import matrix, show, timed
from bench.worlds import ratings
from recsys.stages.neighbors.search.nearest import nearest

WORLDS = (10_000, 20_000, 2_000_000), (50_000, 50_000, 5_000_000)


def peers(rated: csr_array, k: int, threads: int) -> dict[str, Callable[[], Any]]:
    """One call each; k + 1, because the peers count the user among the neighbours."""
    import similaripy
    from implicit.nearest_neighbours import CosineRecommender
    from sparse_dot_topn import sp_matmul_topn

    single = csr_matrix((rated.data.astype(np.float32), rated.indices, rated.indptr), shape=rated.shape)
    turned = single.T.tocsr()  # implicit wants the compared in columns

    def sparse_dot_topn() -> Any:
        length = np.sqrt(single.multiply(single).sum(axis=1)).A1.astype(np.float32)
        unit = csr_matrix(diags_array(1 / np.maximum(length, 1e-30)) @ single)
        return sp_matmul_topn(unit, unit.T.tocsr(), top_n=k + 1, sort=True, n_threads=threads)

    return {
        "sparse_dot_topn": sparse_dot_topn,
        "implicit": lambda: CosineRecommender(K=k + 1, num_threads=threads).fit(turned, show_progress=False),
        "similaripy": lambda: similaripy.cosine(single, k=k + 1, num_threads=threads, verbose=False, format_output="csr"),
    }


def compare(name: str, rated: csr_array, k: int, threads: int, rounds: int) -> list[dict[str, Any]]:
    """A row per library: seconds, processor seconds, and how many times as long the fastest peer takes."""
    warnings.simplefilter("ignore")  # implicit converts its own matrix and warns of it
    others = peers(rated, k, threads)
    ours: dict[str, Callable[[], Any]] = {
        "catalogue": lambda: nearest(rated, k, "catalogue", threads),
        "co_rated": lambda: nearest(rated, k, "co_rated", threads),
    }
    taken = timed({**ours, **others}, rounds)
    fastest = [min(taken[other][clock] for other in others) for clock in (0, 1)]
    return [
        {
            "data": name,
            "users": rated.shape[0],
            "items": rated.shape[1],
            "ratings": int(rated.nnz),
            "library": library,
            "seconds": round(seconds, 4),
            "ratio": round(fastest[0] / seconds, 2),
            "processor_seconds": round(processor, 4),
            "processor_ratio": round(fastest[1] / processor, 2),
            "load": round(os.getloadavg()[0], 2),
        }
        for library, (seconds, processor) in taken.items()
    ]


def real(folder: Path) -> dict[str, Callable[[], pl.DataFrame]]:
    """Artist plays and film ratings."""
    plays, films = folder / "hetrec2011_lastfm_2k/user_artists.parquet", folder / "movielens_latest_small/ratings.parquet"
    return {
        "Last.fm 2k": lambda: pl.read_parquet(plays).select(u="user_id", i="artist_id", r="plays"),
        "MovieLens small": lambda: pl.read_parquet(films).select(u="userId", i="movieId", r="rating"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--ratings", type=Path, action="append", default=[])
    parser.add_argument("--large", action="store_true", help="the generated worlds too; minutes")
    parser.add_argument("--k", type=int, default=50)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    sources = real(given.data) if given.data else {}
    sources |= {path.stem: lambda path=path: pl.read_parquet(path) for path in given.ratings}
    if given.large or not sources:
        sizes = WORLDS if given.large else WORLDS[:1]
        sources |= {f"world {size[0] // 1000}k": lambda size=size: ratings(*size) for size in sizes}
    rows = [row for name, read in sources.items() for row in compare(name, matrix(read()), given.k, given.threads, given.rounds)]
    if given.json:
        print(json.dumps(rows))
    else:
        show(f"top {given.k} of every user, {given.threads} threads", rows)


if __name__ == "__main__":
    main()
