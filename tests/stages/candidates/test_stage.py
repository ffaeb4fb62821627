"""Stage ``candidates``: order, parts that add up, and reasons."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from recsys import Settings
from recsys.stages.candidates.scored import Scored
from recsys.stages.candidates.scoring import Scorer
from recsys.stages.candidates.stage import REASONS, Chosen, candidate_rows, ordered, parts, pools, reason_codes
from recsys.tables import CANDIDATES, FITS
from tests.support.chance import world
from tests.support.worlds import event, inputs, prepared, silent, track

pytestmark = pytest.mark.slow  # whole runs

REFERENCE = Settings.reference()
RAW = Settings(pool=12, parts_scale="raw", netted_evidence=False)
PRESETS = pytest.mark.parametrize("settings", [RAW, Settings.reference(pool=12)], ids=["raw", "reference"])


def block(settings: Settings) -> tuple[Scorer, Scored]:
    scorer = prepared(world(4), settings)
    return scorer, scorer.score(0, len(scorer.history.users))


@PRESETS
def test_best_first_equals_in_catalogue_order(settings: Settings) -> None:
    _, scored = block(settings)
    result = ordered(scored, 7)
    for row, (score, rules) in enumerate(zip(scored.score, scored.rules, strict=True)):
        best = sorted(np.flatnonzero(rules == 0), key=lambda place, score=score: (-score[place], place))
        part = slice(result.indptr[row], result.indptr[row + 1])
        assert result.track[part].tolist() == best[:7]
        assert result.score[part].tolist() == score[best[:7]].tolist()
        assert result.total[row] == len(best)


def test_none_means_all() -> None:
    _, scored = block(REFERENCE)
    assert np.diff(ordered(scored, None).indptr).tolist() == np.count_nonzero(scored.rules == 0, axis=1).tolist()


@PRESETS
def test_pools(settings: Settings) -> None:
    """A depth makes the table's pool and that of diversity one; without, all candidates stand in catalogue order."""
    _, scored = block(settings)
    for most, depth in ((5, 9), (9, 5)):
        best, whole = pools(scored, most, depth)
        assert best is whole
        assert best.track.tolist() == ordered(scored, 9).track.tolist()
    best, whole = pools(scored, 9, None)
    for one, other in zip(best[:4], ordered(scored, 9)[:4], strict=True):
        assert one.tobytes() == other.tobytes()
    row, track = np.nonzero(scored.rules == 0)
    assert whole.track.tolist() == track.tolist()
    assert whole.score.tobytes() == scored.score[row, track].tobytes()
    assert np.diff(whole.indptr).tolist() == whole.total.tolist() == np.bincount(row, minlength=len(scored.rules)).tolist()


@PRESETS
def test_table_holds_the_pool(settings: Settings) -> None:
    scorer, scored = block(settings)
    rows = candidate_rows(scorer, scored, ordered(scored, None))
    assert rows.schema == CANDIDATES.schema
    for _, own in rows.group_by("user_id", "list"):
        assert own["rank"].to_list() == [*range(1, own.height + 1)]
    assert rows["rank"].max() == 12
    assert rows.filter(pl.col("score").diff().over("user_id", "list") > 0).is_empty()


@PRESETS
def test_parts_add_up_to_the_score_that_decided_the_order(settings: Settings) -> None:
    scorer, scored = block(settings)
    pairs = np.argwhere(scored.rules == 0)
    rows = parts(scorer, scored, Chosen(pairs[:, 0], pairs[:, 1].astype(np.int32)))
    np.testing.assert_allclose(rows["score"], scored.score[scored.rules == 0], atol=1e-14)
    names = ("content", "collaborative", "popularity", "exploration")
    points = sum(rows[f"{name}_points"] for name in names)
    np.testing.assert_allclose(points * rows["safety"] + rows["commercial"], rows["score"], atol=1e-14)
    for name, weight in zip(names, scorer.weights, strict=False):
        np.testing.assert_allclose(rows[f"{name}_points"], weight * rows[FITS[name]], atol=1e-15)
    for name in (*(FITS[name] for name in names), "safety", "commercial"):
        assert rows[name].is_between(0, CANDIDATES[name].high).all()


def of_one(scorer: Scorer, **shown: float) -> tuple[str, str]:
    """Code and words for a candidate with those parts."""
    points = {"content_points": 0.0, "collaborative_points": 0.0}
    whole = {"content_fit": 0.0, "collaborative": 0.0, "exploration": 0.0} | points | shown
    place = scorer.catalog.row_of["silent" if whole.pop("silent", 0) else "heard"]
    chosen = Chosen(np.array([0]), np.array([place], np.int32))
    return reason_codes(scorer, scorer.score(1, 2), chosen, pl.DataFrame({name: [value] for name, value in whole.items()})).row(0)


@pytest.mark.parametrize(
    ("shown", "code"),
    [
        ({"silent": 1, "content_fit": 0.65}, "metadata_match"),
        ({"silent": 1, "content_fit": 0.6499}, "metadata_balanced"),
        ({"silent": 1, "content_fit": 0.3, "collaborative": 1.0}, "metadata_balanced"),
        ({"collaborative": 0.65, "exploration": 1.0, "content_fit": 1.0}, "collaborative"),
        ({"collaborative": 0.6499, "exploration": 0.82, "content_fit": 0.58}, "variety"),
        ({"exploration": 0.8199, "content_fit": 0.78}, "content"),
        ({"exploration": 0.82, "content_fit": 0.5799}, "balanced"),
        ({"exploration": 0.8199, "content_fit": 0.7799}, "balanced"),
    ],
)
def test_first_reason_that_holds(shown: dict[str, Any], code: str) -> None:
    scorer = prepared(inputs([track("liked"), track("heard"), silent("silent")], [event("u", "liked")]), REFERENCE)
    assert of_one(scorer, **shown) == (code, REASONS[code])


@pytest.mark.parametrize(("votes", "code"), [(0.3, "content"), (0.31, "collaborative")])
def test_votes_are_the_reason_when_they_give_more_points(votes: float, code: str) -> None:
    scorer = prepared(inputs([track("liked"), track("heard"), silent("silent")], [event("u", "liked")]), Settings())
    assert of_one(scorer, content_fit=0.8, content_points=0.3, collaborative_points=votes)[0] == code


def test_a_listener_without_sound_has_reasons_without_sound() -> None:
    scorer = prepared(inputs([silent("liked"), track("heard"), silent("silent")], [event("u", "liked")]), REFERENCE)
    assert of_one(scorer, content_fit=0.9)[0] == "metadata_match"
