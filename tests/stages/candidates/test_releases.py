"""Which release of a song a list shows."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.sparse import csr_array

from recsys import Settings
from recsys.matrices.arrays import Ragged
from recsys.stages.candidates.releases import heard_releases, shown_releases, voters_of
from tests.support.worlds import asked, event, inputs, lists, ranked, track

CANONICAL = np.array([0, 0, 2, 2, 2, 5], np.int32)
"""Songs of the tracks 0 and 1, of 2 to 4, and of 5 alone."""


def shown(voters: list[list[float]], heard: list[list[int]]) -> list[list[int]]:
    plays = np.zeros((len(heard), len(CANONICAL)))
    for listener, tracks in enumerate(heard):
        plays[listener, tracks] = 1
    return [rows.tolist() for rows in shown_releases(csr_array(np.array(voters)), csr_array(plays), CANONICAL)]


def test_the_release_with_most_weight_is_shown() -> None:
    heard = [[1], [0, 3], [0, 4]]
    assert shown([[1, 0, 0], [0, 2, 1], [3, 1, 1], [0, 0, 0]], heard) == [[1], [3], [1, 3], []]


def test_of_equals_the_main_one_then_the_first() -> None:
    assert shown([[1, 1]], [[0], [1]]) == [[]]
    assert shown([[1, 1]], [[4], [3]]) == [[3]]


def test_neighbours_against_count_for_nothing() -> None:
    voters = voters_of(np.array([0, 2]), np.array([0, 1], np.int32), np.array([-1.0, 0.5]), 3)
    assert voters.toarray().tolist() == [[0, 0.5, 0]]


def test_at_random_as_counted_one_by_one() -> None:
    rng = np.random.default_rng(1)
    voters, plays = rng.integers(0, 3, (20, 8)).astype(float), rng.random((8, 6)) < 0.4
    result = shown_releases(csr_array(voters), csr_array(plays.astype(float)), CANONICAL)
    for row, rows in zip(voters, result, strict=True):
        weight = row @ plays
        expected = []
        for song in (0, 2):
            of = np.flatnonzero(song == CANONICAL)
            best = max(of, key=lambda at: (weight[at], at == song, -at))
            expected += [int(best)] if weight[best] > 0 and best != song else []
        assert rows.tolist() == expected


def test_heard_is_the_release_of_each_liked_song_that_was_heard_last() -> None:
    rng = np.random.default_rng(2)
    liked = [np.flatnonzero(rng.random(3) < 0.7).tolist() for _ in range(30)]  # of the songs 0, 2 and 5
    columns = [[(0, 2, 5)[song] for song in songs] for songs in liked]
    other = {row: np.flatnonzero((rng.random(6) < 0.4) & (np.arange(6) != CANONICAL)).astype(np.int32) for row in range(0, 30, 2)}
    bounds = np.cumsum([0, *map(len, columns)])
    positive = Ragged(bounds, np.concatenate(columns).astype(np.int32))
    history = SimpleNamespace(users=[""] * 30, tracks=6, positive=positive, releases=other)
    result = heard_releases(history, np.array([0, 1, 2, 3, 4], np.int32), CANONICAL)  # type: ignore[arg-type]
    for row in range(30):
        last = {int(CANONICAL[release]): int(release) for release in other.get(row, ())}
        expected = sorted(last.get(song, song) for song in columns[row] if song != 5)
        assert np.flatnonzero(result.toarray()[row]).tolist() == expected


def version(name: str, title: str, popularity: float) -> dict[str, object]:
    return track(name, title=title, artist="Ada", popularity=popularity)


@pytest.mark.slow
def test_a_list_shows_the_release_its_circle_plays() -> None:
    """Of two releases the less popular one, where the listeners nearest to one play it; with seeds, where their fans do."""
    others = [track(f"x{number}", title=f"Other {number}", popularity=0.5) for number in range(12)]
    tracks = [version("song", "Song", 0.9), version("song-single", "Song - Single Version", 0.1), *others]
    events = [event(f"near{n}", f"x{at}") for n in range(4) for at in range(6)] + [
        event(f"near{n}", "song-single") for n in range(4)
    ]
    events += [event(f"far{n}", f"x{at}") for n in range(4) for at in range(6, 12)] + [event(f"far{n}", "song") for n in range(4)]
    events += [event("ann", f"x{at}") for at in range(5)] + [event("bob", f"x{at}") for at in range(6, 11)]
    tables = lists(
        inputs(tracks, events, requests=[asked("ann"), asked("bob"), asked("bob", "seeded", seed_track_ids=["x0", "x1"])]),
        Settings(),
    )
    assert {"song", "song-single"} & set(ranked(tables, "ann")) == {"song-single"}
    assert {"song", "song-single"} & set(ranked(tables, "bob")) == {"song"}
    assert {"song", "song-single"} & set(ranked(tables, "bob", "seeded")) == {"song-single"}
