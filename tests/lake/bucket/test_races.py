"""Two writers at one moment, while the way to the bucket loses replies and refuses requests."""

from __future__ import annotations

import os
import random
import re
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

pytest.importorskip("obstore")

from recsys.errors import LakeError
from recsys.lake import Lake
from recsys.lake.bucket import store as module
from recsys.lake.bucket.store import Store
from recsys.lake.pointer import CURRENT, read
from tests.lake import night
from tests.lake.bucket.conftest import Machine
from tests.support.buckets import Asked, Fault, Proxy

pytestmark = pytest.mark.slow

RACES = int(os.environ.get("RACES", "20"))
FAULTS: tuple[Fault, ...] = ("lost", "409", "412", "503", "dropped")


def together(*works: Callable[[], Any]) -> list[Any]:
    """What each returns or raises, all begun at one moment."""
    barrier, outcomes = threading.Barrier(len(works)), [None] * len(works)

    def work(place: int) -> None:
        barrier.wait()
        try:
            outcomes[place] = works[place]()
        except LakeError as error:
            outcomes[place] = error

    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def unreliable(between: Proxy, chance: random.Random, injected: Counter[str]) -> Callable[[Asked], Fault | None]:
    """Every other conditional write goes wrong."""

    def fault(asked: Asked) -> Fault | None:
        if asked.conditional and chance.random() < 0.5:
            injected[fault := chance.choice(FAULTS)] += 1
            return fault
        return None

    return fault


def meeting(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """Writers wait for each other before they try to swap an object, each having seen what is there now."""
    barrier, swap = threading.Barrier(2), Store.swap

    def met(self: Store, name: str, data: bytes, tag: Any) -> Any:
        if name == key:
            barrier.wait(120)
        return swap(self, name, data, tag)

    monkeypatch.setattr(Store, "swap", met)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries without the pauses that spare a real bucket."""
    backoff = {**module._RETRY["backoff"], "init_backoff": module._RETRY["backoff"]["init_backoff"] / 20}
    monkeypatch.setitem(module._RETRY, "backoff", backoff)
    monkeypatch.setattr(module, "_PAUSE", 0.005)


def test_of_two_publications_one_wins_and_the_loser_says_who(
    quick: None, machine: Machine, between: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = machine("here"), machine("there")
    runs = []
    for day in (1, 2, 3):
        night.ingest(here, day)
        runs.append(night.build(here).id)
    chance, injected, winners = random.Random(1), Counter[str](), Counter[str]()  # noqa: S311
    for number in range(RACES):
        between.fault = lambda _: None
        here.publish(runs[0])
        there.home.sync()
        before = read(here.root / CURRENT)
        with monkeypatch.context() as patch:
            meeting(patch, CURRENT)
            between.fault = unreliable(between, chance, injected)
            outcomes = together(lambda: here.publish(runs[1]).id, lambda: there.publish(runs[2]).id)
        won = [outcome for outcome in outcomes if isinstance(outcome, str)]
        (lost,) = [outcome for outcome in outcomes if isinstance(outcome, LakeError)]
        named = re.search(r"another writer was first and published run (\S+) at", str(lost))
        assert named, f"{number}: {lost}"
        assert [named[1]] == won
        between.fault = lambda _: None
        third = machine("third")
        pointer = third.pointer()
        assert pointer.run == won[0]
        assert before
        assert pointer.log[1:] == before.log
        winners[won[0]] += 1
    assert third.published().damage() == []
    assert set(injected) == set(FAULTS)
    assert len(winners) == 2, winners


def test_files_that_arrive_at_one_moment_each_have_a_number(
    quick: None, machine: Machine, between: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = machine("here"), machine("there")
    chance, injected = random.Random(2), Counter[str]()  # noqa: S311
    for number in range(RACES // 10):
        here.home.sync()
        there.home.sync()
        with monkeypatch.context() as patch:
            meeting(patch, f"inputs/events/{2 * number + 1:06d}/receipt.json")
            between.fault = unreliable(between, chance, injected)
            # the one that is refused swaps another object next, so nobody waits for it
            outcomes = together(partial(night.ingest, here, 2 * number), partial(night.ingest, there, 2 * number + 1))
        assert not [outcome for outcome in outcomes if isinstance(outcome, LakeError)], outcomes
        between.fault = lambda _: None
    third = machine("third")
    batches = third.batches("events")
    assert [batch.ordinal for batch in batches] == list(range(1, 2 * (RACES // 10) + 1))
    assert sorted(batch.source for batch in batches) == sorted(f"day-{day}.csv" for day in range(len(batches)))
    assert third.inputs().events.height == 3 * len(batches)
    assert third.rejects().height == len(batches) // 2


def test_one_run_that_two_machines_make_is_one(quick: None, machine: Machine, between: Proxy) -> None:
    here, there = machine("here"), machine("there")
    chance, injected = random.Random(3), Counter[str]()  # noqa: S311
    for day in range(RACES // 10):
        between.fault = lambda _: None
        night.ingest(here, day)
        there.home.sync()
        between.fault = unreliable(between, chance, injected)
        outcomes = together(lambda: night.build(here), lambda: night.build(there))
        assert not [outcome for outcome in outcomes if isinstance(outcome, LakeError)], outcomes
        assert outcomes[0].digest == outcomes[1].digest
        assert outcomes[0].damage() == outcomes[1].damage() == []
    assert len(machine("third").run_ids()) == RACES // 10


def test_forgetting_and_a_night_at_one_moment_leave_nobody(machine: Machine) -> None:
    """Whoever comes first: no run and no batch holds rows that were rewritten away."""
    from recsys.lake.rewriting import replace_runs, rewrite_batch

    def rewritten(lake: Lake) -> None:
        for batch in lake.batches():
            rows = batch.read().drop("batch")
            if rows.height == 3:
                rewrite_batch(lake, batch, rows.head(2), batch.read_rejects(), batch.source)
        lake.home.sync()
        now = {batch.as_source for batch in lake.batches()}
        old = [run.id for run in lake.runs() if not now.issuperset(run.manifest.inputs)]
        replace_runs(lake, {})
        lake.remove_runs(old)

    for number in range(RACES // 20):
        here, there = machine(f"here{number}"), machine(f"there{number}")
        night.ingest(here, number)
        there.batches()
        together(partial(night.build, here), partial(rewritten, there))
        third = machine("third")
        now = {batch.as_source for batch in third.batches()}
        assert all(now.issuperset(run.manifest.inputs) for run in third.runs())
        assert all(batch.kept == 2 for batch in third.batches())
