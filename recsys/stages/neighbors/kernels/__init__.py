"""Compiled loops of the model: weights, factors, votes, their blend. Arrays in, arrays out."""

from pathlib import Path

from recsys import compiled, matrices

compiled.drop_stale(Path(__file__).parent, Path(matrices.__file__).parent)
