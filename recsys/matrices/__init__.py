"""What the stages compute on: the catalogue, the histories and the requests of a run as arrays, and what they are compared by."""

from pathlib import Path

from recsys import compiled

compiled.drop_stale(Path(__file__).parent)
