"""Events from files, part by part: what a run of frames uses, to the bit, and never all of it in memory."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recsys import InputError, Inputs, Lake, Settings
from recsys.inputs import Snapshot
from recsys.models import scan
from recsys.stages import events as parted
from recsys.stages import ratings
from recsys.stages.ratings import rate
from recsys.stages.snapshot import take_snapshot
from recsys.tables import EVENTS, REJECTS
from tests.support.worlds import AS_OF, silent

pytestmark = pytest.mark.slow  # whole runs

SETTINGS = Settings()
SOURCES = (None, "spotify-extended 1", "lastfm 2", "apple-music", "apple-library")


def heard(seed: int, rows: int = 900) -> pl.DataFrame:
    """Events of forty listeners, many of them near each other and told of twice."""
    rng = np.random.default_rng(seed)
    seconds = rng.integers(-3600, 40_000, rows).astype(np.int64)
    moments = pl.Series([AS_OF - timedelta(seconds=int(number)) for number in seconds], dtype=EVENTS["occurred_at"].dtype)
    frame = pl.DataFrame(
        {
            "user_id": [f"u{number:02}" for number in rng.integers(0, 40, rows) ** 2 // 40],
            "track_id": [f"t{number}" for number in rng.integers(0, 9, rows)],
            "type": [("play", "play", "skip", "like")[number] for number in rng.integers(0, 4, rows)],
            "occurred_at": moments,
            "source": [SOURCES[number] for number in rng.integers(0, 5, rows)],
            "plays": [None if number else 7 for number in rng.integers(0, 9, rows)],
        }
    ).with_columns(pl.when(pl.int_range(pl.len()) % 11 > 0).then("occurred_at"))
    return EVENTS.conform(frame)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Tracks, and three batches of events, of which two hold the same rows in part."""
    home = Lake(tmp_path_factory.mktemp("events") / "lake")
    one, other = heard(1), heard(2)
    tracks = Inputs(pl.DataFrame([silent(f"t{number}", title="A song", artist="Ada") for number in range(8)])).tracks.drop(
        "batch"
    )
    for number, rows in enumerate((one, pl.concat([one.head(300), other]), heard(3, 5))):
        add(home, "events", rows, number)
    add(home, "tracks", tracks, 9)
    return home


def add(lake: Lake, table: str, rows: pl.DataFrame, number: int) -> None:
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    lake.add_batch(table, rows, rejects=REJECTS.empty(), source=str(number), digest=digest, rows_read=rows.height)


