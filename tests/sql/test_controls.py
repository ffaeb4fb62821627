"""Model ``controls``: the latest record of every listener."""

from __future__ import annotations

from tests.support.grid import expect, run


def test_the_later_batch_then_the_later_row_wins() -> None:
    result = run(
        "controls",
        input_controls="""
            user_id  batch  allow_explicit  excluded_genres
            v        0      yes             rock
            u        1      no              -
            u        1      yes             jazz;pop
            u        0      no              folk
        """,
    )
    expect(
        result,
        """
            user_id  allow_explicit  excluded_genres
            u        yes             jazz;pop
            v        yes             rock
        """,
    )
    assert not {"batch", "row"} & set(result.columns)
