"""Metrics of ranked lists against hidden ratings.

Lists are an (n, k) integer array of items, best first, −1 for no item. What is relevant is an (n × items) ``csr_array``: every
stored entry is a relevant item (binary gains). Metrics per user are (n,) float64, NaN for users without a relevant item;
report their mean over the others (``np.nanmean``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Ranked = NDArray[np.integer]


def top(scores: NDArray[np.floating], known: csr_array, k: int) -> Ranked:
    """The ``k`` best items of each row of ``scores`` (n, items) without the known ones, (n, k).

    Ties go to the lower item. Scores of NaN or −inf are never listed; rows that run out are padded with −1.
    """
    lists = np.full((len(scores), k), -1, np.int64)
    width = min(k, scores.shape[1])
    for row in range(len(scores) if width else 0):
        values = np.where(np.isnan(scores[row]), -np.inf, scores[row])
        values[known.indices[known.indptr[row] : known.indptr[row + 1]]] = -np.inf
        bar = np.partition(values, -width)[-width]
        candidates = np.flatnonzero((values >= bar) & (values > -np.inf))
        best = candidates[np.argsort(-values[candidates], kind="stable")][:width]
        lists[row, : len(best)] = best
    return lists


def hits(lists: Ranked, relevant: csr_array) -> NDArray[np.bool_]:
    """(n, k) whether each listed item is relevant."""
    items = relevant.shape[1]
    filled = np.diff(relevant.indptr)
    keys = np.sort(np.repeat(np.arange(len(filled)), filled) * items + relevant.indices)
    wanted = np.arange(len(lists))[:, None] * items + lists
    return np.isin(wanted, keys) & (lists >= 0)


class Hits(NamedTuple):
    """What metrics of accuracy need of lists: looked up once, it serves all of them at every ``k`` up to the lists' length."""

    hit: NDArray[np.bool_]
    """(n, k) whether each listed item is relevant."""
    relevant: NDArray[np.integer]
    """(n,) how many items are."""

    @classmethod
    def of(cls, lists: Ranked, relevant: csr_array) -> Hits:
        return cls(hits(lists, relevant), np.diff(relevant.indptr))

    def ndcg(self, k: int) -> Floats:
        """See :func:`ndcg`."""
        discount = 1.0 / np.log2(np.arange(2, k + 2))
        hit = self.hit[:, :k]
        ideal = np.r_[0.0, np.cumsum(discount)][np.minimum(self.relevant, k)]
        return _ratio(hit @ discount[: hit.shape[1]], ideal)

    def recall(self, k: int) -> Floats:
        """See :func:`recall`."""
        return _ratio(self.hit[:, :k].sum(axis=1), np.minimum(self.relevant, k))

    def precision(self, k: int) -> Floats:
        """See :func:`precision`."""
        return self.defined(np.asarray(self.hit[:, :k].sum(axis=1) / k))

    def hit_rate(self, k: int) -> Floats:
        """See :func:`hit_rate`."""
        return self.defined(self.hit[:, :k].any(axis=1).astype(np.float64))

    def defined(self, values: NDArray[np.float64] | np.float64) -> Floats:
        """The values, NaN for users without a relevant item."""
        return np.where(self.relevant > 0, values, np.nan)


def ndcg(lists: Ranked, relevant: csr_array, k: int) -> Floats:
    """Normalised discounted cumulative gain at ``k``: Σ 1/log₂(rank + 1) over hits ÷ the same sum for a perfect list.

    The perfect list has min(k, relevant) hits in front. Järvelin & Kekäläinen (2002), binary gains.
    """
    return Hits.of(lists[:, :k], relevant).ndcg(k)


def recall(lists: Ranked, relevant: csr_array, k: int) -> Floats:
    """Hits in the first ``k`` ÷ min(k, relevant), so that a perfect list has 1 however much is relevant (Liang et al. 2018)."""
    return Hits.of(lists[:, :k], relevant).recall(k)


def precision(lists: Ranked, relevant: csr_array, k: int) -> Floats:
    """Hits in the first ``k`` ÷ k; a list that is too short counts as if filled with misses."""
    return Hits.of(lists[:, :k], relevant).precision(k)


def hit_rate(lists: Ranked, relevant: csr_array, k: int) -> Floats:
    """1 when any of the first ``k`` is relevant, else 0."""
    return Hits.of(lists[:, :k], relevant).hit_rate(k)


def coverage(lists: Ranked, catalogue: int, k: int) -> float:
    """Distinct items in the first ``k`` of all lists ÷ items in the ``catalogue``.

    Aggregate diversity (Adomavicius & Kwon 2012) as a share.
    """
    listed = np.unique(lists[:, :k])
    return float((listed >= 0).sum() / catalogue) if catalogue else 0.0


def novelty(lists: Ranked, known: csr_array, k: int) -> Floats:
    """Mean self-information of the first ``k``, in bits: −log₂(share of users who know the item). Zhou et al. (2010).

    An item that nobody knows counts as known by one user. NaN for an empty list. ``known``: ratings (users × items).
    """
    users = max(known.shape[0], 1)
    heard = np.maximum(np.bincount(known.indices, minlength=known.shape[1]), 1)
    shown = lists[:, :k]
    listed = shown >= 0
    bits = np.where(listed, -np.log2(heard / users)[np.maximum(shown, 0)], 0.0) if known.shape[1] else np.zeros(shown.shape)
    return _ratio(bits.sum(axis=1), listed.sum(axis=1))


def intra_list_distance(lists: Ranked, vectors: Floats, k: int) -> Floats:
    """Mean cosine distance over all pairs of the first ``k``, 0–2; ``vectors`` (items, d). Ziegler et al. (2005).

    NaN for lists of fewer than two items. A vector of 0 is at distance 1 from every other.
    """
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0.0)
    shown = lists[:, :k]
    listed = shown >= 0
    picked = np.where(listed[:, :, None], unit[np.maximum(shown, 0)], 0.0)
    count = listed.sum(axis=1)
    pairs = count * (count - 1) / 2.0
    together = (np.square(picked.sum(axis=1)).sum(axis=1) - np.square(picked).sum(axis=(1, 2))) / 2.0
    return _ratio(pairs - together, pairs)


def _ratio(part: NDArray[np.floating] | NDArray[np.integer], whole: NDArray[np.floating] | NDArray[np.integer]) -> Floats:
    """part ÷ whole, NaN where whole is 0."""
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
