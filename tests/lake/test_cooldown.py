"""Lists that do not repeat themselves: what the last published nights showed is left out, and what is older comes back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from flows import nightly
from recsys import Lake, Settings
from recsys.demo import AS_OF
from recsys.lake import Run
from recsys.lake.cooldown import earlier_runs, shown
from tests.support.published import publish

KEYS = ["user_id", "list", "track_id"]
SETTINGS = Settings(list_limit=5, pool=40, cooldown_runs=1)


def listed(run: Run) -> pl.DataFrame:
    return run.read("rankings").select(KEYS).filter(pl.col("user_id") != "*")


@pytest.mark.slow
def test_a_list_leaves_out_what_the_night_before_showed(tmp_path: Path) -> None:
    lake = publish(tmp_path / "lake")
    nights = [nightly.run(lake.root, SETTINGS, AS_OF + timedelta(days=day)) for day in (1, 2, 3)]
    assert all(night.published for night in nights)
    first, second, third = (Lake(lake.root).run(night.run_id) for night in nights)
    assert second.manifest.earlier == (first.id,)
    assert third.manifest.earlier == (second.id,)
    for before, after in ((first, second), (second, third)):
        assert listed(after).join(listed(before), on=KEYS, how="semi").is_empty()
    assert listed(third).join(listed(first), on=KEYS, how="semi").height > 0.3 * listed(third).height
    rows = second.read("lists").filter(pl.col("user_id") != "*")
    dropping = rows.filter(pl.col("dropped_cooldown") > 0)
    assert dropping.height > 0.9 * rows.height
    assert dropping["cooldown_track_ids"].null_count() == 0
    strangers = second.read("lists").filter(user_id="*")
    assert strangers["cooldown_track_ids"].null_count() == strangers.height
    # a repeat is a no-op, and a run says what it was made from
    assert nightly.run(lake.root, SETTINGS, AS_OF + timedelta(days=3)).already
    assert third.damage() == []


@pytest.mark.slow
def test_the_last_published_runs_of_earlier_moments_count(tmp_path: Path) -> None:
    lake = publish(tmp_path / "lake", AS_OF)
    only = lake.published()
    assert earlier_runs(lake, AS_OF, 5) == ()
    assert earlier_runs(lake, AS_OF + timedelta(seconds=1), 5) == (only.id,)
    assert earlier_runs(lake, AS_OF + timedelta(seconds=1), 0) == ()
    assert shown(lake, ()).is_empty()
    assert set(shown(lake, [only.id]).rows()) == set(only.read("rankings").select(KEYS).rows())
