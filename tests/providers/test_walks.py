from __future__ import annotations

from recsys.providers.walks import WINDOW, Walk

DAY = 86_400


def whole(times: list[int], total: int | None) -> Walk:
    """The walk after one that met listens at ``times``."""
    walk = Walk().start(0, whole=True).onward(times, max(times), min(times)).finish()
    return walk.model_copy(update={"total": total})


def test_a_whole_walk_counts_what_it_met() -> None:
    walk = whole([10 * DAY, 90 * DAY, 100 * DAY], 3)
    assert (walk.done, walk.count, walk.recent, walk.before) == (100 * DAY, 3, 2, None)


def test_the_next_walk_tells_whether_any_came_late() -> None:
    before = whole([10 * DAY, 90 * DAY, 100 * DAY], 3)
    start = before.start(before.done - WINDOW, whole=False)
    same = start.onward([90 * DAY, 100 * DAY], 100 * DAY, 90 * DAY).finish()
    assert same.agrees(before, 3)
    assert not same.agrees(before, 4)
    assert not same.agrees(before, None)
    late = start.onward([90 * DAY, 99 * DAY, 100 * DAY, 101 * DAY], 101 * DAY, 90 * DAY).finish()
    assert (late.agrees(before, 5), late.count, late.done) == (True, 5, 101 * DAY)
