"""Every pair of writers: one stands still before each of its reads and writes in turn, and there the other acts or is refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import count, product
from pathlib import Path

import pytest

from recsys.errors import LakeError, NotFoundError
from recsys.forgetting import Listener, forget
from recsys.lake import Lake, files
from recsys.lake.pruning import prune
from tests.lake import night
from tests.support.bytes import naming

pytestmark = pytest.mark.slow  # whole runs

WHO = "u0"


def build(lake: Lake) -> str:
    """Tonight's run, read and made as the flow would without its lock."""
    plan = night.plan(lake)
    users = lake.inputs(plan.batches).events["user_id"].unique().sort().to_list()
    with lake.stage(plan) as staged:
        staged.write("neighbors", night.neighbors(users))
        return lake.commit(staged, status="passed", seconds={}, metrics={}).id


def publish(lake: Lake) -> None:
    """The newest run, which nobody has published."""
    newest = next(iter(lake.runs()), None)
    lake.publish(newest.id if newest else "gone")


ACTS: dict[str, Callable[[Lake], object]] = {
    "ingest": lambda lake: night.ingest(lake, 9),
    "run": build,
    "publish": publish,
    "forget": lambda lake: forget(lake, Listener(WHO)),
    "prune": lambda lake: prune(lake, keep=1, days=0),
    "rollback": Lake.rollback,
}
PAUSES = ("reach", "read", "children", "digest")
"""Functions of :mod:`recsys.lake.files` before which a writer is held up."""


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of two, three and four batches, the first two published, and a batch that is in none."""
    lake = Lake(tmp_path_factory.mktemp("three") / "lake")
    night.ingest(lake, 1)
    for day in (2, 3, 4):
        night.ingest(lake, day)
        run = build(lake)
        if day < 4:
            lake.publish(run)
    night.ingest(lake, 5)
    return lake.root


def succeeds(act: str, root: Path) -> bool:
    """Whether it is done; anything but an error of ours is a fault."""
    try:
        ACTS[act](Lake(root))
    except (LakeError, NotFoundError):
        return False
    return True


def held_up(root: Path, one: str, other: str, step: int) -> tuple[bool, bool] | None:
    """Which of the two succeeded, ``other`` acting before step number ``step`` of ``one``; none when it has fewer steps."""
    steps, others = count(1), []
    with pytest.MonkeyPatch.context() as patch:
        originals = {name: getattr(files, name) for name in PAUSES}

        def paused(name: str) -> Callable[..., object]:
            def call(*arguments: object, **more: object) -> object:
                if next(steps) == step:
                    with pytest.MonkeyPatch.context() as undone:
                        for each, original in originals.items():
                            undone.setattr(files, each, original)
                        others.append(succeeds(other, root))
                return originals[name](*arguments, **more)

            return call

        for name in PAUSES:
            patch.setattr(files, name, paused(name))
        done = succeeds(one, root)
    return (done, others[0]) if others else None


def require_whole(root: Path, forgotten: bool) -> None:
    """Every run is whole and made of batches that are there, something whole is published, and nobody forgotten is left."""
    lake = Lake(root)
    with lake.writer():
        pass
    assert not files.children(root / ".staging")
    batches = {batch.as_source for batch in lake.batches()}
    assert len(batches) == len({(batch.table, batch.ordinal) for batch in batches})
    for run in lake.runs():
        assert run.damage() == []
        assert batches.issuperset(run.manifest.inputs)
    assert [run.id for run in lake.runs() if run.id == lake.published().id]
    assert len(lake.runs()) == len(lake.run_ids())
    if forgotten:
        assert naming(root, WHO) == []


@pytest.mark.parametrize(("one", "other"), [*product(ACTS, ACTS)])
def test_every_interleaving(one: str, other: str, three: Path, tmp_path: Path) -> None:
    """Forgetting has so many steps that each is tried by two of the six others, every third by each of them."""
    outcomes, stride = set(), 3 if one == "forget" else 1
    for step in count(1 + [*ACTS].index(other) % stride, stride):
        root = Path(shutil.copytree(three, tmp_path / str(step)))
        done = held_up(root, one, other, step)
        if done is None:
            break
        acts = [act for act, succeeded in ((other, done[1]), (one, done[0])) if succeeded]
        require_whole(root, forgotten="forget" in acts and acts[-1] != "ingest")
        outcomes.add(done)
        shutil.rmtree(root)
    assert step > 5
    assert {first for first, _ in outcomes} >= {True}


def test_a_run_of_inputs_that_were_rewritten_after_they_were_read_is_refused(three: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(three, tmp_path / "lake"))
    lake = Lake(root)
    plan = night.plan(lake)
    lake.inputs(plan.batches)
    forget(Lake(root), Listener(WHO))
    with (
        pytest.raises(LakeError, match="batch 1 of events was rewritten or removed"),
        lake.stage(plan),
    ):
        pass
    require_whole(root, forgotten=True)


def test_a_commit_looks_at_the_inputs_again(three: Path, tmp_path: Path) -> None:
    lake = Lake(shutil.copytree(three, tmp_path / "lake"))
    with lake.stage(night.plan(lake)) as staged:
        staged.write("neighbors", night.neighbors([WHO]))
        forget(lake, Listener(WHO))  # by a thread of this process, which shares the lock
        staged.path.mkdir(exist_ok=True)
        with pytest.raises(LakeError, match="nothing was stored"):
            lake.commit(staged, status="passed", seconds={}, metrics={})
    assert naming(lake.root, WHO) == []
