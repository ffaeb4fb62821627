"""The whole computation: input tables in, output tables out. No clock, no disk, no network."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from os import cpu_count
from typing import NamedTuple

import numpy as np
import polars as pl

from recsys.buffered import buffered_map
from recsys.inputs import Inputs, Snapshot
from recsys.mapped import Place, drop_pages, in_memory
from recsys.matrices.arrays import Numbers
from recsys.matrices.catalog import Catalog, build_catalog
from recsys.matrices.history import History, build_history
from recsys.matrices.requests import build_requests
from recsys.models import TableRows
from recsys.settings import Settings
from recsys.stages.candidates.scoring import Scorer
from recsys.stages.candidates.stage import candidate_rows, pools
from recsys.stages.checks import check_tables, measure_tables
from recsys.stages.neighbors.model import TILE
from recsys.stages.neighbors.stage import fit_neighbors, neighbor_rows
from recsys.stages.neighbors.stored import model_tables
from recsys.stages.neighbors.tasks import Runners
from recsys.stages.profiles import profile_listeners
from recsys.stages.rankings.stage import Unworded, in_words, pool_depth, rank_lists
from recsys.stages.ratings import rate
from recsys.stages.snapshot import take_snapshot
from recsys.tables import TABLES

Progress = Callable[[str, int, int], None]
"""Called with a stage's name, what is done and what there is to do."""
Clock = Callable[[str], AbstractContextManager[None]]
"""Takes the time of a block of a stage, which it is called with; the computation itself knows no clock."""

BLOCK_BYTES = 128 * 2**20
"""Memory that the arrays of one block of listeners may take, per thread: enough that calls cost little beside their loops."""
SHARD_LISTENERS = 1024
"""Most listeners whose lists make one part file. Workers of a cluster end at about the same time with parts as small."""
SHARD_LISTS = 1536
"""Most lists of a part, but for a tile's: one part is written, and in memory, while the next is computed."""
_AHEAD = 2
"""Tiles of listeners a thread that are under way or wait to be put in words."""
WORDED_ROWS = 50_000
"""Rows of rankings whose reasons are put in words together, at least: a call costs as much as thousands of rows."""


def _untimed(_stage: str) -> AbstractContextManager[None]:
    return nullcontext()


class Shard(NamedTuple):
    """Output tables of a contiguous range of listeners: the unit of work, memory and retry."""

    neighbors: pl.DataFrame
    candidates: pl.DataFrame
    rankings: pl.DataFrame
    lists: pl.DataFrame


def build(
    inputs: Inputs, settings: Settings | None = None, *, as_of: datetime, progress: Progress | None = None
) -> dict[str, pl.DataFrame]:
    """All output tables of a run, in memory, by name; see ``recsys.tables.OUTPUTS``.

    A pure function: equal inputs, settings and ``as_of`` (an aware datetime) give equal tables, whatever the order of the
    rows and the number of threads. Raises :class:`recsys.errors.InputError` for inputs it cannot use.

    >>> from datetime import UTC, datetime
    >>> import polars as pl
    >>> from recsys import Inputs, build
    >>> tracks = pl.DataFrame({"id": ["a", "b"], "artist": ["Ada", "Bel"], "popularity": [0.9, 0.4]})
    >>> events = pl.DataFrame({"user_id": ["u"], "track_id": ["a"], "type": ["like"]})
    >>> tables = build(Inputs(tracks=tracks, events=events), as_of=datetime(2026, 1, 1, tzinfo=UTC))
    >>> tables["rankings"].filter(pl.col("user_id") == "u", pl.col("list") == "balanced")["track_id"].to_list()
    ['b']
    """
    settings = settings or Settings()
    snapshot = take_snapshot(inputs, settings, as_of)
    rated = rate(snapshot, settings)
    catalog, history = arrange(snapshot, rated, settings)
    profiled = profile_listeners(snapshot, rated, catalog, history, settings)
    scorer = fit(snapshot, catalog, history, settings)
    parts = [*shards(scorer, shard_ranges(scorer), progress)]
    tables = {
        **model_tables(scorer.similar, catalog.ids),
        "tracks": snapshot.tracks,
        "songs": snapshot.songs,
        "controls": snapshot.controls,
        "ratings": rated,
        "profiles": profiled,
    }
    tables |= {name: TABLES[name].conform(pl.concat(getattr(part, name) for part in parts)) for name in Shard._fields}
    account = snapshot.account
    return tables | {"metrics": measure_tables(tables, account), "checks": check_tables(tables, settings, account)}


def arrange(snapshot: Snapshot, rated: TableRows, settings: Settings, place: Place = in_memory) -> tuple[Catalog, History]:
    """The catalogue, and the histories of all listeners, from table ``ratings``, a frame or its files, as arrays.

    ``place``: where the large ones shall be.
    """
    catalog = build_catalog(snapshot.tracks, settings, snapshot.songs)
    return catalog, build_history(rated, snapshot.users, catalog, place)


