from __future__ import annotations

import pytest

from recsys.providers.musicbrainz.artists import _name, readings, similarity


@pytest.mark.parametrize(
    ("wanted", "credited", "same"),
    [
        ("Queen, David Bowie", "David Bowie & Queen", 1.0),
        ("Daft Punk", "Daft Punk feat. Pharrell Williams", 0.9),
        ("Simon & Garfunkel", "Simon and Garfunkel", 1.0),
        ("The Beatles", "Beatles", 1.0),
        ("Motorhead", "Motörhead", 1.0),
        ("Earth, Wind & Fire", "Fire", 0.0),
        ("The Beatles", "The Beatles Karaoke", 0.0),
        ("Art of Noise", "Art", 0.0),
        ("Erik Satie, Pascal Rogé", "Pascal Rogé", 0.9),
        ("Alicia Keys", "JAY‐Z feat. Alicia Keys", 0.0),
        ("", "Anybody", 0.0),
    ],
)
def test_the_same_artists_in_any_order_and_spelling(wanted: str, credited: str, same: float) -> None:
    assert similarity(readings(wanted), readings(credited)) == same


def test_guests_of_the_title_may_be_missing_in_a_credit() -> None:
    wanted, credited = readings("Beyoncé & Somebody"), readings("Beyoncé")
    assert similarity(wanted, credited, ["Somebody"]) == 0.9
    assert (
        similarity(
            readings("Miles Davis feat. Bill Evans"), readings("Miles Davis feat. Paul Chambers"), ["Bill Evans", "Paul Chambers"]
        )
        == 0.9
    )


def test_a_name_is_plain() -> None:
    assert _name("The Roots (US)") == "roots"
    assert _name("The") == "the"
