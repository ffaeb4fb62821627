"""How names are compared: by token, by fold, exactly; and sets of names as integers.

Lower-casing goes character by character, without accent folding, as in the scoring rules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def lower(text: str) -> str:
    """Lower case, one character for one: a final sigma stays medial, a dotted capital I becomes i."""
    return "".join(char.lower()[0] for char in text)


def token(text: str) -> str:
    """Outer white space removed, then lower-cased."""
    return lower(text.strip())


def fold(text: str) -> str:
    """Two strings fold to the same one exactly when they are equal under simple Unicode case folding. Not trimmed."""
    return "".join(folded if len(folded := char.casefold()) == 1 else char.lower() for char in text)


class NameSets(NamedTuple):
    """One set of names per track, names and sets as integers.

    Most tracks share few distinct sets, so work per set is much less than work per track.
    """

    of: NDArray[np.int32]
    """(tracks,) set of each track."""
    indptr: NDArray[np.int64]
    """(sets + 1,) bounds of each set in ``members``."""
    members: NDArray[np.int32]
    """Names of each set, in order of appearance; a name that occurs twice in a track stands here twice."""
    names: dict[str, int]
    """Name → integer, in order of the names."""

    def matrix(self) -> csr_array:
        """(tracks, names) how often each track bears each name."""
        from scipy.sparse import csr_array  # here, for names are also compared where half a second counts

        groups, tracks = len(self.indptr) - 1, len(self.of)
        members = csr_array((np.ones(len(self.members)), self.members, self.indptr), shape=(groups, len(self.names)))
        grouped = csr_array((np.ones(tracks), self.of, np.arange(tracks + 1)), shape=(tracks, groups))
        return csr_array(grouped @ members)

    def per_track(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Distinct names of each track, ascending: bounds (tracks + 1,) and names."""
        distinct = [np.unique(self.members[start:end]) for start, end in pairwise(self.indptr)]
        rows = [distinct[group] for group in self.of]
        indptr = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(row) for row in rows], out=indptr[1:])
        return indptr, np.concatenate(rows).astype(np.int32) if rows else np.empty(0, np.int32)

    def bearers(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """The sets with each name, ascending: bounds (names + 1,) and sets."""
        order = np.argsort(self.members, kind="stable")
        sets = np.repeat(np.arange(len(self.indptr) - 1, dtype=np.int32), np.diff(self.indptr))
        return np.searchsorted(self.members[order], np.arange(len(self.names) + 1)), sets[order]

    def ids(self, names: Sequence[str]) -> NDArray[np.int32]:
        """Integers of those names that occur in the catalogue."""
        return np.array([self.names[name] for name in names if name in self.names], dtype=np.int32)


def name_sets(rows: Sequence[Sequence[str] | None], key: Callable[[str], str], *, blank: bool = False) -> NameSets:
    """Group tracks by their set of names, compared by ``key``. Names whose key is blank are left out unless ``blank``."""
    keys: dict[str, str] = {name: key(name) for name in {name for row in rows if row for name in row}}
    sets: dict[tuple[str, ...], int] = {}
    of = np.empty(len(rows), dtype=np.int32)
    for position, row in enumerate(rows):
        members = tuple(keys[name] for name in row or () if blank or keys[name].strip())
        of[position] = sets.setdefault(members, len(sets))
    names = {name: number for number, name in enumerate(sorted({name for members in sets for name in members}))}
    lengths = np.array([len(members) for members in sets], dtype=np.int64)
    flat = np.array([names[name] for members in sets for name in members], dtype=np.int32)
    return NameSets(of, np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]), flat, names)
