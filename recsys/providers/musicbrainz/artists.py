"""Whether two artist credits name the same artists, whatever their order, spelling and guests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rapidfuzz import fuzz

from recsys.names import CREDIT, key

_NEAR = 88.0
"""Least share of matching characters, in percent, at which two longer names are one."""
_APART = rf"\s*(?:;|,| / |\b{CREDIT}|\bwith\b|\bvs\b\.?|\bpresents\b|×)\s*"
_JOINED = rf"(?:{_APART}|\s*&\s*|\s+and\s+|\s+x\s+|\s*\+\s*)"


class Reading(NamedTuple):
    """The names in a credit; ``sure`` unless they may be one name, such as those of *Earth, Wind & Fire*."""

    names: list[str]
    sure: bool = True


def similarity(wanted: Sequence[Reading], credited: Sequence[Reading], guests: Iterable[str] = ()) -> float:
    """1 for the same artists, 0.9 when one side leaves out guests or composers, 0 for others. Each side is read in several ways.

    ``guests`` are named in a title, so that either side may leave them out of its credit.
    """
    extra = [_name(one) for guest in guests for one in split(guest, joined=True)]
    return max((_similarity(left, right, extra) for left in wanted for right in credited), default=0.0)


def readings(credit: str | None, listed: Sequence[str] = ()) -> list[Reading]:
    """A credit as one name, as the names that signs set apart, and as listed."""
    alternatives = [Reading(list(listed))] if listed else []
    if credit:
        alternatives += [Reading([credit]), Reading(split(credit)), Reading(split(credit, joined=True), sure=False)]
    return alternatives


def split(credit: str, *, joined: bool = False) -> list[str]:
    """The names in a credit; ``joined``: also those joined by & or *and*, which may be one name."""
    return [one for one in re.split(_JOINED if joined else _APART, credit, flags=re.IGNORECASE) if one.strip()]


def _name(text: str) -> str:
    """An artist's name, normalised and without a leading article."""
    return key(re.sub(r"\s*\([^)]*\)$", "", text))


def _similarity(left: Reading, right: Reading, extra: Sequence[str]) -> float:
    wanted, credited = [_name(one) for one in left.names], [_name(one) for one in right.names]
    if not wanted or not credited:
        return 0.0
    lacking = [one for one in wanted if not _among(one, credited)]
    more = [one for one in credited if not _among(one, wanted)]
    if not lacking and not more:
        return 1.0
    first = _among(wanted[0], credited) and _among(credited[0], wanted)
    guests = all(_among(one, extra) for one in (*lacking, *more))
    if lacking and more:
        return 0.9 if first and guests else 0.0
    several = min(len(wanted), len(credited)) > 1
    part = not more and left.sure and right.sure
    return 0.9 if first or guests or several or part else 0.0


def _among(one: str, names: Sequence[str]) -> bool:
    return any(one == other or (min(len(one), len(other)) > 4 and fuzz.ratio(one, other) >= _NEAR) for other in names)
