"""Compiled loops of diversity: greedy picks, exact to the bit. Arrays in, arrays out."""

from pathlib import Path

from recsys import compiled, matrices

compiled.drop_stale(Path(__file__).parent, Path(matrices.__file__).parent)
