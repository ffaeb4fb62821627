"""Preset ``reference`` against the outputs of the older service: order, reasons and every number.

The cases go through :func:`recsys.build`. Rounded numbers are compared with its tables, unrounded ones with the arrays that the
stages hand on.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest

from recsys import InputError, build, models, pipeline
from recsys.matrices.requests import _MODES, rule
from recsys.matrices.taste import preferences
from recsys.stages.candidates.scored import Scored
from recsys.stages.candidates.scoring import Scorer
from recsys.stages.candidates.stage import Chosen, parts
from recsys.stages.neighbors.stage import neighborhood
from recsys.tables import CHECKS, FITS, METRICS
from tests.support.golden import ROUNDED, Case, asked, case_files, inputs, moment, name, read, settings

FREE_CHOICE = 1e-5
EXACT = 1e-9
"""Tolerance of numbers written with 12 digits."""
PARTS = ("content", "collaborative", "popularity", "exploration", "diversity", "safety", "commercial")
KINDS = ("artists", "genres", "negative_artists", "negative_genres")
CASES = [
    pytest.param(path, id=name(path), marks=[pytest.mark.slow] if number % 10 else []) for number, path in enumerate(case_files())
]
"""A tenth of them are quick enough together for ``make check``; ``make test`` runs all."""


class Run(NamedTuple):
    """The tables of one case, and what its stages handed on. Catalogue rows are sorted by id."""

    case: Case
    tables: dict[str, pl.DataFrame]
    scorer: Scorer
    scored: Scored
    order: list[int]
    """The case's track in each row of the catalogue."""


def run(case: Case, monkeypatch: pytest.MonkeyPatch) -> Run:
    """One build of all requests that have an answer."""
    scorers: list[Scorer] = []

    def fit(*arguments: object) -> Scorer:
        scorers.append(pipeline_fit(*arguments))
        return scorers[0]

    pipeline_fit = pipeline.fit
    monkeypatch.setattr(pipeline, "fit", fit)
    if case["group"] == "tiny":  # the other cases have their tables checked; here it would take more time than all the rest
        monkeypatch.setattr(pipeline, "check_tables", lambda *_: CHECKS.empty())
        monkeypatch.setattr(pipeline, "measure_tables", lambda *_: METRICS.empty())
    tables = build(inputs(case, [request for request, _ in asked(case)]), settings(case), as_of=moment(case))
    ids = [track["id"] for track in case["tracks"]]
    scored = scorers[0].score(0, len(scorers[0].history.users))
    return Run(case, tables, scorers[0], scored, sorted(range(len(ids)), key=lambda i: ids[i]))


def test_cases_are_found() -> None:
    print(f"\n{len(case_files())} golden cases without flags")  # noqa: T201
    assert len(case_files()) >= 100


