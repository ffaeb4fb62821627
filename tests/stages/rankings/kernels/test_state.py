"""What is known about the picks so far: by hand, against looking through all picks, and empty again after every list."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.matrices.arrays import Items
from recsys.stages.rankings.kernels.state import (
    HEARD,
    NEVER,
    SAME_ARTIST,
    SAME_GENRE,
    SILENT,
    UNRELATED,
    PickState,
    by_names,
    clear,
    empty_state,
    enter,
    first_with,
    full,
)

TRACKS = 24


def ragged(rows: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.cumsum([0, *map(len, rows)]), np.array([name for row in rows for name in row], np.int32)


def tracks(
    audio: list[bool],
    artist: list[int],
    genres: list[list[int]],
    credited: list[list[int]],
    song: list[int],
) -> Items:
    unit = np.zeros((len(audio), 12))
    unit[np.arange(len(audio)), np.arange(len(audio)) % 12] = 1.0
    return Items(
        unit, np.array(audio), np.array(artist, np.int32), *ragged(genres), *ragged(credited), np.array(song, np.int32)
    )  # fmt: skip


def at_random(seed: int) -> Items:
    rng = np.random.default_rng(seed)

    def names(most: int) -> list[list[int]]:
        return [sorted(rng.choice(most, rng.integers(0, 3), replace=False).tolist()) for _ in range(TRACKS)]

    artist, song = rng.integers(-1, 5, TRACKS).tolist(), rng.integers(-1, 9, TRACKS).tolist()
    return tracks((rng.random(TRACKS) < 0.6).tolist(), artist, names(6), names(7), song)


def nearest(items: Items, track: int, kind: int, state: PickState) -> tuple[float, int]:
    """Distance and turn of the nearest pick by names."""
    names = first_with(track, kind, items.artist, state.artist, items.genres_indptr, items.genres_indices, state.genre)
    return by_names(*names, state.turns[kind], 1.0)


def row(indptr: np.ndarray, indices: np.ndarray, track: int) -> set[int]:
    return set(indices[indptr[track] : indptr[track + 1]].tolist())


def apart(items: Items, one: int, other: int) -> float:
    if items.artist[one] >= 0 and items.artist[one] == items.artist[other]:
        return SAME_ARTIST
    shared = row(items.genres_indptr, items.genres_indices, one) & row(items.genres_indptr, items.genres_indices, other)
    return SAME_GENRE if shared else UNRELATED


HAND = tracks([True, False, True], [0, 1, -1], [[0], [0, 1], [1]], [[0], [0, 1], []], [0, -1, 1])


def test_by_hand() -> None:
    """Track 0 with sound, then 1 without: distances to both kinds of picks, credits and songs."""
    state = empty_state(HAND, 3)
    enter(HAND, 0, 0, True, state)
    assert nearest(HAND, 0, 0, state) == (SAME_ARTIST, 0)
    assert nearest(HAND, 1, 0, state) == (SAME_GENRE, 0)
    assert nearest(HAND, 2, 0, state) == (UNRELATED, 0)
    assert state.turns.tolist() == [0, NEVER, 1]
    enter(HAND, 1, 1, True, state)
    assert nearest(HAND, 2, 0, state) == nearest(HAND, 2, SILENT, state) == (SAME_GENRE, 1)
    assert state.turns.tolist() == [0, 1, 1]
    assert state.heard[: state.turns[HEARD]].tolist() == [0]
    assert state.unit[0].tolist() == HAND.unit[0].tolist()
    assert state.credits.tolist() == [2, 1]
    assert state.song.tolist() == [True, False]


@pytest.mark.parametrize(("cap", "wanted"), [(1, [True, True, False]), (2, [True, True, False]), (3, [False] * 3)])
def test_an_artist_is_full_at_the_cap(cap: int, wanted: list[bool]) -> None:
    state = empty_state(HAND, 3)
    for track in (0, 1):
        enter(HAND, track, track, True, state)
    assert [full(track, cap, HAND.credits_indptr, HAND.credits_indices, state.credits) for track in range(3)] == wanted


def test_without_variety_only_credits_and_songs_count() -> None:
    state = empty_state(HAND, 3)
    enter(HAND, 0, 0, False, state)
    assert state.turns.tolist() == [NEVER, NEVER, 0]
    assert (state.artist == NEVER).all()
    assert (state.genre == NEVER).all()
    assert (state.credits.tolist(), state.song.tolist()) == ([1, 0], [True, False])


@pytest.mark.parametrize("seed", range(6))
def test_against_all_picks(seed: int) -> None:
    """After every pick: the nearest by names is the first at the least distance, credits and songs are counted."""
    rng, items = np.random.default_rng(seed), at_random(seed)
    state, picks = empty_state(items, TRACKS), rng.permutation(TRACKS)[:15].tolist()
    for turn, pick in enumerate(picks):
        enter(items, pick, turn, True, state)
        chosen = picks[: turn + 1]
        for kind in (0, SILENT):
            among = [other for other in chosen if kind == 0 or not items.audio[other]]
            for track in range(TRACKS):
                distances = [apart(items, track, other) for other in among]
                first = chosen.index(among[int(np.argmin(distances))]) if among else NEVER
                assert nearest(items, track, kind, state) == (min(distances, default=UNRELATED), first)
        heard = [at for at, other in enumerate(chosen) if items.audio[other]]
        assert state.heard[: state.turns[HEARD]].tolist() == heard
        assert state.unit[: state.turns[HEARD]].tolist() == items.unit[[chosen[at] for at in heard]].tolist()
        credited = [name for other in chosen for name in row(items.credits_indptr, items.credits_indices, other)]
        assert state.credits.tolist() == np.bincount(credited, minlength=len(state.credits)).tolist()
        assert set(np.flatnonzero(state.song).tolist()) == {int(items.song[other]) for other in chosen} - {-1}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("varied", [True, False])
def test_cleared_is_as_new(seed: int, varied: bool) -> None:
    items = at_random(seed)
    state, new = empty_state(items, TRACKS), empty_state(items, TRACKS)
    candidates, picks = np.arange(5, TRACKS, dtype=np.int32), np.array([0, 3, 7, 12, 18], np.int32)
    for turn, pick in enumerate(picks.tolist()):
        enter(items, candidates[pick], turn, varied, state)
    clear(items, candidates, picks, state)
    for name in set(PickState._fields) - {"heard", "unit"}:
        assert getattr(state, name).tolist() == getattr(new, name).tolist(), name


def test_no_tracks() -> None:
    state = empty_state(tracks([], [], [], [], []), 3)
    assert [len(state.credits), len(state.song), state.genre.shape[1]] == [0, 0, 0]
