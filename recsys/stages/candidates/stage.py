"""Stage ``candidates``: the best tracks of every list by score, with every part of the score, before diversity."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys.matrices.arrays import Codes, Floats, Ints
from recsys.stages.candidates.kernels.constants import PROMOTED, TELLING_CONTENT
from recsys.stages.candidates.kernels.core import Depth
from recsys.stages.candidates.kernels.fits import fit_pairs
from recsys.stages.candidates.kernels.points import BlockListeners, Wishes, best_points
from recsys.stages.candidates.kernels.scale import PART_COLUMNS
from recsys.stages.candidates.kernels.scores import best, best_of_all
from recsys.stages.candidates.scored import Scored, Spread
from recsys.stages.candidates.scoring import Scorer
from recsys.tables import CANDIDATES, FITS, PARTS


class Chosen(NamedTuple):
    """Some (list, track) pairs of a block, list by list."""

    row: NDArray[np.int64]
    """Row of the block's lists."""
    track: Ints
    """Row of the catalogue."""


class Ordered(NamedTuple):
    """Candidates of each list of a block: the best by score, greatest first, equal scores in catalogue order, or all in
    catalogue order.

    List ``row`` has ``track[indptr[row]:indptr[row + 1]]``; ``total`` counts all its candidates.
    """

    indptr: NDArray[np.int64]
    track: Ints
    score: Floats
    total: NDArray[np.int64]
    columns: Floats | None = None
    """(candidates, columns of the kernel) values and points of the parts, for scale `spread`."""
    average: Floats | None = None
    """(lists, parts) mean points of the candidates here."""


def ordered(scored: Scored, most: int | None) -> Ordered:
    """At most ``most`` best candidates of every list; none = all of them."""
    width = scored.rules.shape[1]
    if scored.spread is not None:
        return by_points(scored, np.arange(len(scored.rules)), scored.rules, width if most is None else most)
    best_tracks = best(
        scored.tracks, scored.subjects, scored.lists, scored.collaborative, scored.weights, scored.rules,
        width if most is None else most,
    )  # fmt: skip
    return Ordered(*best_tracks, scored.dropped[:, 0])


def by_points(scored: Scored, rows: NDArray[np.int64], rules: Codes, most: int) -> Ordered:
    """The same for lists ``rows`` of a block of scale `spread`, whose candidates are the tracks where ``rules`` is 0."""
    facts, ties, wishes, measured = scored.spread or _no_spread()
    lists = scored.lists
    lists = lists._replace(subject=lists.subject[rows], listener=lists.listener[rows], explicit_safe=lists.explicit_safe[rows])
    wishes = Wishes(wishes.weight[rows], wishes.distance[rows], wishes.targets[rows], wishes.tolerance[rows], wishes.octaves)
    shape = len(rows), min(most, rules.shape[1])
    # numpy's: it asks the system for large pages; small ones were two fifths of all page faults of the lists
    room = np.empty(shape, np.int32), np.empty(shape), np.empty((*shape, PART_COLUMNS))
    best_tracks = best_points(
        (scored.tracks, facts),
        BlockListeners(scored.subjects, ties, scored.weights.floor),
        (lists, wishes, rules),
        scored.votes,
        Depth(measured, most),
        room,
    )
    indptr, track, score, columns, average = best_tracks
    total = scored.dropped[rows, 0] if rules is scored.rules else np.count_nonzero(rules == 0, axis=1)
    return Ordered(indptr, track, score, total, columns, average)


def _no_spread() -> Spread:
    raise ValueError("the block was scored by scale raw")


def pools(scored: Scored, most: int, depth: int | None) -> tuple[Ordered, Ordered]:
    """At least ``most`` best candidates of every list, and those that diversity picks from: the same, ``depth`` deep, or with
    none all, which are not put in order: that would take longer than the picks."""
    if depth is not None or scored.spread is not None:
        pool = ordered(scored, None if depth is None else max(most, depth))
        return pool, pool
    best, whole = best_of_all(
        scored.tracks, scored.subjects, scored.lists, scored.collaborative, scored.weights, scored.rules, most
    )
    return Ordered(*best, scored.dropped[:, 0]), Ordered(*whole, scored.dropped[:, 0])


def candidate_rows(scorer: Scorer, scored: Scored, pool: Ordered) -> pl.DataFrame:
    """Table ``candidates`` of the block: the first ``pool`` of each list."""
    row = np.repeat(np.arange(len(pool.total)), np.diff(pool.indptr))
    rank = np.arange(len(row)) - pool.indptr[row] + 1
    kept = rank <= scorer.settings.pool
    chosen = Chosen(row[kept], pool.track[kept])
    shown = parts(scorer, scored, chosen) if pool.columns is None else parts_of(pool.score[kept], pool.columns[kept])
    return CANDIDATES.shape(keys(scorer, scored, chosen, rank[kept]).hstack(shown))


def parts_of(score: Floats, columns: Floats) -> pl.DataFrame:
    """The score and every part of it by scale `spread`."""
    names = (*FITS.values(), *(f"{name}_points" for name in PARTS), "safety", "commercial")
    return pl.DataFrame({"score": score, **dict(zip(names, columns.T, strict=True))})


