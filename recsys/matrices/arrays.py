"""What the scoring kernels read and fill: arrays by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Offsets = NDArray[np.int64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.uint8]
Float32s = NDArray[np.float32]
Unsigned = NDArray[np.uint32]
Words = NDArray[np.uint64]
Numbers = NDArray[Any]

LEAN: dict[str, Any] = {"nogil": True, "cache": True, "_nrt": False}
"""Options of kernels that allocate nothing: without them, every call counts references to every array it is handed, in atomic
operations for which threads wait for each other."""
INNER: dict[str, Any] = {"nogil": True, "cache": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Options of kernels that other kernels alone call: the entry for Python is compiled for none of them, which is a tenth of the
time. Called by Python, they would take the process down; so they are private to their module (``tests/test_compiling.py``).
Without ``fastmath`` they have that of the kernel that first calls them; so those called by kernels with it name their own."""
LEAN_INNER: dict[str, Any] = {**LEAN, **INNER}
"""Of those that are both."""


_LINE = 64
"""Bytes that come from memory together."""


def aligned(size: int, kind: type[np.generic] = np.float32) -> Numbers:
    """``size`` zeros, the first at the beginning of a line of memory: a wide register then meets no two lines at a time.

    For arrays that a kernel goes through again and again while they are in the cache; numpy's own begin within a line.
    """
    room = np.zeros(size * np.dtype(kind).itemsize + _LINE, np.uint8)
    begin = -room.ctypes.data % _LINE
    return room[begin : begin + room.size - _LINE].view(kind)


def pattern(matrix: csr_array) -> tuple[Offsets, Ints]:
    """Offsets of rows and columns of a sparse matrix, in the types that the kernels are compiled for; shared where possible."""
    return matrix.indptr.astype(np.int64, copy=False), matrix.indices.astype(np.int32, copy=False)


class Tracks(NamedTuple):
    """The catalogue; every array has one row per track, unless its line says otherwise."""

    features: Floats
    """(12, tracks) weighted feature vectors of length 1, so that a dot product with a taste gives the cosine; 0 for none."""
    unit: Floats
    """(tracks, 12) the same, a track's features side by side: for a look at single tracks."""
    audio: Flags
    canonical: Ints
    releases: Ints
    """Rows of songs with several releases, where a list may hold one of them; else none."""
    popularity: Floats
    """As filters see it."""
    fit: Floats
    """(3, tracks) popularity fit for the modes balanced, comfort, discovery."""
    explicit: Flags
    silenced: Flags
    """Explicit and without quality penalty: safety is 0 in lists where explicit tracks are not safe."""
    quality: Floats
    """1 − quality penalty, clamped."""
    boost: Floats
    """Commercial boost, already cut at its maximum."""
    artist_of: Ints
    """Set of artists of each track."""
    artist_sets: int
    """How many different sets there are."""
    artist_indptr: Offsets
    artist_bearers: Ints
    """The sets with each name."""
    genre_of: Ints
    genre_sets: int
    genre_indptr: Offsets
    genre_bearers: Ints
    barred_artist_of: Ints
    barred_artist_indptr: Offsets
    barred_artist_members: Ints
    barred_genre_of: Ints
    barred_genre_indptr: Offsets
    barred_genre_members: Ints


class Names(NamedTuple):
    """Strength of names, one sparse row per subject."""

    indptr: Offsets
    indices: Ints
    strength: Floats


class Subjects(NamedTuple):
    """Tastes of a block."""

    taste: Floats
    """(subjects, 12) taste times the square root of the weights."""
    counted: Floats
    """(subjects, 12) 1 for features that count, else 0."""
    audio: Flags
    artists: Names
    genres: Names
    disliked_artists: Names
    disliked_genres: Names


