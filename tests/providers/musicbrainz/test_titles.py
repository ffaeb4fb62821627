from __future__ import annotations

import pytest

from recsys.names import key
from recsys.providers.musicbrainz.titles import parse, versions


@pytest.mark.parametrize(
    ("title", "core", "named"),
    [
        ("Here Comes The Sun - Remastered 2009", "here comes the sun", set()),
        ("Help! (Live at Shea Stadium)", "help", {"live"}),
        ("Live and Let Die", "live and let die", set()),
        ("Lose Yourself (a cappella)", "lose yourself", {"a cappella"}),
        ("Song (Karaoke Version)", "song", {"karaoke"}),
        ("Levels - Radio Edit", "levels", {"edit"}),
        ("Around the World (Motorbass Vice mix)", "around the world motorbass vice mix", {"remix"}),
        ("Song (Original Mix)", "song", set()),
        ("Song (Mono Mix)", "song", set()),
        ("(I Can't Get No) Satisfaction", "i cant get no satisfaction", set()),
        ("Get Lucky feat. Pharrell", "get lucky", set()),
        ("1979", "1979", set()),
        ("???", "???", set()),
    ],
)
def test_core_and_version(title: str, core: str, named: set[str]) -> None:
    parsed = parse(title)
    assert (parsed.core, set(parsed.versions)) == (core, named)


def test_guests_parts_and_numbers() -> None:
    assert parse("Empire State of Mind (feat. Alicia Keys)").guests == ("Alicia Keys",)
    assert parse("Another Brick in the Wall, Pt. 2").places == {2}
    assert parse("Symphony No. 5 in C Minor, Op. 67: IV. Allegro").places == {5, 4}
    assert parse("Song 2").numbers == {"2"}
    assert parse("Don't Stop (Remastered)").text == "Don't Stop"


def test_notes_and_words() -> None:
    assert versions("live, 1965-08-15: Shea Stadium") == {"live"}
    assert versions("album version") == set()
    assert key("Sigur Rós & Ke$ha + P!nk’s Ænima") == "sigur ros and kesha and pinks aenima"
