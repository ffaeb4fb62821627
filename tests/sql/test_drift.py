"""Model ``drift``: how far a run may be from the published one before somebody is told."""

from __future__ import annotations

import polars as pl
import pytest

from recsys.settings import Settings
from recsys.stages.checks import CHECKED, _compare, broken_rule
from recsys.tables import TABLES
from tests.support.worlds import frame

Tables = dict[str, pl.DataFrame]
ROWS, SHARE = "about as many rows as in the published run", "lists keep a share of the published run's tracks"


def tables(ranked: str, lists: int = 1) -> Tables:
    """A list of the tracks named by letters, and as many rows of ``lists`` as said."""
    rows = [{"user_id": "u", "list": "x", "rank": rank, "track_id": track} for rank, track in enumerate(ranked, 1)]
    listed = [{"user_id": f"u{number}", "list": "x"} for number in range(lists)]
    result = {"rankings": rows, "lists": listed}
    return {name: frame(TABLES[name], result.get(name, [])) for name in CHECKED}


def broken(before: Tables, after: Tables, **settings: float) -> list[tuple[str, str, int]]:
    result = _compare(before, after, Settings.preset_of("default", **settings))
    return result.filter(~pl.col("passed"), severity="warn").select("table", "rule", "failures").rows()


def test_same_run() -> None:
    assert broken(tables("abcd"), tables("abcd")) == []
    assert broken(tables("", 0), tables("", 0)) == []


def test_every_rule_has_words_for_when_it_is_broken() -> None:
    rules = _compare(tables("abcd"), tables("abcd"), Settings()).select("table", "rule").rows()
    assert len(rules) == 10
    assert [rule for table, rule in rules if broken_rule(table, rule) == f"{table}: {rule}"] == []


@pytest.mark.parametrize(("lists", "warned"), [(5, False), (4, True), (15, False), (16, True)])
def test_rows_within_half_and_no_more(lists: int, warned: bool) -> None:
    result = broken(tables("a", 10), tables("a", lists))
    assert result == ([("lists", ROWS, abs(lists - 10))] if warned else [])


@pytest.mark.parametrize(("kept", "warned"), [("abxxx", False), ("axxxx", True)])
def test_lists_keep_their_share(kept: str, warned: bool) -> None:
    result = broken(
        tables("abcde"),
        tables("".join("vwxyz"[place] if track == "x" else track for place, track in enumerate(kept))),
        list_overlap=0.3,
    )
    assert result == ([("rankings", SHARE, 1)] if warned else [])


def test_new_listeners_do_not_count() -> None:
    after = tables("abcde")
    after["rankings"] = pl.concat(
        [after["rankings"], after["rankings"].with_columns(user_id=pl.lit("new"), track_id=pl.lit("q"))]
    )
    assert broken(tables("abcde"), after, row_change=1.0, list_overlap=1.0) == []


def stopped(before: Tables, after: Tables) -> list[str]:
    result = _compare(before, after, Settings())
    return result.filter(~pl.col("passed"), severity="fail")["rule"].to_list()


SAME, ROWS_LEFT, TRACKS_LEFT = (
    "lists have something in common with the published run's",
    "not far fewer rows than in the published run",
    "not far fewer different tracks than in the published run",
)


@pytest.mark.parametrize(
    ("before", "after", "rules"),
    [
        ("abcdefgh", "abcdefgh", []),
        ("abcdefgh", "stuvwxyz", [SAME]),
        ("abcdefgh", "abcd", []),
        ("abcdefgh", "abc", [ROWS_LEFT]),
        ("abcdefgh", "a", [TRACKS_LEFT, ROWS_LEFT]),
        ("", "abc", []),
    ],
)
def test_what_stops_a_run(before: str, after: str, rules: list[str]) -> None:
    assert sorted(stopped(tables(before), tables(after))) == sorted(rules)