class Lists(NamedTuple):
    """Lists of a block, one row each."""

    subject: Ints
    listener: Ints
    """Row of the block's collaborative scores."""
    mode: Ints
    """Row of ``Tracks.fit``."""
    target: Floats
    """Wanted distance from the taste."""
    explicit_ok: Flags
    """Whether explicit tracks pass the filter."""
    explicit_safe: Flags
    """Whether explicit tracks keep their safety."""
    least: Floats
    """Least popularity, −inf for none."""
    most: Floats
    """Greatest popularity, inf for none."""
    id_indptr: Offsets
    id_rows: Ints
    """Canonical rows of tracks dropped by id; later entries win."""
    id_rules: Codes
    artist_indptr: Offsets
    artists: Ints
    """Excluded artists."""
    genre_indptr: Offsets
    genres: Ints
    """Excluded genres."""
    heard_indptr: Offsets
    heard: Ints
    """Rows of releases that the listener heard last and that are not the main one of their song."""


class Votes(NamedTuple):
    """What similar listeners say to n listeners of every track, 0–1: ``share[row, track] / whole[row] * most[row]``.

    So kept, single numbers do: what a reader makes of them is the same to the bit, and half as much goes through memory.
    """

    share: Numbers
    """(n, tracks) ≥ 0, float32 or float64; all 0 where ``most`` is 0."""
    whole: Floats
    """(n,) above 0."""
    most: Floats
    """(n,) ≥ 0."""

    def values(self) -> Floats:
        """(n, tracks) 0–1."""
        if self.share.dtype == np.float64:  # by whom it is 0–1 as it is
            return self.share
        return self.share.astype(np.float64) / self.whole[:, None] * self.most[:, None]

    @classmethod
    def plain(cls, values: Floats) -> Votes:
        """Of ``values`` (n, tracks) 0–1."""
        return cls(values, np.ones(len(values)), np.ones(len(values)))

    def followed_by(self, others: Votes) -> Votes:
        """These rows, then those of ``others``."""
        share, whole, most = (np.concatenate(both) for both in zip(self, others, strict=True))
        return Votes(share, whole, most)


class Weights(NamedTuple):
    """The settings that the formula reads."""

    content: float
    collaborative: float
    popularity: float
    exploration: float
    floor: float
    """Least metadata affinity."""
    safe_boost: float
    """1 when the commercial boost is multiplied by safety, else 0."""


class Fits(NamedTuple):
    """(subjects, tracks) arrays: what a taste says about a track, whatever the list."""

    content: Floats
    distance: Floats
    """1 − cosine where audio counts, NaN where it does not."""
    safety: Floats
    """Quality × (1 − 0.52 × negative affinity)."""


class Items(NamedTuple):
    """What diversity knows about the T tracks of a catalogue.

    ``unit`` (T, 12): feature vectors scaled to length 1 so that their dot product is the weighted cosine; all 0 where the
    vector's norm is 0. ``audio`` (T,): the features are known. ``artist`` (T,): id of the folded artist name, −1 for none.
    ``genres_*``, ``credits_*``: ascending distinct ids per track, row ``t`` is ``indptr[t]:indptr[t + 1]``; credits are
    the artists that the cap counts. ``song`` (T,): id shared by all versions of a song, −1 for none.
    """

    unit: Floats
    audio: Flags
    artist: Ints
    genres_indptr: Offsets
    genres_indices: Ints
    credits_indptr: Offsets
    credits_indices: Ints
    song: Ints


class Ragged(NamedTuple):
    """Numbers that belong to each of n rows: of row u ``numbers[indptr[u]:indptr[u + 1]]``."""

    indptr: Offsets
    numbers: Ints

    @classmethod
    def of(cls, rows: Sequence[Ints]) -> Ragged:
        """From the numbers of each row."""
        indptr = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([len(row) for row in rows], out=indptr[1:])
        return cls(indptr, np.concatenate([np.empty(0, np.int32), *rows]).astype(np.int32))

    def counts(self, width: int) -> csr_array:
        """(rows, width) how often each row holds each number, 0 to ``width`` − 1; numbers in order."""
        ones, shape = np.ones(len(self.numbers)), (len(self.indptr) - 1, width)
        counted = csr_array((ones, self.numbers, self.indptr), shape=shape, copy=True)
        counted.sum_duplicates()
        return counted
