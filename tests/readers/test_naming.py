"""Tracks by id or title: one song is one answer, several are a choice, none has what is near."""

from __future__ import annotations

import polars as pl
import pytest

from recsys.errors import NotFoundError, UsageError
from recsys.readers.naming import near_names, track_named

TRACKS = pl.DataFrame(
    {
        "id": ["a1", "a2", "b", "c", "d"],
        "title": ["Café del Mar", "Cafe Del Mar", "Rain", "Rain!", None],
        "artist": ["Energy 52", "Energy 52", "Ada", "Bel", "Cem"],
    }
)
SONGS = pl.DataFrame({"track_id": ["a1", "a2", "b", "c", "d"], "song": ["a2", "a2", "b", "c", "d"]})


@pytest.mark.parametrize(("text", "track"), [("a1", "a1"), ("cafe del mar", "a2"), (" CAFÉ DEL MAR ", "a2"), ("d", "d")])
def test_an_id_or_the_title_of_one_song(text: str, track: str) -> None:
    assert track_named(TRACKS, SONGS, text) == track


def test_a_title_of_several_songs_is_a_choice() -> None:
    with pytest.raises(UsageError, match=r"2 tracks are called 'rain'; name one by its id: b \(Rain — Ada\), c \(Rain! — Bel\)"):
        track_named(TRACKS, SONGS, "rain")


def test_what_does_not_exist_has_what_is_near() -> None:
    with pytest.raises(NotFoundError, match=r"no track has the id or the title 'Rainy'; near: b \(Rain — Ada\)"):
        track_named(TRACKS, SONGS, "Rainy")
    with pytest.raises(NotFoundError, match="'zzz'; recsys show prints ids and titles"):
        track_named(TRACKS, SONGS, "zzz")


def test_near_names_in_any_spelling() -> None:
    assert near_names("sigur ros", ["Sigur Rós", "Ada"]) == ["Sigur Rós"]
    assert near_names("zzz", ["Ada"]) == []
