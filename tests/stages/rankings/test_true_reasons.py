"""Reasons where they are easily untrue: what was disliked in the end, what a list starts from, other releases of a seed."""

from __future__ import annotations

import polars as pl
import pytest

from recsys import Settings
from tests.support.worlds import Row, asked, event, inputs, lists, of, ranked, track

pytestmark = pytest.mark.slow  # whole lists

SOUNDS = [{"energy": 0.1, "acousticness": 0.9}, {"energy": 0.9, "acousticness": 0.1}]
TRACKS = [
    track(f"t{number:02}", title=f"Song {number:02}", artist=f"Band {number % 8}", popularity=number / 50, **SOUNDS[number % 2])
    for number in range(40)
]
CROWD = [event(f"c{user}", f"t{(user * 7 + step * 5) % 40:02}") for user in range(10) for step in range(8)]


def made(events: list[Row], requests: list[Row] | None = None, tracks: list[Row] | None = None) -> dict[str, pl.DataFrame]:
    return lists(inputs([*TRACKS, *(tracks or ())], [*CROWD, *events], requests=requests or ()), Settings())


def test_what_is_disliked_in_the_end_is_not_said_to_be_liked() -> None:
    """u played t00 most of all, and dislikes it now; t08 is by the same artist and sounds alike."""
    played = [event("u", "t00", "play", days, completed_ms=200_000) for days in range(5, 15)]
    loves = [event("u", "t01", days=20), event("u", "t03", days=20)]
    for more, said in (([], True), ([event("u", "t00", "dislike", 1.0)], False)):
        rows = [row for name in ("balanced", "comfort") for row in of(made([*played, *loves, *more]), "rankings", "u", name)]
        assert any("Song 00" in row["reason"] for row in rows) == said


def test_nobody_supports_what_they_dislike_in_the_end() -> None:
    """All of u's neighbours play t00 much; then all but one dislike it."""
    shared = [event(user, name) for user in ("u", "v", "w", "x") for name in ("t01", "t03", "t10", "t12")]
    played = [event(user, "t00", "play", days, completed_ms=200_000) for user in "vwx" for days in range(5, 15)]
    for more, count in (([], 3), ([event(user, "t00", "dislike", 1.0) for user in "vw"], 1)):
        tables = made([*shared, *played, *more], [asked("u", limit=100)])
        assert next(row["supporters"] for row in of(tables, "rankings", "u") if row["track_id"] == "t00") == count


def test_a_list_that_starts_from_an_artist_or_genre_says_so() -> None:
    own = [event("u", name) for name in ("t01", "t03", "t07")]
    tables = made(
        own, [asked("u", "artist", seed_artists=["band 4"], limit=8), asked("u", "both", seed_artists=["Band 4", "Band 6"])]
    )
    goes = [row for row in of(tables, "rankings", "u", "artist") if row["reason_code"] == "seed"]
    assert len(goes) > 4
    assert {row["reason"] for row in goes} == {"Goes with Band 4, a seed of this list"}
    artists = {one["id"]: one["artist"] for one in TRACKS}
    assert {artists[one["track_id"]] for row in goes for one in row["because"]} == {"Band 4"}
    both = [row["reason_args"] for row in of(tables, "rankings", "u", "both") if row["reason_code"] == "seed"]
    assert both
    assert {name for args in both for name in args} <= {"Band 4", "Band 6"}
    assert all(len(args) == len(set(args)) for args in both)
    assert "own_tracks" not in {row["reason_code"] for row in of(tables, "rankings", "u", "both")}


def test_another_release_of_a_seed_starts_the_same_list() -> None:
    """Those who like the song are stored under its main release."""
    again = track("t03 again", title="Song 03 (2011 Remaster)", artist="Band 3", popularity=0.0, **SOUNDS[1])
    wishes = [asked("u", name, limit=8, seed_track_ids=[name]) for name in ("t03", "t03 again")]
    tables = made([event("u", "t01"), event("u", "t07")], wishes, [again])
    one, other = (
        {(row["track_id"], row["collaborative"]) for row in of(tables, "rankings", "u", name)} for name in ("t03", "t03 again")
    )
    assert one == other
    assert {row["reason_code"] for row in of(tables, "rankings", "u", "t03 again")} >= {"seed"}
    assert not {"t03", "t03 again"} & {*ranked(tables, "u", "t03"), *ranked(tables, "u", "t03 again")}
