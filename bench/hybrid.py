"""Whether a whole list is better than the votes of similar listeners alone: Last.fm artists as tracks, with their tags as genres.

    python -m bench.hybrid ../shared/data [--set collab_weight=0.6 …] [--validate] [--json hybrid.json]

Everything that scores knows comes from the part that is learnt from: popularity is the logarithm of an artist's listeners, genres
are the five tags that most listeners gave, each at least two. There is no audio, so that content means names and genres.
``--validate`` scores a part cut from what is learnt from, for choosing settings; without it the hold-out is scored.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from bench.methods import AS_OF, inputs, named
from bench.study import SHARE, VALIDATION, Quality, judged, lastfm, quality
from recsys import Settings, build
from recsys.evaluation.splits import Split, hold_out
from recsys.pipeline import prepare
from recsys.stages.ratings import rate
from recsys.stages.snapshot import take_snapshot

GENRES = 5
LEAST_TAGGERS = 2
LENGTH = 20


def artists(folder: Path, train: csr_array) -> pl.DataFrame:
    """Table ``tracks``: one row per artist."""
    home = folder / "hetrec2011_lastfm_2k"
    known = pl.read_parquet(home / "artists.parquet").sort("artist_id").with_columns(id=named(np.arange(train.shape[1])))
    given = pl.read_parquet(home / "user_taggedartists.parquet").group_by("artist_id", "tag_id").len("taggers")
    tags = given.filter(pl.col("taggers") >= LEAST_TAGGERS).join(pl.read_parquet(home / "tags.parquet"), on="tag_id")
    ordered = tags.sort("artist_id", "taggers", "tag", descending=[False, True, False])
    genres = ordered.group_by("artist_id", maintain_order=True).agg(genres=pl.col("tag").head(GENRES))
    heard = np.log1p(np.bincount(train.indices, minlength=train.shape[1]))
    whole = known.join(genres.with_columns(pl.col("artist_id").cast(pl.Int32)), on="artist_id", how="left", maintain_order="left")
    return whole.select("id", "genres", artist="name", title="name", popularity=pl.Series(heard / heard.max()))


def listed(table: pl.DataFrame, listeners: int, name: str) -> np.ndarray:
    """The first tracks of everybody's list, (listeners, LENGTH), −1 for none."""
    rows = table.filter(pl.col("list") == name, pl.col("rank") <= LENGTH, pl.col("user_id") != "*")
    result = np.full((listeners, LENGTH), -1, np.int64)
    result[rows["user_id"].cast(pl.Int64), rows["rank"] - 1] = rows["track_id"].cast(pl.Int64)
    return result


def qualities(split: Split, tracks: pl.DataFrame, settings: Settings) -> dict[str, Quality]:
    """Of the collaborative part alone, of the list by score, and of the list as it is shown."""
    given = inputs(split.train, tracks)
    tables = build(given, settings, as_of=AS_OF)
    snapshot = take_snapshot(given, settings, AS_OF)
    scorer = prepare(snapshot, rate(snapshot, settings), settings)
    votes = np.zeros(split.train.shape)
    for row, user in enumerate(scorer.history.users):
        if user != "*":
            votes[int(user)] = scorer.similar.scores(scorer.similar.near(row, row + 1))[0]
    result = {"collaborative part alone": quality(votes, split)}
    for name in settings.lists:
        for words, table in (("by score", "candidates"), ("as shown", "rankings")):
            result[f"{name}, {words}"] = judged(listed(tables[table], len(votes), name), split)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--set", nargs="*", default=[], metavar="SETTING=VALUE", help="settings other than the default's")
    parser.add_argument("--validate", action="store_true", help="score a part cut from what is learnt from")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    changed: dict[str, Any] = {name: json.loads(value) for name, _, value in (one.partition("=") for one in arguments.set)}
    split = lastfm(arguments.data)
    split = hold_out(split.train, SHARE, VALIDATION) if arguments.validate else split
    settings = Settings(**{"list_limit": LENGTH, "pool": LENGTH, **changed})
    numbers: dict[str, Any] = {}
    print("| list | NDCG@10 | Recall@20 | coverage@10 |\n|---|---|---|---|")
    for name, result in qualities(split, artists(arguments.data, split.train), settings).items():
        values = float(np.nanmean(result.ndcg)), float(np.nanmean(result.recall)), result.coverage
        numbers[name] = dict(zip(("ndcg@10", "recall@20", "coverage@10"), values, strict=True))
        print(f"| {name} | {' | '.join(f'{value:.4f}' for value in values)} |", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(numbers, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
