"""What speaks for every row of a block's lists: own tracks, neighbours, artists, sound, what was asked for.

Only rows that are shown are looked at. Own tracks are those that the listener likes (a rating above 0, and no dislike or hide
since), for a list with seeds its seeds; their shares of the votes are exact (:mod:`recsys.stages.neighbors.attribution`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recsys.matrices.arrays import Floats, Ints, Names, Ragged
from recsys.matrices.catalog import Catalog
from recsys.stages.candidates.scored import Scored
from recsys.stages.candidates.scoring import Scorer
from recsys.stages.neighbors.kernels.attribution import Shares
from recsys.stages.rankings.kernels import evidence as kernel
from recsys.stages.rankings.kernels.evidence import Described
from recsys.stages.rankings.reasons import CLOSE, RowEvidence, Vocabulary
from recsys.stages.rankings.texts import SOUNDS
from recsys.tables import FEATURES

_ALIKE = 0.5
"""Standard deviations from the catalogue's mean, in the same direction, from which a feature is what two tracks share."""


class ShownRows(NamedTuple):
    """Ranking rows of a block."""

    row: NDArray[np.int64]
    """List, from the block's first."""
    track: Ints
    """Row of the catalogue."""
    points: Floats
    """(n, parts) points beyond the mean of the list's candidates."""
    source: NDArray[np.int64]
    """One of :data:`recsys.stages.rankings.picked.ROW_SOURCES`."""


class Backing(NamedTuple):
    """What is stored of the evidence: own tracks and their shares of the votes, how many of the stored neighbours agree, and the
    chance (NaN where unknown) that the track is liked."""

    because: Shares
    supporters: Ints
    neighbors: Ints
    chance: Floats


def gather(scorer: Scorer, scored: Scored, rows: ShownRows) -> tuple[RowEvidence, Backing]:
    """The evidence of every row, for :func:`recsys.stages.rankings.reasons.reasons`, and what is stored of it."""
    catalog, listener = scorer.catalog, scorer.requests.listener[scored.first_list + rows.row] - scored.first
    keys = listener.astype(np.int64) * len(catalog.ids) + catalog.canonical[rows.track]
    pairs, place = _pairs(keys, len(scored.near.indptr) - 1, len(catalog.ids))
    own = liked(scorer, scored.first, len(scored.near.indptr) - 1)
    because = _of(scorer.similar.shares(scored.first, pairs), place)
    seeded = _seeded(scorer, scored, rows, because)
    starts, share = _named_starts(scorer, scored, rows, because, seeded)
    supporters, neighbors = _supporters(scorer, scored, pairs)
    compared = _compared(catalog, own, pairs)
    seeded_lists = map(scorer.requests.is_seeded, range(scored.first_list, scored.first_list + len(scored.rules)))
    own_votes = ~np.fromiter(seeded_lists, np.bool_, len(scored.rules))[rows.row]
    chance = np.where(own_votes, scorer.similar.chances(scored.first, pairs)[place], np.nan)
    backing = Backing(because, supporters[place], neighbors[listener], chance)
    evidence = RowEvidence(
        points=rows.points,
        own=because.tracks[:, :2],
        share=share,
        seeded=seeded,
        starts=starts,
        supporters=backing.supporters,
        neighbors=backing.neighbors,
        artist=_artist(catalog, rows.track, compared.artist[place]),
        by_artist=compared.by_artist[place],
        theirs=compared.theirs[place],
        nearest=compared.nearest[place],
        cosine=compared.cosine[place],
        sounds=_sounds(catalog, rows.track, compared.nearest[place]),
        genre=_genre(scorer, scored, rows, own),
        fits=_fits(scorer, scored, rows),
        known=np.where(catalog.rated[rows.track], catalog.popularity[rows.track], np.nan),
        fresh=scorer.requests.new_artists[scored.first_list + rows.row],
        source=rows.source,
    )
    return evidence, backing


def stacked(blocks: Sequence[RowEvidence]) -> RowEvidence:
    """The evidence of the rows of some blocks, one after another."""
    return RowEvidence(*(np.concatenate(column) for column in zip(*blocks, strict=True)))


def vocabulary(catalog: Catalog) -> Vocabulary:
    """What the numbers of the evidence stand for."""
    return Vocabulary(catalog.titles, catalog.artist_names, catalog.genre_names, catalog.raw)


def liked(scorer: Scorer, first: int, count: int) -> Ragged:
    """Tracks of the catalogue that each of ``count`` listeners from ``first`` on likes."""
    indptr, tracks = scorer.history.likes
    bounds = indptr[first : first + count + 1]
    return Ragged(bounds - bounds[0], tracks[bounds[0] : bounds[-1]])


