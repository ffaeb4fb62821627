"""Every artist and genre of the snapshot's tracks, and what follows from them."""

from __future__ import annotations

import polars as pl
import pytest

from recsys import Settings, build
from recsys.stages.credits import credit_tracks, part_names
from recsys.tables import TRACKS
from tests.support.worlds import AS_OF, inputs, of

pytestmark = pytest.mark.slow  # whole runs

ROWS = [
    {"id": "a", "title": "Solo", "artist": "Drake", "genres": ["rock;pop"]},
    {"id": "b", "title": "Duet", "artist": "Rihanna feat. Drake", "genres": ["rock", "Hip-Hop"]},
    {"id": "c", "title": "Song (feat. Drake)", "artist": "Rihanna"},
    {"id": "d", "title": "Both", "artist": "Rihanna & Drake", "genres": []},
    {"id": "e", "title": "Listed", "artists": ["Rihanna", "Drake"], "genres": ["hip hop"]},
    {"id": "f", "title": "Xa", "artist": "Bo"},
    {"id": "g"},
]


def test_credits() -> None:
    tracks = credit_tracks(TRACKS.conform(pl.DataFrame(ROWS, schema_overrides=dict(TRACKS.schema), infer_schema_length=None)))
    both = ["Rihanna", "Drake"]
    assert tracks["artists"].to_list() == [["Drake"], both, both, both, both, ["Bo"], None]
    assert tracks["artist"].to_list()[4:] == ["Rihanna, Drake", "Bo", None]
    assert tracks["genres"].to_list() == [["rock", "pop"], ["rock", "Hip-Hop"], None, [], ["hip hop"], None, None]
    assert tracks.schema == TRACKS.schema
    assert credit_tracks(tracks).equals(tracks)
    assert credit_tracks(TRACKS.empty()).is_empty()


@pytest.mark.parametrize(
    ("artist", "title"),
    [
        *((f"Rihanna{between}Drake", "Song") for between in (";", "|", " · ", " • ", "、", "，", ", ", ",", " / ", "/", r"\\")),
        *(
            (f"Rihanna {word} Drake", "Song")
            for word in (
                "feat.",
                "ft",
                "featuring",
                "f/",
                "w/",
                "with",
                "vs.",
                "x",
                "×",
                "&",
                "and",
                "FEAT.",
                "CON",
                "y",
                "et",
                "und",
            )
        ),
        ("Rihanna ft.Drake", "Song"),
        *(
            ("Rihanna", f"Song {note}")
            for note in ("(feat. Drake)", "[ft.Drake]", "(w/ Drake)", "f/ Drake", "(with Drake)", "(con Drake)")
        ),
    ],
)
def test_every_spelling_of_a_guest_is_looked_at(artist: str, title: str) -> None:
    rows = [{"id": "a", "title": title, "artist": artist}, {"id": "b", "artist": "Rihanna"}, {"id": "c", "artist": "Drake"}]
    tracks = credit_tracks(TRACKS.conform(pl.DataFrame(rows, schema_overrides=dict(TRACKS.schema), infer_schema_length=None)))
    assert tracks["artists"][0].to_list() == ["Rihanna", "Drake"]


def listed(**control: list[str]) -> set[str]:
    tables = build(inputs(ROWS, controls=[{"user_id": "u"} | control]), Settings(), as_of=AS_OF)
    assert tables["checks"].filter(severity="fail")["passed"].all()
    return {row["track_id"] for row in of(tables, "rankings", "u", "balanced")}


def test_a_blocked_artist_does_not_come_back_as_a_guest() -> None:
    assert listed(excluded_artists=["drake"]) == {"f", "g"}
    assert "d" not in listed(excluded_artists=["Rihanna and Drake"])


def test_a_blocked_genre_in_any_spelling() -> None:
    assert listed(excluded_genres=["HIP HOP"]) == {"a", "c", "d", "f", "g"}
    assert "a" not in listed(excluded_genres=["Pop"])


def test_wishes_may_name_several_in_one_text() -> None:
    tracks = credit_tracks(TRACKS.conform(pl.DataFrame(ROWS, schema_overrides=dict(TRACKS.schema), infer_schema_length=None)))
    wishes = pl.DataFrame(
        {
            "excluded_artists": [["Drake, Bo", "Tyler, The Creator", "Rihanna"], None, ["X & Y", "Rihanna & Drake"]],
            "seed_genres": [None, ["rock; pop", "hip-hop"], []],
        }
    )
    parted = part_names(wishes, tracks)
    assert parted["excluded_artists"].to_list() == [
        ["Drake", "Bo", "Tyler, The Creator", "Rihanna"], None, ["X & Y", "Rihanna & Drake"],
    ]  # fmt: skip
    assert parted["seed_genres"].to_list() == [None, ["rock", "pop", "hip-hop"], []]
    assert part_names(tracks.select("id"), tracks).columns == ["id"]


def test_what_is_excluded_in_one_text_stays_away() -> None:
    assert not {"b", "c", "d", "e"} & listed(excluded_artists=["Rihanna; Bo"])
    assert not {"a", "b", "e"} & listed(excluded_genres=["pop, hip hop"])