@pytest.fixture(params=[10_000, 100, 40, 1])
def snapshot(lake: Lake, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Snapshot:
    """Of the files, in parts of so many events."""
    monkeypatch.setattr(parted.write_parts, "__defaults__", (request.param,))
    return take_snapshot(lake.stored_inputs(lake.batches()), SETTINGS, AS_OF, tmp_path)


@pytest.mark.parametrize("most", [1, 25, 400])
def test_ratings_of_some_listeners_at_a_time_are_those_of_all(
    lake: Lake, most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_frames = rate(take_snapshot(lake.inputs(), SETTINGS, AS_OF), SETTINGS)
    monkeypatch.setattr(ratings, "AT_ONCE", most)
    snapshot = take_snapshot(lake.stored_inputs(lake.batches()), SETTINGS, AS_OF, tmp_path)
    assert len([*ratings._divided(snapshot.event_parts[0], snapshot)]) > 1
    assert rate(snapshot, SETTINGS).equals(of_frames)


def test_any_number_of_parts_gives_what_frames_give(lake: Lake, snapshot: Snapshot) -> None:
    whole = take_snapshot(lake.inputs(), SETTINGS, AS_OF)
    assert rate(snapshot, SETTINGS).equals(rate(whole, SETTINGS))
    assert snapshot.users == whole.users
    assert snapshot.account.equals(whole.account)
    assert snapshot.lists.equals(whole.lists)
    used = pl.concat([scan(part).collect() for part in snapshot.event_parts])
    assert used.sort(EVENTS.names).equals(whole.events.sort(EVENTS.names))


def test_parts_follow_each_other_and_share_no_listener(snapshot: Snapshot) -> None:
    users = [scan(part).collect()["user_id"].unique().sort().to_list() for part in snapshot.event_parts]
    assert [user for part in users for user in part] == sorted({user for part in users for user in part})
    assert len(users) == 1 or len(users) > 15


def test_a_repeat_into_the_same_folder(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parted.write_parts, "__defaults__", (300,))
    inputs = lake.stored_inputs(lake.batches())
    first = take_snapshot(inputs, SETTINGS, AS_OF, tmp_path)
    assert rate(take_snapshot(inputs, SETTINGS, AS_OF, tmp_path), SETTINGS).equals(rate(first, SETTINGS))


def test_no_events(tmp_path: Path) -> None:
    home = Lake(tmp_path / "lake")
    add(home, "tracks", Inputs(pl.DataFrame([silent("a")])).tracks.drop("batch"), 1)
    snapshot = take_snapshot(home.stored_inputs(home.batches()), SETTINGS, AS_OF, tmp_path)
    assert (rate(snapshot, SETTINGS).height, snapshot.users) == (0, ["*"])


def test_anyone_is_no_listener(tmp_path: Path) -> None:
    home = Lake(tmp_path / "lake")
    add(home, "tracks", Inputs(pl.DataFrame([silent("a")])).tracks.drop("batch"), 1)
    add(home, "events", EVENTS.conform(pl.DataFrame({"user_id": ["*"], "track_id": ["a"], "type": ["like"]})), 2)
    with pytest.raises(InputError, match=r"events.user_id: \* stands for"):
        take_snapshot(home.stored_inputs(home.batches()), SETTINGS, AS_OF, tmp_path)


def test_the_size_of_a_run_before_it_begins(lake: Lake) -> None:
    for inputs in (lake.inputs(), lake.stored_inputs(lake.batches())):
        size = parted.inputs_size(inputs, Settings(lists=("balanced", "comfort"), list_limit=7, pool=9))
        assert (size.events, size.tracks) == (2105, 8)
        assert size.listeners == pytest.approx(lake.inputs().events["user_id"].n_unique(), rel=0.15)
        assert size.ratings == pytest.approx(lake.inputs().events.select("user_id", "track_id").n_unique(), rel=0.15)
        assert (size.candidates, size.rows) == (18 * (size.listeners + 1), 14 * (size.listeners + 1))


def test_the_size_of_nothing() -> None:
    assert parted.inputs_size(Inputs(), Settings(lists=("balanced",), list_limit=7)).rows == 7


MUCH = """
import resource, sys
from pathlib import Path
import numpy as np, polars as pl
from recsys import Inputs, Settings, models
from recsys.inputs import InputFiles
from recsys.stages.ratings import rate_part
from recsys.stages.snapshot import take_snapshot
from recsys.tables import EVENTS
from tests.support.worlds import AS_OF, silent

folder, file = Path(sys.argv[1]), Path(sys.argv[1]) / "000001" / "ab.parquet"
inputs = Inputs(pl.DataFrame([silent(f"t{number}") for number in range(9)]), event_files=InputFiles(EVENTS, (file,)))
(folder / "parts").mkdir()
rows = 0
with models.limited(256 * 2**20, folder / "spill"):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    snapshot = take_snapshot(inputs, Settings(), AS_OF, folder / "parts")
    for part in snapshot.event_parts:
        rows += rate_part(snapshot, part, Settings()).height
print(len(snapshot.event_parts), rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


def test_three_million_events_take_less_memory_than_as_frames(tmp_path: Path) -> None:
    """In memory they would take 400 bytes each, 1.1 GB."""
    (tmp_path / "000001").mkdir()
    number = pl.int_range(3_000_000, eager=False)
    moment = pl.lit(AS_OF) - pl.duration(seconds=number * 7 % 9_999_991)
    pl.select(
        (number * 7919 % 60_013).cast(pl.String).alias("user_id"),
        (number * 104_729 % 40_009).cast(pl.String).alias("track_id"),
        pl.lit("play").alias("type"),
        moment.cast(EVENTS["occurred_at"].dtype).alias("occurred_at"),
    ).write_parquet(tmp_path / "000001" / "ab.parquet")
    said = subprocess.run([sys.executable, "-c", MUCH, str(tmp_path)], capture_output=True, text=True, check=True).stdout
    parts, rows, mebibytes = map(int, said.split())
    assert (parts, rows) == (2, 3_000_000)
    assert mebibytes < 800
