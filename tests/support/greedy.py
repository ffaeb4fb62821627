"""Greedy selection the slow way: after every pick all distances anew. To the bit what the kernel gives."""

from __future__ import annotations

import numpy as np

from recsys.matrices.arrays import Items
from recsys.stages.rankings.kernels.diversity import Picks


def distances(items: Items, tracks: np.ndarray, picked: int, scale: float) -> np.ndarray:
    """(n,) distance 0–1 of each track to the one picked; cosines are summed one feature after the other."""
    cosine = np.zeros(len(tracks))
    for feature in range(items.unit.shape[1]):
        cosine += items.unit[tracks, feature] * items.unit[picked, feature]
    own = row(items.genres_indptr, items.genres_indices, picked)
    shared = np.array([bool(row(items.genres_indptr, items.genres_indices, track) & own) for track in tracks], bool)
    artist = (items.artist[tracks] == items.artist[picked]) & (items.artist[picked] >= 0)
    by_names = np.where(artist, 0.12 * scale, np.where(shared, 0.38 * scale, 0.78 * scale))
    return np.clip(np.where(items.audio[tracks] & items.audio[picked], 1.0 - cosine, by_names), 0.0, 1.0)


def row(indptr: np.ndarray, indices: np.ndarray, track: int) -> set[int]:
    return set(indices[indptr[track] : indptr[track + 1]].tolist())


def greedy(
    items: Items, tracks: np.ndarray, scores: np.ndarray, limit: int, lam: float, scale: float, cap: int, one_version: bool,
    gap: int = 0,
) -> Picks:  # fmt: skip
    """As ``recsys.stages.rankings.kernels.diversity.pick``."""
    varied, weight = len(tracks) > limit, lam if len(tracks) > limit else 1.0
    closest, nearest = np.ones(len(tracks)), np.full(len(tracks), -1)
    credited = [row(items.credits_indptr, items.credits_indices, track) for track in tracks]
    picks: list[tuple[int, float, int, float, bool]] = []
    while len(picks) < limit:
        taken = [place for place, *_ in picks]
        songs = {items.song[tracks[place]] for place in taken if one_version} - {-1}
        left = [place for place in range(len(tracks)) if place not in taken and items.song[tracks[place]] not in songs]
        artists = [artist for place in taken for artist in credited[place]]
        full = {artist for artist in artists if cap and artists.count(artist) >= cap}
        allowed = [place for place in left if not credited[place] & full]
        if not left:
            break
        worth = weight * scores + (1.0 - weight) * closest
        recent = [credited[place] for place in taken[max(0, len(taken) - gap) :]]
        best = max(_in_turn(allowed or left, credited, recent), key=lambda place: (worth[place], scores[place], -place))
        far = float(closest[best]) if varied else 0.0
        picks.append((best, far, int(nearest[best]), lam * scores[best] + (1.0 - lam) * far, not allowed))
        if varied:
            away = distances(items, tracks, tracks[best], scale)
            nearer = (away < closest) | (nearest < 0)
            closest, nearest = np.where(nearer, away, closest), np.where(nearer, best, nearest)
    columns = zip(*picks, strict=True) if picks else [[]] * 5
    types = (np.int32, np.float64, np.int32, np.float64, np.bool_)
    return Picks(*(np.array(column, kind) for column, kind in zip(columns, types, strict=True)))


def _in_turn(places: list[int], credited: list[set[int]], recent: list[set[int]]) -> list[int]:
    """Those that share no artist with the ``recent`` picks, or with the fewest latest of them that some are without."""
    for latest in range(len(recent) + 1):
        others = set().union(*recent[latest:])
        if left := [place for place in places if not credited[place] & others]:
            return left
    return places
