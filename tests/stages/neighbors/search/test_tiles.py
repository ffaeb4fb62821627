"""Tiles say the same as the ratings they stand for, to float32."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.stages.neighbors.search import tiles as module
from recsys.stages.neighbors.search.correlation import moments, sparse
from recsys.stages.neighbors.search.tiles import LOWEST, Tiles, catalogue_tiles, co_rated_tiles
from recsys.stages.neighbors.search.workers import WorkerPool
from tests.support.rated import EDGES, Rows, long_tail, matrix

RATED = long_tail(170, 40, 2200, disliked=0.1)


def both(rated: np.ndarray, threads: int = 1) -> list[Tiles]:
    rows, tracks = sparse(rated), rated.shape[1]
    with WorkerPool(threads) as workers:
        return [catalogue_tiles(rows, tracks, moments(rows, tracks), workers), co_rated_tiles(rows, tracks, workers)]


def by_rows(tiles: Tiles, tracks: int, dense_tracks: np.ndarray) -> np.ndarray:
    out = np.zeros((len(tiles.begin), tracks))
    for user, (begin, split, end) in enumerate(zip(tiles.begin, tiles.split, tiles.end, strict=True)):
        out[user, tiles.items[begin:split]] = tiles.values[begin:split]
        out[user, dense_tracks[tiles.items[split:end]]] = tiles.values[split:end]
    return out


def by_columns(tiles: Tiles, tracks: int, dense_tracks: np.ndarray) -> np.ndarray:
    width = tiles.dense.shape[2]
    out = np.zeros((len(tiles.dense) * width, tracks))
    for tile, (starts, base, dense) in enumerate(zip(tiles.starts, tiles.base, tiles.dense, strict=False)):
        part = out[tile * width : (tile + 1) * width]
        part[:, dense_tracks] = dense.T
        for track, (begin, end) in enumerate(zip(starts[:-1] + base, starts[1:] + base, strict=True)):
            assert (np.diff(tiles.raters[begin:end].astype(int)) > 0).all()
            part[tiles.raters[begin:end], track] = tiles.ratings[begin:end]
    return out


def dense_tracks(rated: np.ndarray, tiles: Tiles) -> np.ndarray:
    """Track of each dense row: the most popular first."""
    used = np.repeat(tiles.begin < tiles.end, np.diff(rated.indptr))
    popularity = np.bincount(rated.indices[used], minlength=rated.shape[1])
    return np.argsort(-popularity, kind="stable")[: tiles.dense.shape[1]]


@pytest.mark.parametrize("kind", [0, 1], ids=["catalogue", "co-rated"])
class TestLayout:
    def test_rows_and_columns_hold_the_same(self, kind: int) -> None:
        result = both(RATED)[kind]
        tracks = dense_tracks(RATED, result)
        rows, columns = by_rows(result, 40, tracks), by_columns(result, 40, tracks)
        assert 0 < tracks.size < 40
        used = result.begin < result.end
        assert used.sum() > 160
        assert ((rows != 0) == (used[:, None] & (RATED.toarray() != 0))).all()
        assert (rows == columns[:170]).all()
        assert not columns[170:].any()

    def test_small_tiles_and_any_number_of_threads(self, kind: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "_TILE", {1: 32, 6: 32})
        monkeypatch.setattr(module, "LEAST_RUN", 1)
        one, two = both(RATED)[kind], both(RATED, 2)[kind]
        assert len(one.dense) > 3
        tracks = dense_tracks(RATED, one)
        assert (by_rows(one, 40, tracks) == by_columns(one, 40, tracks)[:170]).all()
        for name in ("starts", "raters", "ratings", "dense", "offset", "gap"):
            assert getattr(one, name).tobytes() == getattr(two, name).tobytes()

    def test_whole_steps(self, kind: int) -> None:
        result = both(RATED)[kind]
        assert result.dense.shape[2] % module.STEP == 0
        assert result.offset.size == len(result.dense) * result.dense.shape[2] >= 170

    @pytest.mark.parametrize(
        ("rows", "tracks"), [edge for name, edge in EDGES.items() if not name.startswith("no ")], ids=lambda one: str(one)[:20]
    )
    def test_edges(self, kind: int, rows: Rows, tracks: int) -> None:
        result = both(matrix(rows, tracks))[kind]
        for begin, end in zip(result.begin, result.end, strict=True):
            assert np.isfinite(result.values[begin:end]).all()
            assert (result.values[begin:end] != 0).all()

    def test_whose_ratings_are_alike_has_no_entries(self, kind: int) -> None:
        result = both(matrix([{}, dict.fromkeys(range(3), 0.3), {0: 0.3, 1: 0.4}], 3))[kind]
        assert (result.end - result.begin).tolist() == [0, 0, 2]
        assert kind or result.bar[:3].tolist() == [LOWEST, LOWEST, 0]

    def test_a_wide_catalogue_takes_few_tiles(self, kind: int) -> None:
        result = both(matrix([{user: 1.0, user + 1: 2.0} for user in range(300)], 10_000))[kind]
        assert result.starts.size <= 2 * module.STARTS * 600 + 10_001


def test_catalogue_correlations() -> None:
    result = both(RATED)[0]
    dense, offset = by_rows(result, 40, dense_tracks(RATED, result)), result.offset[:170].astype(float)
    np.testing.assert_allclose(dense @ dense.T - np.outer(offset, offset), np.corrcoef(RATED.toarray()), atol=1e-5)
    assert result.doubtful == bool((RATED.toarray().mean(axis=1) < 0).any())
    assert (result.bar[170:] == LOWEST).all()


def test_co_rated_by_hand() -> None:
    result = both(matrix([{0: 1.0, 1: 2.0, 2: 4.0}, {0: 0.0, 2: 6.0}], 3))[1]
    # the mean of 1, 2, 4 lies between 2 and 4: centre 3, greatest distance 2
    by_track = [
        dict(zip(result.items[b:e], result.values[b:e], strict=True)) for b, e in zip(result.begin, result.end, strict=True)
    ]
    assert [sorted(row.values()) for row in by_track] == [[-1.0, -0.5, 0.5], [-1.0, 1.0]]
    assert result.gap[:2].tolist() == pytest.approx([(1 / 2) ** 2, (1 / 3) ** 2])


def test_co_rated_values_are_shifted_and_scaled() -> None:
    result = both(RATED)[1]
    dense = by_rows(result, 40, dense_tracks(RATED, result))
    assert np.abs(dense).max() <= 1
    for mine, given in zip(dense, RATED.toarray(), strict=True):
        on = given != 0
        if on.sum() > 2 and mine.any():
            assert np.corrcoef(mine[on], given[on])[0, 1] == pytest.approx(1.0, abs=1e-5)


def test_ratings_that_cannot_be_told_apart_have_no_least_difference() -> None:
    crowded = matrix([{track: 1 + track * 1e-13 for track in range(12)} | {12: 5.0}], 13)
    assert not both(crowded)[1].gap.any()