@pytest.mark.parametrize("path", CASES)
def test_case(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = read(path)
    for request, expected in zip(case["requests"], case["expected"]["requests"], strict=True):
        if "error" in expected:
            with pytest.raises(InputError, match=expected["error"]):
                build(inputs(case, [request]), settings(case), as_of=moment(case))
    if not asked(case):
        return
    made = run(case, monkeypatch)
    compare_space(made)
    if "user_ratings" in case["expected"]["shared"]:
        compare_ratings(made)
        compare_neighbors(made)
    for number, (request, expected) in enumerate(asked(case)):
        compare_tables(made.tables, request["user_id"], f"{number:03}", expected)
        row = made.tables["lists"]["list"].to_list().index(f"{number:03}")
        if "tracks" in expected:
            compare_scores(made, row, expected["tracks"])
        if "known_ids" in expected:
            compare_filters(made, row, expected)
            compare_preferences(made, row, expected["preferences"])
    assert made.tables["checks"].filter(~pl.col("passed"), pl.col("severity") == "fail").is_empty()


def compare_tables(tables: dict[str, pl.DataFrame], user: str, list_name: str, expected: Case) -> None:
    own = (pl.col("user_id") == user) & (pl.col("list") == list_name)
    compare_list(tables["rankings"].filter(own).to_dicts(), expected)
    compare_taste(tables["lists"].row(by_predicate=own, named=True), expected)
    profile = tables["profiles"].row(by_predicate=pl.col("user_id") == user, named=True)
    compare_profile(profile, expected["taste_profile"], tables["lists"].row(by_predicate=own, named=True))


def compare_list(rows: list[Case], expected: Case) -> None:
    wanted = expected["recommendations"]
    assert len(rows) == len(wanted)
    for row, want, margin in zip(rows, wanted, expected["pick_margins"], strict=False):
        if row["track_id"] != want["track_id"] and margin < FREE_CHOICE:
            return  # both choices are right, and the rest of the list follows from this one
        assert (row["track_id"], row["rank"]) == (want["track_id"], want["rank"])
        assert (row["reason_code"], row["reason"]) == (want["reason_code"], want["reason"])
        assert row["score"] == pytest.approx(want["score"], abs=ROUNDED)
        assert {part: row[FITS.get(part, part)] for part in PARTS} == pytest.approx(
            {p: want["score_breakdown"][p] for p in PARTS}, abs=ROUNDED
        )
        assert row["explanation"] == pytest.approx(want["explanation"], abs=ROUNDED)


def compare_taste(row: Case, expected: Case) -> None:
    np.testing.assert_allclose(row["taste"], expected["taste_vector"], atol=1e-9)
    assert row["confidence"] == pytest.approx(expected["confidence"], abs=1e-9)
    assert row["taste_audio"] == expected["has_taste_audio"]
    assert row["candidates"] == expected["meta"]["candidate_count"]
    assert row["diversified"] == expected["meta"]["mmr_used"]


def compare_profile(profile: Case, wanted: Case, listed: Case) -> None:
    """The listener's profile; the older service's has the list's seeds and targets in it, but for genres and counts."""
    assert {one["name"]: one["strength"] for one in profile["top_genres"]} == pytest.approx(
        wanted["top_genres"] or {}, abs=ROUNDED
    )
    assert profile["interaction_count"] == wanted["interaction_count"]
    if not listed["seed_track_ids"] and listed["feature_targets"] is None:
        assert profile["taste"] == pytest.approx(wanted["vector"], abs=ROUNDED)
        for number in ("confidence", "exploration_readiness"):
            assert profile[number] == pytest.approx(wanted[number], abs=ROUNDED)


def compare_space(made: Run) -> None:
    catalog, shared = made.scorer.catalog, made.case["expected"]["shared"]
    close(catalog.space.low, shared["bounds_min"])
    close(catalog.space.high, shared["bounds_max"])
    close(catalog.centroid, shared["centroid"])
    if "normalized" in shared:
        close(catalog.normalized, [shared["normalized"][i] for i in made.order])
        assert catalog.audio.tolist() == [shared["has_audio"][i] for i in made.order]
        for mode, fit in shared["popularity_fit"].items():
            close(made.scorer.tracks.fit[_MODES.index(mode)], [fit[i] for i in made.order])
        compare_distances(made, shared["track_distance_upper"])


def compare_distances(made: Run, upper: list[list[float]]) -> None:
    """Distances between tracks with audio; those without are compared by the order of the lists."""
    row_of = {track: row for row, track in enumerate(made.order)}
    audio, unit = made.scorer.items.audio, made.scorer.items.unit
    for one, distances in enumerate(upper):
        for other, distance in enumerate(distances, start=one + 1):
            a, b = row_of[one], row_of[other]
            if audio[a] and audio[b]:
                assert 1 - unit[a] @ unit[b] == pytest.approx(distance, abs=EXACT)


def compare_ratings(made: Run) -> None:
    shared, result = made.case["expected"]["shared"], {}
    for row in made.tables["ratings"].to_dicts():
        result.setdefault(row["user_id"], {})[row["track_id"]] = row
    expected: dict[tuple[str, str], list[float]] = {}
    for event, weight, decay in zip(made.case["interactions"], shared["event_weight"], shared["event_decay"], strict=True):
        sums = expected.setdefault((event["user_id"], event["track_id"]), [0.0, 0.0])
        sums[weight < 0] += abs(weight) * decay
    assert {user: set(rows) for user, rows in result.items()} == {u: set(rows) for u, rows in shared["user_ratings"].items()}
    for user, rows in shared["user_ratings"].items():
        assert {track: result[user][track]["rating"] for track in rows} == pytest.approx(rows, abs=EXACT)
    for (user, track), sums in expected.items():
        assert [result[user][track]["liked"], result[user][track]["disliked"]] == pytest.approx(sums, abs=EXACT)


def compare_neighbors(made: Run) -> None:
    """Every positive correlation, by the kernel and by the model in SQL."""
    rows = made.case["expected"]["shared"]["pearson"]
    expected = {pair: (r, n) for a, b, r, n in rows if r > 1e-12 for pair in ((a, b), (b, a))}
    users, near = made.scorer.history.users, neighborhood(made.scorer.history, 0, len(made.scorer.history.users))
    pairs = zip(np.repeat(users, np.diff(near.indptr)), (users[other] for other in near.neighbors), strict=True)
    kernel = dict(zip(pairs, zip(near.similarity, near.overlap, strict=True), strict=True))
    by_sql = models.run("neighbors", {"ratings": made.tables["ratings"]})
    sql = {(a, b): (r, n) for a, b, r, n in by_sql.select("user_id", "neighbor_id", "similarity", "overlap").rows()}
    for result in (kernel, sql):
        assert set(result) == set(expected)
        for pair, (similarity, overlap) in expected.items():
            assert result[pair] == (pytest.approx(similarity, abs=EXACT), overlap)


def compare_scores(made: Run, row: int, expected: dict[str, list[float]]) -> None:
    tolerance = EXACT if "metadata_affinity" in expected else 1.001e-8
    wanted = {column: np.array([values[i] for i in made.order]) for column, values in expected.items()}
    tracks = np.arange(len(made.order), dtype=np.int32)
    shown = parts(made.scorer, made.scored, Chosen(np.full(len(tracks), row), tracks)).rename({"score": "final"})
    for column in sorted(set(wanted) & set(shown.columns)):
        close(shown[column], wanted[column], tolerance)
    close(made.scored.score[row], wanted["final"], tolerance)
    assert (made.scored.rules[row] > 0).tolist() == (wanted["filtered"] > 0).tolist()
    if "metadata_affinity" in wanted:
        compare_affinities(made, row, wanted)


def compare_affinities(made: Run, row: int, wanted: dict[str, np.ndarray]) -> None:
    """Affinities are not kept; they follow from content and safety wherever those are neither cut nor 0."""
    subject = made.scored.lists.subject[row]
    content, distance, safety = (fit[subject] for fit in made.scored.fits)
    blended = (content - 0.78 * (1 - np.where(np.isnan(distance), 1, distance))) / 0.22
    affinity = np.where(np.isnan(distance), content, blended)
    close(affinity[content < 1], wanted["metadata_affinity"][content < 1])
    quality = made.scorer.tracks.quality
    good = quality > 0
    close((1 - safety[good] / quality[good]) / 0.52, wanted["negative_affinity"][good])


def compare_filters(made: Run, row: int, expected: Case) -> None:
    ids = made.scorer.catalog.ids
    known = {ids[track] for track in np.flatnonzero(made.scored.rules[row] == rule("known"))}
    assert known == set(expected["known_ids"] or ())
    votes = made.scored.collaborative[made.scored.lists.listener[row]]
    wanted = expected["collaborative"] or {}
    assert dict(zip(ids, votes, strict=True)) == pytest.approx({track: wanted.get(track, 0.0) for track in ids}, abs=EXACT)


def compare_preferences(made: Run, row: int, expected: dict[str, dict[str, float] | None]) -> None:
    scorer, scored = made.scorer, made.scored
    own = [number for number in range(len(scored.score)) if number in scorer.requests.seeds or number in scorer.requests.targets]
    result = preferences(scorer.catalog, scorer._evidence(0, len(scorer.history.users), own), scorer.settings)
    for kind, strengths in zip(KINDS, result, strict=True):
        names = (scorer.catalog.genre_sets if "genres" in kind else scorer.catalog.artist_sets).names
        mine = strengths[[int(scored.lists.subject[row])]].toarray()[0]
        assert {name: mine[number] for name, number in names.items() if mine[number]} == pytest.approx(
            expected[kind] or {}, abs=EXACT
        )


def close(result: object, expected: object, tolerance: float = EXACT) -> None:
    np.testing.assert_allclose(result, expected, atol=tolerance, rtol=tolerance)
