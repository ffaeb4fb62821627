"""Stage ``rankings``: the lists themselves: varied, explained, filled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys.matrices.arrays import Floats, Ints
from recsys.matrices.requests import MOST_LIMIT, rule
from recsys.settings import Settings
from recsys.stages.candidates.kernels.scores import ranks
from recsys.stages.candidates.scoring import Scored, Scorer
from recsys.stages.candidates.stage import Chosen, Ordered, keys, parts, reasons
from recsys.stages.rankings.kernels.diversity import Picks, pick_many
from recsys.tables import DROP_RULES, LISTS, RANKINGS


class Picked(NamedTuple):
    """The picks of a block's lists, list by list, in order."""

    row: NDArray[np.int64]
    track: Ints
    diversity: Floats
    nearest: NDArray[np.int64]
    """Row of the catalogue, −1 for none."""
    marginal: Floats
    score_rank: NDArray[np.int64]
    source: NDArray[np.str_]


def pool_depth(settings: Settings) -> int | None:
    """How many of a list's best candidates are looked at, enough for the longest list; none = all."""
    return None if settings.diversity_pool is None else max(settings.pool, settings.diversity_pool, MOST_LIMIT)


def rank_lists(scorer: Scorer, scored: Scored, pool: Ordered) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tables ``rankings`` and ``lists`` of the block, picked from ``pool``."""
    picked = _diverse(scorer, scored, pool)
    if scorer.settings.backfill:
        picked = _filled(scorer, scored, picked)
    return _ranking_rows(scorer, scored, picked), _list_rows(scorer, scored, pool, picked)


def _diverse(scorer: Scorer, scored: Scored, pool: Ordered) -> Picked:
    settings = scorer.settings
    limits = scorer.requests.limit[scored.first_list : scored.first_list + len(pool.total)].astype(np.int64)
    kept, picks = pick_many(
        scorer.items, pool.track, pool.score, pool.indptr, limits, settings.diversity_lambda,
        settings.metadata_distance_scale, settings.max_per_artist or 0, settings.one_version_per_song,
    )  # fmt: skip
    rank = ranks(pool.indptr, pool.score, kept, picks.position)
    allowed = ~picks.over_cap | settings.backfill
    row = np.repeat(np.arange(len(limits)), np.diff(kept))[allowed]
    picks = Picks._make(column[allowed] for column in picks)
    start = pool.indptr[row]
    cold = scored.tastes.cold[scored.lists.subject[row]]
    source = np.where(cold, "cold", np.where(picks.over_cap, "backfill_artist", "ranked"))
    return Picked(
        row=row,
        track=pool.track[start + picks.position],
        diversity=picks.diversity,
        nearest=np.where(picks.nearest >= 0, pool.track[start + np.maximum(picks.nearest, 0)], -1),
        marginal=picks.marginal,
        score_rank=rank[allowed],
        source=source,
    )


def _filled(scorer: Scorer, scored: Scored, picked: Picked) -> Picked:
    """Lists that popularity bounds left short, filled with the best tracks beyond these bounds, by score."""
    taken = np.bincount(picked.row, minlength=len(scored.rules))
    room = scorer.requests.limit[scored.first_list : scored.first_list + len(taken)] - taken
    if (room <= 0).all():
        return picked
    beyond = [_beyond(scorer, scored, picked, int(row), int(room[row])) for row in np.flatnonzero(room > 0)]
    track = np.concatenate([np.empty(0, np.int32), *beyond])
    row = np.repeat(np.flatnonzero(room > 0), [len(tracks) for tracks in beyond])
    order = np.argsort(np.concatenate([picked.row, row]), kind="stable")
    score = scored.score[row, track]
    added = Picked(
        row=row,
        track=track,
        diversity=np.zeros(len(row)),
        nearest=np.full(len(row), -1),
        marginal=scorer.settings.diversity_lambda * score,
        score_rank=taken[row] + 1 + np.arange(len(row)) - np.searchsorted(row, row),
        source=np.full(len(row), "backfill_popularity"),
    )
    both = (np.concatenate([getattr(picked, name), getattr(added, name)])[order] for name in Picked._fields)
    return Picked(*both)


def _beyond(scorer: Scorer, scored: Scored, picked: Picked, row: int, room: int) -> Ints:
    """The ``room`` best tracks that only the popularity bounds keep out of a list, none of a song the list has."""
    tracks = np.flatnonzero(scored.rules[row] == rule("popularity"))
    songs = scorer.catalog.songs
    if scorer.settings.one_version_per_song:
        tracks = tracks[(songs[tracks] < 0) | ~np.isin(songs[tracks], songs[picked.track[picked.row == row]])]
    order = tracks[np.argsort(-scored.score[row, tracks], kind="stable")]
    if scorer.settings.one_version_per_song:
        own = np.where(songs[order] >= 0, songs[order], -2 - np.arange(len(order)))
        order = order[np.sort(np.unique(own, return_index=True)[1])]
    return order[:room].astype(np.int32)


def _ranking_rows(scorer: Scorer, scored: Scored, picked: Picked) -> pl.DataFrame:
    chosen = Chosen(picked.row, picked.track)
    first = np.searchsorted(picked.row, picked.row)
    rank = np.arange(len(picked.row)) - first + 1
    shown = parts(scorer, scored, chosen)
    taste = scored.tastes.vector[scored.lists.subject[picked.row]]
    matches = 1.0 - np.abs(taste - scorer.catalog.normalized[picked.track])
    nearest = scorer.track_ids.gather(np.maximum(picked.nearest, 0))
    trace = pl.DataFrame(
        {
            "explanation": matches.astype(np.float32),
            "source": pl.Series(picked.source.tolist(), dtype=pl.String),
            "diversity": picked.diversity,
            "nearest_track_id": pl.select(pl.when(pl.Series(picked.nearest >= 0)).then(nearest)).to_series(),
            "marginal": picked.marginal,
            "score_rank": picked.score_rank,
        },
        schema_overrides={"explanation": RANKINGS["explanation"].dtype},
    )
    named = keys(scorer, scored, chosen, rank).hstack(shown).hstack(reasons(scorer, scored, chosen, shown))
    return RANKINGS.shape(named.hstack(trace))


def _list_rows(scorer: Scorer, scored: Scored, pool: Ordered, picked: Picked) -> pl.DataFrame:
    tastes, subject = scored.tastes, scored.lists.subject
    returned = np.bincount(picked.row, minlength=len(subject))
    limit = scorer.requests.limit[scored.first_list : scored.first_list + len(subject)]
    counted = {f"dropped_{name}": scored.dropped[:, number] for number, name in enumerate(DROP_RULES, start=1)}
    return LISTS.shape(
        scorer.lists.slice(scored.first_list, len(subject)).with_columns(
            pl.Series("taste", tastes.vector[subject], dtype=LISTS["taste"].dtype),
            pl.Series("taste_audio", tastes.audio[subject]),
            pl.Series("confidence", tastes.confidence[subject]),
            pl.Series("cold", tastes.cold[subject]),
            pl.lit(scored.rules.shape[1]).alias("tracks"),
            pl.Series("candidates", pool.total),
            *(pl.Series(name, count) for name, count in counted.items()),
            pl.Series("returned", returned),
            pl.Series("diversified", np.diff(pool.indptr) > limit),
        )
    )
