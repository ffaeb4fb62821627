"""Leaving tracks out of a stored list: what passes, what fills the gaps, and that a list is never longer or wider."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from recsys.lake import Run
from recsys.lookup.languages import POOL_REASONS
from recsys.lookup.narrowing import Limits, _Wanted, credited, narrowed
from recsys.lookup.query import Query
from recsys.lookup.reader import Reader

LIST = "/v1/users/demo-u001/recommendations"
TRACK: dict[str, Any] = {
    "title": None,
    "id": "t",
    "artist": "Ada & Bo",
    "artists": ["Ada", "Bo"],
    "genres": ["Rock"],
    "popularity": 0.5,
    "explicit": False,
    "song_key": "s",
}


def track(**values: Any) -> dict[str, Any]:
    return TRACK | values


@pytest.mark.parametrize(
    ("wish", "passes"),
    [
        ({}, True),
        ({"exclude_track": ("t",)}, False),
        ({"exclude_track": ("T",)}, True),
        ({"exclude_artist": (" BO ",)}, False),
        ({"exclude_artist": ("ada & bo",)}, False),
        ({"exclude_artist": ("Bob",)}, True),
        ({"exclude_genre": ("ROCK ",)}, False),
        ({"exclude_genre": ("Rock'n'Roll",)}, True),
        ({"min_popularity": 0.5}, True),
        ({"min_popularity": 0.51}, False),
        ({"max_popularity": 0.5}, True),
        ({"max_popularity": 0.49}, False),
    ],
)
def test_what_passes(wish: dict[str, Any], passes: bool) -> None:
    assert _Wanted(Query(**wish))(track()) is passes


def test_what_is_not_known_of_a_track_excludes_nothing_but_by_popularity() -> None:
    bare = track(artist=None, artists=None, genres=None, popularity=None)
    assert _Wanted(Query(exclude_artist=("Ada",), exclude_genre=("Rock",)))(bare)
    assert not _Wanted(Query(min_popularity=0.1))(bare)
    assert not _Wanted(Query(include_explicit=False))(track(explicit=True))
    assert credited(track()) == {"ada & bo", "ada", "bo"}
    assert credited(bare) == set()


class Ran:
    """What of a reader the limits read."""

    def __init__(self, **settings: Any) -> None:
        self.run = self
        self.manifest = self
        self.settings = settings


def test_the_limits_of_the_run_count_what_is_there() -> None:
    limits = Limits(Ran(max_per_artist=2, one_version_per_song=True), [track(id="1", song_key="a")])  # type: ignore[arg-type]
    assert not limits.take(track(id="2", song_key="a", artist="Eve", artists=None))
    assert limits.take(track(id="3", song_key="b", artist="Bo", artists=None))
    assert not limits.take(track(id="4", song_key="c", artist="bo", artists=["Eve"]))
    assert limits.take(track(id="5", song_key=None, artist="Eve", artists=None))
    assert not limits.take(track(id="5", song_key=None, artist="Cem", artists=None))
    assert limits.take(track(id="6", song_key="d", title="Song", artist="Cem", artists=None))
    assert not limits.take(track(id="7", song_key="e", title="Song (Live)", artist="CEM", artists=None))


def test_without_limits_everything_is_taken() -> None:
    limits = Limits(Ran(max_per_artist=0, one_version_per_song=False), [])  # type: ignore[arg-type]
    assert all(limits.take(track()) for _ in range(5))


def test_nothing_excluded_is_the_list_itself(reader: Reader) -> None:
    listed = reader.find_list(reader.listener("demo-u001"), "balanced")
    stored = orjson.loads(b"[%b]" % reader.rows(listed, 0, 100))
    assert narrowed(reader, listed, Query()) == stored


def test_all_excluded_leaves_the_pool_and_then_nothing(reader: Reader) -> None:
    listed = reader.find_list(reader.listener("demo-u001"), "balanced")
    own = tuple(reader.track(number)["id"] for number in reader.ranked(listed))
    rows = narrowed(reader, listed, Query(exclude_track=own))
    assert {row["source"] for row in rows} == {"pool"}
    assert len(rows) <= listed.rows_count
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)
    assert narrowed(reader, listed, Query(min_popularity=1.0, max_popularity=0.0)) == []


def test_narrowing_fills_from_the_pool_and_never_widens(client: httpx.Client, run: Run) -> None:
    first = client.get(LIST).json()["data"]
    artist, genre = first[0]["track"]["artist"], first[1]["track"]["genres"][0]
    answer = client.get(
        LIST, params={"exclude_artist": artist.upper(), "exclude_genre": f" {genre} ", "exclude_track": first[2]["track"]["id"]}
    )
    rows = answer.json()["data"]
    pool = run.read("candidates").filter(user_id="demo-u001", list="balanced")["track_id"].to_list()
    assert {row["track"]["id"] for row in rows} <= {*pool, *(row["track"]["id"] for row in first)}
    assert 0 < len(rows) <= len(first)
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    for row in rows:
        assert artist not in row["track"]["artists"]
        assert genre not in row["track"]["genres"]
    kept = [row["track"]["id"] for row in first if any(row["track"]["id"] == other["track"]["id"] for other in rows)]
    assert [row["track"]["id"] for row in rows[: len(kept)]] == kept
    assert {row["reason"] for row in rows if row["source"] == "pool"} <= {POOL_REASONS["en"]}
    assert any(row["source"] == "pool" for row in rows)


@pytest.mark.parametrize(
    "bounds", [{"min_popularity": "0.5"}, {"max_popularity": "0.2"}, {"min_popularity": "0.3", "max_popularity": "0.4"}]
)
def test_popularity_bounds_hold(client: httpx.Client, bounds: dict[str, str]) -> None:
    for row in client.get(LIST, params=bounds).json()["data"]:
        assert float(bounds.get("min_popularity", 0)) <= row["track"]["popularity"] <= float(bounds.get("max_popularity", 1))


def test_explicit_tracks_can_be_left_out(client: httpx.Client) -> None:
    for user in ("demo-u001", "demo-u002", "demo-u003", "demo-u014"):
        rows = client.get(f"/v1/users/{user}/recommendations", params={"include_explicit": "false"}).json()["data"]
        assert not any(row["track"]["explicit"] for row in rows)
