"""A fit in files, by this process or by workers: the bits of a fit in memory, and nothing whole is done twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flows import fits
from flows.cluster import Call
from flows.fits import runners, runners_elsewhere
from recsys import Lake
from recsys.errors import LakeError
from recsys.lake import Staged, arrays
from recsys.stages.neighbors.chance import Chance
from recsys.stages.neighbors.collaborative import Collaborative
from recsys.stages.neighbors.model import Parameters
from recsys.stages.neighbors.stage import MODEL_STORE
from recsys.stages.neighbors.tasks import ArrayStore, FitTask, results
from recsys.stages.neighbors.tuning import Tuned, tune_votes
from tests.lake import night
from tests.support.rated import groups

pytestmark = pytest.mark.slow

SMALL = Parameters(pool=12, kept=6, rank=6, als_rank=6, ridge=1.0)
RATED = groups(150, 60)


class Counted:
    """Two workers that are this process, and what they were asked to do."""

    count = 2

    def __init__(self) -> None:
        self.words: list[str] = []

    def map(self, calls: Sequence[Call], done: Callable[[int, Any], None]) -> None:
        for number, call in reversed([*enumerate(calls)]):
            self.words.append(call.words)
            done(number, call.function(*call.values))


def fitted(staged: Staged, workers: Counted) -> tuple[Tuned, Collaborative]:
    opened = runners_elsewhere(staged, workers)  # type: ignore[arg-type]
    tuned = tune_votes(RATED, SMALL, runner=opened("tuning"))
    return tuned, Collaborative.fit(RATED, replace(tuned.parameters, track_share=0.3), runner=opened("model"))


def test_the_bits_of_one_process_and_a_stopped_fit_goes_on(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    night.ingest(lake, 1)
    plan, first, second = night.plan(lake), Counted(), Counted()
    with suppress(KeyboardInterrupt), lake.stage(plan) as staged:
        tuned, model = fitted(staged, first)
        assert tuned == tune_votes(RATED, SMALL)
        alone = Collaborative.fit(RATED, replace(tuned.parameters, track_share=0.3))
        assert model.scores(0, 150).tobytes() == alone.scores(0, 150).tobytes()
        for one, other in zip(model.near, alone.near, strict=True):
            assert one.tobytes() == other.tobytes()
        damaged = sorted((staged.path / arrays.ARRAYS).glob("tuning.0.als-*.tracks.npy"))[0]
        damaged.write_bytes(damaged.read_bytes()[:-1] + bytes([damaged.read_bytes()[-1] ^ 1]))
        raise KeyboardInterrupt
    assert len(first.words) > 20
    assert len({*first.words}) == len(first.words)
    with lake.stage(plan) as again:
        resumed, model = fitted(again, second)
    assert resumed == tuned
    assert model.scores(0, 150).tobytes() == alone.scores(0, 150).tobytes()
    assert second.words == [f"task {damaged.name.removeprefix('tuning.').removesuffix('.tracks.npy')} of the fit"]


def test_a_stopped_fit_of_this_process_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake, parameters, done = Lake(tmp_path / "lake"), replace(SMALL, track_share=0.3), list[str]()
    night.ingest(lake, 1)
    plan = night.plan(lake)

    def noted(task: FitTask, store: ArrayStore, threads: int) -> dict[str, Any]:
        done.append(task.name)
        return results(task, store, threads)

    monkeypatch.setattr(fits, "results", noted)
    alone = Collaborative.fit(RATED, parameters)
    with suppress(KeyboardInterrupt), lake.stage(plan) as staged:
        model = Collaborative.fit(RATED, parameters, runner=runners(staged, 2)(MODEL_STORE))
        assert model.scores(0, 150).tobytes() == alone.scores(0, 150).tobytes()
        damaged = sorted((staged.path / arrays.ARRAYS).glob("model.fit.als-*.tracks.npy"))[0]
        damaged.write_bytes(damaged.read_bytes()[:-1] + bytes([damaged.read_bytes()[-1] ^ 1]))
        raise KeyboardInterrupt
    first = done.copy()
    with lake.stage(plan) as again:
        model = Collaborative.fit(RATED, parameters, runner=runners(again, 2)(MODEL_STORE))
        assert model.scores(0, 150).tobytes() == alone.scores(0, 150).tobytes()
    assert done[len(first) :] == [name for name in first if ".als-" in name]


@pytest.mark.parametrize("chance", [Chance(-1.25, 0.1, 1e-17), None])
def test_what_tuning_chose_comes_back_from_arrays(chance: Chance | None) -> None:
    tuned = Tuned(replace(SMALL, als_damping=0.1, seed=2**60 + 1), chance)
    assert Tuned.of(tuned.arrays, seed=2**60 + 1) == tuned


def test_a_file_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    class Cut(Counted):
        def map(self, calls: Sequence[Call], done: Callable[[int, Any], None]) -> None:
            for number, call in enumerate(calls):
                answer = call.function(*call.values)
                (Path(call.values[0]) / arrays.array_path(f"tuning.{call.values[2].names[0]}")).write_bytes(b"cut")
                done(number, answer)

    lake = Lake(tmp_path / "lake")
    night.ingest(lake, 1)
    with lake.stage(night.plan(lake)) as staged, pytest.raises(LakeError, match="a worker wrote it"):
        tune_votes(RATED, SMALL, runner=runners_elsewhere(staged, Cut())("tuning"))  # type: ignore[arg-type]
