"""Stage ``rankings``: the lists themselves: varied, explained, filled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys.matrices.arrays import Floats, Ints, Ragged
from recsys.matrices.catalog import Catalog
from recsys.matrices.columns import ragged
from recsys.matrices.requests import MOST_LIMIT, rule
from recsys.settings import Settings
from recsys.stages.candidates.kernels.selection import ranks
from recsys.stages.candidates.scored import Scored
from recsys.stages.candidates.scoring import Scorer
from recsys.stages.candidates.stage import Chosen, Ordered, by_points, keys, parts, parts_of
from recsys.stages.candidates.stage import reason_codes as plain
from recsys.stages.rankings.evidence import Backing, ShownRows, gather, gathered, stacked, vocabulary
from recsys.stages.rankings.kernels.diversity import Picks, pick_many, typical_distances
from recsys.stages.rankings.kernels.picking import Pool, Rules
from recsys.stages.rankings.kernels.state import UNRELATED
from recsys.stages.rankings.picked import BACKFILL_ARTIST, COLD_START, RANKED, ROW_SOURCES, Picked
from recsys.stages.rankings.reasons import RowEvidence, reasons
from recsys.stages.rankings.replays import with_replays
from recsys.tables import DROP_RULES, LISTS, PARTS, RANKINGS, STRINGS


def pool_depth(settings: Settings) -> int | None:
    """How many of a list's best candidates are looked at, enough for the longest list; none = all."""
    return None if settings.diversity_pool is None else max(settings.pool, settings.diversity_pool, MOST_LIMIT)


class Unworded(NamedTuple):
    """Rows of ``rankings`` whose reasons are not in words yet."""

    rows: pl.DataFrame
    evidence: RowEvidence | None
    """What the reasons are chosen from; none where ``rows`` have them."""


def rank_lists(scorer: Scorer, scored: Scored, pool: Ordered) -> tuple[Unworded, pl.DataFrame]:
    """The rows of the block's lists, picked from ``pool``, for :func:`in_words`, and their table ``lists``."""
    picked = _diverse(scorer, scored, pool)
    if scorer.settings.backfill:
        picked = _filled(scorer, scored, picked)
    picked = with_replays(scorer, scored, picked)
    return _ranking_rows(scorer, scored, pool, picked), _list_rows(scorer, scored, pool, picked)


def in_words(blocks: Sequence[Unworded], catalog: Catalog, language: str) -> pl.DataFrame:
    """Table ``rankings`` of the rows of some blocks. A call costs much beside its rows, so many blocks come at once."""
    rows = pl.concat(block.rows for block in blocks)
    evidence = [block.evidence for block in blocks if block.evidence is not None]
    worded = [reasons(stacked(evidence), vocabulary(catalog), language)] if evidence else []
    return RANKINGS.shape(pl.concat([rows, *worded], how="horizontal"))


def _diverse(scorer: Scorer, scored: Scored, pool: Ordered) -> Picked:
    settings = scorer.settings
    limits = scorer.requests.limit[scored.first_list : scored.first_list + len(pool.total)].astype(np.int64)
    unit, scale = _variety(scorer, pool)
    kept, picks = pick_many(
        scorer.items,
        Pool(pool.track, pool.score / np.repeat(unit, np.diff(pool.indptr))),
        pool.indptr,
        limits,
        Rules(settings.diversity_lambda, 1.0, settings.max_per_artist or 0, settings.one_version_per_song, settings.artist_gap),
        scale,
        _seeds(scorer, scored, len(limits)),
    )
    rank = ranks(pool.indptr, pool.score, kept, picks.position)
    allowed = ~picks.over_cap | settings.backfill
    row = np.repeat(np.arange(len(limits)), np.diff(kept))[allowed]
    picks = Picks._make(column[allowed] for column in picks)
    start = pool.indptr[row]
    cold = scored.tastes.cold[scored.lists.subject[row]]
    source = np.where(cold, COLD_START, np.where(picks.over_cap, BACKFILL_ARTIST, RANKED))
    return Picked(
        row=row,
        track=pool.track[start + picks.position],
        diversity=picks.diversity,
        nearest=np.where(picks.nearest >= 0, pool.track[start + np.maximum(picks.nearest, 0)], -1),
        marginal=picks.marginal * unit[row],
        score_rank=rank[allowed],
        source=source,
        columns=_columns(pool, start + picks.position),
    )


def _seeds(scorer: Scorer, scored: Scored, lists: int) -> Ragged:
    """The seed tracks of each list."""
    return Ragged.of([scorer.requests.seeds_of(scored.first_list + row) for row in range(lists)])


