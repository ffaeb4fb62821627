"""The lists that recsys makes for a task: as arrays by hand, and the same as a run's own tables."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from recsys import Settings
from recsys.evaluation.shipped import MOST, Shipped, arranged
from recsys.evaluation.task import Task, make_task
from recsys.inputs import ANYONE
from tests.support.worlds import AS_OF, event, inputs, silent


def small(*users: str) -> Task:
    events = [event(user, "abcdef"[(at + step) % 6]) for at, user in enumerate(users) for step in range(2)]
    later = pl.DataFrame({"user_id": ["new"], "track_id": ["a"], "approved": [True], "declined": [False]})
    return make_task(inputs([silent(name) for name in "abcdef"], events), AS_OF, later, [])


def rows(*cells: tuple[str, int, str]) -> pl.DataFrame:
    return pl.DataFrame(cells, {"user_id": pl.String, "rank": pl.Int32, "track_id": pl.String}, orient="row")


def test_lists_by_rank_and_strangers_get_the_one_of_anyone() -> None:
    task = small("u", "v")
    ranked = rows(("v", 2, "b"), ("v", 1, "f"), ("v", 3, "a"), (ANYONE, 1, "c"), (ANYONE, 2, "gone"), ("x", 1, "a"))
    result = arranged(ranked, task, 2)
    assert task.users == ["new", "u", "v"]
    # u has no rows of its own either
    assert result.tolist() == [[2, -1], [2, -1], [5, 1]]


def test_a_listener_whose_tracks_are_all_unknown_is_no_stranger() -> None:
    assert arranged(rows(("u", 1, "gone"), (ANYONE, 1, "c")), small("u"), 1).tolist() == [[2], [-1]]


@pytest.fixture(scope="module")
def shipped() -> Shipped:
    return Shipped(small(*"pqrstuvw"), Settings(pool=20), 4)


@pytest.mark.slow
class TestFit:
    def test_lists_hold_no_known_track_twice(self, shipped: Shipped) -> None:
        result = shipped.lists(["balanced", "comfort"])
        assert list(result) == ["balanced", "comfort"]
        for lists in result.values():
            assert lists.shape == (9, 4)
            for row, tracks in enumerate(lists):
                listed = tracks[tracks >= 0].tolist()
                assert len(set(listed)) == len(listed) > 0
                assert not set(listed) & set(shipped.task.known[[row]].indices.tolist())

    def test_votes_are_the_best_of_the_scores(self, shipped: Shipped) -> None:
        result, users = shipped.votes(), shipped.scorer.history.users
        scores = shipped.scorer.similar.votes(shipped.scorer.similar.near(0, len(users))).values()
        for row, user in enumerate(shipped.task.users):
            if user not in users:
                assert (result[row] == -1).all()
                continue
            own = scores[users.index(user)].copy()
            own[shipped.task.barred[[row]].indices] = -np.inf
            best = [track for track in np.argsort(-own, kind="stable")[:4].tolist() if own[track] > -np.inf]
            listed = result[row][result[row] >= 0]
            np.testing.assert_allclose(own[listed], own[best][: len(listed)])

    def test_changed_settings_share_the_fit(self, shipped: Shipped) -> None:
        other = shipped.changed(max_per_artist=1)
        assert other.scorer.similar is shipped.scorer.similar
        assert (other.scorer.settings.max_per_artist, shipped.scorer.settings.max_per_artist) != (1, 1)
        assert MOST >= shipped.scorer.settings.list_limit >= 4
