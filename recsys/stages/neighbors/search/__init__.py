"""Compiled search for the k nearest listeners, exact to the bit. Arrays in, arrays out."""

from pathlib import Path

from recsys import compiled, matrices

compiled.cached(Path(__file__).parent, Path(__file__).parent, *matrices.KERNELS)
