"""Ratings as sparse matrices: one row per listener, columns of the catalogue first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recsys import Settings
from recsys.matrices.catalog import build_catalog
from recsys.matrices.history import History, build_history
from recsys.tables import RATINGS, TRACKS
from tests.support.worlds import frame, silent

RATED = (
    ("bob", "zz", 0.45, True),
    ("bob", "b", 0.0, False),
    ("bob", "a", -1.0, False),
    ("cem", "b", 1.0, True),
    ("cem", "aa", 2.0, True),
)


def rows_of(rated: tuple[tuple[str, str, float, bool], ...]) -> pl.DataFrame:
    rows = [
        {"user_id": user, "track_id": track, "rating": points, "known": known}
        | {"liked": max(points, 0), "disliked": max(-points, 0), "positive": max(points, 0), "rejected": points < 0}
        for user, track, points, known in rated
    ]
    return frame(RATINGS, rows)


def matrices(tracks: str = "abc", rated: tuple[tuple[str, str, float, bool], ...] = RATED) -> History:
    return build_history(rows_of(rated), ["ann", "bob", "cem"], build_catalog(frame(TRACKS, map(silent, tracks)), Settings()))


def test_columns_are_the_catalogue_then_what_it_lacks() -> None:
    history = matrices()
    assert (history.tracks, history.missing) == (3, ["aa", "zz"])
    assert history.rating.toarray().tolist() == [[0, 0, 0, 0, 0], [-1, 0, 0, 0, 0.45], [0, 1, 0, 2, 0]]
    assert history.row_of == {"ann": 0, "bob": 1, "cem": 2}


def test_files_are_as_the_frame(tmp_path: Path) -> None:
    rated, catalog = rows_of(RATED), build_catalog(frame(TRACKS, map(silent, "abc")), Settings())
    paths = [tmp_path / f"{part}.parquet" for part in range(3)]
    for path, part in zip(paths, (rated[:3], rated[:0], rated[3:]), strict=True):
        part.write_parquet(path)
    whole, apart = (build_history(one, ["ann", "bob", "cem"], catalog) for one in (rated, paths))
    assert (whole.missing, whole.releases) == (apart.missing, apart.releases)
    for name in ("rating", "liked", "disliked", "known", "rejected", "approval", "last_day"):
        one, other = getattr(whole, name), getattr(apart, name)
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one.toarray(), other.toarray())


def test_zero_is_an_entry_and_columns_ascend() -> None:
    history = matrices()
    assert history.rating.indices.tolist() == [0, 1, 4, 1, 3]
    assert history.rating.indptr.tolist() == [0, 0, 3, 5]
    for name in ("liked", "disliked", "known", "rejected"):
        assert getattr(history, name).indices.tolist() == history.rating.indices.tolist()


def test_a_skip_is_no_vote_and_a_rejection_is_one_against() -> None:
    """One listener: a song played and skipped, one only skipped, one played and then disliked, one only liked."""
    rows = [
        {"user_id": "ann", "track_id": track, "rating": positive - against, "positive": positive, "rejected": rejected}
        | {"known": positive > 0, "liked": positive, "disliked": against}
        for track, positive, against, rejected in (
            ("a", 0.9, 2.2, False),
            ("b", 0.0, 0.55, False),
            ("c", 0.5, 1.25, True),
            ("d", 1.0, 0.0, False),
        )
    ]
    history = build_history(frame(RATINGS, rows), ["ann"], build_catalog(frame(TRACKS, map(silent, "abcd")), Settings()))
    assert history.approval.toarray().tolist() == [[np.float32(0.9), 0.0, -1.25, 1.0]]
    assert history.positive.numbers.tolist() == [3]


def test_nobody_likes_what_they_dislike_in_the_end() -> None:
    """``bob`` played *a* and *c* much, and dislikes *a* since."""
    names = {"user_id": ["ann", "bob", "bob", "bob"], "track_id": ["a", "a", "b", "c"], "rating": [1.0, 2.0, -1.0, 2.0]}
    rated = pl.DataFrame(names).with_columns(
        **dict.fromkeys(("liked", "disliked", "positive"), pl.col("rating")),
        known=True,
        rejected=pl.Series([False, True, True, False]),
    )
    catalog = build_catalog(frame(TRACKS, map(silent, "abc")), Settings())
    history = build_history(frame(RATINGS, rated.to_dicts()), ["ann", "bob"], catalog)
    assert (history.positive.indptr.tolist(), history.positive.numbers.tolist()) == ([0, 1, 3], [0, 0, 2])
    assert (history.likes.indptr.tolist(), history.likes.numbers.tolist()) == ([0, 1, 2], [0, 2])


def test_names_of_all_listeners_are_one_column() -> None:
    history = matrices()
    assert history.user_ids.to_list() == ["ann", "bob", "cem"]
    assert history.user_ids is history.user_ids


def test_columns_by_track() -> None:
    assert matrices().columns.indices.tolist() == [1, 1, 2, 2, 1]


@pytest.mark.parametrize(("first", "last", "expected"), [(0, None, [[0, 0, 0], [1, 0, 0], [0, 0, 0]]), (1, 2, [[1, 0, 0]])])
def test_in_catalog_leaves_missing_tracks_out(first: int, last: int | None, expected: list[list[float]]) -> None:
    assert matrices().in_catalog("disliked", first, last).toarray().tolist() == expected


def test_as_stored_is_the_same_without_another_copy() -> None:
    whole = matrices()
    stored, wide = whole.as_stored("approval"), whole.in_catalog("approval")
    assert (stored.dtype, wide.dtype) == (np.float32, np.float64)
    np.testing.assert_array_equal(stored.toarray(), wide.toarray())
    known = replace(whole, tracks=whole.rating.shape[1])
    assert np.shares_memory(known.as_stored("approval").data, known.approval.data)


def test_any_order_of_rows_gives_the_same_matrices() -> None:
    one, other = matrices(), matrices(rated=tuple(sorted(RATED, key=lambda row: (row[0], -ord(row[1][0]), row[1]))))
    assert one.rating.data.tobytes() == other.rating.data.tobytes()
    assert one.rating.indices.tobytes() == other.rating.indices.tobytes()


def test_nobody_heard_anything() -> None:
    history = matrices(rated=())
    assert (history.rating.shape, history.rating.nnz, history.missing) == ((3, 3), 0, [])


def test_of_two_records_of_one_id_the_last_is_rated() -> None:
    assert matrices("abb").rating.toarray()[2].tolist() == [0, 0, 1, 2, 0]


def test_last_day() -> None:
    row = {"user_id": "ann", "rating": 1.0, "liked": 1.0, "disliked": 0.0, "known": True, "rejected": False}
    times = {"a": datetime(1970, 1, 3, 12, tzinfo=UTC), "b": None}
    rated = frame(RATINGS, [row | {"track_id": track, "last_at": moment} for track, moment in times.items()])
    history = build_history(rated, ["ann"], build_catalog(frame(TRACKS, map(silent, "ab")), Settings()))
    assert history.last_day.dtype == np.float32
    assert history.last_day.data.tolist() == pytest.approx([2.5, np.nan], nan_ok=True)
