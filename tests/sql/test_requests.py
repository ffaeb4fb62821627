"""Model ``requests``: the latest record of every list."""

from __future__ import annotations

from tests.support.grid import expect, run


def test_the_later_batch_then_the_later_row_wins() -> None:
    result = run(
        "requests",
        input_requests="""
            user_id  list   batch  limit
            u        run    1      5
            u        run    0      9
            u        sleep  0      7
            *        run    0      3
            u        run    1      6
            u        Run    0      1
        """,
    )
    expect(
        result,
        """
            user_id  list   limit
            *        run    3
            u        Run    1
            u        run    6
            u        sleep  7
        """,
    )
    assert not {"batch", "row"} & set(result.columns)
