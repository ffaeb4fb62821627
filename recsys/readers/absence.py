"""Why a track is not in a list: the first rule that drops it, or what kept a candidate from being picked, and what would list it.

The listener is scored once more, by the run's stored model.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import polars as pl

from recsys.matrices.arrays import Ints, Ragged
from recsys.readers.answer import SHOWN, OwnTrack, Row, Tables, Why, evidence, list_row, named, not_a_candidate
from recsys.readers.changes import Keeping, setting, what_would
from recsys.readers.scoring import open_scorer
from recsys.settings import Settings
from recsys.stages.candidates.scored import Scored
from recsys.stages.candidates.scoring import Scorer
from recsys.stages.candidates.stage import Chosen, Ordered, ordered, parts
from recsys.stages.rankings.stage import pool_depth
from recsys.tables import DROP_RULES
from recsys.text import counted


@dataclass(frozen=True)
class _Case:
    """One track that is not in one list."""

    tables: Tables
    scorer: Scorer
    scored: Scored
    wish: Row
    ranked: pl.DataFrame
    track: int
    """Row of the catalogue."""

    @property
    def track_id(self) -> str:
        return self.scorer.catalog.ids[self.track]

    @property
    def lowest(self) -> Row | None:
        """The listed row with the least score."""
        rows = self.ranked.sort("score")
        return rows.row(0, named=True) if rows.height else None

    @cached_property
    def picks(self) -> Ints:
        """Rows of the listed tracks in the catalogue."""
        return np.array([self.scorer.catalog.row_of[name] for name in self.ranked["track_id"]], dtype=np.int32)

    def title(self, track_id: str) -> str:
        return named(self.tables["tracks"], track_id)[0] or track_id


def absent(tables: Tables, settings: Settings, as_of: datetime, user_id: str, track_id: str, name: str) -> Why:
    """The answer for a track that is not in the list; see :func:`recsys.readers.why.explain`."""
    wish = list_row(tables, user_id, name)
    own = tables["lists"].filter(pl.col("user_id") == user_id, pl.col("list") == name)
    scorer, listener = open_scorer(tables, settings, as_of, user_id, own)
    voters, shared = evidence(tables, user_id, scorer.catalog.releases(track_id))
    track = scorer.catalog.row_of.get(track_id)
    if track is None:
        text = "the catalogue of this run has no such track; ingest it with  recsys ingest tracks FILE"
        return Why(user_id, name, track_id, None, None, None, None, "snapshot", "missing", text, {}, voters, shared)
    scored = scorer.score(listener, listener + 1)
    ranked = tables["rankings"].filter(pl.col("user_id") == user_id, pl.col("list") == name)
    case = _Case(tables, scorer, scored, wish, ranked, track)
    one = parts(scorer, scored, Chosen(np.array([0]), np.array([track], np.int32))).row(0, named=True)
    shown = {part: one[column] for part, column in SHOWN.items()}
    best = ordered(scored, None)
    stage, rule, text, change = _verdict(case, best, shown["score"])
    title, artist = named(tables["tracks"], track_id)
    because, rest, chance = _votes(case)
    return Why(
        user_id, name, track_id, title, artist, None, _score_rank(best, track), stage, rule, text, shown, voters, shared,
        because, rest, chance, change=change,
    )  # fmt: skip


def _votes(case: _Case) -> tuple[tuple[OwnTrack, ...], float | None, float | None]:
    """Own tracks with the greatest shares of the listener's own votes, what is left, and the chance that the track is liked.

    Nothing for a list with seeds, whose votes are mixed; no shares where votes for and against cancel out.
    """
    scorer, first = case.scorer, case.scored.first
    if scorer.requests.seeds or scorer.requests.likened:
        return (), None, None
    pair = Ragged(np.array([0, 1], np.int64), scorer.catalog.canonical[[case.track]].astype(np.int32))
    shares, (chance,) = scorer.similar.shares(first, pair), scorer.similar.chances(first, pair).tolist()
    pairs = [(scorer.catalog.ids[own], share) for own, share in zip(shares.tracks[0], shares.share[0], strict=True) if own >= 0]
    own = tuple(OwnTrack(name, case.title(name), float(share)) for name, share in pairs if shares.share.max() <= 1.0)
    return own, float(shares.rest[0]) if own else None, None if np.isnan(chance) else chance


def _score_rank(best: Ordered, track: int) -> int | None:
    places = np.flatnonzero(best.track == track)
    return int(places[0]) + 1 if len(places) else None


def _verdict(case: _Case, best: Ordered, score: float) -> tuple[str, str, str, str | None]:
    """Stage, rule, words, and what would list the track."""
    rule = int(case.scored.rules[0, case.track])
    if not rule:
        return "rankings", *_passed_over(case, best, score)
    name = DROP_RULES[rule - 1]
    rated = _rated(case)
    keeping = Keeping(
        case.wish, _controls(case), case.scorer.settings, _record(case), tuple(case.scorer.catalog.releases(case.track_id))
    )
    return "candidates", name, _dropped(case, name, rated), what_would(name, keeping)


def _rated(case: _Case) -> Row | None:
    """What the listener's events say about the song, in any release."""
    own = case.scorer.catalog.releases(case.track_id)
    user = pl.col("user_id") == case.wish["user_id"]
    rated = case.tables["ratings"].filter(user, pl.col("track_id").is_in(own))
    return rated.row(0, named=True) if rated.height else None


