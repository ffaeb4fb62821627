"""A small published lake, and a way to run one command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from recsys import Inputs, Lake, Settings, build
from recsys.cli.app import run
from recsys.demo import AS_OF, COLD, world
from recsys.tables import REJECTS

LISTENERS = ("demo-u001", "demo-u002", "demo-u003", "demo-u009", "demo-u017", *COLD)


class Answer(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


Recsys = Callable[..., Answer]


@pytest.fixture
def recsys(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Recsys:
    """Runs ``recsys`` with the given arguments in an empty working folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Answer:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        return Answer(code, *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake with one published run over a corner of the demo world. Read only."""
    demo = world()
    mine = pl.col("user_id").is_in(LISTENERS)
    inputs = Inputs(demo.tracks, demo.events.filter(mine), demo.controls.filter(mine), demo.requests.filter(mine))
    home = Lake(tmp_path_factory.mktemp("cli") / "lake")
    for ordinal, table in enumerate(("tracks", "events", "controls", "requests")):
        frame = getattr(inputs, table)
        home.add_batch(
            table,
            frame.drop("batch"),
            rejects=REJECTS.empty(),
            source=f"{table}.x",
            digest=f"{ordinal:064x}",
            rows_read=frame.height,
        )
    settings = Settings(list_limit=10, pool=20)
    with home.stage(home.plan(settings, AS_OF)) as staged:
        for table, frame in build(inputs, settings, as_of=AS_OF).items():
            staged.write(table, frame)
        published = home.commit(staged, status="passed", seconds={"all": 1.0}, metrics={})
    home.publish(published.id)
    return home