def fit(snapshot: Snapshot, catalog: Catalog, history: History, settings: Settings, runners: Runners | None = None) -> Scorer:
    """The model of similar listeners, and all else that every shard needs; ``runners``: who fits it, none = this process."""
    model = fit_neighbors(history, catalog.canonical, settings, runners)
    return Scorer(catalog, history, model, build_requests(snapshot, catalog, settings), settings, snapshot.lists)


def prepare(snapshot: Snapshot, rated: pl.DataFrame, settings: Settings) -> Scorer:
    """What every shard needs, from the frames of a run."""
    return fit(snapshot, *arrange(snapshot, rated, settings), settings)


def shard_ranges(scorer: Scorer) -> list[tuple[int, int]]:
    """First and past-the-last listener of every shard, in order."""
    users = len(scorer.history.users)
    step = shard_listeners(users, len(scorer.lists))
    return [(first, min(first + step, users)) for first in range(0, users, step)]


def shard_listeners(users: int, lists: int) -> int:
    """Listeners of a shard, but the last, where ``users`` have ``lists`` together: whole tiles."""
    tiles = SHARD_LISTS * users // max(1, lists) // TILE
    return min(SHARD_LISTENERS, max(1, tiles) * TILE)


def shard(scorer: Scorer, first: int, last: int, progress: Progress | None = None, clock: Clock = _untimed) -> Shard:
    """Neighbours, candidates and rankings of listeners ``first`` … ``last`` − 1, block by block on all threads."""
    (tables,) = shards(scorer, [(first, last)], progress, clock)
    return tables


def shards(
    scorer: Scorer, ranges: Sequence[tuple[int, int]], progress: Progress | None = None, clock: Clock = _untimed
) -> Iterator[Shard]:
    """The same of each range of listeners, in order. While one ends, and is written, blocks of the next are under way: threads
    that waited for the last block of each would be idle for a tenth of the time."""
    scorer.complete()
    drop_pages()
    threads, room = scorer.settings.threads or cpu_count() or 1, _Room()
    bounds = [(start, min(start + TILE, last)) for first, last in ranges for start in range(first, last, TILE)]
    ends, blocks, parts = {last for _, last in ranges}, list[_Block](), list[Shard]()
    with ThreadPoolExecutor(threads) as pool:
        tiles = buffered_map(pool, lambda tile: _tile(scorer, *tile, clock, room), bounds, _AHEAD * threads)
        for _, done in bounds:
            blocks += next(tiles)
            if done in ends or sum(block.ranked.rows.height for block in blocks) >= WORDED_ROWS:
                with clock("rankings"):
                    parts.append(_worded(blocks, scorer))
                blocks.clear()
            if progress:
                for name in ("neighbors", "candidates", "rankings"):  # block by block, so they are equally far
                    progress(name, done, len(scorer.history.users))
            if done in ends:
                yield Shard(*(pl.concat(tables) for tables in zip(*parts, strict=True)))
                parts.clear()  # not before: who asked for it may have let it go meanwhile


class _Block(NamedTuple):
    """A :class:`Shard` of a few listeners whose reasons are not in words yet."""

    neighbors: pl.DataFrame
    candidates: pl.DataFrame
    ranked: Unworded
    lists: pl.DataFrame


def _worded(blocks: list[_Block], scorer: Scorer) -> Shard:
    """The blocks as one, their reasons in words, while other threads compute the next."""
    near, considered, ranked, listed = zip(*blocks, strict=True)
    return Shard(
        pl.concat(near), pl.concat(considered), in_words(ranked, scorer.catalog, scorer.settings.language), pl.concat(listed)
    )


class _Room(threading.local):
    """Of the votes of the block that a thread computes, used again: see :mod:`recsys.stages.neighbors.stage`."""

    votes: Numbers = np.empty((0, 0))

    def of(self, tracks: int, precision: type) -> Numbers:
        if not len(self.votes):
            self.votes = np.empty((TILE, tracks), precision)
        return self.votes


def _tile(scorer: Scorer, first: int, last: int, clock: Clock, room: _Room) -> list[_Block]:
    """Listeners whose collaborative scores are computed together, in blocks that stay near the caches."""
    blocks = -(-TILE // scorer.block_listeners(BLOCK_BYTES))
    step = -(-TILE // blocks)
    return [_block(scorer, start, min(start + step, last), clock, room) for start in range(first, last, step)]


def _block(scorer: Scorer, first: int, last: int, clock: Clock, room: _Room) -> _Block:
    with clock("neighbors"):
        voted = scorer.vote(first, last, room.of(len(scorer.catalog.ids), scorer.similar.precision))
        near = neighbor_rows(scorer.history, voted.near, scorer.settings)
    with clock("candidates"):
        scored = scorer.weigh(voted)
        best, pool = pools(scored, scorer.settings.pool, pool_depth(scorer.settings))
        considered = candidate_rows(scorer, scored, best)
    with clock("rankings"):
        ranked, listed = rank_lists(scorer, scored, pool)
    return _Block(near, considered, ranked, listed)
