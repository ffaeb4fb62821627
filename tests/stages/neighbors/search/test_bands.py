"""Bands say the same as the ratings they stand for, to float32, and those with most ratings stand first."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from recsys.stages.neighbors.search import bands as module
from recsys.stages.neighbors.search.bands import Bands, by_popularity, in_bands
from recsys.stages.neighbors.search.correlation import moments, sparse
from recsys.stages.neighbors.search.workers import WorkerPool
from tests.support.rated import EDGES, Rows, long_tail, matrix

RATED = long_tail(470, 40, 5000, disliked=0.2)


def laid_out(rated: csr_array, threads: int = 1) -> Bands:
    rows, tracks = sparse(rated), rated.shape[1]
    with WorkerPool(threads) as workers:
        return in_bands(by_popularity(rows, tracks), tracks, moments(rows, tracks), workers)


def by_rows(bands: Bands, tracks: int) -> np.ndarray:
    out = np.zeros((bands.order.size, tracks))
    for place, (begin, end) in enumerate(zip(bands.begin, bands.end, strict=True)):
        assert (np.diff(bands.items[begin:end].astype(int)) > 0).all()
        out[place, bands.items[begin:end]] = bands.values[begin:end]
    return out


def by_columns(bands: Bands, tracks: int) -> np.ndarray:
    out = np.zeros((bands.order.size, tracks))
    for band, (first, last) in enumerate(zip(bands.first[:-1], bands.first[1:], strict=True)):
        base = int(bands.begin[first]) if first < last else 0
        for track in range(tracks):
            listed = slice(base + int(bands.starts[band, track]), base + int(bands.starts[band, track + 1]))
            assert (np.diff(bands.raters[listed].astype(int)) > 0).all()
            out[first + bands.raters[listed].astype(int), track] = bands.ratings[listed]
        dense = bands.dense[bands.base[band] : bands.base[band + 1]].reshape(-1, last - first)
        assert (dense == out[first:last, : len(dense)].T).all()
    return out


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WIDTH", 128)


def test_numbers_by_popularity_leave_entries_in_their_order() -> None:
    rows = sparse(RATED)
    renumbered, counts = by_popularity(rows, 40), np.bincount(RATED.indices, minlength=40)
    order = np.lexsort((np.arange(40), -counts))
    assert (order[renumbered.indices] == RATED.indices).all()
    assert renumbered.values is rows.values
    assert renumbered.indptr is rows.indptr
    assert (rows.indices == RATED.indices).all()


def test_rows_and_columns_hold_the_same() -> None:
    bands = laid_out(RATED)
    rows, columns = by_rows(bands, 40), by_columns(bands, 40)
    assert (rows == columns).all()
    there = bands.order >= 0
    assert not rows[~there].any()
    popularity = (rows != 0).sum(axis=0)
    assert (np.diff(popularity) <= 0).all()
    assert ((rows[there] != 0).sum(axis=1) == np.diff(RATED.indptr)[bands.order[there]]).all()
    assert bands.depth[0] > bands.depth[bands.doubtful - 1] > 0
    np.testing.assert_allclose(
        rows[there] @ rows[there].T - np.outer(bands.offset[there], bands.offset[there]),
        np.corrcoef(RATED.toarray()[bands.order[there]]),
        atol=1e-5,
    )


def test_most_ratings_first_and_the_doubtful_last() -> None:
    bands, size = laid_out(RATED), np.diff(RATED.indptr)
    border, below = bands.first[bands.doubtful], RATED.toarray().mean(axis=1) < 0
    parts = [part[part >= 0] for part in (bands.order[:border], bands.order[border:])]
    assert [below[part].mean() for part in parts] == [0.0, 1.0]
    assert all((np.diff(size[part]) <= 0).all() for part in parts)
    assert sorted(np.concatenate(parts).tolist()) == np.flatnonzero(size).tolist()
    assert (np.diff(bands.first) % 64 == 0).all()
    for first, last, users in zip(bands.first[:-1], bands.first[1:], bands.users, strict=True):
        assert (bands.order[first : first + users] >= 0).all()
        assert (bands.order[first + users : last] == -1).all()


def test_any_number_of_threads() -> None:
    one, two = laid_out(RATED), laid_out(RATED, 2)
    assert len(one.users) > 3
    for name in ("order", "first", "end", "items", "values", "starts", "raters", "ratings", "dense", "offset"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()


@pytest.mark.parametrize(
    ("rows", "tracks"), [edge for name, edge in EDGES.items() if not name.startswith("no ")], ids=lambda one: str(one)[:20]
)
def test_edges(rows: Rows, tracks: int) -> None:
    bands = laid_out(matrix(rows, tracks))
    assert (by_rows(bands, tracks) == by_columns(bands, tracks)).all()
    assert np.isfinite(bands.values).all()
    assert (bands.values != 0).all()


def test_what_is_read_in_wide_registers_begins_with_a_line_of_memory() -> None:
    bands = laid_out(RATED)
    assert [array.ctypes.data % 64 for array in (bands.dense, bands.offset)] == [0, 0]


def test_whose_ratings_are_alike_has_no_place() -> None:
    assert laid_out(matrix([{}, dict.fromkeys(range(3), 0.3), {0: 0.3, 1: 0.4}], 3)).order.tolist() == [2] + [-1] * 63


def test_a_wide_catalogue_takes_few_bands() -> None:
    bands = laid_out(matrix([{user: 1.0, user + 1: 2.0} for user in range(600)], 20_000))
    assert bands.starts.size <= 2 * module.STARTS * 1200 + 20_001
