"""Model ``lists``: built-in lists, lists for everyone, and a listener's own."""

from __future__ import annotations

from tests.support.grid import expect, run

BUILTIN = """
    user_id  list      limit
    *        balanced  50
    *        comfort   50
"""


def test_own_lists_replace_those_for_everyone_which_replace_built_in_ones() -> None:
    result = run(
        "lists",
        users="user_id\n*\nann\nbob",
        requests="""
            user_id  list      limit
            *        comfort   30
            *        party     20
            ann      balanced  5
            ann      party     6
            bob      nap       7
        """,
        builtin_requests=BUILTIN,
    )
    expect(
        result,
        """
            user_id  list      limit
            *        balanced  50
            *        comfort   30
            *        party     20
            ann      balanced  5
            ann      comfort   30
            ann      party     6
            bob      balanced  50
            bob      comfort   30
            bob      nap       7
            bob      party     20
        """,
    )


def test_without_requests_everyone_gets_the_built_in_lists() -> None:
    result = run("lists", users="user_id\n*\nann", requests="user_id list", builtin_requests=BUILTIN)
    assert result["list"].to_list() == ["balanced", "comfort"] * 2
