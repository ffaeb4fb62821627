"""The best of many scores without sorting them: a pool whose bar rises; and the ranks of chosen ones."""

from __future__ import annotations

import numpy as np
from numba import njit

from recsys.matrices.arrays import INNER, Codes, Floats, Ints, Offsets
from recsys.matrices.order import nth_greatest, reaching


@njit(nogil=True, cache=True)
def keep(scores: Floats, numbers: Ints, rules: Codes, most: int, bar: float, state: tuple[Ints, Floats, Offsets]) -> float:
    """Take the candidates above ``bar`` into the pool; the bar rises whenever the pool is full. Returns the bar.

    ``scores`` are those of the tracks ``numbers``; ``state``: the pool's tracks, their scores, and how many they are.
    """
    pool, marks, size = state
    held = size[0]
    for at in reaching(scores, np.nextafter(bar, np.inf), len(scores)):
        if held == len(pool):
            bar = raise_bar(most, pool, marks, held)
            held = min(held, most)
        # written in any case, kept when the next place is taken: no branch to guess
        pool[held], marks[held] = numbers[at], scores[at]
        held += (scores[at] > bar) & (rules[numbers[at]] == 0)
    size[0] = held
    return bar


@njit(nogil=True, cache=True)
def raise_bar(most: int, pool: Ints, marks: Floats, held: int) -> float:
    """Keep the ``most`` best of ``held`` in their order; returns the least of them, which later tracks must exceed."""
    if held <= most:
        return -np.inf
    bar = nth_greatest(marks[:held], most)
    equal = most
    for at in range(held):
        equal -= marks[at] > bar
    left = 0
    for at in range(held):
        same = marks[at] == bar
        kept = (marks[at] > bar) | (same & (equal > 0))
        equal -= same
        pool[left], marks[left] = pool[at], marks[at]
        left += kept
    return bar


@njit(nogil=True, cache=True)
def ranks(indptr: Offsets, scores: Floats, kept: Offsets, places: Ints) -> Offsets:
    """Rank by score, from 1, of chosen candidates of each list; equal scores in their order.

    The candidates' scores of list ``l`` are ``scores[indptr[l]:indptr[l + 1]]``, the chosen ones of it are at the places
    ``places[kept[l]:kept[l + 1]]`` among them.
    """
    out = np.empty(len(places), np.int64)
    for row in range(len(kept) - 1):
        own, chosen = scores[indptr[row] : indptr[row + 1]], places[kept[row] : kept[row + 1]]
        if not len(chosen):
            continue
        rivals = reaching(own, own[chosen].min(), len(own))
        values, at = own[rivals], np.searchsorted(rivals, chosen)
        for number in range(len(chosen)):
            out[kept[row] + number] = 1 + _better(values[: at[number]], values[at[number] :])
    return out


@njit(**INNER)
def _better(before: Floats, after: Floats) -> int:
    """Scores that beat the first of ``after``: as great before it, greater behind it."""
    score, ahead = after[0], 0
    for at in range(len(before)):
        ahead += before[at] >= score
    for at in range(len(after)):
        ahead += after[at] > score
    return ahead
