"""The lake: inputs, runs and the pointer to the published one. See :mod:`recsys.lake.lake` for the layout."""

from recsys.lake.batches import Batch
from recsys.lake.lake import Lake, read
from recsys.lake.plan import Plan, code_version
from recsys.lake.records import Manifest
from recsys.lake.run import Run
from recsys.lake.staged import Staged

__all__ = ["Batch", "Lake", "Manifest", "Plan", "Run", "Staged", "code_version", "read"]