def _pairs(keys: NDArray[np.int64], listeners: int, tracks: int) -> tuple[Ragged, NDArray[np.int64]]:
    """The distinct pairs of listener and track, in order, and the place of each row among them."""
    distinct, place = np.unique(keys, return_inverse=True)
    indptr = np.searchsorted(distinct // tracks, np.arange(listeners + 1))
    return Ragged(indptr.astype(np.int64), (distinct % tracks).astype(np.int32)), place


def _seeded(scorer: Scorer, scored: Scored, rows: ShownRows, because: Shares) -> NDArray[np.bool_]:
    """Puts what a list starts from in the place of own tracks, in lists that start from anything; returns which rows are in such
    a list."""
    lists, starts = _started(scorer, scored, rows)
    chosen = np.isin(rows.row, lists)
    if lists:
        number = np.searchsorted(lists, rows.row[chosen])
        keys = number.astype(np.int64) * len(scorer.catalog.ids) + scorer.catalog.canonical[rows.track[chosen]]
        pairs, place = _pairs(keys, len(lists), len(scorer.catalog.ids))
        shares = _of(scorer.similar.seed_shares(starts, pairs), place)
        because.tracks[chosen], because.share[chosen], because.rest[chosen] = shares
    return chosen


def _started(scorer: Scorer, scored: Scored, rows: ShownRows) -> tuple[list[int], list[Ints]]:
    """The lists of the block, with rows, that start from tracks, and the songs that each starts from."""
    starts = {row: scorer.requests.starts(scored.first_list + row) for row in np.unique(rows.row).tolist()}
    lists = [row for row, tracks in starts.items() if len(tracks)]
    return lists, [scorer.catalog.canonical[starts[row]] for row in lists]


def _named_starts(
    scorer: Scorer, scored: Scored, rows: ShownRows, because: Shares, seeded: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], Floats]:
    """:attr:`RowEvidence.starts`, and their shares of the votes; in other lists the shares of the own tracks.

    A track that stands for an artist or genre goes by its name, and those of one name go together.
    """
    starts, share = np.full((len(rows.row), 2), -1, np.int64), because.share[:, :2].copy()
    starts[seeded] = because.tracks[seeded, :2]
    for row in np.unique(rows.row[seeded]).tolist():
        if scored.first_list + row in scorer.requests.likened:
            own = np.flatnonzero(rows.row == row)
            names = _names_of(scorer, scored.first_list + row)
            starts[own], share[own] = _by_name(names, because.tracks[own], because.share[own])
    return starts, share


def _names_of(scorer: Scorer, row: int) -> dict[int, int]:
    """The songs that a list starts from, and the name of each: of a seed its own, else the artist's or genre's."""
    catalog, artists, genres = scorer.catalog, len(scorer.catalog.titles), len(scorer.catalog.artist_names)
    tracks, by_artist, by_genre = scorer.requests.likened[row]
    names = np.where(by_artist >= 0, artists + by_artist, artists + genres + by_genre).tolist()
    seeds = catalog.canonical[scorer.requests.seeds_of(row)].tolist()
    likened = zip(catalog.canonical[tracks].tolist()[::-1], names[::-1], strict=True)  # of two names the first
    return dict(likened) | {track: track for track in seeds}


def _by_name(names: dict[int, int], tracks: Ints, share: Floats) -> tuple[NDArray[np.int64], Floats]:
    """(n, 2) the names with the greatest shares and these, from (n, 3) tracks. All of the votes are the only name's."""
    starts, shares = np.full((len(tracks), 2), -1, np.int64), np.zeros((len(tracks), 2))
    only = len(set(names.values())) == 1
    for at, (own, parts) in enumerate(zip(tracks.tolist(), share.tolist(), strict=True)):
        summed: dict[int, float] = {}
        for track, part in zip(own, parts, strict=True):
            if track >= 0 and part > 0.0:
                summed[names[track]] = 1.0 if only else summed.get(names[track], 0.0) + part
        best = sorted(summed.items(), key=lambda one: -one[1])[:2]
        starts[at, : len(best)], shares[at, : len(best)] = [name for name, _ in best], [part for _, part in best]
    return starts, shares


def _of(shares: Shares, place: NDArray[np.int64]) -> Shares:
    return Shares(shares.tracks[place], shares.share[place], shares.rest[place])


def _supporters(scorer: Scorer, scored: Scored, pairs: Ragged) -> tuple[Ints, Ints]:
    """How many of the stored neighbours like the track of each pair, and how many neighbours each listener has."""
    stored = scored.near.stored(scorer.settings.neighbors_kept)
    out = np.zeros(len(pairs.numbers), np.int32)
    everyone = scorer.history.likes
    kernel.count_supporters(stored, everyone, pairs, len(scorer.catalog.ids), out)
    return out, np.diff(stored.indptr).astype(np.int32)


