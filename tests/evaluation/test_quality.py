"""Published lists judged by what came since: by hand on a small run."""

from __future__ import annotations

from datetime import timedelta
from math import log2

import polars as pl
import pytest

from recsys import Lake
from recsys.evaluation.quality import judge_run
from recsys.lake import Run
from recsys.settings import Settings
from recsys.tables import EVENTS, REJECTS, TRACKS
from tests.support.published import commit
from tests.support.worlds import AS_OF, event, frame, track

pytestmark = pytest.mark.slow  # whole runs

HEARD = (("ann", "t1"), ("ann", "t2"), ("bob", "t2"), ("bob", "t3"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two listeners, nine tracks, lists of four."""
    lake = Lake(tmp_path_factory.mktemp("quality") / "lake")
    tracks = [track(f"t{number}", popularity=0.1 * number) for number in range(9)]
    events = [event(user, name, days=9.0) for user, name in HEARD]
    for number, rows in enumerate((frame(TRACKS, tracks), frame(EVENTS, events))):
        name, digest = ("tracks", "events")[number], f"{number:064x}"
        lake.add_batch(name, rows, rejects=REJECTS.empty(), source=name, digest=digest, rows_read=rows.height)
    return commit(lake, Settings(list_limit=4, pool=8), AS_OF)


def later(*rows: tuple[str, str, str]) -> pl.DataFrame:
    return frame(EVENTS, [event(user, heard, what, days=-1.0) for user, heard, what in rows])


def test_by_hand(run: Run) -> None:
    listed = run.read("rankings").filter(user_id="ann", list="balanced").sort("rank")["track_id"].to_list()
    events = later(("ann", listed[1], "like"), ("ann", "t1", "like"), ("bob", "t2", "skip"))
    result = judge_run(run, [events], AS_OF + timedelta(days=1))
    own = result.filter(list="balanced", group="all", metric="ndcg@10").row(0, named=True)
    assert (own["run"], own["as_of"], own["listeners"]) == (run.id, AS_OF, 1)
    assert own["value"] == own["low"] == own["high"] == pytest.approx(1 / log2(3))
    assert set(result["list"]) == {"balanced", "comfort", "discovery"}
    assert result.filter(metric="coverage@10", list="balanced")["value"].is_between(4 / 9 - 1e-9, 1).all()
    assert {"all", "thin"} <= set(result["group"])


def test_of_many_listeners_some_are_judged(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    ranked = run.read("rankings").filter(pl.col("user_id").is_in(["ann", "bob"]), list="balanced")
    listed = ranked.sort("rank").group_by("user_id").agg(pl.col("track_id").get(1))
    events = later(*((user, heard, "like") for user, heard in listed.iter_rows()))
    both, moment = judge_run(run, [events], AS_OF + timedelta(days=1)), AS_OF + timedelta(days=1)
    monkeypatch.setattr("recsys.evaluation.quality.MOST", 1)
    some = judge_run(run, [events], moment)
    first = judge_run(run, [events.filter(user_id="ann")], moment)
    counts = [frame.filter(list="balanced", metric="ndcg@10", group="all")["listeners"].to_list() for frame in (both, some)]
    assert counts == [[2], [1]]
    own = pl.col("metric").str.starts_with("ndcg") & (pl.col("group") == "all")
    assert some.filter(own).equals(first.filter(own))


def test_nothing_new(run: Run) -> None:
    assert judge_run(run, [later()], AS_OF + timedelta(days=1)).is_empty()
    assert judge_run(run, [later(("ann", "t1", "like"))], AS_OF + timedelta(days=1)).is_empty()
    assert judge_run(run, [frame(EVENTS, [event("ann", "t5", days=2.0)])], AS_OF + timedelta(days=1)).is_empty()


def test_what_comes_after_the_moment_does_not_count(run: Run) -> None:
    events = frame(EVENTS, [event("ann", "t5", days=-3.0)])
    assert judge_run(run, [events], AS_OF + timedelta(days=2)).is_empty()
    assert judge_run(run, [events], AS_OF + timedelta(days=3)).height > 0
