"""Who is measured: by hand, against sorting everything, and without traces in what is used again."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.matrices.arrays import Names, Tracks
from recsys.stages.candidates.kernels.core import (
    DEPTH,
    LOVED,
    Depth,
    Loving,
    RowVotes,
    TrackFacts,
    candidates_to_measure,
    great_votes,
)
from tests.support.blocks import NAMES, at_random, names, plain, ragged, tracks_of

Catalog = tuple[Tracks, TrackFacts]


def catalog_of(artists: list[list[int]]) -> Catalog:
    """Tracks of these artists, each track with a set of its own."""
    count = len(artists)
    tracks = tracks_of(plain(count)._replace(artists=artists))
    none = np.zeros(count)
    return tracks, TrackFacts(none, np.zeros((count, 12)), tracks.artist_indptr, tracks.artist_bearers, none)


def loving(catalog: Catalog, strengths: np.ndarray) -> Loving:
    """``strengths`` (names,) of one subject, who stands between two others."""
    familiar = Names(*_between(names(strengths[None, :])))
    of = [max((strengths[name] for name in row), default=0.0) for row in artists_of(catalog[0])]
    return Loving(familiar, 1, np.array(of))


def _between(own: Names) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    indptr, indices = ragged([[0], own.indices.tolist(), [1, 2]])
    return indptr, indices, np.concatenate([[0.9], own.strength, [0.9, 0.9]])


def artists_of(tracks: Tracks) -> list[list[int]]:
    out: list[list[int]] = [[] for _ in range(len(tracks.audio))]
    for name in range(len(tracks.artist_indptr) - 1):
        for track in tracks.artist_bearers[tracks.artist_indptr[name] : tracks.artist_indptr[name + 1]]:
            out[track].append(name)
    return out


def measure(
    artists: list[list[int]], love: list[float], votes: list[float], measured: int, most: int = 1, rules: list[int] | None = None
) -> tuple[list[int], list[bool]]:
    catalog = catalog_of(artists)
    dropped, mark = np.array(rules or [0] * len(votes), np.uint8), np.zeros(len(votes), np.uint8)
    said = RowVotes(np.array(votes, np.float32), 2.0, 1.5)  # in order like the votes
    great = great_votes(said.share, measured)
    core, counted = candidates_to_measure(
        catalog, loving(catalog, np.array(love)), said, dropped, great, Depth(measured, most), mark
    )
    assert not mark.any()
    return core.tolist(), counted.tolist()


NOBODY = [0.0] * NAMES


class TestByHand:
    def test_the_most_votes_and_who_is_level_with_the_last(self) -> None:
        assert measure([[]] * 6, NOBODY, [0.1, 0.9, 0.5, 0.5, 0, 0.2], 2) == ([1, 2, 3], [True] * 3)

    def test_too_few_votes_measure_everyone(self) -> None:
        assert measure([[]] * 4, NOBODY, [0.1, 0, 0, 0.2], 3) == ([0, 1, 2, 3], [True] * 4)

    def test_what_a_rule_drops_is_neither_counted_nor_measured(self) -> None:
        assert measure([[]] * 4, NOBODY, [0.9, 0.8, 0.7, 0.6], 2, rules=[0, 1, 0, 0]) == ([0, 2], [True] * 2)

    def test_one_in_four_is_there_for_its_artist(self) -> None:
        """Tracks 4 to 6 without votes by artists 0 and 1: the one more loved; equal ones by their votes."""
        artists = [[2]] * 4 + [[0], [1], [1]]
        assert measure(artists, [0.5, 1.0, 0, 0, 0], [0.9, 0.8, 0.7, 0.6, 0, 0, 0.1], LOVED)[0] == [0, 1, 2, 3, 6]

    def test_a_track_of_two_loved_artists_comes_once(self) -> None:
        artists = [[2]] * 8 + [[0, 1], [0]]
        assert measure(artists, [1.0, 1.0, 0, 0, 0], [0.9] * 8 + [0, 0], 8)[0] == [*range(8), 8, 9]

    def test_short_of_a_list_everyone_is_measured_and_some_set_the_scale(self) -> None:
        assert measure([[]] * 4, NOBODY, [0.1, 0.9, 0.5, 0], 2, most=3) == ([0, 1, 2, 3], [False, True, True, False])

    def test_nobody_left(self) -> None:
        assert measure([[]] * 2, NOBODY, [0.1, 0.9], 1, rules=[1, 1]) == ([], [])


def by_sorting(
    artists: list[list[int]], love: np.ndarray, votes: np.ndarray, rules: np.ndarray, measured: int, most: int
) -> tuple[list[int], list[bool]]:
    candidates = np.flatnonzero(rules == 0).tolist()
    voted = [track for track in candidates if votes[track] > 0]
    if len(voted) < measured:
        return candidates, [True] * len(candidates)
    bar = sorted((votes[track] for track in voted), reverse=True)[measured - 1]
    core = {track for track in voted if votes[track] >= bar}
    loves = [max((love[name] for name in row), default=0.0) for row in artists]
    others = [track for track in candidates if loves[track] > 0 and track not in core]
    core |= set(sorted(others, key=lambda track: -(loves[track] + 1e-3 * votes[track]))[: measured // LOVED])
    return (sorted(core), [True] * len(core)) if len(core) >= most else (candidates, [track in core for track in candidates])


@pytest.mark.parametrize("seed", range(40))
def test_brute_force(seed: int) -> None:
    """Every strength and vote its own, so that the order is one; some worlds with few votes or many drops."""
    rng = np.random.default_rng(seed)
    count, measured, most = 40, int(rng.integers(1, 15)), int(rng.integers(1, 25))
    artists = at_random(seed, tracks=count).artists
    artists = [sorted(set(row)) for row in artists]
    love = rng.random(NAMES) * (rng.random(NAMES) < 0.7)
    votes = (rng.random(count) * (rng.random(count) < rng.choice([0.2, 0.9]))).astype(np.float32).astype(np.float64)
    rules = (rng.random(count) < rng.choice([0.0, 0.3, 0.8])).astype(np.uint8)
    wanted = by_sorting(artists, love, votes, rules, measured, most)
    assert measure(artists, love.tolist(), votes.tolist(), measured, most, rules.tolist()) == wanted


@pytest.mark.parametrize("equal", [False, True], ids=["all different", "many ties"])
@pytest.mark.parametrize("measured", [1, 5, 60, 5000])
def test_great_votes_hold_every_great_one(measured: int, equal: bool) -> None:
    """Of a long catalogue a sample says where great votes begin: whoever is chosen has more than whoever is not."""
    rng = np.random.default_rng(measured)
    votes = (np.round(rng.random(9000), 2 if equal else 12) * (rng.random(9000) < 0.8)).astype(np.float32)
    chosen = great_votes(votes, measured)
    assert chosen.tolist() == sorted(set(chosen.tolist()))
    assert len(chosen) >= min(measured, np.count_nonzero(votes))
    others = np.delete(votes, chosen)
    assert votes[chosen].min() > others.max(initial=0.0)
    if len(votes) <= 2 * DEPTH * measured:
        assert len(chosen) == np.count_nonzero(votes)
