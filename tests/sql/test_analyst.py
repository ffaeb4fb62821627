"""The worked queries: each runs on a lake with two runs, and each says what plain Python says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from recsys import Lake
from recsys.demo import AS_OF
from recsys.models import SQL
from recsys.readers.views import SqlSession
from recsys.tables import DROP_RULES
from tests.support.published import EARLIER, publish

pytestmark = pytest.mark.slow  # whole runs

QUERIES = sorted((SQL / "analyst").glob("*.sql"))
EMPTY = {"blocked_tracks"}
"""Queries whose right answer is no row."""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return publish(tmp_path_factory.mktemp("analyst") / "lake", EARLIER, AS_OF)


@pytest.fixture(scope="module")
def session(lake: Lake) -> Iterator[SqlSession]:
    with SqlSession(lake, lake.published()) as result:
        yield result


def ask(session: SqlSession, name: str) -> list[dict[str, Any]]:
    answer = session.run((SQL / "analyst" / f"{name}.sql").read_text(encoding="utf-8"))
    assert answer is not None
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.fetchall()]


def pairs(lake: Lake, run: str) -> set[tuple[str, str, str]]:
    return set(lake.run(run).read("rankings").select("list", "user_id", "track_id").iter_rows())


def test_there_are_enough() -> None:
    assert len(QUERIES) >= 12


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_it_runs_and_says_what_it_is(session: SqlSession, path: Path) -> None:
    head = re.findall(r"^-- (\w+): +\S", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert head[:4] == ["Question", "Grain", "Units", "Order"]
    first, second = ask(session, path.stem), ask(session, path.stem)
    assert first == second
    assert bool(first) is (path.stem not in EMPTY)


def test_churn_is_the_difference_of_two_runs(session: SqlSession, lake: Lake) -> None:
    older, newer = lake.run_ids()
    before, now = pairs(lake, older), pairs(lake, newer)
    for row in ask(session, "churn"):
        mine = [{one for one in side if one[0] == row["list"]} for side in (before, now)]
        assert (row["kept"], row["entered"], row["left_list"]) == (
            len(mine[0] & mine[1]),
            len(mine[1] - mine[0]),
            len(mine[0] - mine[1]),
        )


def test_gainers_are_counted_in_listeners(session: SqlSession, lake: Lake) -> None:
    counts = [Counter(track for _, track in {(user, track) for _, user, track in pairs(lake, run)}) for run in lake.run_ids()]
    for row in ask(session, "top_gainers"):
        assert (row["before"], row["now"]) == (counts[0][row["track_id"]], counts[1][row["track_id"]])
        assert row["gain"] == row["now"] - row["before"] > 0


def test_shares_add_up(session: SqlSession, lake: Lake) -> None:
    ranked = lake.published().read("rankings")
    by_reason = ask(session, "lists_by_reason")
    assert sum(row["rows"] for row in by_reason) == ranked.height
    assert sum(row["share"] for row in by_reason) == pytest.approx(ranked["list"].n_unique(), abs=0.01)
    for row in ask(session, "coverage"):
        assert row["tracks"] == ranked.filter(list=row["list"])["track_id"].n_unique()
        assert 0 <= row["tail_share"] <= 1
    shares = [row["running_share"] for row in ask(session, "artist_concentration")]
    assert shares == sorted(shares)


def test_thin_profiles_and_rejects_are_all_there(session: SqlSession, lake: Lake) -> None:
    profiles = lake.published().read("profiles").filter(pl.col("user_id") != "*")
    thin = profiles.filter(pl.col("cold") | (pl.col("confidence") < 0.3))["user_id"].sort().to_list()
    assert [row["user_id"] for row in sorted(ask(session, "thin_profiles"), key=lambda row: row["user_id"])] == thin
    assert [(row["code"], row["rows"], row["first_line"]) for row in ask(session, "rejects_by_cause")] == [
        ("row", 1, 9),
        ("value", 1, 3),
    ]


def test_the_account_names_every_rule(session: SqlSession) -> None:
    assert {row["rule"] for row in ask(session, "catalogue_account")} == set(DROP_RULES)


def test_a_blocked_track_is_found(session: SqlSession) -> None:
    text = (SQL / "analyst" / "blocked_tracks.sql").read_text(encoding="utf-8")
    planted = """
        create or replace view planted as
        select user_id, 'x' as list, 1 as rank, excluded_tracks[1] as track_id from controls where user_id = 'demo-u105'
        union all
        select user_id, 'x', 2, track_id from ratings where rejected
        union all
        select user_id, 'x', 3, postponed_tracks[1].track_id from controls where user_id = 'demo-u014'
    """
    answer = session.run(planted + ";" + text.replace("from rankings r", "from planted r"))
    assert answer is not None
    assert {row[-1] for row in answer.fetchall()} == {"excluded", "disliked or hidden", "postponed"}
    session.run("drop view planted")
