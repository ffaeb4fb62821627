"""What the stages compute on: the catalogue, the histories and the requests of a run as arrays, and what they are compared by."""

from pathlib import Path

KERNELS = tuple(Path(__file__).parent / name for name in ("arrays.py", "order.py", "prefetch.py"))
"""The sources here that kernels everywhere are made from."""
