"""Model ``passed_over``: how many unheard tracks of favourite artists are candidates, and how many would be by chance."""

from __future__ import annotations

from tests.support.grid import run

VIEWS = {
    "favourites": """
        user_id  artist
        u        Ada
        v        Ada
        w        Ada
    """,
    "profiles": "user_id\n*\nu\nv",
    "tracks": """
        id  artist
        a   Ada
        b   ADA
        c   Ada
        d   Bel
        e   Ada
    """,
    "keys": """
        name  key
        Ada   ada
        ADA   ada
        Bel   bel
    """,
    "ratings": """
        user_id  track_id
        u        e
        w        a
    """,
    "lists": """
        user_id  list      candidates  dropped_excluded_artist  dropped_excluded_genre  dropped_explicit
        u        balanced  4           0                        0                       0
        u        comfort   4           0                        0                       0
        v        balanced  4           0                        1                       0
        w        balanced  4           0                        0                       0
    """,
    "candidates": """
        user_id  list      track_id
        u        balanced  a
        u        balanced  d
        u        comfort   b
        v        balanced  a
        w        balanced  b
    """,
}


def test_three_tracks_unheard_of_which_one_is_a_candidate_where_two_of_four_are() -> None:
    """Listener v's list is kept from a genre, and listener w is of another partition."""
    assert run("passed_over", **VIEWS).rows() == [("u", 1, 3 * 2 / 4)]


def test_nobody() -> None:
    assert run("passed_over", **VIEWS | {"favourites": "user_id  artist"}).is_empty()
