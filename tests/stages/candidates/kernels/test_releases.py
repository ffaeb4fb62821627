"""Votes for releases: several lists in one call leave nothing behind for the next; by hand: ../test_releases.py."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from recsys.stages.candidates.kernels.releases import most_played

CANONICAL = np.array([0, 0, 2, 2, 2], np.int32)
"""Songs of the tracks 0 and 1, and of 2 to 4."""
HEARD = np.array([0, 2, 4, 5]), np.array([1, 4, 0, 3, 4], np.int32)
"""Of three listeners: 1 and 4, 0 and 3, 4."""


def shown(*lists: list[tuple[int, float]]) -> list[list[int]]:
    """``lists``: who counts, and how much."""
    bounds = np.cumsum([0, *map(len, lists)])
    pairs = [pair for one in lists for pair in one]
    who, much = np.array([one for one, _ in pairs], np.int32), np.array([one for _, one in pairs], np.float64)
    ends, tracks = most_played((bounds, who, much), HEARD, CANONICAL)
    return [tracks[begin:end].tolist() for begin, end in pairwise(ends)]


def test_each_list_by_its_own_voters() -> None:
    assert shown([(0, 1.0)], [], [(1, 1.0)], [(0, 1.0), (1, 2.0)]) == [[1, 4], [], [3], [3]]


def test_votes_add_up() -> None:
    assert shown([(0, 1.0), (1, 1.5), (2, 1.0)]) == [[4]]


def test_who_does_not_count_shows_nothing() -> None:
    assert shown([(0, 0.0)], [(0, 0.0), (2, 0.5)]) == [[], [4]]
