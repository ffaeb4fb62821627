"""The feature space: which tracks have audio, how raw features are normalised, how vectors are compared.

Scoring rules section 3. All vectors are 12 wide, in the order of :data:`recsys.tables.FEATURES`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recsys.matrices.arrays import Flags, Floats
from recsys.tables import FEATURES

RANGE_MIN = np.array([0, 0, -60, 0, 0, 0, 0, 0, 40, 1, 0, 0], dtype=np.float64)
RANGE_MAX = np.array([1, 1, 0, 1, 1, 1, 1, 1, 220, 7, 11, 1], dtype=np.float64)
WEIGHTS = np.array([1.12, 1.18, 0.78, 0.72, 1.02, 0.82, 0.44, 1.08, 0.92, 0.22, 0.20, 0.16])
"""Weight of each feature in the cosine."""

_TEMPO, _TIME_SIGNATURE = FEATURES.index("tempo"), FEATURES.index("time_signature")


class Space(NamedTuple):
    """Bounds of the normalisation, each (12,), in raw units."""

    low: Floats
    high: Floats

    def normalize(self, raw: Floats) -> Floats:
        """(…, 12) raw features to 0–1, clamped. Absent values are ordinary zeros."""
        return np.clip((raw - self.low) / (self.high - self.low), 0.0, 1.0)


def has_audio(raw: Floats) -> Flags:
    """(tracks,) whether enough is known: at least 4 non-zero values, a tempo and a time signature."""
    known = np.count_nonzero(raw, axis=1) >= 4
    return known & (raw[:, _TEMPO] > 0) & (raw[:, _TIME_SIGNATURE] > 0)


def space(raw: Floats, audio: Flags) -> Space:
    """Default ranges, stretched by every track that has audio."""
    sound = raw[audio]
    if not len(sound):
        return Space(RANGE_MIN, RANGE_MAX)
    return Space(np.minimum(RANGE_MIN, sound.min(axis=0)), np.maximum(RANGE_MAX, sound.max(axis=0)))


def centroid(normalized: Floats, audio: Flags) -> Floats:
    """(12,) plain mean over tracks with audio; zeros if there are none."""
    return normalized[audio].mean(axis=0) if audio.any() else np.zeros(len(FEATURES))


def unit(normalized: Floats) -> Floats:
    """(tracks, 12) vectors whose plain dot product is the weighted cosine; a zero vector stays zero."""
    weighted = normalized * np.sqrt(WEIGHTS)
    length = np.sqrt((weighted * weighted).sum(axis=1, keepdims=True))
    return np.divide(weighted, length, out=np.zeros_like(weighted), where=length > 0)