def _compared(catalog: Catalog, own: Ragged, pairs: Ragged) -> kernel.Compared:
    count = len(pairs.numbers)
    numbers = (np.empty(count, np.int32) for _ in range(4))
    out = kernel.Compared(next(numbers), np.empty(count), *numbers)
    described = Described(catalog.unit, catalog.audio, *catalog.artists_of)
    kernel.compare_own(own, pairs, described, len(catalog.artist_sets.names), out)
    return out


def gathered(values: pl.Series, numbers: NDArray[np.integer]) -> pl.Series:
    """Values by number, null for −1."""
    places = pl.Series(numbers)
    return values.gather(pl.select(pl.when(places >= 0).then(places)).to_series())


def _artist(catalog: Catalog, track: Ints, artist: Ints) -> Ints:
    """The artist by whom the listener likes most, else the track's first."""
    bounds, names = catalog.artists_of
    has = bounds[track + 1] > bounds[track]
    first = names[np.minimum(bounds[track], max(len(names) - 1, 0))] if len(names) else np.zeros(len(track), np.int32)
    return np.where(artist >= 0, artist, np.where(has, first, -1))


def _sounds(catalog: Catalog, track: Ints, nearest: Ints) -> NDArray[np.int64]:
    """Up to two features in which a track and the own track nearest in sound stand out in the same direction."""
    worded = np.array([[f"{name}{sign}" in SOUNDS["en"] for sign in "+-"] for name in FEATURES])
    out = np.empty((len(track), 2), np.int64)
    kernel.shared_sounds(catalog.deviations, worded, (track, nearest), _ALIKE, out)
    return out


def _genre(scorer: Scorer, scored: Scored, rows: ShownRows, own: Ragged) -> Ints:
    """The genre of each track that the listener likes best, of those that a liked track or a seed has; −1 without one."""
    genres, subject = scorer.catalog.genres_of, scored.lists.subject[rows.row]
    strength = _dense(scored.subjects.genres, len(scorer.catalog.genre_names) + 1)
    padded = genres[rows.track]
    values = np.where(_borne(scorer, scored, own)[rows.row[:, None], padded], strength[subject[:, None], padded], 0.0)
    best = values.argmax(axis=1) if padded.shape[1] else np.zeros(len(subject), np.int64)
    at = np.arange(len(subject))
    return np.where(values[at, best] > 0, padded[at, best], -1) if padded.shape[1] else np.full(len(subject), -1)


def _borne(scorer: Scorer, scored: Scored, own: Ragged) -> NDArray[np.bool_]:
    """(lists of the block, genres + 1) whether a track that the list's listener likes, or a seed of the list, has the genre.

    Plays of a genre that were taken back by skips count for the taste, and are no track one likes.
    """
    requests, members, lists = scorer.requests, scorer.catalog.genre_members, len(scored.rules)
    likes = csr_array((np.ones(len(own.numbers)), own.numbers, own.indptr), shape=(len(own.indptr) - 1, members.shape[0]))
    listener = requests.listener[scored.first_list : scored.first_list + lists] - scored.first
    out = np.zeros((lists, members.shape[1] + 1), np.bool_)  # the last column is what padding points at
    out[:, :-1] = (likes @ members).toarray()[listener] > 0
    for number in range(lists):
        seeds = requests.seeds_of(scored.first_list + number)
        if len(seeds):
            out[number, :-1] |= members[seeds].sum(axis=0) > 0
    return out


def _dense(names: Names, width: int) -> Floats:
    """(subjects, names) strengths; the last column, which padding finds, is 0."""
    out = np.zeros((len(names.indptr) - 1, width))
    out[np.repeat(np.arange(len(out)), np.diff(names.indptr)), names.indices] = names.strength
    return out


def _fits(scorer: Scorer, scored: Scored, rows: ShownRows) -> NDArray[np.int64]:
    """(n, 2) the two features of each track that come nearest to what its list asks for, of those within :data:`CLOSE`."""
    wanted = scorer.requests.wanted
    out = np.full((len(rows.row), 2), -1, np.int64)
    for number in np.unique(rows.row).tolist():
        targets = wanted.get(scored.first_list + number)
        if targets is not None:
            at = np.flatnonzero((rows.row == number) & scorer.catalog.audio[rows.track])
            out[at] = _nearest_features(scorer.catalog, rows.track[at], targets)
    return out


def _nearest_features(catalog: Catalog, tracks: Ints, targets: Floats) -> NDArray[np.int64]:
    """(n, 2) numbers, −1 where fewer features are asked for or near."""
    asked = np.flatnonzero(~np.isnan(targets))
    away = np.abs(catalog.raw[tracks][:, asked] - targets[asked]) / catalog.spreads[asked]
    order = np.argsort(away, axis=1, kind="stable")[:, :2]
    near = np.take_along_axis(away, order, axis=1) <= CLOSE
    out = np.full((len(tracks), 2), -1, np.int64)
    out[:, : order.shape[1]] = np.where(near, len(FEATURES) * tracks[:, None].astype(np.int64) + asked[order], -1)
    return out
