"""Model ``aliases``: which catalogue track a song is that a listening history only named."""

from __future__ import annotations

from recsys import models
from recsys.matrices.song import named_rows
from tests.support.grid import expect, run, view


def test_the_first_rule_that_finds_a_track_wins() -> None:
    result = run(
        "aliases",
        input_tracks="""
            id  origin   spotify_id  mbid  isrc  song_key
            a   catalog  s           -     -     -
            b   catalog  -           m     -     -
            c   catalog  -           -     i     -
            d   catalog  -           -     -     k
            m1  mention  s           m     i     k
            m2  mention  x           m     i     k
            m3  mention  -           -     i     k
            m4  mention  -           y     z     k
            m5  mention  x           y     z     w
        """,
    )
    expect(
        result,
        """
            id  track_id  matched_by
            m1  a         spotify_id
            m2  b         mbid
            m3  c         isrc
            m4  d         song_key
        """,
    )


def test_an_id_of_the_catalogue_may_be_the_spotify_id() -> None:
    result = run(
        "aliases",
        input_tracks="""
            id  origin   spotify_id
            s   catalog  -
            m   mention  s
        """,
    )
    expect(
        result,
        """
            id  track_id  matched_by
            m   s         spotify_id
        """,
    )


def test_of_several_tracks_the_most_popular_then_the_smallest_id() -> None:
    result = run(
        "aliases",
        input_tracks="""
            id  origin   song_key  popularity
            d   catalog  k         0.5
            c   catalog  k         0.5
            b   catalog  k         0.1
            a   catalog  k         -
            m   mention  k         -
            e   catalog  j         -
            n   mention  j         0.9
        """,
    )
    expect(
        result,
        """
            id  track_id
            m   c
            n   e
        """,
    )


def test_only_latest_versions_are_compared() -> None:
    result = run(
        "aliases",
        input_tracks="""
            id  batch  origin   song_key
            a   0      catalog  k
            a   1      catalog  other
            m   0      mention  k
        """,
    )
    assert result.is_empty()


def test_a_mention_whose_id_the_catalogue_has_needs_no_alias() -> None:
    result = run(
        "aliases",
        input_tracks="""
            id  batch  origin   song_key
            a   0      catalog  k
            b   0      catalog  k
            a   1      mention  k
        """,
    )
    assert result.is_empty()


def test_missing_identities_match_nothing() -> None:
    assert run("aliases", input_tracks="id origin\na catalog\nm mention").is_empty()


def test_a_recording_id_that_names_another_song_says_nothing() -> None:
    result = run(
        "aliases",
        input_tracks="""
            id  origin   mbid  song_key
            a   catalog  m     the~beatles~|~yesterday
            b   catalog  n     kino~|~gruppa~krovi
            m1  mention  m     the~beatles~karaoke~|~yesterday
            m2  mention  m     beatles~|~yesterdays
            m3  mention  n     кино~|~группа~крови
        """,
    )
    expect(
        result,
        """
            id  track_id  matched_by
            m2  a         mbid
            m3  b         mbid
        """,
    )


def test_a_live_take_is_another_song_and_a_remaster_is_not() -> None:
    tracks = """
        id  origin   title                       artist
        a   catalog  Song                        Ada
        b   catalog  Song~(Live)                 Ada
        m1  mention  Song~-~2011~Remaster        Ada
        m2  mention  Song~-~Live                 Ada
        m3  mention  Song~(Acoustic)             Ada
    """
    expect(run("aliases", input_tracks=tracks).select("id", "track_id"), "id track_id\nm1 a\nm2 b")


def test_without_songs_names_count_as_they_ever_did() -> None:
    words = "id origin title artist\na catalog Song Ada\nm mention Song~(Live) Ada"
    rows = named_rows(view("input_tracks", words), versions=False)
    assert models.run("aliases", {"input_tracks": rows})["track_id"].to_list() == ["a"]
