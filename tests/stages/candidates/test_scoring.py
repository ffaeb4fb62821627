"""Scores of a block: what the kernels are given, and what comes out, against formulas over the run's own tables."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from recsys import Settings, build
from recsys.matrices.features import RANGE_MAX, RANGE_MIN, WEIGHTS
from recsys.matrices.requests import rule
from recsys.matrices.tokens import token
from recsys.pipeline import shard
from recsys.stages.candidates.scoring import popularity_fit
from recsys.stages.candidates.stage import ordered
from recsys.tables import FEATURES
from tests.support.chance import world
from tests.support.worlds import AS_OF, Row, asked, event, inputs, prepared, silent, track

DEFAULT, REFERENCE = Settings(), Settings.reference()


@pytest.mark.parametrize(
    ("popularity", "balanced", "comfort", "discovery"),
    [
        (0.0, 0.45 * (1 - 1.15 * 0.62), 0.35, 1 - 1.25 * 0.52),
        (0.52, 0.55 * 0.52 + 0.45 * (1 - 1.15 * 0.10), 0.35 + 0.65 * 0.52, 1.0),
        (0.62, 0.55 * 0.62 + 0.45, 0.35 + 0.65 * 0.62, 1 - 1.25 * 0.10),
        (1.0, 0.55 + 0.45 * (1 - 1.15 * 0.38), 1.0, 1 - 1.25 * 0.48),
        (80.0, 0.55 + 0.45 * (1 - 1.15 * 0.38), 1.0, 1 - 1.25 * 0.48),
        (-3.0, 0.45 * (1 - 1.15 * 0.62), 0.35, 1 - 1.25 * 0.52),
    ],
)
def test_popularity_fit(popularity: float, balanced: float, comfort: float, discovery: float) -> None:
    assert popularity_fit(np.array([popularity]))[:, 0] == pytest.approx([balanced, comfort, discovery])


@pytest.mark.slow
@pytest.mark.parametrize("settings", [DEFAULT, REFERENCE], ids=["default", "reference"])
def test_listeners_score_the_same_alone_as_in_a_block(settings: Settings) -> None:
    scorer = prepared(world(3), settings)
    whole, users = scorer.score(0, len(scorer.history.users)), len(scorer.history.users)
    alone = [scorer.score(user, user + 1) for user in range(users)]
    for name in ("score", "rules", "dropped", "collaborative"):
        if settings.preset == "reference" or name in ("rules", "dropped"):
            assert np.concatenate([getattr(one, name) for one in alone]).tobytes() == getattr(whole, name).tobytes()
    best, parts = ordered(whole, None), [ordered(one, None) for one in alone]
    for name in ("track", "score", "total"):
        assert np.concatenate([getattr(one, name) for one in parts]).tobytes() == getattr(best, name).tobytes()
    assert [one.first_list for one in alone] == scorer.requests.indptr[:-1].tolist()


def test_a_block_has_a_listener_however_little_memory_there_is() -> None:
    scorer = prepared(world(1), DEFAULT)
    assert scorer.block_listeners(1) == 1
    assert scorer.block_listeners(10**9) == pytest.approx(10 * scorer.block_listeners(10**8), rel=0.01)


@pytest.mark.parametrize("settings", [DEFAULT, REFERENCE], ids=["default", "reference"])
def test_the_first_block_makes_nothing_large_that_others_read(settings: Settings) -> None:
    scorer = prepared(world(3), settings)
    scorer.complete()
    made = {*vars(scorer), *vars(scorer.similar)}
    shard(scorer, 0, 5)
    assert {*vars(scorer), *vars(scorer.similar)} - made <= {"names", "track_ids", "weights"}


def test_the_rule_of_a_track_dropped_for_several_reasons() -> None:
    scorer = prepared(
        inputs(
            [silent(name) for name in ("excluded", "hidden", "known", "open", "postponed", "seed")],
            [event("u", "known"), event("u", "known", "hide"), event("u", "hidden", "hide"), event("u", "open", "skip")],
            [
                {
                    "user_id": "u",
                    "excluded_tracks": ["excluded", "known", "hidden"],
                    "postponed_tracks": [{"track_id": name, "until": None} for name in ("postponed", "excluded", "known")],
                }
            ],
            [asked("u", seed_track_ids=["seed", "gone"])],
        ),
        Settings(lists=()),
    )
    names = ("excluded_track", "rejected", "known", None, "postponed", "known")
    assert scorer.score(1, 2).rules.tolist() == [[rule(name) if name else 0 for name in names]]


def test_names_that_diversity_compares_are_distinct_and_ascend() -> None:
    items = prepared(inputs([track("a", genres=["b", "A", "a "]), track("b"), track("c", genres=["a"])]), REFERENCE).items
    assert items.genres_indptr.tolist() == [0, 2, 2, 3]
    assert items.genres_indices.tolist() == [0, 1, 0]


Names = dict[str, float]


def normalized(track: Row) -> np.ndarray:
    raw = np.array([track[name] or 0.0 for name in FEATURES])
    return np.clip((raw - RANGE_MIN) / (RANGE_MAX - RANGE_MIN), 0, 1)


def sounds(track: Row) -> bool:
    return (track["tempo"] or 0) > 0


def strengths(rated: list[tuple[Row, Row]], side: str) -> tuple[Names, Names]:
    """Artists and genres of (rating, track) pairs, the strongest 1."""
    maps: tuple[Names, Names] = defaultdict(float), defaultdict(float)
    for rating, heard in rated:
        for points, names in zip(maps, ([heard["artist"] or ""], heard["genres"]), strict=True):
            for name in filter(None, map(token, names)):
                points[name] += rating[side]
    artists, genres = ({name: points / max(one.values()) for name, points in one.items() if points} for one in maps)
    return artists, genres


def most(track: Row, maps: tuple[Names, Names]) -> tuple[float, float]:
    artists, genres = maps
    return artists.get(token(track["artist"] or ""), 0.0), max(
        (genres.get(token(name), 0.0) for name in track["genres"]), default=0.0
    )


def brute_score(row: Row, track: Row, rated: list[tuple[Row, Row]], target: float, blocked: bool) -> float:
    """Scoring rules sections 5, 6 and 9, one track at a time; votes and popularity fit as given."""
    signed = sum((r["liked"] - r["disliked"]) * normalized(t) for r, t in rated if sounds(t))
    points = sum(r["liked"] + r["disliked"] for r, t in rated if sounds(t))
    (a, g), (bad_a, bad_g) = (most(track, strengths(rated, side)) for side in ("liked", "disliked"))
    affinity = 0.48 * a + 0.52 * g if a and g else 0.38 + 0.62 * a if a else 0.32 + 0.68 * g if g else 0.42
    content, exploration = affinity, 0.5
    if points and sounds(track):
        x, y = np.sqrt(WEIGHTS) * np.clip(signed / points, 0, 1), np.sqrt(WEIGHTS) * normalized(track)
        cosine = x @ y / (np.linalg.norm(x) * np.linalg.norm(y)) if x.any() and y.any() else 0.0
        content, exploration = np.clip(0.78 * cosine + 0.22 * affinity, 0, 1), np.clip(1 - abs(1 - cosine - target), 0, 1)
    base = 1 - track["quality_penalty"] if track["quality_penalty"] else float(not (track["explicit"] and blocked))
    safety = base * (1 - 0.52 * max(0.9 * bad_a, 0.7 * bad_g))
    boost = 0.035 if track["commercial_boost"] and track["discovery_allowed"] and content >= 0.72 else 0.0
    return (0.44 * content + 0.28 * row["collaborative"] + 0.08 * row["popularity_fit"] + 0.20 * exploration) * safety + boost


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_brute_force(seed: int) -> None:
    tables = build(world(seed), REFERENCE, as_of=AS_OF)
    tracks = {row["id"]: row for row in tables["tracks"].to_dicts()}
    controls = {row["user_id"]: row["allow_explicit"] for row in tables["controls"].to_dicts()}
    targets = {"balanced": 0.22, "comfort": 0.10, "discovery": 0.34}
    rows = [row for row in tables["candidates"].to_dicts() if row["list"] in targets]
    for row in rows[:: len(rows) // 150]:
        own = tables["ratings"].filter(user_id=row["user_id"]).to_dicts()
        rated = [(rating, tracks[rating["track_id"]]) for rating in own if rating["track_id"] in tracks]
        blocked = controls.get(row["user_id"]) is False
        expected = brute_score(row, tracks[row["track_id"]], rated, targets[row["list"]], blocked)
        assert row["score"] == pytest.approx(expected, abs=1e-12)
