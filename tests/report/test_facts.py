"""What the report says, from a run's tables: shares that add up, curves that end at all, examples that are there."""

from __future__ import annotations

import polars as pl
import pytest

from recsys import Lake
from recsys.demo import AS_OF
from recsys.lake import Run
from recsys.report import facts
from tests.support.published import EARLIER, publish

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """The later run and the one before it."""
    lake = publish(tmp_path_factory.mktemp("facts") / "lake", EARLIER, AS_OF)
    run = Lake(lake.root).published()
    return run, next(other for other in lake.runs() if other != run)


@pytest.fixture(scope="module")
def run(runs: tuple[Run, Run]) -> Run:
    return runs[0]


def test_the_funnel_is_the_mean_of_what_the_lists_dropped(run: Run) -> None:
    lists = run.read("lists").filter(pl.col("list") == "balanced")
    result = {row["rule"]: row["tracks"] for row in facts.funnel(run).filter(list="balanced").to_dicts()}
    assert result
    for rule, tracks in result.items():
        assert tracks == pytest.approx(lists[f"dropped_{rule.replace(' ', '_')}"].mean())
    assert set(facts.funnel(run)["list"]) <= set(run.manifest.settings["lists"])


def test_shares_of_reasons_add_up(run: Run) -> None:
    shares = facts.reason_shares(run)
    assert shares.group_by("list").agg(pl.col("share").sum())["share"].to_list() == pytest.approx(
        [1.0] * shares["list"].n_unique()
    )
    rows = run.read("rankings").filter(pl.col("list") == "balanced")
    for row in shares.filter(list="balanced").to_dicts():
        assert row["share"] == pytest.approx((rows["reason_code"] == row["reason"].replace(" ", "_")).mean())


def test_points_of_parts_are_means(run: Run) -> None:
    rows = run.read("rankings").filter(pl.col("list") == "comfort")
    for row in facts.part_shares(run).filter(list="comfort").to_dicts():
        assert row["points"] == pytest.approx(rows[f"{row['part']}_points"].mean())


def test_curves_rise_from_nothing_to_all(run: Run) -> None:
    for own in facts.popularity_curve(run).partition_by("of"):
        assert (own["share"][0], own["tracks"][0]) == (0.0, 0.0)
        assert (own["share"][-1], own["tracks"][-1]) == (pytest.approx(1.0), 1.0)
        assert own["share"].is_sorted()
        assert own["share"].diff().drop_nulls().min() >= 0


def test_genres_are_shares_of_listeners_without_the_stranger(run: Run) -> None:
    shares = facts.genre_shares(run)
    assert set(shares["of"]) == {"known", "listed"}
    assert shares["genre"].n_unique() <= facts.GENRES
    assert shares.group_by("of").agg(pl.col("share").sum())["share"].max() <= 1 + 1e-9


def test_the_map_is_the_same_every_time_and_within_its_bounds(run: Run) -> None:
    result = facts.taste_map(run)
    assert result.equals(facts.taste_map(run))
    counts = dict(result.group_by("what").len().iter_rows())
    assert counts["track"] <= facts.MAP_TRACKS
    assert counts["listener's taste"] <= facts.MAP_LISTENERS
    tracks = result.filter(what="track")
    assert tracks["x"].var() >= tracks["y"].var()


def test_examples_are_the_first_rows_of_a_list_of_each(run: Run) -> None:
    people = facts.example_listeners(run)
    counts = [person["interaction_count"] for person in people]
    assert counts == sorted(counts, reverse=True)
    assert len(people) == facts.EXAMPLES
    for person in people:
        assert [row["rank"] for row in person["rows"]] == list(range(1, len(person["rows"]) + 1))
        assert {row["user_id"] for row in person["rows"]} == {person["user_id"]}


def test_beside_the_run_before(runs: tuple[Run, Run]) -> None:
    run, before = runs
    assert facts.numbers(run, before) == [{"name": "listeners", "now": 8.0, "before": 8.0}]
    assert facts.numbers(run, None)[0]["before"] is None
    assert facts.overlap(run, run)["kept"].to_list() == pytest.approx([1.0] * facts.overlap(run, run).height)
    assert facts.overlap(run, before)["kept"].is_between(0, 1).all()
    assert facts.overlap(run, None).is_empty()


def test_what_came_in(run: Run) -> None:
    result = facts.intake(run)
    assert result["table"].to_list() == [source.table for source in run.manifest.inputs]
    assert result["rows"].to_list() == [source.rows for source in run.manifest.inputs]
