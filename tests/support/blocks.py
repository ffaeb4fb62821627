"""A block of lists as a person would write it, and as the scoring kernels read it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recsys.matrices.arrays import Fits, Lists, Names, Subjects, Tracks, Weights
from recsys.matrices.tokens import NameSets
from recsys.stages.candidates.kernels.filters import RULES, drop
from recsys.stages.candidates.kernels.fits import fit_all
from recsys.stages.candidates.kernels.scores import score

NAMES = 5
WEIGHTS = Weights(0.44, 0.28, 0.08, 0.20, 0.0, 0.0)
FIXED = Weights(2.0, 0.5, 0.0, 1.0, 0.42, 1.0)
Sets = list[list[int]]
KNOWN, REJECTED, EXPLICIT, TRACK, POSTPONED, ARTIST, GENRE, POPULARITY = (*range(1, 6), 7, 8, 11)
BY_ID = (KNOWN, REJECTED, TRACK, POSTPONED)


class Block(NamedTuple):
    """Tracks, then lists; every list has a listener and a taste of its own, of the same number."""

    features: np.ndarray
    """(tracks, 12) not of length 1, zero rows allowed."""
    audio: np.ndarray
    popularity: np.ndarray
    explicit: np.ndarray
    penalty: np.ndarray
    boost: np.ndarray
    artists: Sets
    genres: Sets
    taste: np.ndarray
    """(lists, 12)"""
    heard: np.ndarray
    """Whether the taste comes from sound."""
    strengths: np.ndarray
    """(lists, 4, names): liked artists and genres, disliked artists and genres."""
    votes: np.ndarray
    """(lists, tracks)"""
    mode: np.ndarray
    target: np.ndarray
    ok: np.ndarray
    safe: np.ndarray
    least: np.ndarray
    most: np.ndarray
    dropped: list[dict[int, int]]
    """Track → rule, of each list."""
    no_artists: Sets
    no_genres: Sets


class Answer(NamedTuple):
    """What the kernels say, all (lists, tracks) but ``counts`` (lists, rules + 1)."""

    rules: np.ndarray
    counts: np.ndarray
    fits: Fits
    scores: np.ndarray


def ragged(rows: Sets) -> tuple[np.ndarray, np.ndarray]:
    return np.cumsum([0, *map(len, rows)], dtype=np.int64), np.array([x for row in rows for x in row], np.int32)


def names(strengths: np.ndarray) -> Names:
    indptr, indices = ragged([np.flatnonzero(row).tolist() for row in strengths])
    return Names(indptr, indices, strengths[strengths > 0])


def tracks_of(block: Block) -> Tracks:
    of = np.arange(len(block.audio), dtype=np.int32)
    (artists, liked_artists), (genres, liked_genres) = (_sets(of, rows) for rows in (block.artists, block.genres))
    length = np.linalg.norm(block.features, axis=1, keepdims=True)
    unit = np.divide(block.features, length, out=np.zeros_like(block.features), where=length > 0)
    popular = np.stack([block.popularity, block.popularity**2, 1 - block.popularity])
    return Tracks(
        np.ascontiguousarray(unit.T), np.ascontiguousarray(unit), block.audio, of, np.empty(0, np.int32),
        block.popularity, popular,
        block.explicit, block.explicit & (block.penalty == 0), np.clip(1 - block.penalty, 0, 1), block.boost,
        *liked_artists, *liked_genres, *artists, *genres,
    )  # fmt: skip


def _sets(of: np.ndarray, rows: Sets) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray | int, ...]]:
    """One set of names per track, as filters and as fits read them."""
    sets = NameSets(of, *ragged(rows), {str(name): name for name in range(NAMES)})
    return (of, sets.indptr, sets.members), (of, len(rows), *sets.bearers())


def lists_of(block: Block) -> Lists:
    rows = np.arange(len(block.taste), dtype=np.int32)
    rules = np.array([rule for row in block.dropped for rule in row.values()], np.uint8)
    return Lists(
        rows, rows, block.mode, block.target, block.ok, block.safe, block.least, block.most,
        *ragged([list(row) for row in block.dropped]), rules, *ragged(block.no_artists), *ragged(block.no_genres),
        *ragged([[]] * len(rows)),
    )  # fmt: skip


def subjects_of(block: Block, counted: np.ndarray | float = 1.0) -> Subjects:
    liked = (names(block.strengths[:, kind]) for kind in range(4))
    return Subjects(block.taste, np.full_like(block.taste, counted), block.heard, *liked)


def run(block: Block, weights: Weights = WEIGHTS, counted: np.ndarray | float = 1.0) -> Answer:
    """All scoring kernels, one after another; arrays they must fill hold rubbish before."""
    tracks, lists, shape = tracks_of(block), lists_of(block), (len(block.taste), len(block.audio))
    tastes = subjects_of(block, counted)
    fits = Fits(*(np.full(shape, 77.0) for _ in Fits._fields))
    rules, counts, scores = np.full(shape, 77, np.uint8), np.full((shape[0], RULES), 77, np.int64), np.full(shape, 77.0)
    fit_all(tracks, tastes, weights.floor, fits)
    drop(tracks, lists, rules, counts)
    score(tracks, lists, fits, block.votes, weights, scores)
    return Answer(rules, counts, fits, scores)


def plain(tracks: int = 1) -> Block:
    """One list that nothing is kept out of; tracks alike, sound and taste of all ones, nobody liked."""
    no = np.zeros(tracks, bool)
    return Block(
        np.ones((tracks, 12)), ~no, np.full(tracks, 0.5), no, np.zeros(tracks), np.zeros(tracks), [[0]] * tracks, [[1]] * tracks,
        np.ones((1, 12)), np.array([True]), np.zeros((1, 4, NAMES)), np.zeros((1, tracks)), np.zeros(1, np.int32),
        np.array([0.22]), np.array([True]), np.array([True]), np.array([-np.inf]), np.array([np.inf]), [{}], [[]], [[]],
    )  # fmt: skip


def at_random(seed: int, lists: int = 4, tracks: int = 19) -> Block:
    rng = np.random.default_rng(seed)

    def flags(size: int, share: float) -> np.ndarray:
        return rng.random(size) < share

    def sets(rows: int) -> Sets:
        return [rng.choice(NAMES, rng.integers(0, 3)).tolist() for _ in range(rows)]

    return Block(
        rng.random((tracks, 12)) * flags(tracks, 0.9)[:, None], flags(tracks, 0.7), rng.random(tracks), flags(tracks, 0.3),
        rng.choice([0.0, 0.3, 1.5], tracks), rng.choice([0.0, 0.03], tracks), sets(tracks), sets(tracks),
        rng.random((lists, 12)) * flags(lists, 0.8)[:, None], flags(lists, 0.8), rng.random((lists, 4, NAMES)).round(1),
        rng.random((lists, tracks)), rng.integers(0, 3, lists).astype(np.int32), rng.uniform(-0.2, 0.8, lists),
        flags(lists, 0.5), flags(lists, 0.5), rng.choice([-np.inf, 0.3], lists), rng.choice([np.inf, 0.7], lists),
        [{t: int(rng.choice(BY_ID)) for t in rng.choice(tracks, 3, False).tolist()} for _ in range(lists)],
        sets(lists), sets(lists),
    )  # fmt: skip
