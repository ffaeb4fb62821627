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
from recsys.tables import DROP_RULES, FEATURES
from tests.support.published import EARLIER, publish

pytestmark = pytest.mark.slow  # whole runs

QUERIES = sorted((SQL / "analyst").glob("*.sql"))
EMPTY = {"blocked_tracks", "quality_over_time"}
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
    answer = session.run(f"{planted};{text.replace('from rankings r', 'from planted r')}")
    assert answer is not None
    assert {row[-1] for row in answer.fetchall()} == {"excluded", "disliked or hidden", "postponed"}
    session.run("drop view planted")


SPELLED = """
    create or replace table spelled as
    select * from (values
        ('a', 'The Beatles', ['Hip-Hop', 'hip hop']), ('b', 'beatles', ['HIP HOP']), ('c', 'Béatles, The', ['ｈｉｐ ｈｏｐ', ''])
    ) t (id, artist, genres);
    create or replace table heard as
    select id as track_id, if(n < 5, 'skip', 'play') as type from spelled, range(20) t (n);
    create or replace table listed as
    select 'ann' as user_id, 'balanced' as list, id as track_id from spelled;
    create or replace table liking as
    select 'ann' as user_id, false as cold, [{'name': 'Hip‐Hop', 'strength': 1.0}] as top_genres;
"""
"""One artist and one genre, spelled in many ways."""


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("skips_by_genre", [("hip hop", 45, 15, 0.25)]),
        ("genre_mix", [("balanced", 1, 1.0)]),
        ("artist_concentration", [("Béatles, The", 3, 1, 1.0, 1.0)]),
    ],
)
def test_one_name_in_many_spellings_is_one(session: SqlSession, name: str, answer: list[tuple[Any, ...]]) -> None:
    text = (SQL / "analyst" / f"{name}.sql").read_text(encoding="utf-8")
    for view, planted in {"input_events": "heard", "rankings": "listed", "profiles": "liking", "tracks": "spelled"}.items():
        text = re.sub(rf"\b(from|join) {view}\b", rf"\1 {planted}", text)
    rows = session.run(SPELLED + text)
    assert rows is not None
    assert rows.fetchall() == answer
    session.run("drop table spelled; drop table heard; drop table listed; drop table liking")


def test_trends_are_the_runs_in_order(session: SqlSession, lake: Lake) -> None:
    rows = ask(session, "trends")
    assert [row["run"] for row in rows] == lake.run_ids()
    for row in rows:
        ranked = lake.run(row["run"]).read("rankings")
        assert (row["rows"], row["tracks_listed"]) == (ranked.height, ranked["track_id"].n_unique())
        assert row["listeners"] == 8


def test_quality_is_compared_with_the_run_judged_before(session: SqlSession) -> None:
    text = (SQL / "analyst" / "quality_over_time.sql").read_text(encoding="utf-8")
    planted = """
        create or replace view planted as
        select day as run, day::timestamptz as judged_at, 'calm' as list, who as "group", 'ndcg@10' as metric,
            value::double as value, 0.0 as low, 1.0 as high, 5 as listeners
        from (values ('2026-01-02', 'all', 0.5), ('2026-01-01', 'all', 0.2), ('2026-01-02', 'cold', 0.9)) t (day, who, value)
    """
    answer = session.run(f"{planted};{text.replace('from quality', 'from planted')}")
    assert answer is not None
    assert [(row[2], row[-1]) for row in answer.fetchall()] == [("2026-01-01", None), ("2026-01-02", pytest.approx(0.3))]
    session.run("drop view planted")


def test_what_was_heard_after_it_was_listed(session: SqlSession, lake: Lake) -> None:
    older, _ = lake.run_ids()
    later = lake.inputs().events.filter(
        pl.col("type").is_in(["play", "like", "save"]), pl.col("occurred_at") >= EARLIER, pl.col("occurred_at") < AS_OF
    )
    ranked = lake.run(older).read("rankings")
    heard = ranked.join(later, on=["user_id", "track_id"], how="semi")
    rows = ask(session, "heard_after_listing")
    assert {row["run"] for row in rows} == {older}
    assert {row["list"]: row["heard"] for row in rows if row["heard"]} == dict(heard.group_by("list").len().iter_rows())
    assert sum(row["rows"] for row in rows) == ranked.height
    assert heard.height


def test_a_track_is_listed_or_it_is_not(session: SqlSession, lake: Lake) -> None:
    ranked, tracks = lake.published().read("rankings"), lake.published().read("tracks")
    never = {row["track_id"] for row in ask(session, "never_listed")}
    assert never == set(tracks["id"]) - set(ranked["track_id"])
    most = ask(session, "most_listed")[0]
    assert most["listeners"] == max(ranked.group_by("track_id").agg(pl.col("user_id").n_unique())["user_id"])
    who = ask(session, "listeners_of_a_track")
    assert len([row for row in who if row["list"]]) == max(ranked.group_by("track_id").len()["len"])


def test_months_and_missing_facts_add_up(session: SqlSession, lake: Lake) -> None:
    events, tracks = lake.inputs().events, lake.published().read("tracks")
    months = ask(session, "events_by_month")
    assert sum(row["events"] for row in months) == events["occurred_at"].count()
    assert sum(row["new_listeners"] for row in months) == events["user_id"].n_unique()
    lacks = {row["fact"]: row["tracks"] for row in ask(session, "missing_facts")}
    assert lacks["popularity"] == tracks["popularity"].null_count()
    assert lacks["MusicBrainz id"] == tracks["mbid"].null_count()


def test_least_alike_names_features(session: SqlSession) -> None:
    rows = ask(session, "unlike_their_lists")
    assert all(len(row["least_alike"]) == 3 and set(row["least_alike"]) <= set(FEATURES) for row in rows)
    assert [row["agreement"] for row in rows] == sorted(row["agreement"] for row in rows)
