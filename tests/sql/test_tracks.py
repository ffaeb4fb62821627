"""Model ``tracks``: the latest version of every track."""

from __future__ import annotations

from tests.support.grid import expect, run

NO_ALIASES = "id track_id"


def test_the_later_batch_wins_whatever_the_order_of_rows() -> None:
    result = run(
        "tracks",
        input_tracks="""
            id  batch  title
            b   1      new
            a   0      only
            b   0      old
        """,
        aliases=NO_ALIASES,
    )
    expect(
        result,
        """
            id  title
            a   only
            b   new
        """,
    )
    assert not {"batch", "row", "latest"} & set(result.columns)


def test_two_rows_of_one_id_in_one_batch_both_stay_in_their_order() -> None:
    result = run(
        "tracks",
        input_tracks="""
            id  batch  title
            a   0      older
            b   0      first
            a   1      one
            a   1      two
        """,
        aliases=NO_ALIASES,
    )
    expect(
        result,
        """
            id  title
            a   one
            a   two
            b   first
        """,
    )


def test_a_mention_never_replaces_a_record_of_track_metadata() -> None:
    result = run(
        "tracks",
        input_tracks="""
            id  batch  origin   title     tempo
            a   0      catalog  record    120
            b   0      -        record    90
            c   0      mention  one       -
            a   1      mention  named     -
            b   1      mention  named     -
            c   1      mention  two       -
            d   0      mention  earlier   -
            d   1      catalog  record    100
        """,
        aliases=NO_ALIASES,
    )
    expect(
        result,
        """
            id  origin   title   tempo
            a   catalog  record  120
            b   -        record  90
            c   mention  two     -
            d   catalog  record  100
        """,
    )


def test_what_the_catalogue_has_under_another_id_is_left_out() -> None:
    result = run(
        "tracks",
        input_tracks="""
            id      origin
            a       catalog
            text:1  mention
            text:2  mention
        """,
        aliases="""
            id      track_id
            text:1  a
        """,
    )
    assert result["id"].to_list() == ["a", "text:2"]
