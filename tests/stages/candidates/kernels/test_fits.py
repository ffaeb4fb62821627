"""Content, distance and safety against hand tables and a brute-force reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.matrices.arrays import Weights
from tests.support.blocks import FIXED, NAMES, WEIGHTS, Block, at_random, plain, run


def strengths(artist: float = 0, genre: float = 0, bad_artist: float = 0, bad_genre: float = 0) -> np.ndarray:
    """What one listener feels for artist 0 and genre 1, those of every plain track."""
    result = np.zeros((1, 4, NAMES))
    result[0, [0, 1, 2, 3], [0, 1, 0, 1]] = artist, genre, bad_artist, bad_genre
    return result


@pytest.mark.parametrize(
    ("artist", "genre", "floor", "expected"),
    [
        (0.0, 0.0, 0.0, 0.42),
        (0.0, 0.5, 0.0, 0.32 + 0.68 * 0.5),
        (0.5, 0.0, 0.0, 0.38 + 0.62 * 0.5),
        (0.5, 0.5, 0.0, 0.48 * 0.5 + 0.52 * 0.5),
        (0.1, 0.1, 0.0, 0.1),
        (0.1, 0.1, 0.42, 0.42),
        (0.0, 0.1, 0.42, 0.42),
        (1.0, 1.0, 0.42, 1.0),
    ],
)
def test_metadata_affinity(artist: float, genre: float, floor: float, expected: float) -> None:
    block, weights = plain()._replace(strengths=strengths(artist, genre)), WEIGHTS._replace(floor=floor)
    heard, unheard = run(block, weights).fits, run(block._replace(audio=np.array([False])), weights).fits
    assert heard.content[0, 0] == pytest.approx(0.78 + 0.22 * expected)
    assert unheard.content[0, 0] == pytest.approx(expected)


@pytest.mark.parametrize(("artist", "genre", "expected"), [(0, 0, 0), (1, 0, 0.9), (0, 1, 0.7), (0.5, 1, 0.7), (1, 1, 0.9)])
def test_negative_affinity_and_quality_lower_safety(artist: float, genre: float, expected: float) -> None:
    block = plain()._replace(strengths=strengths(bad_artist=artist, bad_genre=genre))
    for penalty in (0.0, 0.3, 1.5):
        safety = run(block._replace(penalty=np.array([penalty]))).fits.safety
        assert safety[0, 0] == pytest.approx(max(0, 1 - penalty) * (1 - 0.52 * expected))


@pytest.mark.parametrize("missing", ["heard", "audio"])
def test_without_sound_metadata_decides(missing: str) -> None:
    fits = run(plain()._replace(**{missing: np.array([False])})).fits
    assert fits.content[0, 0] == 0.42
    assert np.isnan(fits.distance[0, 0])


def test_only_counted_features_enter_the_cosine() -> None:
    half = np.array([1.0] * 6 + [0.0] * 6)
    block = plain(2)._replace(features=np.stack([half, 1 - half]))
    assert run(block).fits.distance[0] == pytest.approx([1 - np.sqrt(0.5)] * 2)
    assert run(block, counted=half).fits.distance[0] == pytest.approx([0, 1])


def test_nothing_to_compare_is_the_greatest_distance() -> None:
    assert run(plain()._replace(taste=np.zeros((1, 12)))).fits.distance.tolist() == [[1.0]]
    assert run(plain()._replace(features=np.zeros((1, 12)))).fits.distance.tolist() == [[1.0]]


def test_no_names_at_all() -> None:
    assert run(plain()._replace(artists=[[]], genres=[[]])).fits.content[0, 0] == pytest.approx(0.78 + 0.22 * 0.42)


def brute_force(b: Block, row: int, track: int, weights: Weights) -> tuple[float, float, float]:
    """Content, distance and safety."""
    most = [
        max((b.strengths[row, kind, n] for n in (b.genres if kind % 2 else b.artists)[track]), default=0) for kind in range(4)
    ]
    a, g, bad_a, bad_g = most
    affinity = 0.48 * a + 0.52 * g if a and g else 0.38 + 0.62 * a if a else 0.32 + 0.68 * g if g else 0.42
    affinity = max(weights.floor, affinity)
    safety = np.clip(1 - b.penalty[track], 0, 1) * (1 - 0.52 * min(1, max(0.9 * bad_a, 0.7 * bad_g)))
    norm = np.linalg.norm(b.taste[row]) * np.linalg.norm(b.features[track])
    cosine = b.taste[row] @ b.features[track] / norm if norm else 0.0
    if b.heard[row] and b.audio[track]:
        return np.clip(0.78 * cosine + 0.22 * affinity, 0, 1), 1 - cosine, safety
    return affinity, np.nan, safety


@pytest.mark.parametrize("weights", [WEIGHTS, FIXED], ids=["reference", "fixes"])
@settings(max_examples=30)
@given(seed=st.integers(0, 10**6))
def test_brute_force(weights: Weights, seed: int) -> None:
    block = at_random(seed)
    result = np.stack(run(block, weights).fits, axis=-1)
    expected = [brute_force(block, *pair, weights) for pair in np.ndindex(result.shape[:2])]
    np.testing.assert_allclose(result.reshape(-1, 3), expected, atol=1e-12)
