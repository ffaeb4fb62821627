"""Model ``neighbors``: a hand table, and the kernel on random ratings."""

from __future__ import annotations

from math import sqrt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from recsys import models
from recsys.stages.neighbors.search.nearest import co_rated
from tests.support.grid import expect, run


def test_hand_table() -> None:
    result = run(
        "neighbors",
        ratings="""
            user_id  track_id  rating
            ann      a         1
            ann      b         2
            ann      c         3
            bob      a         2
            bob      b         4
            bob      c         6
            bob      d         9
            cem      a         3
            cem      b         1
            dan      b         5
            dan      c         5
            eve      a         1
            eve      b         2
            eve      c         2
            fay      d         1
        """,
    )
    half = sqrt(3) / 2
    expect(
        result,
        f"""
            user_id  neighbor_id  similarity  overlap  weight
            ann      bob          1           3        0.5
            ann      eve          {half}      3        {half / 2}
            bob      ann          1           3        0.5
            bob      eve          {half}      3        {half / 2}
            eve      ann          {half}      3        {half / 2}
            eve      bob          {half}      3        {half / 2}
        """,
    )


@pytest.mark.parametrize("rating", [0.2, 0.45, 1e9 / 3])
def test_constant_raters_are_nobodys_neighbors(rating: float) -> None:
    rows = [(user, track, rating if user != "w" else rating + ord(track)) for user in "uvw" for track in "abcdefg"]
    assert models.run("neighbors", {"ratings": pl.DataFrame(rows, ["user_id", "track_id", "rating"], orient="row")}).is_empty()


def test_no_correlation_at_all_is_none() -> None:
    ratings = {"u": (0.45, 0.9, 0.45, 1.2), "v": (1.0, 0.45, 0.2, 0.65)}
    rows = [(user, str(track), rating) for user, given in ratings.items() for track, rating in enumerate(given)]
    assert models.run("neighbors", {"ratings": pl.DataFrame(rows, ["user_id", "track_id", "rating"], orient="row")}).is_empty()


cells = st.dictionaries(
    st.tuples(st.integers(0, 6), st.integers(0, 7)), st.sampled_from([-1.25, 0.0, 0.2, 0.45, 0.9, 1.0, 3.7]), min_size=1
)


@pytest.mark.slow
@settings(max_examples=25)
@given(cells)
def test_kernel_finds_the_same(ratings: dict[tuple[int, int], float]) -> None:
    keys = sorted(ratings)
    user, track, rating = [k[0] for k in keys], [k[1] for k in keys], [ratings[k] for k in keys]
    matrix = csr_array((np.array(rating), (np.array(user, np.int32), np.array(track, np.int32))), shape=(7, 8))
    result = co_rated(matrix, matrix.tocsc(), 0, 7)
    rows = models.run("neighbors", {"ratings": pl.DataFrame({"user_id": user, "track_id": track, "rating": rating})})
    rows = rows.sort("user_id", "neighbor_id")
    assert rows["user_id"].to_list() == np.repeat(np.arange(7), np.diff(result.indptr)).tolist()
    assert rows["neighbor_id"].to_list() == result.indices.tolist()
    assert rows["overlap"].to_list() == result.overlap.tolist()
    np.testing.assert_allclose(rows["similarity"], result.similarity, atol=1e-12)
