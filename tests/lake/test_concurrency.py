"""Several writers and a reader at once: exactly the runs that were made, one after another, each whole."""

from __future__ import annotations

import shutil
from itertools import count
from pathlib import Path

import pytest

from recsys.errors import LakeError
from recsys.lake import Lake, files
from tests.lake import night

pytestmark = pytest.mark.slow  # whole runs


@pytest.mark.parametrize(("processes", "nights"), [(2, 2), pytest.param(8, 5, marks=pytest.mark.slow)])
def test_processes_times_nights(processes, nights, lake, spawn):
    night.ingest(lake, 0)
    lake.publish(night.build(lake).id)
    days = [range(1 + number * nights, 1 + (number + 1) * nights) for number in range(processes)]
    writers = [spawn(night.publish_all, root=str(lake.root), days=list(chosen)) for chosen in days]
    seen = []
    while any(writer.is_alive() for writer in writers):
        run = Lake(lake.root).published()
        assert run.damage() == []
        if not seen or seen[-1] != run.id:
            seen.append(run.id)
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    made, log = lake.runs(), lake.publications()
    assert len(made) == len({run.id for run in made}) == len(log) == 1 + processes * nights
    assert [run.damage() for run in made] == [[]] * len(made)
    assert [len(run.manifest.inputs) for run in made] == list(range(len(made), 0, -1))
    assert [entry.run for entry in log] == [run.id for run in made]
    assert lake.published() == made[0]
    order = [entry.run for entry in log[::-1]]
    assert [run for run in order if run in seen] == seen


@pytest.mark.parametrize("swapped", [False, True])
def test_every_interleaving_of_two_publishers_and_a_reader(swapped, lake, tmp_path):
    """One publisher stands still before each of its steps in turn; there the other publishes or is refused, and a reader reads.

    A publisher has no step outside the lock but the ones that lead to it, so these are all the orders there are.
    """
    runs = []
    for day in (1, 2, 3):
        night.ingest(lake, day)
        runs.append(night.build(lake).id)
    first, one, other = runs[0], *runs[1:][:: -1 if swapped else 1]
    lake.publish(first)
    outcomes = []
    for step in count(1):
        copy = Path(shutil.copytree(lake.root, tmp_path / str(step)))
        if not _stopped(copy, one, other, step, outcomes):
            break
        log = [entry.run for entry in Lake(copy).publications()]
        assert log == [one, *([other] if outcomes[-1] == "published" else []), first]
    assert set(outcomes) == {"published", "refused"}
    assert len(outcomes) > 6


def _stopped(root: Path, one: str, other: str, step: int, outcomes: list[str]) -> bool:
    """Whether publishing ``one`` has that many steps; before the last of them, ``other`` has its turn."""
    calls, reach = count(1), files.reach

    def read() -> str:
        run = Lake(root).published()
        assert run.damage() == []
        return run.id

    def turn(point: str) -> None:
        reach(point)
        if next(calls) != step:
            return
        before = read()
        with pytest.MonkeyPatch.context() as whole:
            whole.setattr(files, "reach", reach)
            refusal = ""
            try:
                Lake(root).publish(other)
            except LakeError as error:
                refusal = str(error)
        outcomes.append("refused" if refusal else "published")
        assert not refusal or "has been writing to it since" in refusal or "another process is writing" in refusal
        assert read() == (before if refusal else other)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "reach", turn)
        assert Lake(root).publish(one).id == one
    assert read() == one
    return next(calls) > step
