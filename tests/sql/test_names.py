"""Model ``names``: what tracks are counted under."""

from __future__ import annotations

from tests.support.grid import expect, run


def test_genres_are_lower_case_and_untrimmed_and_numbers_follow_the_names() -> None:
    result = run(
        "names",
        tracks="""
            id  artist  genres
            d   -       -
            c   ~       Jazz
            b   Ada     Rock
            a   Bel     Rock;Rock;~rock
        """,
    )
    expect(
        result,
        """
            id  is_genre  name   number
            a   no        Bel    2
            a   yes       ~rock  3
            a   yes       rock   5
            a   yes       rock   5
            b   no        Ada    1
            b   yes       rock   5
            c   yes       jazz   4
        """,
    )


def test_of_two_records_of_one_id_the_last_counts() -> None:
    result = run("names", tracks="id artist genres\na First rock\na Last jazz")
    expect(result, "id is_genre name number\na no Last 1\na yes jazz 2")


def test_a_blank_genre_counts() -> None:
    expect(run("names", tracks="id artist genres\na - pop;~"), "is_genre name number\nyes ~ 1\nyes pop 2")


def test_names_that_are_compared_alike_are_one() -> None:
    result = run(
        "names",
        tracks="id artist genres\na ADA Hip-Hop\nb Ada hip~hop",
        shown="is_genre name shown\nyes Hip-Hop hip~hop\nyes hip~hop hip~hop\nno ADA Ada",
    )
    expect(result, "id name number\na Ada 1\na hip~hop 2\nb Ada 1\nb hip~hop 2")
    assert result["number"].dtype.is_integer()