def _columns(pool: Ordered, places: NDArray[np.int64]) -> Floats:
    """Score and parts of candidates of a pool by scale `spread`; empty rows by scale `raw`."""
    return np.empty((len(places), 0)) if pool.columns is None else np.column_stack([pool.score[places], pool.columns[places]])


def _variety(scorer: Scorer, pool: Ordered) -> tuple[Floats, Floats]:
    """Per list: points that one unit of distance is worth, and the factor on distances that go by names.

    By spread, a standard deviation of the pool's scores is worth the mean distance between tracks of the pool; where the sound of
    a track is unknown, unrelated tracks are as far apart as a track and the nearest of others: neither near nor far.
    """
    lists = len(pool.total)
    if scorer.settings.parts_scale == "raw":
        return np.ones(lists), np.full(lists, scorer.settings.metadata_distance_scale)
    otherwise = scorer.settings.metadata_distance_scale * UNRELATED
    nearest, typical = typical_distances(scorer.items, pool.track, pool.indptr, otherwise)
    sizes = np.diff(pool.indptr)
    row, number = np.repeat(np.arange(lists), sizes), np.maximum(sizes, 1)
    away = pool.score - (np.bincount(row, pool.score, lists) / number)[row]
    spread = np.sqrt(np.bincount(row, away**2, lists) / number)
    return np.where(spread > 0, spread / typical, 1.0), nearest / UNRELATED


def _filled(scorer: Scorer, scored: Scored, picked: Picked) -> Picked:
    """Lists that their rules left short, filled with the best tracks beyond: of artists heard, then beyond popularity bounds."""
    limits = scorer.requests.limit[scored.first_list : scored.first_list + len(scored.rules)]
    for name in ("known_artist", "popularity"):
        room = limits - np.bincount(picked.row, minlength=len(scored.rules))
        if (room > 0).any():
            picked = _extended(scorer, scored, picked, name, room)
    return picked


def _extended(scorer: Scorer, scored: Scored, picked: Picked, name: str, room: Ints) -> Picked:
    """Lists with room, filled with the best tracks that only rule ``name`` keeps out, by score."""
    rows = np.flatnonzero(room > 0)
    taken = np.bincount(picked.row, minlength=len(scored.rules))
    beyond = [_beyond(scorer, scored, picked, int(row), name, int(room[row])) for row in rows]
    row = np.repeat(rows, [len(tracks) for tracks, _ in beyond])
    order = np.argsort(np.concatenate([picked.row, row]), kind="stable")
    columns = np.concatenate([np.empty((0, picked.columns.shape[1])), *(own for _, own in beyond)])
    track = np.concatenate([np.empty(0, np.int32), *(tracks for tracks, _ in beyond)])
    score = columns[:, 0] if columns.shape[1] else scored.score[row, track]
    added = Picked(
        row=row,
        track=track,
        diversity=np.zeros(len(row)),
        nearest=np.full(len(row), -1),
        marginal=scorer.settings.diversity_lambda * score,
        score_rank=taken[row] + 1 + np.arange(len(row)) - np.searchsorted(row, row),
        source=np.full(len(row), ROW_SOURCES.index(f"backfill_{name}")),
        columns=columns,
    )
    both = (np.concatenate([getattr(picked, field), getattr(added, field)])[order] for field in Picked._fields)
    return Picked(*both)


def _beyond(scorer: Scorer, scored: Scored, picked: Picked, row: int, name: str, room: int) -> tuple[Ints, Floats]:
    """The ``room`` best tracks that only rule ``name`` keeps out of a list, none of a work the list has; and their columns."""
    tracks, columns = _kept_out(scored, row, rule(name))
    works = scorer.catalog.works
    if scorer.settings.one_version_per_song:
        new = (works[tracks] < 0) | ~np.isin(works[tracks], works[picked.track[picked.row == row]])
        own = np.where(works[tracks] >= 0, works[tracks], -2 - np.arange(len(tracks)))
        first = np.isin(np.arange(len(tracks)), np.unique(np.where(new, own, -1), return_index=True)[1])
        tracks, columns = tracks[new & first], columns[new & first]
    return tracks[:room].astype(np.int32), columns[:room]


def _kept_out(scored: Scored, row: int, number: int) -> tuple[Ints, Floats]:
    """Tracks that a rule keeps out of a list, the best first, and their columns."""
    if scored.spread is None:
        tracks = np.flatnonzero(scored.rules[row] == number)
        order = tracks[np.argsort(-scored.score[row, tracks], kind="stable")]
        return order.astype(np.int32), np.empty((len(order), 0))
    rules = np.where(scored.rules[row : row + 1] == number, 0, 255).astype(np.uint8)
    every = by_points(scored, np.array([row]), rules, rules.shape[1])
    return every.track, _columns(every, np.arange(len(every.track)))


