"""One thing that was looked at in a lake."""

from __future__ import annotations

from typing import Literal, NamedTuple

_State = Literal["good", "note", "bad"]


class Finding(NamedTuple):
    """What was looked at, how it is, and in words what to do about it."""

    what: str
    state: _State
    words: str
