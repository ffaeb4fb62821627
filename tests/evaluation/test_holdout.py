"""The cut of a lake: what is held out, and that nothing of it reaches the lists."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from recsys import InputError, Inputs, UsageError
from recsys.evaluation.holdout import Holdout, holdout_task
from recsys.evaluation.shipped import Shipped
from recsys.evaluation.task import Task
from recsys.settings import Settings
from recsys.tables import CONTROLS, EVENTS, REQUESTS, TRACKS
from tests.support.worlds import event, frame, track

pytestmark = pytest.mark.slow  # whole runs

NEWEST = datetime(2026, 6, 1, tzinfo=UTC)
CUT = NEWEST - timedelta(days=30)


def world() -> Inputs:
    """Two circles of listeners who hear their own half of the tracks, two months long."""
    rng = np.random.default_rng(0)
    rows = [
        event(f"u{user}", f"t{2 * int(at) + user % 2:02d}", "like", days=float(day))
        for user in range(12)
        for at, day in zip(rng.permutation(20)[:14], np.linspace(0, 60, 14), strict=True)
    ]
    tracks = [track(f"t{number:02d}", popularity=0.5, release_date="2020") for number in range(40)]
    return Inputs(tracks=frame(TRACKS, tracks), events=frame(EVENTS, rows))


def later(inputs: Inputs) -> Inputs:
    """The same, with planted signals that only exist after the cut."""
    planted = [event(f"u{user}", "t00", "hide", days=1.0) for user in range(12)]
    planted += [event(f"spy{number}", f"t{number:02d}", "like", days=2.0) for number in range(40) for _ in range(3)]
    planted += [event("u1", "mentioned", "like", days=3.0), event("u1", "unborn", "like", days=3.0)]
    born = [track("unborn", popularity=1.0, release_date="2026-05-20"), track("mentioned", origin="mention")]
    controls = [{"user_id": "u1", "excluded_artists": ["artist of t05"], "history_from": NEWEST}]
    requests = [{"user_id": "*", "list": "balanced", "limit": 5, "mode": "discovery", "seed_track_ids": ["t01"]}]
    return Inputs(
        tracks=pl.concat([inputs.tracks, Inputs(tracks=frame(TRACKS, born)).tracks]),
        events=pl.concat([inputs.events, Inputs(events=frame(EVENTS, planted)).events]),
        controls=frame(CONTROLS, controls),
        requests=frame(REQUESTS, requests),
    )


def lists(task: Task) -> dict[str, list[str]]:
    array = Shipped(task, Settings(), 10).lists(["balanced"])["balanced"]
    return {user: [task.catalog.ids[item] for item in row if item >= 0] for user, row in zip(task.users, array, strict=True)}


def test_nothing_after_the_cut_changes_a_list() -> None:
    cut = Holdout.parse("last:30d")
    plain, planted = holdout_task(world(), cut), holdout_task(later(world()), cut)
    assert plain.as_of == planted.as_of == CUT
    assert planted.catalog.ids == plain.catalog.ids
    before, after = lists(plain), lists(planted)
    assert {user: after[user] for user in before} == before
    # the signal is there: it decides what is relevant
    assert planted.relevant.nnz > plain.relevant.nnz
    assert planted.skipped.nnz > plain.skipped.nnz
    assert any("2 tracks released or first mentioned" in note for note in planted.notes)


def test_the_two_circles_are_predicted() -> None:
    task = holdout_task(world(), Holdout.parse("last:20%"))
    own = [item for user, row in lists(task).items() for item in row if int(item[1:]) % 2 == int(user[1:]) % 2]
    assert len(own) / sum(map(len, lists(task).values())) > 0.5
    rows, columns = task.relevant.nonzero()
    assert {(row % 2) for row in rows} == {0, 1}
    assert not task.known[rows, columns].any()


def test_share_and_days_of_time() -> None:
    by_share = holdout_task(world(), Holdout.parse("last:50%"))
    assert abs((NEWEST - by_share.as_of).days - 30) <= 5
    assert by_share.inputs.events["occurred_at"].max() < by_share.as_of


def test_random_hides_whole_pairs_and_never_all() -> None:
    task = holdout_task(world(), Holdout.parse("random:50%"))
    assert np.diff(task.relevant.indptr).tolist() == [7] * 12
    assert np.diff(task.known.indptr).tolist() == [7] * 12
    again = holdout_task(world(), Holdout.parse("random:50%"))
    assert (again.relevant != task.relevant).nnz == 0


def test_undated_events_are_learnt_from() -> None:
    inputs = Inputs(tracks=world().tracks, events=frame(EVENTS, [event("a", "t01", days=None), event("a", "t02", days=1.0)]))
    task = holdout_task(inputs, Holdout.parse("last:5d"))
    assert (task.known.nnz, task.relevant.nnz) == (1, 1)
    assert any("1 undated" in note for note in task.notes)


def test_nothing_to_cut() -> None:
    undated = Inputs(tracks=world().tracks, events=frame(EVENTS, [event("a", "t01", days=None)]))
    with pytest.raises(InputError, match="no dated events"):
        holdout_task(undated, Holdout.parse("last:5d"))
    with pytest.raises(InputError, match="no events"):
        holdout_task(Inputs(tracks=world().tracks), Holdout.parse("random:20%"))
    with pytest.raises(InputError, match="no track of the catalogue was known"):
        holdout_task(world(), Holdout.parse("last:9999d"))


@pytest.mark.parametrize("text", ["", "last", "last:0d", "last:100%", "random:3d", "first:20%", "last:-3d"])
def test_words_that_are_no_holdout(text: str) -> None:
    with pytest.raises(UsageError, match="--holdout"):
        Holdout.parse(text)
