"""Lists in which one odd item does not cost its neighbours: what cannot be read stays in its place, as it was sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, TypeAlias, TypeVar

from pydantic import Field, JsonValue, RootModel

T = TypeVar("T")


class Unreadable(RootModel[JsonValue]):
    """An item in a form that its model does not know."""


Lenient: TypeAlias = list[Annotated[T | Unreadable, Field(union_mode="left_to_right")]]
"""The items that fit ``T``, and the others as :class:`Unreadable`."""


def readable(items: Iterable[T | Unreadable]) -> list[T]:
    """The items that could be read."""
    return [item for item in items if not isinstance(item, Unreadable)]
