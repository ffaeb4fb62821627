"""The feature space against hand tables and the plain formula of the weighted cosine."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.matrices.features import RANGE_MAX, RANGE_MIN, WEIGHTS, centroid, has_audio, space, unit
from recsys.tables import FEATURES

TABLE = """
danceability      0    1    1.12
energy            0    1    1.18
loudness          -60  0    0.78
speechiness       0    1    0.72
acousticness      0    1    1.02
instrumentalness  0    1    0.82
liveness          0    1    0.44
valence           0    1    1.08
tempo             40   220  0.92
time_signature    1    7    0.22
key               0    11   0.20
mode              0    1    0.16
"""


def raw(**values: float) -> np.ndarray:
    return np.array([[values.get(name, 0.0) for name in FEATURES]])


def test_default_ranges_and_weights() -> None:
    rows = [line.split() for line in TABLE.strip().splitlines()]
    assert [row[0] for row in rows] == list(FEATURES)
    assert np.array([row[1:] for row in rows], float).T.tolist() == [RANGE_MIN.tolist(), RANGE_MAX.tolist(), WEIGHTS.tolist()]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"tempo": 90, "time_signature": 4, "energy": 0.1, "valence": 0.1}, True),
        ({"tempo": 90, "time_signature": 4, "energy": 0.1}, False),
        ({"tempo": 90, "time_signature": 4, "energy": 0.1, "key": -1}, True),
        ({"tempo": 90, "time_signature": 4, "loudness": -7, "key": 0, "mode": 0}, False),
        ({"time_signature": 4, "energy": 0.1, "valence": 0.1, "liveness": 0.2}, False),
        ({"tempo": -90, "time_signature": 4, "energy": 0.1, "valence": 0.1}, False),
        ({"tempo": 90, "energy": 0.1, "valence": 0.1, "liveness": 0.2}, False),
        ({}, False),
    ],
)
def test_has_audio(values: dict[str, float], expected: bool) -> None:
    assert has_audio(raw(**values)).tolist() == [expected]


def test_bounds_stretch_by_tracks_with_audio_only() -> None:
    loud, silent = raw(loudness=9, tempo=330, key=-1), raw(loudness=50, tempo=900)
    bounds = space(np.vstack([loud, silent]), np.array([True, False]))
    stretched = (bounds.low != RANGE_MIN) | (bounds.high != RANGE_MAX)
    result = {FEATURES[i]: (bounds.low[i], bounds.high[i]) for i in np.flatnonzero(stretched)}
    assert result == {"loudness": (-60, 9), "tempo": (40, 330), "time_signature": (0, 7), "key": (-1, 11)}


def test_bounds_never_shrink() -> None:
    assert [array.tolist() for array in space(raw(tempo=100, loudness=-10, time_signature=4), np.array([True]))] == [
        RANGE_MIN.tolist(),
        RANGE_MAX.tolist(),
    ]
    assert space(np.empty((0, 12)), np.empty(0, bool)).low.tolist() == RANGE_MIN.tolist()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("loudness", -60, 0),
        ("loudness", -30, 0.5),
        ("loudness", 0, 1),
        ("loudness", 9, 1),
        ("tempo", 130, 0.5),
        ("tempo", 0, 0),
        ("key", 11, 1),
    ],
)
def test_normalize(name: str, value: float, expected: float) -> None:
    bounds = space(np.empty((0, 12)), np.empty(0, bool))
    assert bounds.normalize(raw(**{name: value}))[0, FEATURES.index(name)] == expected


def test_centroid_is_the_mean_over_tracks_with_audio() -> None:
    normalized = np.vstack([np.full(12, 0.2), np.full(12, 0.6), np.full(12, 1.0)])
    assert centroid(normalized, np.array([True, True, False])) == pytest.approx(np.full(12, 0.4))
    assert centroid(normalized, np.zeros(3, bool)).tolist() == [0.0] * 12


def test_dot_product_of_units_is_the_weighted_cosine() -> None:
    a, b = np.random.default_rng(1).random((2, 12))
    cosine = (WEIGHTS * a * b).sum() / (np.sqrt((WEIGHTS * a * a).sum()) * np.sqrt((WEIGHTS * b * b).sum()))
    one, other, nothing = unit(np.vstack([a, b, np.zeros(12)]))
    assert one @ other == pytest.approx(cosine, abs=1e-15)
    assert one @ one == pytest.approx(1.0)
    assert nothing.tolist() == [0.0] * 12
