"""What is measured of lists beside :mod:`recsys.evaluation.metrics`, and all of it in one call.

Lists are as there: (n, k) integers, best first, −1 for none. Metrics per listener are (n,) float64, NaN where undefined.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

from recsys.evaluation import metrics
from recsys.evaluation.metrics import Floats, Hits, Ranked
from recsys.evaluation.task import Task

SMOOTHING = 0.01
"""Share of the profile mixed into the list's genres, so that the divergence is finite (Steck 2018)."""


class Measured(NamedTuple):
    """Metrics of one method: per listener by name, and of all lists together by name."""

    each: dict[str, Floats]
    whole: dict[str, float]


def average_precision(hits: Hits, k: int) -> Floats:
    """Mean over the relevant of the precision at each hit, ÷ all relevant. Manning et al. (2008), section 8.4.

    >>> average_precision(Hits.of(np.array([[5, 1, 2]]), csr_array(np.eye(6)[[1]] + np.eye(6)[[2]])), 3).round(4)
    array([0.5833])
    """
    hit = hits.hit[:, :k]
    at_rank = np.cumsum(hit, axis=1) / np.arange(1, hit.shape[1] + 1)
    return _share((at_rank * hit).sum(axis=1), hits.relevant)


def reciprocal_rank(hits: Hits, k: int) -> Floats:
    """1 ÷ rank of the first hit in the first ``k``, 0 without one. Voorhees (1999)."""
    hit = hits.hit[:, :k]
    return hits.defined(np.where(hit.any(axis=1), 1.0 / (hit.argmax(axis=1) + 1) if hit.shape[1] else 0.0, 0.0))


def gini(lists: Ranked, catalogue: int, k: int) -> float:
    """Gini coefficient of how often each track of the catalogue is listed. Fleder & Hosanagar (2009).

    0 = all alike, 1 = one track alone; NaN when nothing is listed.
    """
    shown = lists[:, :k]
    counts = np.sort(np.bincount(shown[shown >= 0], minlength=catalogue))
    if not counts.sum():
        return float("nan")
    ranks = np.arange(1, catalogue + 1)
    return float(((2 * ranks - catalogue - 1) @ counts) / (catalogue * counts.sum()))


def genre_divergence(lists: Ranked, known: csr_array, genres: csr_array, k: int) -> Floats:
    """Kullback–Leibler divergence, in nats, of the list's genres from those of the known tracks: 0 = calibrated. Steck (2018).

    ``genres`` (tracks × genres): a track spreads 1 over its genres. NaN where either side has none.
    """
    spread = _by_row(genres)
    profile = _by_row(_pattern(known) @ spread)
    listed = _by_row(incidence(lists[:, :k], genres.shape[0]) @ spread)
    mixed = (SMOOTHING * profile + (1 - SMOOTHING) * listed).tocsr()
    mixed.data = np.log(mixed.data)
    entropy = profile.copy()
    entropy.data = entropy.data * np.log(entropy.data)
    divergence = np.asarray(entropy.sum(axis=1)).ravel() - np.asarray(profile.multiply(mixed).sum(axis=1)).ravel()
    return np.where((np.diff(profile.indptr) > 0) & (np.diff(listed.indptr) > 0), np.maximum(divergence, 0.0), np.nan)


def popularity_lift(lists: Ranked, known: csr_array, k: int) -> Floats:
    """Mean popularity of the list ÷ that of the listener's known tracks − 1; popularity = listeners who know a track.

    0 = as popular as what the listener hears. Abdollahpouri et al. (2020).
    """
    heard = np.bincount(known.indices, minlength=known.shape[1]).astype(np.float64)
    shown = lists[:, :k]
    listed = _share(np.where(shown >= 0, heard[np.maximum(shown, 0)], 0.0).sum(axis=1), (shown >= 0).sum(axis=1))
    own = _share(_pattern(known) @ heard, np.diff(known.indptr))
    return _share(listed, own) - 1.0


def concentration(lists: Ranked, artist: NDArray[np.integer], k: int) -> Floats:
    """Herfindahl index of the artists of the first ``k``: 1 = one artist, 1 ÷ k = each another.

    ``artist`` (tracks,): number of the artist; −1 = unknown, an artist of its own.
    """
    shown = lists[:, :k]
    by = np.where(artist >= 0, artist, artist.max(initial=-1) + 1 + np.arange(len(artist)))
    table = incidence(np.where(shown >= 0, by[np.maximum(shown, 0)], -1), int(by.max(initial=-1)) + 1)
    return _share(np.asarray(table.multiply(table).sum(axis=1)).ravel(), np.square((shown >= 0).sum(axis=1)))


