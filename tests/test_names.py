"""Names: spellings of one name, titles of one song, artists in a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.names import Artists, genres, key, title_key, version, work_key, work_name

SAME = [
    ("Beyoncé", "Beyonce\u0301", "BEYONCE", "Ｂｅｙｏｎｃｅ"),
    ("Guns N' Roses", "Guns N’ Roses", "guns n‘ roses"),
    ("The Beatles", "Beatles", "beatles, the", "THE  BEATLES"),
    ("Simon & Garfunkel", "Simon and Garfunkel", "Simon ＆ Garfunkel"),
    ("Hip-Hop", "hip hop", "Hip‐Hop", "HIP–HOP"),
    ("Σίσυφος", "ΣΊΣΥΦΟΣ", "σίσυφοσ"),
    ("R.E.M.", "REM"),
    ("Straße", "STRASSE"),
    ("AC/DC", "ac dc"),
]


@pytest.mark.parametrize("names", SAME, ids=lambda names: names[0])
def test_one_name_in_many_spellings(names: tuple[str, ...]) -> None:
    assert len({key(name) for name in names}) == 1


def test_signs_that_nobody_sees_part_no_name() -> None:
    assert {key(name) for name in ("Ab\u200bba", "A\u00adbba", "\ufeffAbba", "Abba\u200e")} == {"abba"}


def test_names_that_differ() -> None:
    names = ["The The", "The", "÷", "+", "???", "X", "Х", "ガ", "カ", "!!!", "Mø", "M"]
    assert len({key(name) for name in names}) == len(names)
    assert key(" \t") == ""


@given(st.text(max_size=20))
def test_a_key_is_its_own_key(name: str) -> None:
    assert key(key(name)).removeprefix("the ") == key(name).removeprefix("the ") or not key(name).isascii()
    assert key(f"  {name}  ") == key(name)


@pytest.mark.parametrize(
    "title",
    [
        "Song", "Song - 2011 Remaster", "Song (Remastered 2009)", "Song [Mono]", "Song (feat. Drake)", "Song feat. Drake & Co",
        "Song - Single Version", "SONG (Deluxe Edition)", "Song - Radio Edit", "Song (Bonus Track)", "Song (with Drake)",
        "Song (Original Mix)", "Song - From the Motion Picture Soundtrack", "Song (2015 Stereo Mix)", "Song - 2011 Mix",
        "Song (Lyrics)", "Song [HD]", "Song (Remasterizado)", "Song - Remasterisé 2009", "Song ‐ Remastered",
        "Song (Music Video)",
        "Song (Full Version)", "Song (Visualizer)", 'Song (7" Edit)', "Song - UK Single Version", "Song (Super Deluxe Edition)",
    ],
)  # fmt: skip
def test_releases_of_one_song(title: str) -> None:
    assert title_key(title) == "song"


def test_other_songs() -> None:
    titles = [
        "Song", "Song (Live)", "Song - Club Remix", "Song (Karaoke Version)", "Song - Acoustic", "Song (Taylor's Version)",
        "Song, Pt. 2", "Song (Part 2)", "Song (Instrumental)", "Song (Live at Wembley)", "Song - Demo", "Songs",
        "Song (8D Audio)", "Song (Piano Version)", "Song - Bob Edit", "Song (Spanish Version)", "Song (Versión en Español)",
        "Song (Lullaby Version)", "Song (Sped Up)", "Song (Slowed + Reverb)", "Song (En Vivo)", "Song (Nightcore)",
    ]  # fmt: skip
    assert len(set(map(title_key, titles))) == len(titles)
    assert title_key("Song (Live) [2011 Remaster]") == title_key("Song - Live")
    assert title_key("(Remaster)")
    for note in ("Sped Up", "Acoustic", "Karaoke", "Live"):
        assert title_key(f"Song ({note})") == title_key(f"Song - {note} Version") == title_key(f"Song ({note}) [2009 Remaster]")
        assert version(f"Song ({note})") == version(f"Song - {note} Version") == note.lower()
    assert version("Song (Piano Version)") == "piano version"
    assert not version("Song - Single Version") + version("Song (Official Video)") + version("Song (Part 2)")
    assert title_key("(I Can't Get No) Satisfaction") == title_key("(I Can’t Get No) Satisfaction - Mono")


def test_versions_of_one_work() -> None:
    versions = [
        "Song", "Song - Extended Version", "Song (Live)", "Song - Live at Wembley - 2009 Remaster", "Song (Club Remix) [feat. X]",
        "Song - Acoustic", "Song (Taylor's Version)", "Song - Radio Edit", "Song feat. X", "SONG (Instrumental)",
        "Song - Re-Recorded", "Song (Reloaded)", "Song (Piano Version)", "Song - Bob Edit", "Song (8D Audio)",
    ]  # fmt: skip
    assert set(map(work_key, versions)) == {"song"}
    others = ["Song - Pt. 2", "Song (Part 3)", "Songs", "Song - II. Allegro", "(Live)", ""]
    assert len({"song", *map(work_key, others)}) == 1 + len(others)


KNOWN = Artists.of(
    [
        ("Rihanna", None, 2),
        ("Drake", None, 1),
        ("Jay-Z", None, 1),
        (None, ["Tyler, The Creator", "Kali Uchis"], 1),
        ("Simon & Garfunkel", None, 3),
    ]
)


@pytest.mark.parametrize(
    ("artist", "title", "expected"),
    [
        ("Rihanna feat. Drake", None, ["Rihanna", "Drake"]),
        ("Rihanna ft. New Guest", None, ["Rihanna", "New Guest"]),
        ("Rihanna, Drake", None, ["Rihanna", "Drake"]),
        ("New One, New Two", None, ["New One", "New Two"]),
        ("Rihanna & Drake", None, ["Rihanna", "Drake"]),
        ("Rihanna, Drake & Jay Z", None, ["Rihanna", "Drake", "Jay Z"]),
        ("Rihanna x Drake", None, ["Rihanna", "Drake"]),
        ("Rihanna / Drake", None, ["Rihanna", "Drake"]),
        ("Rihanna/Drake", None, ["Rihanna", "Drake"]),
        ("Artist A;Artist B", None, ["Artist A", "Artist B"]),
        ("Artist A · Artist B", None, ["Artist A", "Artist B"]),
        ("Artist A、Artist B", None, ["Artist A", "Artist B"]),
        (r"Artist A\\Artist B", None, ["Artist A", "Artist B"]),
        ("Rihanna,Drake", None, ["Rihanna", "Drake"]),
        ("10,000 Maniacs", None, ["10,000 Maniacs"]),
        ("New One, New Two, and Drake", None, ["New One", "New Two", "Drake"]),
        ("Rihanna feat.Drake", None, ["Rihanna", "Drake"]),
        ("Rihanna Ft.Drake", "Song (ft.Jay-Z)", ["Rihanna", "Drake", "Jay-Z"]),
        ("Rihanna f/ Drake", None, ["Rihanna", "Drake"]),
        ("Rihanna duet with Drake", None, ["Rihanna", "Drake"]),
        ("Rihanna w/ Drake", "Song w/o You", ["Rihanna", "Drake"]),
        ("Featherweight", "Featuring You", ["Featherweight"]),
        ("Rihanna", "Song (feat. Drake)", ["Rihanna", "Drake"]),
        ("Rihanna", "Song (feat. New One & New Two)", ["Rihanna", "New One", "New Two"]),
        ("Rihanna", "Song [with Drake]", ["Rihanna", "Drake"]),
        ("Rihanna", "Song feat. Drake - Remix", ["Rihanna", "Drake"]),
        ("Rihanna feat. Drake", "Song (feat. drake)", ["Rihanna", "Drake"]),
        ("Rihanna (feat. Drake)", None, ["Rihanna", "Drake"]),
        ("Rihanna", "Dancing (With Tears in My Eyes)", ["Rihanna"]),
        ("Tyler, The Creator", None, ["Tyler, The Creator"]),
        ("Simon & Garfunkel", None, ["Simon & Garfunkel"]),
        ("Earth, Wind & Fire", None, ["Earth, Wind & Fire"]),
        ("Crosby, Stills, Nash & Young", None, ["Crosby, Stills, Nash & Young"]),
        ("AC/DC", None, ["AC/DC"]),
        ("Bob & The Wailers", None, ["Bob & The Wailers"]),
        ("Florence + The Machine", None, ["Florence + The Machine"]),
        ("Malcolm X", None, ["Malcolm X"]),
        ("Rihanna & New Guest", None, ["Rihanna", "New Guest"]),
        ("New Host FEAT. New One & New Two", None, ["New Host", "New One", "New Two"]),
        ("New Host, Featuring New One, New Two and Drake", None, ["New Host", "New One", "New Two", "Drake"]),
        ("New Host feat: New One", None, ["New Host", "New One"]),
        ("New Host ft Bob & The Wailers", None, ["New Host", "Bob & The Wailers"]),
        (
            "New Host ft. Duke & his Orchestra",
            "Song FT. Celia y Su Orquesta",
            ["New Host", "Duke & his Orchestra", "Celia y Su Orquesta"],
        ),
        ("New Host ft. Simon & Garfunkel", "Song (FEAT. Simon & Garfunkel)", ["New Host", "Simon & Garfunkel"]),
        ("Rihanna con Drake", None, ["Rihanna", "Drake"]),
        ("Rihanna CON Drake Y Jay-Z", None, ["Rihanna", "Drake", "Jay-Z"]),
        ("New One, Rihanna et Drake", None, ["New One", "Rihanna", "Drake"]),
        ("Rihanna und Drake", None, ["Rihanna", "Drake"]),
        ("Rihanna y New Guest", None, ["Rihanna y New Guest"]),
        ("Der Ringer und Freunde", None, ["Der Ringer und Freunde"]),
        ("Sigur Rós og Drake", None, ["Sigur Rós og Drake"]),
        ("Belle et Sebastian", None, ["Belle et Sebastian"]),
        ("Rihanna", "Sola (con Drake)", ["Rihanna", "Drake"]),
        ("Rihanna", "Sola (con el alma)", ["Rihanna"]),
        (None, None, []),
        (" ", None, []),
    ],
)
def test_credited(artist: str | None, title: str | None, expected: list[str]) -> None:
    assert KNOWN.credited(artist, None, title) == expected


def test_lists_of_artists() -> None:
    assert KNOWN.credited("x", ["Simon & Drake", "Rihanna"]) == ["Simon & Drake", "Rihanna"]
    assert KNOWN.credited(None, ["Artist A;Artist B"]) == ["Artist A", "Artist B"]
    assert KNOWN.credited("Kali Uchis feat. Tyler, The Creator") == ["Kali Uchis", "Tyler, The Creator"]
    duo = Artists.of([("Belle", None, 1), ("Sebastian", None, 1), (None, ["Belle et Sebastian", "Drake"], 1)])
    assert duo.credited("Belle et Sebastian") == ["Belle et Sebastian"]


def test_genres() -> None:
    assert genres(["rock, pop", "Rock"]) == ["rock", "pop"]
    assert genres(["rock,pop"]) == ["rock", "pop"]
    assert genres(["singer/songwriter", "R&B", ""]) == ["singer/songwriter", "R&B"]


def test_the_name_of_a_work_needs_an_artist_and_a_title() -> None:
    assert work_name("The Ánd", "Song (Live)") == work_name("and", "song") is not None
    assert work_name("a b", "c") != work_name("a", "b c")
    assert [work_name(*names) for names in ((None, "x"), ("x", None), (" ", "x"), ("", ""))] == [None] * 4
