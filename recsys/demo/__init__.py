"""A small synthetic world to try everything on: :func:`world` makes it, :func:`write` writes it as input files."""

from recsys.demo.groups import GROUPS, TasteGroup
from recsys.demo.listeners import AS_OF, COLD, LISTENERS, PARENTS, SKIPPER
from recsys.demo.world import DemoWorld, world, write

__all__ = ["AS_OF", "COLD", "GROUPS", "LISTENERS", "PARENTS", "SKIPPER", "DemoWorld", "TasteGroup", "world", "write"]