def repeats(lists: Ranked, known: csr_array, songs: NDArray[np.integer], k: int) -> Floats:
    """Share of the first ``k`` that are songs the listener knows, by any release.

    ``songs`` (tracks,): number of the song; −1 = unknown, a song of its own.
    """
    by = np.where(songs >= 0, songs, songs.max(initial=-1) + 1 + np.arange(len(songs)))
    shown = lists[:, :k]
    pattern = csr_array(
        (np.ones(known.nnz), by[known.indices], known.indptr.copy()), shape=(known.shape[0], int(by.max(initial=-1)) + 1)
    )
    pattern.sum_duplicates()
    return _hit_share(np.where(shown >= 0, by[np.maximum(shown, 0)], -1), pattern)


def skips(lists: Ranked, skipped: csr_array, k: int) -> Floats:
    """Share of the first ``k`` that the listener skipped, disliked or hid after the cut, and never approved of."""
    return _hit_share(lists[:, :k], skipped)


def genre_distance(lists: Ranked, genres: csr_array, k: int) -> Floats:
    """Intra-list diversity over genres: mean cosine distance of all pairs of the first ``k``. Ziegler et al. (2005).

    As :func:`recsys.evaluation.metrics.intra_list_distance`, over sparse vectors.
    """
    length = np.sqrt(np.asarray(genres.multiply(genres).sum(axis=1)).ravel())
    unit = diags_array(np.divide(1.0, length, out=np.zeros_like(length), where=length > 0)) @ genres
    listed = incidence(lists[:, :k], genres.shape[0])
    count = (lists[:, :k] >= 0).sum(axis=1)
    whole = (listed @ unit).tocsr()
    together = np.asarray(whole.multiply(whole).sum(axis=1)).ravel() - listed @ (length > 0).astype(np.float64)
    pairs = count * (count - 1)
    return _share(pairs - together, pairs)


def incidence(lists: Ranked, columns: int) -> csr_array:
    """(n × columns) how often each column is listed."""
    listed = lists >= 0
    bounds = np.r_[0, np.cumsum(listed.sum(axis=1))]
    table = csr_array((np.ones(bounds[-1]), lists[listed], bounds), shape=(len(lists), columns))
    table.sum_duplicates()
    return table


def measure(lists: Ranked, task: Task, cutoffs: tuple[int, ...]) -> Measured:
    """Every metric at every cutoff, named ``ndcg@10`` and so on."""
    each: dict[str, Floats] = {}
    whole: dict[str, float] = {}
    hits = Hits.of(lists[:, : max(cutoffs)], task.relevant)
    for k in cutoffs:
        each |= {f"{name}@{k}": values for name, values in _each(lists, hits, task, k).items()}
        whole[f"coverage@{k}"] = metrics.coverage(lists, task.shape[1], k)
        whole[f"gini@{k}"] = gini(lists, task.shape[1], k)
    return Measured(each, whole)


def _each(lists: Ranked, hits: Hits, task: Task, k: int) -> dict[str, Floats]:
    known, catalog = task.known, task.catalog
    genres = catalog.genre_members
    return {
        "ndcg": hits.ndcg(k),
        "recall": hits.recall(k),
        "precision": hits.precision(k),
        "map": average_precision(hits, k),
        "mrr": reciprocal_rank(hits, k),
        "hit_rate": hits.hit_rate(k),
        "novelty": metrics.novelty(lists, known, k),
        "diversity": _diversity(lists, task, k),
        "genre_divergence": genre_divergence(lists, known, genres, k),
        "popularity_lift": popularity_lift(lists, known, k),
        "artist_concentration": concentration(lists, catalog.artist_fold, k),
        "repeats": repeats(lists, known, catalog.canonical, k),
        "skips": skips(lists, task.skipped, k),
    }


def _diversity(lists: Ranked, task: Task, k: int) -> Floats:
    """Over genres; over audio features where the catalogue names no genre; undefined where it has neither."""
    catalog = task.catalog
    if catalog.genre_members.nnz:
        return genre_distance(lists, catalog.genre_members, k)
    if not catalog.audio.any():
        return np.full(len(lists), np.nan)
    return metrics.intra_list_distance(lists, catalog.sound, k)


def _pattern(matrix: csr_array) -> csr_array:
    return csr_array((np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape)


def _by_row(matrix: csr_array) -> csr_array:
    """Rows divided by their sum; empty rows stay empty."""
    total = np.asarray(matrix.sum(axis=1)).ravel()
    scaled = (diags_array(np.divide(1.0, total, out=np.zeros_like(total, dtype=np.float64), where=total > 0)) @ matrix).tocsr()
    scaled.eliminate_zeros()
    return scaled


def _hit_share(lists: Ranked, pattern: csr_array) -> Floats:
    return _share(metrics.hits(lists, pattern).sum(axis=1), (lists >= 0).sum(axis=1))


def _share(part: NDArray[np.floating] | NDArray[np.integer], whole: NDArray[np.floating] | NDArray[np.integer]) -> Floats:
    """part ÷ whole, NaN where whole is not above 0."""
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
