"""The numbers of the scoring rules, once: kernels, stages and the checks of their parts read them here. Docs: docs/scoring.md."""

from __future__ import annotations

SOUND, AFFINITY = 0.78, 0.22
"""Shares of sound and of names in the content of a track with audio."""
STRANGER = 0.42
"""Affinity of names of which the listener likes none."""
ARTIST_LEAST, ARTIST_RANGE = 0.38, 0.62
"""Affinity of a liked artist: from the least, by the strength of the liking."""
GENRE_LEAST, GENRE_RANGE = 0.32, 0.68
"""Affinity of a liked genre without a liked artist."""
BOTH_ARTIST, BOTH_GENRE = 0.48, 0.52
"""Shares of artist and genre where both are liked."""
AVERSION, AVERSE_ARTIST, AVERSE_GENRE = 0.52, 0.9, 0.7
"""Share of the points that full aversion takes away, and how much of it disliked names are."""
PROMOTED = 0.72
"""Content from which on a promotion counts."""
TELLING_CONTENT = 0.78
"""Content from which on it is a reason of its own (preset `reference`)."""
