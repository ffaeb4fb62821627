"""Scores of a block of listeners: tastes, filters and the formula over every track of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse
from scipy.sparse import csr_array, vstack

from recsys.matrices import arrays, taste
from recsys.matrices.arrays import Codes, Floats, Ints, Items, Numbers
from recsys.matrices.catalog import Catalog
from recsys.matrices.features import WEIGHTS
from recsys.matrices.history import History
from recsys.matrices.netting import Evidence, Netted
from recsys.matrices.requests import Exclusions, Requests, rule
from recsys.matrices.taste import SEED_POINTS, Taste
from recsys.matrices.tokens import NameSets
from recsys.settings import Settings
from recsys.stages.candidates import points, releases
from recsys.stages.candidates.kernels import filters
from recsys.stages.candidates.kernels.constants import STRANGER
from recsys.stages.candidates.kernels.core import TrackFacts
from recsys.stages.candidates.kernels.points import Wishes
from recsys.stages.candidates.scored import Scored, Spread, Voted
from recsys.stages.neighbors.stage import Neighborhood, Similar

MOST_BOOST = 0.035
_NOBODY: Ints = np.empty(0, dtype=np.int32)
_Dropped = tuple[Ints, Codes]
"""Tracks, and the rule that drops each."""


@dataclass(frozen=True)
class Scorer:
    """What stays the same for all blocks of a run."""

    catalog: Catalog
    history: History
    similar: Similar
    requests: Requests
    settings: Settings
    lists: pl.DataFrame
    """The snapshot's lists, one row per row of ``requests``."""

    def complete(self) -> None:
        """Makes what all blocks read: made by the first, it would stand beside that one's arrays, and beside the pages of the
        histories and the model that it is made from."""
        self.items  # noqa: B018
        if self.settings.parts_scale == "spread":
            self.facts  # noqa: B018
        if len(self.tracks.releases):
            self._heard_releases  # noqa: B018
        self.similar.complete()

    @cached_property
    def names(self) -> pl.DataFrame:
        return self.lists.select("user_id", "list")

    @cached_property
    def track_ids(self) -> pl.Series:
        return pl.Series("track_id", self.catalog.ids, dtype=pl.String)

    @cached_property
    def items(self) -> Items:
        """The catalogue as the diversity kernel reads it."""
        catalog = self.catalog
        genres, artists = catalog.genre_sets.per_track(), catalog.artists_of
        return Items(catalog.unit, catalog.audio, catalog.artist_fold, *genres, *artists, catalog.works)

    def block_listeners(self, size: int) -> int:
        """Listeners whose votes, rules and pools fit into ``size`` bytes."""
        lists_each = len(self.lists) / max(1, len(self.history.users))
        whole = 12 if self.settings.diversity_pool is None else 0
        votes = 4 + np.dtype(self.similar.precision).itemsize  # and the scores they are made from
        each = (votes + (1 + whole) * lists_each) * len(self.catalog.ids)
        return max(1, int(size // each))

    @cached_property
    def weights(self) -> arrays.Weights:
        own = self.settings
        floor = STRANGER if own.metadata_floor else 0.0
        parts = (own.content_weight, own.collab_weight, own.popularity_weight, own.exploration_weight)
        return arrays.Weights(*parts, floor, float(own.boost_needs_safety))

    @cached_property
    def tracks(self) -> arrays.Tracks:
        """The catalogue as the kernel reads it."""
        catalog = self.catalog
        quality = np.where(catalog.quality_penalty > 0, np.clip(1 - catalog.quality_penalty, 0, 1), 1.0)
        return arrays.Tracks(
            features=np.ascontiguousarray(catalog.unit.T),
            unit=np.ascontiguousarray(catalog.unit),
            audio=catalog.audio,
            canonical=catalog.canonical,
            releases=self._releases(),
            popularity=catalog.popularity,
            fit=popularity_fit(catalog.popularity),
            explicit=catalog.explicit,
            silenced=catalog.explicit & ~(catalog.quality_penalty > 0),
            quality=quality,
            boost=np.clip(catalog.boost, 0.0, MOST_BOOST),
            **_bearing("artist", catalog.artist_sets),
            **_bearing("genre", catalog.genre_sets),
            **_barring("barred_artist", catalog.excludable_artists),
            **_barring("barred_genre", catalog.excludable_genres),
        )

    def vote(self, first: int, last: int, room: Numbers | None = None) -> Voted:
        """Neighbours of listeners ``first`` … ``last`` − 1, and what they say, in ``room`` (at least listeners, tracks), if any.

        Memory: 4 × listeners × tracks bytes, in preset `reference` 8.
        """
        near = self.similar.near(first, last)
        return Voted(first, last, near, self.similar.votes(near, room))

    def _releases(self) -> Ints:
        """Rows of songs with several releases, of which a list may hold one."""
        main = self.catalog.main
        if main is None or not self.settings.one_version_per_song:
            return np.empty(0, np.int32)
        return np.flatnonzero(np.bincount(main, minlength=len(main))[main] > 1).astype(np.int32)

    def score(self, first: int, last: int) -> Scored:
        """What scores all lists of listeners ``first`` … ``last`` − 1. Memory: (4 × listeners + lists) × tracks bytes."""
        return self.weigh(self.vote(first, last))

    def weigh(self, voted: Voted) -> Scored:
        """The same with what similar listeners say."""
        first, last, near, votes = voted
        requests = self.requests
        from_list, to_list = int(requests.indptr[first]), int(requests.indptr[last])
        rows = range(from_list, to_list)
        own = [row for row in rows if requests.is_seeded(row) or row in requests.targets]
        evidence = self._evidence(first, last, own)
        tastes = taste.estimate_taste(self.catalog, evidence, self.settings)
        spread = self.settings.parts_scale == "spread"
        artists = taste.on_artists(self.catalog, evidence) if spread else None
        subjects = self._subjects(evidence, tastes, artists)
        lists = self._lists(near, last, rows, own)
        seeded = [row for row in own if requests.is_seeded(row)]
        if seeded and spread:
            lists.listener[[row - from_list for row in seeded]] = last - first + np.arange(len(seeded), dtype=np.int32)
            votes = votes.followed_by(self._seeded(seeded))
        rules = np.empty((len(rows), len(self.catalog.ids)), dtype=np.uint8)
        dropped = np.empty((len(rows), filters.RULES), dtype=np.int64)
        filters.drop(self.tracks, lists, rules, dropped)
        scored = Scored(first, from_list, near, self.tracks, lists, tastes, subjects, self.weights, votes, rules, dropped)
        if artists is None:
            return scored
        filters.narrow(self.tracks, self._narrow(rows), rules, dropped)
        ties = points.ties(self.catalog, evidence, tastes.cold, artists)
        return replace(scored, spread=Spread(self.facts, ties, self._wishes(rows), self.settings.measured))

    def without_history(self, scored: Scored) -> Codes:
        """(lists, tracks) first rule that would drop a track from a block's lists if nothing were known, 0 for none."""
        lists = scored.lists
        other = lists.id_rules != rule("known")
        bounds = np.r_[0, np.cumsum(other)][lists.id_indptr]
        lists = lists._replace(id_indptr=bounds.astype(np.int64), id_rows=lists.id_rows[other], id_rules=lists.id_rules[other])
        rules, dropped = np.empty_like(scored.rules), np.empty_like(scored.dropped)
        filters.drop(self.tracks, lists, rules, dropped)
        if scored.spread is not None:
            filters.narrow(self.tracks, self._narrow(range(scored.first_list, scored.first_list + len(rules))), rules, dropped)
        return rules

    @cached_property
    def facts(self) -> TrackFacts:
        """The catalogue as the parts of scale `spread` read it."""
        return points.facts(self.catalog, self.history)

    def _seeded(self, rows: list[int]) -> arrays.Votes:
        """Of lists with seeds, one row each."""
        return self.similar.seeded(self.requests.listener[rows], self._started_songs(rows), self.settings.seed_share)

    def _starts(self, rows: Iterable[int]) -> csr_array:
        """(rows, tracks) how often each list starts from each track; in order, so that sums do not depend on other lists."""
        return arrays.Ragged.of([self.requests.starts(row) for row in rows]).counts(len(self.catalog.ids))

    def _started_songs(self, rows: Iterable[int]) -> csr_array:
        """The same by song, as others' ratings are stored: a seed may be another release than the main one."""
        return arrays.Ragged.of([self.catalog.canonical[self.requests.starts(row)] for row in rows]).counts(len(self.catalog.ids))

    def _seed_points(self, mine: csr_array, starts: csr_array) -> Floats:
        """Points of each seed of a list: with scale `spread` at least so many that seeds have their share of all points."""
        points = np.full(starts.shape[0], SEED_POINTS)
        if self.settings.parts_scale == "raw":
            return points
        share = min(self.settings.seed_share, 0.99)
        history, seeds = (np.asarray(one.sum(axis=1)).ravel() for one in (mine, starts))
        return np.asarray(np.maximum(points, share / (1.0 - share) * history / np.maximum(seeds, 1.0)))

    def _wishes(self, rows: range) -> Wishes:
        requests, part = self.requests, slice(rows.start, rows.stop)
        spreads = self.catalog.spreads
        targets = np.full((len(rows), len(spreads)), np.nan)
        for row in rows:
            targets[row - rows.start] = requests.wanted.get(row, np.nan) / spreads
        return Wishes(
            requests.weight[part], requests.distance[part], targets, requests.tolerance[part], self.settings.tempo_octaves
        )

    def _narrow(self, rows: range) -> filters.Narrow:
        requests, facts = self.requests, self.facts
        bounded = [row for row in rows if row in requests.bounds]
        numbers = np.full(len(rows), -1, np.int32)
        numbers[[row - rows.start for row in bounded]] = np.arange(len(bounded), dtype=np.int32)
        bounds = np.stack([requests.bounds[row] for row in bounded]) if bounded else np.empty((0, 12, 2))
        own = (facts.by_artist_indptr, facts.by_artist)
        return filters.Narrow(*arrays.Ragged.of(self._heard_artists(rows)), *own, numbers, bounds, self.catalog.raw)

    def _heard_artists(self, rows: range) -> list[Ints]:
        """Artists of everything that the listener of each list has an event for; none for lists that do not want new ones."""
        new = self.requests.new_artists[rows.start : rows.stop]
        if not new.any():
            return [_NOBODY] * len(rows)
        listeners = self.requests.listener[rows.start : rows.stop].astype(np.int64)
        first = int(listeners.min())
        heard = self.history.in_catalog("rating", first, int(listeners.max()) + 1)
        ones = csr_array((np.ones(heard.nnz), heard.indices, heard.indptr), shape=heard.shape)
        artists = csr_array(ones @ self.catalog.artist_members)
        artists.sort_indices()
        owned = zip(new.tolist(), (listeners - first).tolist(), strict=True)
        return [artists.indices[artists.indptr[at] : artists.indptr[at + 1]] if one else _NOBODY for one, at in owned]

    def _evidence(self, first: int, last: int, own: list[int]) -> Evidence:
        """Listeners of the block, then one row for each list with seeds or targets of its own."""
        requests = self.requests
        liked, disliked = (self.history.in_catalog(name, first, last) for name in ("liked", "disliked"))
        targets = np.full((last - first + len(own), 12), np.nan)
        if own:
            listeners = requests.listener[own] - first
            mine, starts = liked[listeners], self._starts(own)
            starts.data *= np.repeat(self._seed_points(mine, starts), np.diff(starts.indptr))
            liked = csr_array(vstack([liked, mine + starts]))
            disliked = csr_array(vstack([disliked, disliked[listeners]]))
            for position, row in enumerate(own):
                targets[last - first + position] = requests.targets.get(row, np.nan)
        return Evidence(liked, disliked, targets)

    def _subjects(self, evidence: Evidence, tastes: Taste, artists: Netted | None) -> arrays.Subjects:
        liked = taste.preferences(self.catalog, evidence, self.settings, artists)
        names = (arrays.Names(*arrays.pattern(one), one.data) for one in liked)
        return arrays.Subjects(tastes.vector * np.sqrt(WEIGHTS), tastes.counted, tastes.audio, *names)

    def _lists(self, near: Neighborhood, last: int, rows: range, own: list[int]) -> arrays.Lists:
        requests, first = self.requests, near.first
        part = slice(rows.start, rows.stop)
        listener = requests.listener[part] - np.int32(first)
        subject = listener.copy()
        subject[[row - rows.start for row in own]] = last - first + np.arange(len(own), dtype=np.int32)
        dropped = self._dropped(rows, first, last)
        exclusions = [requests.exclusions.get(row, Exclusions()) for row in rows]
        ids = arrays.Ragged.of([ids for ids, _ in dropped])
        return arrays.Lists(
            subject, listener, requests.mode[part], requests.target[part], requests.explicit_ok[part],
            requests.explicit_safe[part], requests.least[part], requests.most[part],
            *ids, np.concatenate([rules for _, rules in dropped] or [np.empty(0, np.uint8)]),
            *arrays.Ragged.of([one.artists for one in exclusions]), *arrays.Ragged.of([one.genres for one in exclusions]),
            *arrays.Ragged.of(self._shown_releases(near, rows)),
        )  # fmt: skip

    @cached_property
    def _fans(self) -> csr_array:
        """(tracks, listeners) 1 for who likes a track."""
        indptr, liked = self.history.positive
        return csr_array((np.ones(len(liked)), liked, indptr), shape=(len(self.history.users), self.history.tracks)).T

    @cached_property
    def _heard_releases(self) -> csr_array:
        return releases.heard_releases(self.history, self.tracks.releases, self.catalog.canonical)

    def _shown_releases(self, near: Neighborhood, rows: range) -> list[Ints]:
        """Releases to show instead of the main one: what similar listeners play, and above all what the listener does.

        Similar are the neighbours, and for a list with seeds who likes them, by how many.
        """
        requests = self.requests
        listeners = requests.listener[rows.start : rows.stop].astype(np.int64)
        own = [self.history.releases.get(listener, _NOBODY) for listener in listeners.tolist()]
        if not len(self.tracks.releases):
            return own
        voters = releases.voters_of(near.indptr, near.neighbors, near.similarity, len(self.history.users))[listeners - near.first]
        starts = self._started_songs(rows)
        seeded = np.diff(starts.indptr) > 0
        if seeded.any():
            kinds = [sparse.diags_array(one.astype(np.float64)) for one in (~seeded, seeded)]
            voters = csr_array(kinds[0] @ voters + kinds[1] @ starts @ self._fans)
        # lists without seeds have the voters of their listener: asked once for all of them
        _, first, of = np.unique(np.where(seeded, -1 - np.arange(len(rows)), listeners), return_index=True, return_inverse=True)
        shown = releases.shown_releases(voters[first], self._heard_releases, self.catalog.canonical)
        return [np.concatenate((shown[at], mine)) for at, mine in zip(of.tolist(), own, strict=True)]

    def _dropped(self, rows: range, first: int, last: int) -> list[_Dropped]:
        """Canonical rows that each list drops by id and the rule of each; the rule that is tested first comes last."""
        requests, canonical = self.requests, self.catalog.canonical
        histories = self._dropped_by_history(first, last)
        out = []
        for row, listener in zip(rows, requests.listener[rows.start : rows.stop].tolist(), strict=True):
            ids, rules = histories[listener - first]
            exclusions, seeds = requests.exclusions.get(row, Exclusions()), requests.seeds_of(row)
            groups = (
                ("cooldown", exclusions.cooldown),
                ("postponed", exclusions.postponed),
                ("excluded_track", exclusions.tracks),
            )
            if any(len(own) for own in (*exclusions[:3], seeds)):
                before = [canonical[own.astype(np.int32)] for _, own in groups]
                ids = np.concatenate([*before, ids, canonical[seeds.astype(np.int32)]])
                named = [np.full(len(own), rule(name), np.uint8) for name, own in groups]
                rules = np.concatenate([*named, rules, np.full(len(seeds), rule("known"), np.uint8)])
            out.append((ids, rules))
        return out

    def _dropped_by_history(self, first: int, last: int) -> list[_Dropped]:
        """The same of listeners ``first`` … ``last`` − 1, of what their histories alone drop from any list."""
        rating = self.history.rating
        part = slice(rating.indptr[first], rating.indptr[last])
        heard, bounds = rating.indices[part], rating.indptr[first : last + 1] - rating.indptr[first]
        in_catalog = heard < self.history.tracks
        known = in_catalog & self.history.known.data[part].astype(np.bool_)
        rejected = in_catalog & self.history.rejected.data[part].astype(np.bool_) & self.settings.hide_rejected
        names = ("rejected", rejected), ("known", known)
        groups = [(rule(name), self.catalog.canonical[heard[own]], np.r_[0, np.cumsum(own)][bounds]) for name, own in names]
        out = []
        for at in range(last - first):
            own = [(number, ids[ends[at] : ends[at + 1]]) for number, ids, ends in groups]
            rules = np.concatenate([np.full(len(ids), number, np.uint8) for number, ids in own])
            out.append((np.concatenate([ids for _, ids in own]), rules))
        return out


def popularity_fit(popularity: Floats) -> Floats:
    """(3, tracks) fit 0–1 for the modes balanced, comfort and discovery (scoring rules section 9)."""
    p = np.clip(popularity, 0.0, 1.0)
    balanced = np.clip(0.55 * p + 0.45 * np.clip(1 - 1.15 * np.abs(p - 0.62), 0, 1), 0, 1)
    return np.stack([balanced, 0.35 + 0.65 * p, np.clip(1 - 1.25 * np.abs(p - 0.52), 0, 1)])


def _bearing(prefix: str, sets: NameSets) -> dict[str, Any]:
    """Sets of names as fits read them."""
    indptr, bearers = sets.bearers()
    count = len(sets.indptr) - 1
    return {f"{prefix}_of": sets.of, f"{prefix}_sets": count, f"{prefix}_indptr": indptr, f"{prefix}_bearers": bearers}


def _barring(prefix: str, sets: NameSets) -> dict[str, Any]:
    """Sets of names as filters read them."""
    return {f"{prefix}_of": sets.of, f"{prefix}_indptr": sets.indptr, f"{prefix}_members": sets.members}