def _ranking_rows(scorer: Scorer, scored: Scored, pool: Ordered, picked: Picked) -> Unworded:
    chosen = Chosen(picked.row, picked.track)
    first = np.searchsorted(picked.row, picked.row)
    rank = np.arange(len(picked.row)) - first + 1
    shown = parts_of(picked.columns[:, 0], picked.columns[:, 1:]) if scored.spread else parts(scorer, scored, chosen)
    taste = scored.tastes.vector[scored.lists.subject[picked.row]]
    matches = 1.0 - np.abs(taste - scorer.catalog.normalized[picked.track])
    trace = pl.DataFrame(
        {
            "explanation": matches.astype(np.float32),
            "source": pl.Series(ROW_SOURCES).gather(picked.source),
            "diversity": picked.diversity,
            "nearest_track_id": gathered(scorer.track_ids, picked.nearest),
            "marginal": picked.marginal,
            "score_rank": picked.score_rank,
        },
        schema_overrides={"explanation": RANKINGS["explanation"].dtype},
    )
    rows = keys(scorer, scored, chosen, rank).hstack(shown).hstack(trace)
    if not scored.spread:
        return Unworded(rows.hstack(_plain_reasons(scorer, scored, chosen, shown)), None)
    evidence, backing = _evidence(scorer, scored, pool, picked)
    return Unworded(rows.hstack(backing), evidence)


def _evidence(scorer: Scorer, scored: Scored, pool: Ordered, picked: Picked) -> tuple[RowEvidence, pl.DataFrame]:
    """What speaks for each row, and what is stored of it."""
    points = picked.columns[:, 1 + len(PARTS) : 1 + 2 * len(PARTS)]
    rows = ShownRows(picked.row, picked.track, points - np.asarray(pool.average)[picked.row], picked.source)
    evidence, backing = gather(scorer, scored, rows)
    return evidence, _backing(scorer, backing)


def _backing(scorer: Scorer, backing: Backing) -> pl.DataFrame:
    """Columns because, because_rest, supporters and chance."""
    tracks, share, rest = backing.because
    named = tracks >= 0
    ids = scorer.track_ids.gather(tracks[named].astype(np.int64))
    flat = pl.DataFrame({"track_id": ids, "share": share[named]}).to_struct()
    left = rest + np.where(named, 0.0, share).sum(axis=1)
    return pl.DataFrame(
        {
            "because": ragged(flat, np.r_[0, np.cumsum(named.sum(axis=1))]),
            "because_rest": left,
            "supporters": backing.supporters,
            "chance": pl.Series(backing.chance).fill_nan(None),
        }
    )


def _plain_reasons(scorer: Scorer, scored: Scored, chosen: Chosen, shown: pl.DataFrame) -> pl.DataFrame:
    """The reasons of scale `raw`, which are not about anything of the listener's own."""
    unused = {"reason_args": pl.lit(None, STRINGS), "because": pl.lit(None, RANKINGS["because"].dtype)}
    unused |= {"because_rest": pl.lit(None, pl.Float64), "supporters": pl.lit(None, pl.Int32), "chance": pl.lit(None, pl.Float32)}
    return plain(scorer, scored, chosen, shown).with_columns(**unused)


def _list_rows(scorer: Scorer, scored: Scored, pool: Ordered, picked: Picked) -> pl.DataFrame:
    tastes, subject = scored.tastes, scored.lists.subject
    returned = np.bincount(picked.row, minlength=len(subject))
    limit = scorer.requests.limit[scored.first_list : scored.first_list + len(subject)]
    counted = {f"dropped_{name}": scored.dropped[:, number] for number, name in enumerate(DROP_RULES, start=1)}
    return LISTS.shape(
        LISTS.completed(scorer.lists.slice(scored.first_list, len(subject))).with_columns(
            pl.Series("taste", tastes.vector[subject], dtype=LISTS["taste"].dtype),
            pl.Series("taste_audio", tastes.audio[subject]),
            pl.Series("confidence", tastes.confidence[subject]),
            pl.Series("cold", tastes.cold[subject]),
            pl.lit(scored.rules.shape[1]).alias("tracks"),
            pl.Series("candidates", pool.total),
            *(pl.Series(name, count) for name, count in counted.items()),
            pl.Series("returned", returned),
            pl.Series("remarks", scorer.requests.remarks[scored.first_list : scored.first_list + len(subject)], dtype=pl.String),
            pl.Series("diversified", np.diff(pool.indptr) > limit),
        )
    )
