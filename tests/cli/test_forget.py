"""`recsys forget`: a listener is gone from every byte of the lake, and nobody else notices."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import polars as pl
import pytest
from pydantic import RootModel

from recsys import Lake, Settings
from recsys.demo import AS_OF
from recsys.errors import LakeError
from recsys.forgetting import Listener, forget
from recsys.lake import files
from recsys.lookup.reader import Reader
from recsys.providers.cache import Cache
from recsys.tables import OUTPUTS, REJECTS, TRACKS
from tests.cli.conftest import Recsys
from tests.support.bytes import naming, texts
from tests.support.published import EARLIER, publish

pytestmark = pytest.mark.slow  # whole runs

WHO, OTHERS = "demo-u001", "demo-u002"


class Names(RootModel[dict[str, str]]):
    """An answer."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Two runs, the later one published; the listener also has an export of bad rows, rejects, and answers stored. Read only."""
    lake = publish(tmp_path_factory.mktemp("forget") / "lake", EARLIER, AS_OF)
    own = pl.DataFrame({"user_id": [WHO], "track_id": ["demo-t0001"], "type": ["play"], "source": [f"spotify {WHO}.json"]})
    raw = [f'{{"user_id": "{WHO}", "type": "?"}}', '{"user_id": "demo-u0011", "type": "?"}', "private words"]
    bad = pl.DataFrame(
        {"batch": "0", "table": "events", "source": "x", "line": [1, 2, 3], "code": "type", "reason": "no", "raw": raw}
    )
    lake.add_batch("events", own, rejects=REJECTS.conform(bad), source=f"{WHO}.json", digest="e" * 64, rows_read=4)
    mixed = pl.concat([own, own.with_columns(user_id=pl.lit(OTHERS), source=pl.lit("shared.csv"))])
    lake.add_batch("events", mixed, rejects=REJECTS.conform(bad), source="shared.csv", digest="f" * 64, rows_read=5)
    answers = Cache(lake.root / "cache")
    for user in (WHO, OTHERS):
        answers.put("listenbrainz", "listens", user, Names({"user": user}))
    with answers.changing("listenbrainz") as state:
        state.cursors = {WHO: "1", OTHERS: "2"}
    return lake


@pytest.fixture
def lake(whole: Lake, tmp_path: Path) -> Lake:
    return Lake(shutil.copytree(whole.root, tmp_path / "lake"))


def names(root: Path, who: str) -> list[Path]:
    return naming(root, who, but=b"demo-u0011")


def test_a_look_before_and_a_question(recsys: Recsys, lake: Lake, whole: Lake) -> None:
    look = json.loads(recsys("forget", WHO, "--dry-run", "--format", "json", "--lake", lake.root).out)
    refused = recsys("forget", WHO, "--lake", lake.root)
    assert (refused.code, "--yes" in refused.err) == (2, True)
    assert sorted(content for _, content in texts(lake.root)) == sorted(content for _, content in texts(whole.root))
    done = recsys("forget", WHO, "--yes", "--quiet", "--lake", lake.root)
    assert (done.code, done.out) == (0, "")
    note = json.loads((lake.root / "FORGOTTEN").read_text())
    assert (look["rows"], look["batches"], len(look["runs"])) == (note["rows"], note["batches"], note["runs"])
    assert recsys("forget", WHO, "--dry-run", "--lake", lake.root).code == 6


def test_gone_from_every_byte(recsys: Recsys, lake: Lake) -> None:
    places = {path.relative_to(lake.root).parts[0] for path in names(lake.root, WHO)}
    assert places == {"cache", "inputs", "runs"}
    answer = recsys("forget", WHO, "--yes", "--lake", lake.root)
    assert (answer.code, answer.err) == (0, "")
    assert names(lake.root, WHO) == []
    assert names(lake.root, OTHERS)
    assert b"private words" not in b"".join(content for path, content in texts(lake.root) if "000002" in str(path))
    assert recsys("doctor", "--lake", lake.root).code == 0
    note = json.loads((lake.root / "FORGOTTEN").read_text())
    assert (note["what"], note["batches"], note["runs"], note["answers"]) == ("listener", 4, 2, 2)
    assert recsys("forget", WHO, "--yes", "--lake", lake.root).code == 6


