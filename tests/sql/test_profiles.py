"""Model ``profiles``: counts, friction, top genres and artists."""

from __future__ import annotations

import polars as pl

from recsys import models
from tests.support.grid import expect, run, view

TRACKS = """
    id  artist  genres
    a   Ada     Rock;Rock;~rock
    b   Ada     Rock
    c   ~       Jazz
    d   -       -
"""


def test_counts_and_friction() -> None:
    result = run(
        "profiles",
        ratings="""
            user_id  track_id  events  negative_events  positive
            v        zz        4       1                0.2
            u        a         2       2                0
            u        b         1       0                1
        """,
        tracks=TRACKS,
    )
    expect(
        result,
        """
            user_id  interaction_count  friction
            u        3                  0.6666666666666666
            v        4                  0.25
        """,
    )
    assert result["top_genres"][1] is None


def test_top_genres_are_lower_case_and_untrimmed_and_the_strongest_is_one() -> None:
    result = run(
        "profiles",
        ratings="""
            user_id  track_id  events  negative_events  positive
            u        a         1       0                1
            u        b         1       0                1
            u        c         1       0                0.5
            u        d         1       0                3
        """,
        tracks=TRACKS,
    )
    expect(
        result,
        """
            top_genres                                               top_artists
            rock=1;~rock=0.3333333333333333;jazz=0.16666666666666666  Ada=1
        """,
    )


def test_a_blank_genre_counts_in_the_profile() -> None:
    result = run(
        "profiles", ratings="user_id track_id events negative_events positive\nu a 1 0 0.45", tracks="id artist genres\na - pop;~"
    )
    assert result["top_genres"].to_list() == [[{"name": " ", "strength": 1.0}, {"name": "pop", "strength": 1.0}]]


def test_of_two_records_of_one_id_the_last_counts() -> None:
    result = run(
        "profiles",
        ratings="user_id track_id events negative_events positive\nu a 1 0 1",
        tracks="id artist genres\na First rock\na Last jazz",
    )
    expect(result, "top_genres top_artists\njazz=1 Last=1")


def test_every_genre_but_only_fifty_artists() -> None:
    many = [f"name {number:02}" for number in range(60)]
    ratings = pl.DataFrame({"track_id": many}).with_columns(user_id=pl.lit("u"), events=1, negative_events=0, positive=1.0)
    tracks = pl.DataFrame({"id": many, "artist": many, "genres": [[name] for name in many]})
    result = models.run("profiles", {"ratings": ratings, "tracks": tracks, "shown": view("shown", "is_genre name shown")})
    assert [one["name"] for one in result["top_genres"][0]] == many
    assert [one["name"] for one in result["top_artists"][0]] == many[:50]


def test_names_that_are_compared_alike_are_one() -> None:
    result = run(
        "profiles",
        ratings="user_id track_id events negative_events positive\nu a 1 0 1\nu b 1 0 1",
        tracks="id artist genres\na ADA Hip-Hop\nb Ada hip~hop",
        shown="is_genre name shown\nyes Hip-Hop hip~hop\nyes hip~hop hip~hop\nno ADA Ada",
    )
    assert result["top_genres"].to_list() == [[{"name": "hip hop", "strength": 1.0}]]
    assert result["top_artists"].to_list() == [[{"name": "Ada", "strength": 1.0}]]