def _parts_by_spread(scored: Scored, chosen: Chosen) -> pl.DataFrame:
    """The same of chosen pairs, each as if it were a candidate. For a look at a few."""
    score, columns = np.empty(len(chosen.row)), np.empty((len(chosen.row), PART_COLUMNS))
    for row in np.unique(chosen.row):
        own = np.flatnonzero(chosen.row == row)
        rules = scored.rules[row : row + 1].copy()
        rules[0, chosen.track[own]] = 0
        every = by_points(scored, np.array([row]), rules, rules.shape[1])
        place = np.empty(rules.shape[1], np.int64)
        place[every.track] = np.arange(len(every.track))
        at = place[chosen.track[own]]
        score[own], columns[own] = every.score[at], np.asarray(every.columns)[at]
    return parts_of(score, columns)


def keys(scorer: Scorer, scored: Scored, chosen: Chosen, rank: NDArray[np.int64]) -> pl.DataFrame:
    """Columns user_id, list, rank, track_id of chosen pairs."""
    lists = scorer.names.slice(scored.first_list, len(scored.rules))
    named = lists[chosen.row]
    return named.with_columns(
        pl.Series("rank", rank, dtype=pl.Int32), pl.Series("track_id", scorer.track_ids.gather(chosen.track))
    )


def parts(scorer: Scorer, scored: Scored, chosen: Chosen) -> pl.DataFrame:
    """The score of chosen pairs and every part of it, from the arrays that it was added up from."""
    if scored.spread is not None:
        return _parts_by_spread(scored, chosen)
    row, track = chosen
    catalog, weights, lists = scorer.tracks, scorer.weights, scored.lists
    content, distance, calm = fitted(scored, chosen)
    silent = ~lists.explicit_safe[row] & catalog.silenced[track]
    safety = np.where(silent, 0.0, calm)
    boost = np.where(content >= PROMOTED, catalog.boost[track] * (safety if weights.safe_boost else 1.0), 0.0)
    values = {
        "content": content,
        "collaborative": scored.collaborative[lists.listener[row], track],
        "popularity": catalog.fit[lists.mode[row], track],
        "exploration": np.where(np.isnan(distance), 0.5, np.clip(1.0 - np.abs(distance - lists.target[row]), 0.0, 1.0)),
    }
    points = {f"{name}_points": getattr(weights, name) * value for name, value in values.items()}
    fits = {FITS[name]: value for name, value in values.items()}
    score = sum(points.values()) * safety + boost
    unused = {name: np.zeros(len(row)) for name in ("familiarity", "target", "familiarity_points", "target_points")}
    return pl.DataFrame({"score": score, **fits, **points, **unused, "safety": safety, "commercial": boost})


def fitted(scored: Scored, chosen: Chosen) -> tuple[Floats, Floats, Floats]:
    """Content, distance and safety of chosen pairs."""
    fits = (np.empty(len(chosen.row)), np.empty(len(chosen.row)), np.empty(len(chosen.row)))
    subject, track = scored.lists.subject[chosen.row], np.ascontiguousarray(chosen.track, np.int32)
    fit_pairs(scored.tracks, scored.subjects, scored.weights.floor, (subject, track), fits)
    return fits


def reason_codes(scorer: Scorer, scored: Scored, chosen: Chosen, shown: pl.DataFrame) -> pl.DataFrame:
    """Columns reason_code and reason of chosen pairs whose parts are ``shown``; the first rule that holds."""
    subject = scored.lists.subject[chosen.row]
    heard = pl.Series("heard", scored.subjects.audio[subject] & scored.tracks.audio[chosen.track])
    voted = pl.lit(scorer.settings.reason_by_points) & (pl.col("collaborative_points") > pl.col("content_points"))
    code = (
        pl.when(voted).then(pl.lit("collaborative"))
        .when(~pl.col("heard") & (pl.col("content_fit") >= 0.65)).then(pl.lit("metadata_match"))
        .when(~pl.col("heard")).then(pl.lit("metadata_balanced"))
        .when(pl.col("collaborative") >= 0.65).then(pl.lit("collaborative"))
        .when((pl.col("exploration") >= 0.82) & (pl.col("content_fit") >= 0.58)).then(pl.lit("variety"))
        .when(pl.col("content_fit") >= TELLING_CONTENT).then(pl.lit("content"))
        .otherwise(pl.lit("balanced"))
    )  # fmt: skip
    named = shown.with_columns(heard).select(code.alias("reason_code"))
    return named.with_columns(pl.col("reason_code").replace_strict(REASONS, return_dtype=pl.String).alias("reason"))


REASONS = {
    "metadata_match": "matched by genre, artist, and catalog signals while audio features were limited",
    "metadata_balanced": "balanced catalog match while audio features were limited",
    "collaborative": "listeners with overlapping taste responded strongly to this track",
    "variety": "close enough to your taste profile while adding useful variety",
    "content": "audio features closely match your current taste profile",
    "balanced": "balanced recommendation from catalog, taste, and diversity signals",
}
"""Reason code → text."""