def test_nobody_else_notices(recsys: Recsys, lake: Lake, whole: Lake) -> None:
    recsys("forget", WHO, "--yes", "--lake", lake.root)
    old, new = whole.published(), lake.published()
    assert new.damage() == []
    assert new.manifest.code == f"{old.manifest.code}+forgotten"
    assert new.manifest.metrics == old.manifest.metrics
    for table in OUTPUTS:
        before, after = old.read(table), new.read(table)
        for column in {"user_id", "neighbor_id"} & {*before.columns}:
            before = before.filter(pl.col(column) != WHO)
        assert before.equals(after) or table == "checks"
    reader = Reader(new)
    assert reader.listener(OTHERS).known
    assert not reader.listener(WHO).known
    assert [len(home.publications()) for home in (whole, lake)] == [2, 2]
    assert {entry.run for entry in lake.publications()} == {run.id for run in lake.runs()}


def test_inputs_of_others_stay_and_the_same_files_are_not_taken_in_again(recsys: Recsys, lake: Lake, whole: Lake) -> None:
    recsys("forget", WHO, "--yes", "--lake", lake.root)
    for table in ("tracks", "events", "controls", "requests"):
        before, after = whole.input(table), lake.input(table)
        others = before.filter(pl.col("user_id") != WHO) if "user_id" in before.columns else before
        assert others.equals(after)
    assert [batch.digest for batch in lake.batches()] == [batch.digest for batch in whole.batches()]
    assert lake.has_batch("events", "e" * 64)
    assert lake.rejects()["raw"].to_list().count("private words") == 0


def test_an_error_at_any_step_leaves_a_good_lake_and_the_next_try_finishes(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    reach, failed = files.reach, set()
    for number in count(1, 10):
        copy = Lake(shutil.copytree(lake.root, tmp_path / str(number)))
        calls = count(1)

        def fail(point: str, calls: Iterator[int] = calls, number: int = number) -> None:
            reach(point)
            if next(calls) == number:
                failed.add(point)
                raise OSError(errno.EIO, os.strerror(errno.EIO))

        with monkeypatch.context() as patch:
            patch.setattr(files, "reach", fail)
            try:
                forget(copy, Listener(WHO))
            except LakeError:
                assert copy.published().damage() == []
                assert len(copy.inputs().events) >= len(lake.inputs().events.filter(pl.col("user_id") != WHO))
            else:
                break
        forget(copy, Listener(WHO))
        assert names(copy.root, WHO) == []
        assert copy.published().damage() == []
        shutil.rmtree(copy.root)
    assert len(failed) > 4


@pytest.mark.parametrize("who", ["*", " "])
def test_nobody_in_particular(who: str, recsys: Recsys, lake: Lake) -> None:
    assert recsys("forget", who, "--lake", lake.root).code == 2
    assert recsys("forget", "--lake", lake.root).code == 2


def test_a_provider(recsys: Recsys, lake: Lake) -> None:
    told = '{"title": "spotify", "artist": "spotify", "popularity": "spotify", "spotify_id": "spotify"}'
    some = {"id": "s", "title": "Secret", "artist": "S", "popularity": 0.9, "spotify_id": "s", "provenance": told}
    both = {"id": "b", "title": "Mine", "popularity": 0.123, "provenance": '{"popularity": "spotify"}'}
    rows = TRACKS.conform(pl.DataFrame([some, both], schema=TRACKS.schema))
    lake.add_batch("tracks", rows, rejects=REJECTS.empty(), source="spotify playlist:x", digest="d" * 64, rows_read=2)
    old = lake.published()
    with lake.stage(lake.plan(Settings(list_limit=10, pool=40), AS_OF)) as staged:
        for table in old.tables:
            frame = old.read(table)
            staged.write(table, pl.concat([frame, rows]) if table == "tracks" else frame)
        run = lake.commit(staged, status="passed", seconds={}, metrics={})
    lake.publish(run.id)
    (lake.root / "cache" / "spotify" / "track" / "00").mkdir(parents=True)
    (lake.root / "cache" / "spotify" / "track" / "00" / "a.json").write_text("{}")
    assert recsys("forget", "--provider", "spotify", "--yes", "--lake", lake.root).code == 0
    last = lake.batches("tracks")[-1]
    assert last.source == "spotify"
    assert last.read().select("id", "title", "popularity", "provenance").rows() == [("b", "Mine", None, None)]
    kept = lake.published().read("tracks").filter(pl.col("id").is_in(["s", "b"])).sort("id")
    assert kept.select("id", "title", "popularity", "spotify_id").rows() == [("b", "Mine", None, None), ("s", None, None, None)]
    assert not (lake.root / "cache" / "spotify").exists()
    assert lake.published().read("rankings").equals(old.read("rankings"))
    assert recsys("forget", "--provider", "napster", "--lake", lake.root).code == 2
