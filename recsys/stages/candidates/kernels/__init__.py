"""Compiled loops over (listener, track) pairs: rules, fits, scores, the best of them. Arrays in, arrays out."""

from pathlib import Path

from recsys import compiled, matrices

compiled.cached(Path(__file__).parent, Path(__file__).parent, *matrices.KERNELS)
