"""Filters against hand tables, a brute-force reference and counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.stages.candidates.kernels.filters import RULES, drop
from recsys.tables import DROP_RULES
from tests.support.blocks import (
    ARTIST,
    EXPLICIT,
    GENRE,
    KNOWN,
    POPULARITY,
    POSTPONED,
    REJECTED,
    TRACK,
    Block,
    at_random,
    lists_of,
    plain,
    run,
    tracks_of,
)  # fmt: skip

NO, YES = np.array([False]), np.array([True])


def test_rules_are_numbered_in_the_order_of_the_contract() -> None:
    assert [DROP_RULES[rule - 1] for rule in (KNOWN, REJECTED, EXPLICIT, TRACK, POSTPONED, ARTIST, GENRE, POPULARITY)] == [
        "known", "rejected", "explicit", "excluded_track", "postponed", "excluded_artist", "excluded_genre", "popularity",
    ]  # fmt: skip
    assert len(DROP_RULES) + 1 == RULES


@pytest.mark.parametrize(
    ("wish", "rule"),
    [
        ({}, 0),
        ({"dropped": [{0: KNOWN}]}, KNOWN),
        ({"explicit": YES}, 0),
        ({"explicit": YES, "ok": NO}, EXPLICIT),
        ({"ok": NO}, 0),
        ({"no_artists": [[3, 0]]}, ARTIST),
        ({"no_artists": [[1]]}, 0),
        ({"no_genres": [[1]]}, GENRE),
        ({"least": np.array([0.5]), "most": np.array([0.5])}, 0),
        ({"least": np.array([0.51])}, POPULARITY),
        ({"most": np.array([0.49])}, POPULARITY),
        ({"dropped": [{0: TRACK}], "explicit": YES, "ok": NO}, EXPLICIT),
        ({"dropped": [{0: REJECTED}], "explicit": YES, "ok": NO}, REJECTED),
        ({"dropped": [{0: POSTPONED}], "no_artists": [[0]], "most": np.array([0.1])}, POSTPONED),
        ({"no_artists": [[0]], "no_genres": [[1]], "most": np.array([0.1])}, ARTIST),
        ({"no_genres": [[1]], "most": np.array([0.1])}, GENRE),
    ],
)
def test_first_rule_that_holds(wish: dict[str, object], rule: int) -> None:
    assert run(plain()._replace(**wish)).rules.tolist() == [[rule]]


def test_rows_of_one_id_share_its_rule() -> None:
    block = plain(3)._replace(dropped=[{2: KNOWN}])
    rules, counts = np.full((1, 3), 77, np.uint8), np.full((1, RULES), 77, np.int64)
    drop(tracks_of(block)._replace(canonical=np.array([0, 2, 2], np.int32)), lists_of(block), rules, counts)
    assert rules.tolist() == [[0, KNOWN, KNOWN]]
    assert counts[0, [0, KNOWN]].tolist() == [1, 2]


def brute_force(block: Block, row: int, track: int) -> int:
    holds = {
        block.dropped[row].get(track, 0): True,
        EXPLICIT: block.explicit[track] and not block.ok[row],
        ARTIST: bool(set(block.no_artists[row]) & set(block.artists[track])),
        GENRE: bool(set(block.no_genres[row]) & set(block.genres[track])),
        POPULARITY: not block.least[row] <= block.popularity[track] <= block.most[row],
    }
    return min((rule for rule, yes in holds.items() if yes and rule), default=0)


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), tracks=st.integers(3, 26))
def test_brute_force(seed: int, tracks: int) -> None:
    block = at_random(seed, tracks=tracks)
    result = run(block)
    assert result.rules.tolist() == [[brute_force(block, row, track) for track in range(tracks)] for row in range(4)]
    assert result.counts.tolist() == [np.bincount(row, minlength=RULES).tolist() for row in result.rules]


@pytest.mark.parametrize("field", [None, "ok", "least", "most", "dropped", "no_artists", "no_genres"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_lists_that_follow_each_other_and_differ_in_one_wish(field: str | None, seed: int) -> None:
    block = at_random(seed, lists=2)
    rows = {name: getattr(block, name) for name in ("ok", "least", "most", "dropped", "no_artists", "no_genres")}
    rows |= {"least": np.array([0.3, 0.5]), "most": np.array([0.7, 0.6]), "ok": np.array([True, False])}
    rows |= {"no_artists": [[0], [1]], "no_genres": [[2], [3]]}
    rows = {
        name: row if name == field else type(row)([row[0], row[0]]) if isinstance(row, list) else row[[0, 0]]
        for name, row in rows.items()
    }
    result = run(block._replace(**rows))
    block = block._replace(**rows)
    assert result.rules.tolist() == [[brute_force(block, row, track) for track in range(19)] for row in range(2)]
    assert result.counts.tolist() == [np.bincount(row, minlength=RULES).tolist() for row in result.rules]


def test_same_ids_by_other_rules_and_other_releases_heard() -> None:
    block = plain(3)
    block = block._replace(
        **{
            name: np.repeat(getattr(block, name), 3, axis=0)
            for name in ("taste", "mode", "target", "ok", "safe", "least", "most")
        }
    )
    block = block._replace(dropped=[{0: KNOWN}, {0: TRACK}, {0: TRACK}], no_artists=[[]] * 3, no_genres=[[]] * 3)
    lists = lists_of(block)._replace(heard_indptr=np.array([0, 0, 0, 1]), heard=np.array([2], np.int32))
    tracks = tracks_of(block)._replace(canonical=np.array([0, 1, 1], np.int32), releases=np.array([1, 2], np.int32))
    rules, counts = np.full((3, 3), 77, np.uint8), np.full((3, RULES), 77, np.int64)
    drop(tracks, lists, rules, counts)
    version = DROP_RULES.index("version") + 1
    assert rules.tolist() == [[KNOWN, 0, version], [TRACK, 0, version], [TRACK, version, 0]]
    assert counts.sum(axis=1).tolist() == [3, 3, 3]
