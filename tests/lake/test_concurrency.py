"""Several writers and a reader at once: exactly the runs that were made, one after another, each whole."""

from __future__ import annotations

import pytest

from recsys.lake import Lake
from tests.lake import night


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


def test_every_interleaving_of_two_publishers_and_a_reader(lake):
    """Publishing is one step under the lock, so two of them have two orders; a reader looks before, between and after."""
    night.ingest(lake, 1)
    first = night.build(lake)
    night.ingest(lake, 2)
    second = night.build(lake)
    for order in ((first, second), (second, first)):
        for run in order:
            held = Lake(lake.root).current()
            assert Lake(lake.root).publish(run.id) == Lake(lake.root).published() == run
            assert held is None or held.damage() == []
