"""A plain function as a stage: its time, what is shown, tries, and one wall time shared by several."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from threading import Event, Thread

import pytest
import stamina

from flows.stages import PROGRESS, SECONDS, ShardTimes, logger, one_behind, recorded, retried, stage, stopwatch, timing
from recsys.errors import InputError, LakeError


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def seen() -> Iterator[list[tuple[str, int, int]]]:
    """What progress hears."""
    calls: list[tuple[str, int, int]] = []
    token = PROGRESS.set(lambda *call: calls.append(call))
    yield calls
    PROGRESS.reset(token)


def test_a_step_is_timed_logged_and_shown(seen: list[tuple[str, int, int]], caplog: pytest.LogCaptureFixture) -> None:
    seconds = stopwatch()

    @stage()
    def ratings(one: int, *, two: int) -> int:
        """Words."""
        return one + two

    with caplog.at_level(logging.INFO, "recsys"):
        assert ratings(1, two=2) == 3
    assert seen == [("ratings", 0, 0), ("ratings", 1, 1)]
    assert list(seconds) == ["ratings"]
    assert seconds["ratings"] > 0
    assert "stage=ratings seconds=" in caplog.text
    assert (ratings.__name__, ratings.__doc__) == ("ratings", "Words.")


def test_steps_of_one_stage_add_up() -> None:
    seconds = stopwatch()
    step = stage("publish")(lambda: None)
    step()
    first = seconds["publish"]
    step()
    assert seconds["publish"] > first
    assert SECONDS.get() is seconds
    assert stopwatch() is not seconds


def test_what_is_called_part_by_part_keeps_its_own_time(seen: list[tuple[str, int, int]]) -> None:
    seconds = stopwatch()
    assert stage("a, b", shown=False)(lambda value: value * 2)(4) == 8
    assert (seen, dict(seconds)) == ([], {})


@pytest.mark.parametrize(
    ("error", "attempts", "calls"),
    [(LakeError("full"), 3, 3), (OSError("cut"), 3, 3), (InputError("bad"), 3, 1), (LakeError("full"), 1, 1)],
)
def test_another_try_only_where_it_may_help(error: Exception, attempts: int, calls: int) -> None:
    counted = []

    def fail() -> None:
        counted.append(1)
        raise error

    with pytest.raises(type(error)):
        retried(fail, attempts)()
    assert len(counted) == calls


def test_a_try_that_helps() -> None:
    answers = iter([LakeError("busy"), None])

    def once() -> str:
        if error := next(answers):
            raise error
        return "done"

    assert retried(once)() == "done"


def test_a_stage_that_fails_is_not_shown_as_finished(seen: list[tuple[str, int, int]]) -> None:
    seconds = stopwatch()
    with pytest.raises(ValueError, match="x"), timing("ratings"):
        raise ValueError("x")
    assert (seen, dict(seconds)) == ([("ratings", 0, 0)], {})


def test_shares_of_one_wall_time_are_in_proportion_and_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 3.0, 10.0, 11.0, 20.0, 20.0])
    monkeypatch.setattr("flows.stages.perf_counter", lambda: next(clock))
    times = ShardTimes()
    for name in ("neighbors", "rankings", "candidates"):
        with times(name):
            pass
    assert times.lap(8.0) == {"neighbors": 6.0, "rankings": 2.0, "candidates": 0.0}
    assert times.lap(8.0) == {}


def test_no_time_at_all_and_many_threads() -> None:
    assert ShardTimes().lap(5.0) == {}
    times = ShardTimes()

    def work() -> None:
        for _ in range(200):
            with times("a"), times("b"):
                pass

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(times.lap(1.0).values()) == pytest.approx(1.0)


def test_outside_a_flow_it_is_pythons_log() -> None:
    assert recorded() is False
    assert logger() is logging.getLogger("recsys")


class TestOneBehind:
    def test_work_goes_on_beside_what_follows_and_in_order(self) -> None:
        done, go = list[int](), Event()

        def first() -> None:
            assert go.wait(60)
            done.append(1)

        with one_behind() as begin:
            begin(first)
            assert done == []
            go.set()
            begin(lambda: done.append(2))
            begin(lambda: done.append(3))
        assert done == [1, 2, 3]

    def test_what_it_raises_is_raised_by_the_next_call_or_at_the_end(self) -> None:
        def fails() -> None:
            raise LakeError("full")

        def works(*each: Callable[[], None]) -> None:
            with one_behind() as begin:
                for work in each:
                    begin(work)

        more = list[int]()
        with pytest.raises(LakeError, match="full"):
            works(fails, lambda: more.append(1))
        with pytest.raises(LakeError, match="full"):
            works(fails)
        assert more == []

    def test_it_knows_the_run_that_is_going_on(self, seen: list[tuple[str, int, int]]) -> None:
        def shows() -> None:
            report = PROGRESS.get()
            assert report
            report("write", 1, 1)

        with one_behind() as begin:
            begin(shows)
        assert seen == [("write", 1, 1)]
