"""Evidence of own tracks and neighbours: by hand, and against plain loops on random worlds."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.matrices.arrays import Ragged
from recsys.stages.rankings.kernels.evidence import Compared, Described, compare_own, count_supporters


def ragged(rows: list[list[int]]) -> Ragged:
    bounds = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    return Ragged(bounds, np.array([one for row in rows for one in row], np.int32))


def compared(
    own: list[list[int]], pairs: list[list[int]], unit: np.ndarray, audio: np.ndarray, artists: list[list[int]]
) -> Compared:
    count = sum(map(len, pairs))
    numbers = [np.full(count, 77, np.int32) for _ in range(4)]
    out = Compared(numbers[0], np.full(count, 7.0), *numbers[1:])
    described = Described(unit, audio, *ragged(artists))
    compare_own(ragged(own), ragged(pairs), described, 1 + max([one for row in artists for one in row], default=0), out)
    return out


UNIT = np.zeros((5, 12))
UNIT[:, :2] = [[1, 0], [0.8, 0.6], [0, 1], [0.6, 0.8], [0, 0]]
AUDIO = np.array([True, True, True, True, False])


def test_by_hand() -> None:
    """Track 4 has no sound; artist 0 made 0, 1 and 4, artist 1 made 2 and, with artist 0, track 3."""
    artists = [[0], [0], [1], [0, 1], [0]]
    evidence = compared([[0, 2], [4], []], [[1, 3, 4], [0], [0]], UNIT, AUDIO, artists)
    assert evidence.nearest.tolist() == [0, 2, -1, -1, -1]
    assert evidence.cosine.tolist() == pytest.approx([0.8, 0.8, -1.0, -1.0, -1.0])
    assert evidence.artist.tolist() == [0, 0, 0, 0, -1]  # the listener likes one track by each of the artists of track 3
    assert evidence.by_artist.tolist() == [1, 1, 1, 1, 0]
    assert evidence.theirs.tolist() == [0, 0, 0, 4, -1]


def test_a_track_is_no_evidence_for_itself() -> None:
    assert compared([[1]], [[1]], UNIT, AUDIO, [[0]] * 5).nearest.tolist() == [-1]


@pytest.mark.parametrize("seed", range(4))
def test_at_random(seed: int) -> None:
    rng = np.random.default_rng(seed)
    unit = rng.normal(size=(30, 12))
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    audio = rng.random(30) < 0.8
    artists = [rng.choice(6, rng.integers(0, 3), replace=False).tolist() for _ in range(30)]
    own = [rng.choice(30, rng.integers(0, 9), replace=False).tolist() for _ in range(7)]
    pairs = [rng.choice(30, 10, replace=False).tolist() for _ in range(7)]
    evidence = compared(own, pairs, unit, audio, artists)
    at = 0
    for liked, asked in zip(own, pairs, strict=True):
        counts = np.bincount([name for track in liked for name in artists[track]], minlength=6)
        for track in asked:
            heard = [other for other in liked if audio[other] and other != track] if audio[track] else []
            cosines = [float(unit[track] @ unit[other]) for other in heard]
            assert evidence.cosine[at] == pytest.approx(max(cosines, default=-1.0))
            assert evidence.nearest[at] == (heard[int(np.argmax(cosines))] if heard else -1)
            assert evidence.by_artist[at] == max([counts[name] for name in artists[track]], default=0)
            if evidence.by_artist[at] and evidence.theirs[at] >= 0:
                assert evidence.artist[at] in artists[evidence.theirs[at]]
                assert evidence.theirs[at] in liked
            at += 1


@pytest.mark.parametrize("seed", range(3))
def test_supporters_at_random(seed: int) -> None:
    rng = np.random.default_rng(seed)
    liked = [rng.choice(20, rng.integers(0, 8), replace=False).tolist() for _ in range(15)]
    neighbors = [rng.choice(15, rng.integers(0, 6), replace=False).tolist() for _ in range(5)]
    pairs = [rng.choice(20, 6, replace=False).tolist() for _ in range(5)]
    out = np.full(30, -1, np.int32)
    count_supporters(ragged(neighbors), ragged(liked), ragged(pairs), 20, out)
    wanted = [
        sum(track in liked[other] for other in others) for others, asked in zip(neighbors, pairs, strict=True) for track in asked
    ]
    assert out.tolist() == wanted
