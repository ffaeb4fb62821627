"""What both kinds of answer look up: the list's row, titles, and the neighbours who rated a song well."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from recsys import NotFoundError
from recsys.readers.answer import SHARED, evidence, list_row, named, not_a_candidate, nth, titles

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
    ratings = pl.DataFrame(rows, schema=["user_id", "track_id", "rating"], orient="row").with_columns(rejected=False)
    tables = {"neighbors": neighbors, "ratings": ratings}
    assert evidence(tables, "u", ["song", "song live"]) == (2, ("s2", "s1"))
    assert evidence(tables, "u", ["song"]) == (1, ("s1", "s2"))
    assert evidence(tables, "u", ["nothing"]) == (0, ())


def test_what_is_disliked_in_the_end_is_no_evidence_however_often_it_was_played() -> None:
    """v played both much and dislikes the song since; u dislikes what w shares."""
    rows = [
        ("u", "s1", False),
        ("u", "s2", True),
        ("v", "song", True),
        ("v", "s1", False),
        ("w", "song", False),
        ("w", "s2", False),
    ]
    ratings = pl.DataFrame(rows, schema=["user_id", "track_id", "rejected"], orient="row").with_columns(rating=3.0)
    neighbors = pl.DataFrame({"user_id": ["u", "u"], "neighbor_id": ["v", "w"]})
    assert evidence({"neighbors": neighbors, "ratings": ratings}, "u", ["song"]) == (1, ())


def test_evidence_names_a_few_tracks_only() -> None:
    many = [f"t{number}" for number in range(SHARED + 3)]
    rows = [(user, track, 1.0) for user in "uv" for track in many] + [("v", "song", 1.0)]
    ratings = pl.DataFrame(rows, schema=["user_id", "track_id", "rating"], orient="row").with_columns(rejected=False)
    neighbors = pl.DataFrame({"user_id": ["u"], "neighbor_id": ["v"]})
    assert evidence({"neighbors": neighbors, "ratings": ratings}, "u", ["song"]) == (1, tuple(many[:SHARED]))


@pytest.mark.parametrize(
    ("rated", "words"),
    [
        (None, "a seed of this list"),
        ({"known": False, "rejected": False, "rating": -0.55, "positive": 0.0}, "a seed of this list"),
        ({"known": True, "rejected": False, "rating": 1.0, "positive": 1.0}, "already liked"),
        ({"known": True, "rejected": True, "rating": 1.25, "positive": 2.25}, "heard before, and disliked or hidden since"),
        ({"known": True, "rejected": False, "rating": -0.65, "positive": 0.45}, "heard before, and skipped more than liked"),
        ({"known": True, "rejected": False, "rating": 0.0, "positive": 0.0}, "heard before"),  # in an ignored context
    ],
)
def test_what_became_of_a_known_track(rated: dict[str, Any] | None, words: str) -> None:
    assert not_a_candidate("known", rated) == f"not a candidate: {words}"
    assert not_a_candidate("rejected", rated) == "not a candidate: disliked or hidden by the listener"


def test_numbers_in_words() -> None:
    assert [nth(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 102, 1111)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "1,111th",
    ]  # fmt: skip