def _controls(case: _Case) -> Row:
    rows = case.tables["controls"].filter(pl.col("user_id") == case.wish["user_id"])
    return rows.row(0, named=True) if rows.height else {}


def _record(case: _Case) -> Row:
    return case.tables["tracks"].filter(pl.col("id") == case.track_id).row(-1, named=True)


def _dropped(case: _Case, rule: str, rated: Row | None) -> str:
    text = not_a_candidate(rule, rated)
    if rule not in ("known", "rejected") or rated is None:
        return text
    when, own = rated["last_at"], rated["track_id"]
    text += f"; as its release {own}" if own != case.track_id else ""
    return f"{text}; {counted(rated['events'], 'event')}" + (f", the last on {when:%Y-%m-%d}" if when else "")


def _passed_over(case: _Case, best: Ordered, score: float) -> tuple[str, str, str | None]:
    """Rule, words and change for a candidate that was not picked."""
    settings, catalog, track, picks = case.scorer.settings, case.scorer.catalog, case.track, case.picks
    if settings.one_version_per_song and catalog.works[track] >= 0 and (catalog.works[picks] == catalog.works[track]).any():
        other = catalog.ids[picks[catalog.works[picks] == catalog.works[track]][0]]
        return "version", f"another version of the song is in the list: {other}", setting(settings, "one_version_per_song")
    if full := _full_artist(case):
        listed, most = full
        text = f"the list has {counted(listed, 'track')} of the artist already, at most {most} are allowed"
        return "artist_cap", text, setting(settings, "max_per_artist")
    return _by_score(case, best, score)


def _full_artist(case: _Case) -> tuple[int, int] | None:
    """Listed tracks of a credited artist who has all that the cap allows, and how many it allows; none without such an artist."""
    cap = case.scorer.settings.max_per_artist
    if cap is None:
        return None
    listed, seeds = _credited(case, case.picks), _credited(case, case.scorer.requests.seeds_of(0))
    for artist in _credited(case, [case.track]):
        count, most = int(np.count_nonzero(listed == artist)), cap * (1 + int(np.count_nonzero(seeds == artist)))
        if count >= most:
            return count, most
    return None


def _credited(case: _Case, tracks: Iterable[int]) -> Ints:
    """Artists of each of some tracks, one after another."""
    items = case.scorer.items
    bounds = items.credits_indptr
    return np.concatenate([items.credits_indices[:0], *(items.credits_indices[bounds[at] : bounds[at + 1]] for at in tracks)])


def _by_score(case: _Case, best: Ordered, score: float) -> tuple[str, str, str | None]:
    settings, place, total = case.scorer.settings, _score_rank(best, case.track) or 0, int(best.total[0])
    depth, lowest = pool_depth(settings), case.lowest
    gap = lowest["score"] - score if lowest else 0.0
    short = (
        f"{gap:.{1 if gap >= 1 else 4}f} points short of *{case.title(lowest['track_id'])}*, the lowest in the list"
        if lowest and gap > 0
        else None
    )
    if depth is not None and place > depth:
        text = f"score rank {place:,} of {total:,}: diversity chooses from the best {depth:,}"
        return "pool", text, short
    if not place or _score_rank(ordered(case.scored, depth), case.track) is None:
        text = f"not among the {settings.measured:,} tracks with the most votes of similar listeners, which alone are scored"
        return "votes", text, short or setting(settings, "measured")
    if short:
        return "score", f"score rank {place:,} of {total:,}: {gap:.4f} below the lowest score in the list", short
    words = "passed over for tracks that differ more from those picked before"
    return "diversity", f"score rank {place:,} of {total:,}: {words}", _closest(case)


def _closest(case: _Case) -> str | None:
    """The listed track that the passed-over one sounds most like."""
    catalog = case.scorer.catalog
    picks = case.picks[catalog.audio[case.picks]]
    if not catalog.audio[case.track] or not len(picks):
        return None
    nearest = catalog.ids[picks[np.argmax(catalog.unit[picks] @ catalog.unit[case.track])]]
    return f"its points would do, but it sounds most like *{case.title(nearest)}*, which is in the list"
