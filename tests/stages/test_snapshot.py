"""Stage ``snapshot``: what a run computes from, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import polars as pl
import pytest

from recsys import InputError, Inputs, Settings
from recsys.inputs import ANYONE
from recsys.stages.snapshot import take_snapshot
from recsys.tables import CONTROLS, COOLDOWN, EVENTS, REQUESTS, TRACKS
from tests.support.worlds import AS_OF, asked, event, frame, inputs, silent

DEFAULT, REFERENCE = Settings(list_limit=7), Settings.reference()


def test_empty_catalogue_is_refused() -> None:
    with pytest.raises(InputError, match=r"catalog is empty.*recsys ingest tracks"):
        take_snapshot(inputs([], [event("u", "a")]), DEFAULT, AS_OF)


@pytest.mark.parametrize("user", ["", "  ", "\t"])
def test_blank_user_of_a_request_is_refused(user: str) -> None:
    with pytest.raises(InputError, match="user_id is required"):
        take_snapshot(inputs([silent("a")], requests=[asked(user)]), DEFAULT, AS_OF)


def test_as_of_needs_a_time_zone() -> None:
    with pytest.raises(InputError, match=r"no time zone; write for example 2026-06-01T00:00:00\+00:00"):
        take_snapshot(inputs([silent("a")]), DEFAULT, datetime(2026, 6, 1))  # noqa: DTZ001


def test_frames_follow_the_contract() -> None:
    world = inputs([silent("b"), silent("a")], [event("v", "a")], [{"user_id": "w"}], [asked("u", limit=3)])
    taken = take_snapshot(world, DEFAULT, AS_OF)
    assert [one.schema for one in (taken.tracks, taken.events, taken.controls)] == [TRACKS.schema, EVENTS.schema, CONTROLS.schema]
    assert REQUESTS.completed(taken.lists).select(REQUESTS.names).schema == REQUESTS.schema
    assert taken.tracks["id"].to_list() == ["a", "b"]
    assert taken.users == [ANYONE, "u", "v", "w"]


def test_lists_have_the_nested_columns_that_say_anything() -> None:
    """Structs of features that are null take as much memory as others."""
    nested = [name for name, kind in (REQUESTS.schema | {COOLDOWN: pl.List(pl.String)}).items() if kind.is_nested()]
    world = inputs([silent("a")], [event("u", "a")], requests=[asked("u", seed_track_ids=["a"])])
    shown = pl.DataFrame({"user_id": ["u"], "list": ["comfort"], "track_id": ["a"]})
    for given, left in ((replace(world, requests=REQUESTS.empty()), []), (world, ["seed_track_ids"])):
        lists = take_snapshot(given, DEFAULT, AS_OF).lists
        assert [name for name in nested if name in lists.columns] == left
        assert [name for name in REQUESTS.names if name not in nested] == [name for name in lists.columns if name not in nested]
    assert COOLDOWN in take_snapshot(replace(world, shown=shown), DEFAULT, AS_OF).lists.columns


def test_everyone_gets_the_built_in_lists() -> None:
    taken = take_snapshot(inputs([silent("a")], [event("u", "a")]), DEFAULT, AS_OF)
    assert taken.lists.select("user_id", "list", "mode", "limit").rows() == [
        (user, name, name, 7) for user in (ANYONE, "u") for name in ("balanced", "comfort", "discovery")
    ]


def test_only_the_wanted_built_in_lists() -> None:
    settings = Settings(lists=("comfort",))
    assert take_snapshot(inputs([silent("a")]), settings, AS_OF).lists["list"].to_list() == ["comfort"]


def test_a_later_batch_is_a_later_version() -> None:
    tracks = frame(TRACKS, [silent("a", title="new"), silent("a", title="old")]).with_columns(batch=pl.Series([2, 1]))
    assert take_snapshot(Inputs(tracks), REFERENCE, AS_OF).tracks["title"].to_list() == ["new"]


@pytest.mark.parametrize(("settings", "titles"), [(DEFAULT, ["two"]), (REFERENCE, ["one", "two"])])
def test_two_records_of_one_id(settings: Settings, titles: list[str]) -> None:
    taken = take_snapshot(inputs([silent("a", title="one"), silent("a", title="two")]), settings, AS_OF)
    assert taken.tracks["title"].to_list() == titles


@pytest.mark.parametrize(("settings", "count"), [(DEFAULT, 2), (REFERENCE, 3)])
def test_events_after_as_of(settings: Settings, count: int) -> None:
    events = [event("u", "a", days=days) for days in (-0.001, 0, 1)]
    assert take_snapshot(inputs([silent("a")], events), settings, AS_OF).events.height == count


def test_mentions_become_the_catalogues_track() -> None:
    world = inputs(
        [silent("a", song_key="ada | one"), silent("text:1", song_key="ada | one", origin="mention")], [event("u", "text:1")]
    )
    taken = take_snapshot(world, DEFAULT, AS_OF)
    assert (taken.tracks["id"].to_list(), taken.events["track_id"].to_list()) == (["a"], ["a"])
    assert taken.aliases.rows() == [("text:1", "a", "song_key")]
