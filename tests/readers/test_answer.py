"""What both kinds of answer look up: the list's row, titles, and the neighbours who rated a song well."""

from __future__ import annotations

import polars as pl
import pytest

from recsys import NotFoundError
from recsys.readers.answer import SHARED, evidence, list_row, named, nth, titles

LISTS = pl.DataFrame({"user_id": ["u", "u", "v"], "list": ["balanced", "common", "balanced"], "returned": [3, 0, 1]})
TRACKS = pl.DataFrame({"id": ["a", "b", "a"], "title": ["Early", None, "Late"], "artist": ["Ada", "Bel", None]})


def test_the_row_of_a_list() -> None:
    assert list_row({"lists": LISTS}, "u", "common")["returned"] == 0


@pytest.mark.parametrize(
    ("user", "name", "message"),
    [("nobody", "balanced", "'balanced' of listener 'nobody'; unknown listener"), ("u", "nap", "lists: balanced, common$")],
)
def test_unknown_listener_or_list(user: str, name: str, message: str) -> None:
    with pytest.raises(NotFoundError, match=message):
        list_row({"lists": LISTS}, user, name)


def test_of_several_records_of_one_id_the_last_counts() -> None:
    assert named(TRACKS, "a") == ("Late", None)
    assert titles(TRACKS, ["a", "b", "gone"]) == {"a": "Late", "b": None}


def test_evidence_is_of_neighbours_who_rated_any_release_well() -> None:
    neighbors = pl.DataFrame({"user_id": ["u", "u", "u", "v"], "neighbor_id": ["v", "w", "x", "y"]})
    liked = {"u": ["s1", "s2", "s3"], "v": ["song", "s1", "s2"], "w": ["song live", "s2"], "y": ["song", "s3"], "z": ["song"]}
    rows = [(user, track, 1.0) for user, tracks in liked.items() for track in tracks] + [("x", "song", -1.0), ("w", "s1", 0.0)]
    ratings = pl.DataFrame(rows, schema=["user_id", "track_id", "rating"], orient="row")
    tables = {"neighbors": neighbors, "ratings": ratings}
    assert evidence(tables, "u", ["song", "song live"]) == (2, ("s2", "s1"))
    assert evidence(tables, "u", ["song"]) == (1, ("s1", "s2"))
    assert evidence(tables, "u", ["nothing"]) == (0, ())


def test_evidence_names_a_few_tracks_only() -> None:
    many = [f"t{number}" for number in range(SHARED + 3)]
    rows = [(user, track, 1.0) for user in "uv" for track in many] + [("v", "song", 1.0)]
    ratings = pl.DataFrame(rows, schema=["user_id", "track_id", "rating"], orient="row")
    neighbors = pl.DataFrame({"user_id": ["u"], "neighbor_id": ["v"]})
    assert evidence({"neighbors": neighbors, "ratings": ratings}, "u", ["song"]) == (1, tuple(many[:SHARED]))


def test_numbers_in_words() -> None:
    assert [nth(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 102, 1111)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "1,111th",
    ]  # fmt: skip
