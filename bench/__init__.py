"""Benchmarks, none of which fails on a figure."""

import recsys  # noqa: F401  (before Polars is loaded, so that its allocator gives freed memory back, as in a night)
