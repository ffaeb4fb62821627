"""Song keys, text ids, Spotify ids."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.matrices.song import song_key, song_keys, spotify_id, spotify_ids, text_id, text_ids

SAME_SONG = [
    ("Heroes", "David Bowie", "david bowie | heroes"),
    ("“Heroes” - 2017 Remaster", "David Bowie", "david bowie | heroes"),
    ("Heroes (Live) [2005 Remastered Version]", "David Bowie", "david bowie | heroes"),
    ("HEROES – Single Version - Mono", "david  bowie", "david bowie | heroes"),
    ("Heroes feat. Brian Eno", "David Bowie feat. Brian Eno", "david bowie | heroes"),
    ("Heroes (with Brian Eno)", "David Bowie; Brian Eno", "david bowie | heroes"),
    ("Hoppípolla", "Sigur Rós", "sigur ros | hoppipolla"),
    ("Don't Stop", "R.E.M.", "rem | dont stop"),
    ("Dont Stop", "REM", "rem | dont stop"),
    ("Ｆｕｌｌ Ⅳ", "ガガ", "ガガ | full iv"),
    ("안녕", "방탄소년단", "방탄소년단 | 안녕"),
    ("September", "Earth, Wind & Fire", "earth wind and fire | september"),
    ("Our House", "Crosby, Stills, Nash & Young", "crosby stills nash and young | our house"),
    ("EARFQUAKE", "Tyler, The Creator", "tyler the creator | earfquake"),
    ("See You Again (feat. Kali Uchis)", "Tyler, The Creator, Kali Uchis", "tyler the creator | see you again"),
    ("See You Again", "Kali Uchis, Tyler, The Creator", "kali uchis | see you again"),
    ("The Boxer", "Simon & Garfunkel", "simon and garfunkel | the boxer"),
    ("The Boxer", "Simon and Garfunkel", "simon and garfunkel | the boxer"),
    ("These Are Days", "10,000 Maniacs", "10 000 maniacs | these are days"),
    ("Thunderstruck", "AC/DC", "ac dc | thunderstruck"),
    ("Lit", "Jah Wobble, Marconi Union", "jah wobble | lit"),
]


@pytest.mark.parametrize(("title", "artist", "key"), SAME_SONG)
def test_key(title: str, artist: str, key: str) -> None:
    assert song_key(title, artist) == key


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("Memories - Dillon Francis Remix", "x | memories dillon francis remix"),
        ("Live and Let Die", "x | live and let die"),
        ("Live", "x | live"),
        ("(Live)", "x | live"),
        ("÷", "x | ÷"),
        ("???", "x | ???"),
        ("Part-Time Lover", "x | part time lover"),
        ("Old Friend; The Sea", "x | old friend the sea"),
    ],
)
def test_a_name_is_never_emptied_and_a_remix_is_another_song(title: str, key: str) -> None:
    assert song_key(title, "X") == key


@pytest.mark.parametrize(("title", "artist"), [(None, "a"), ("a", None), ("", "a"), (" \t", "a"), ("a", "\n")])
def test_no_key_without_both_names(title: str | None, artist: str | None) -> None:
    assert song_key(title, artist) is None


def test_text_ids_are_stable_for_ever() -> None:
    assert text_id("September", "Earth, Wind & Fire") == "text:300894c193470947b876"
    assert text_id("september (Remastered)", "EARTH, WIND & FIRE") == "text:300894c193470947b876"
    assert text_ids(pl.Series(["September", None]), pl.Series(["Earth, Wind & Fire", "x"])).to_list() == [
        "text:300894c193470947b876",
        None,
    ]
    with pytest.raises(ValueError, match="both must be named"):
        text_id(" ", "x")


def test_other_versions_of_a_song_have_text_ids_of_their_own() -> None:
    titles = [
        "September",
        "September (Live)",
        "September - Live at Wembley",
        "September (Karaoke Version)",
        "September (Piano Version)",
    ]
    assert len({text_id(title, "x") for title in titles}) == len(titles)
    assert (
        text_id("September (Live)", "x") == text_id("September - Live - 2009 Remaster", "x") == text_id("SEPTEMBER [live]", "x")
    )
    assert text_id("September (Radio Edit)", "x") == text_id("September (feat. y)", "x") == text_id("September", "x")
    assert text_id("Live", "x") != text_id("Live (Live)", "x")


@pytest.mark.slow
@settings(max_examples=25)
@given(st.lists(st.tuples(st.none() | st.text(max_size=12), st.none() | st.text(max_size=12)), max_size=8))
def test_columns_agree_with_single_songs(songs: list[tuple[str | None, str | None]]) -> None:
    titles, artists = (pl.Series([song[side] for song in songs], dtype=pl.String) for side in (0, 1))
    keys = song_keys(titles, artists).to_list()
    assert keys == [song_key(*song) for song in songs]
    assert all(
        key or not title or not artist or not title.strip() or not artist.strip()
        for key, (title, artist) in zip(keys, songs, strict=True)
    )


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("spotify:track:1U8rhryVYw9gWZ6zvw4Orc", "1U8rhryVYw9gWZ6zvw4Orc"),
        ("https://open.spotify.com/track/1U8rhryVYw9gWZ6zvw4Orc?si=1", "1U8rhryVYw9gWZ6zvw4Orc"),
        ("https://open.spotify.com/intl-de/track/1U8rhryVYw9gWZ6zvw4Orc", "1U8rhryVYw9gWZ6zvw4Orc"),
        ("https://open.spotify.com/embed/track/1U8rhryVYw9gWZ6zvw4Orc", "1U8rhryVYw9gWZ6zvw4Orc"),
        (" 1U8rhryVYw9gWZ6zvw4Orc ", "1U8rhryVYw9gWZ6zvw4Orc"),
        ("spotify:album:1U8rhryVYw9gWZ6zvw4Orc", None),
        ("spotify:local:a:b:c:100", None),
        ("1U8rhryVYw9gWZ6zvw4Orc1", None),
        ("", None),
        (None, None),
    ],
)
def test_spotify_id(text: str | None, result: str | None) -> None:
    assert spotify_id(text) == result


def test_spotify_ids_of_a_column_of_nulls() -> None:
    assert spotify_ids(pl.Series([None, None])).to_list() == [None, None]
