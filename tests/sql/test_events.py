"""Model ``events``: aliases resolved, and what two files both hold counted once."""

from __future__ import annotations

import pytest

from tests.support.grid import expect, run
from tests.support.worlds import AS_OF

NO_ALIASES = "id track_id"
DROP = {"as_of": AS_OF, "future_events": "drop"}
KEEP = {"as_of": AS_OF, "future_events": "keep"}
ORDER = ("user_id", "track_id", "type", "weight", "completed_ms")


def test_equal_rows_stay_within_a_file_and_count_once_across_files() -> None:
    found = run(
        "events",
        DROP,
        input_events="""
            user_id  track_id  type  occurred_at  batch
            u        a         play  2026-05-01   1
            u        a         play  2026-05-01   1
            u        a         play  2026-05-01   2
            u        b         play  2026-05-01   1
            u        b         play  2026-05-01   2
            u        b         play  2026-05-01   2
            u        c         play  2026-05-01   1
            u        c         like  2026-05-01   2
            u        c         play  2026-05-02   2
        """,
        aliases=NO_ALIASES,
    )
    expect(
        found.sort(*ORDER, "occurred_at"),
        """
            user_id  track_id  type  occurred_at
            u        a         play  2026-05-01
            u        a         play  2026-05-01
            u        b         play  2026-05-01
            u        b         play  2026-05-01
            u        c         like  2026-05-01
            u        c         play  2026-05-01
            u        c         play  2026-05-02
        """,
    )


def test_undated_rows_all_stay() -> None:
    found = run(
        "events",
        DROP,
        input_events="""
            user_id  track_id  type  occurred_at           batch
            u        a         like  -                     1
            u        a         like  -                     2
            u        a         like  0001-01-01T00:00:00Z  2
        """,
        aliases=NO_ALIASES,
    )
    assert found.height == 3
    assert found["occurred_at"].null_count() == 3


def test_other_weight_or_length_is_another_event_and_zero_weight_is_none() -> None:
    found = run(
        "events",
        DROP,
        input_events="""
            user_id  track_id  type  occurred_at  weight  completed_ms  batch
            u        a         play  2026-05-01   -       1000          1
            u        a         play  2026-05-01   0       1000          2
            u        a         play  2026-05-01   0.5     1000          2
            u        a         play  2026-05-01   -       2000          2
        """,
        aliases=NO_ALIASES,
    )
    expect(
        found.sort(*ORDER),
        """
            weight  completed_ms
            -       1000
            -       2000
            0.5     1000
        """,
    )


def test_aliases_are_resolved_before_repeats_are_counted() -> None:
    found = run(
        "events",
        DROP,
        input_events="""
            user_id  track_id  type  occurred_at  batch
            u        text:1    play  2026-05-01   1
            u        a         play  2026-05-01   2
        """,
        aliases="""
            id      track_id
            text:1  a
        """,
    )
    assert found["track_id"].to_list() == ["a"]


@pytest.mark.parametrize(("variables", "tracks"), [(DROP, ["a", "b", "d"]), (KEEP, ["a", "b", "c", "d"])])
def test_events_after_as_of(variables: dict[str, object], tracks: list[str]) -> None:
    found = run(
        "events",
        variables,
        input_events="""
            user_id  track_id  type  occurred_at
            u        a         like  2026-05-31T23:59:59Z
            u        b         like  2026-06-01T00:00:00Z
            u        c         like  2026-06-01T00:00:01Z
            u        d         like  -
        """,
        aliases=NO_ALIASES,
    )
    assert sorted(found["track_id"]) == tracks
