"""What the snapshot counted: every row is used or left out for a reason, and the checks hold that against the tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from recsys import Inputs, Settings
from recsys.models import run
from recsys.stages.account import Counted, account
from recsys.stages.checks import moments, passed
from recsys.stages.events import listening
from recsys.stages.ratings import rate
from recsys.stages.snapshot import take_snapshot
from recsys.tables import CHECKS
from tests.support.worlds import AS_OF, event, inputs, silent

SETTINGS = Settings()


def judged(given: Inputs, settings: Settings = SETTINGS, *, lost: int = 0) -> dict[tuple[str, str], tuple[bool, str | None]]:
    """Rule → whether it holds and its example. ``lost``: ratings that go missing."""
    snapshot = take_snapshot(given, settings, AS_OF)
    rated = rate(snapshot, settings)
    views = {"account": snapshot.account, "ratings": rated.tail(rated.height - lost), "tracks": snapshot.tracks}
    rows = CHECKS.conform(run("account", views)).select("table", "rule", "passed", "example").rows()
    return {(table, rule): (ok, example) for table, rule, ok, example in rows}


def broken(given: Inputs, settings: Settings = SETTINGS, *, lost: int = 0) -> dict[tuple[str, str], str | None]:
    return {rule: example for rule, (ok, example) in judged(given, settings, lost=lost).items() if not ok}


TRACKS = [silent("a"), silent("b")]


def test_a_whole_account() -> None:
    tracks = [*TRACKS, silent("a", title="newer"), silent("m", origin="mention", spotify_id="a")]
    given = inputs(tracks, [event("u", "a"), event("u", "m", "play"), event("u", "b", days=-2), event("u", "c")])
    given = Inputs(given.tracks.with_columns(batch=pl.Series([1, 1, 2, 2], dtype=pl.Int32)), given.events)
    counts = dict(take_snapshot(given, SETTINGS, AS_OF).account.select("name", "value").rows())
    assert counts == {
        "events ingested": 4, "events after the moment": 1, "events counted once": 0, "events used": 3, "plays used": 3,
        "track rows ingested": 4, "older versions of tracks": 1, "mentions of catalogue tracks": 1, "tracks used": 2,
    }  # fmt: skip
    assert broken(given) == {}


def test_events_that_two_files_hold_are_counted_once_and_said() -> None:
    given = inputs(TRACKS, [event("u", "a"), event("u", "a")])
    given = Inputs(given.tracks, given.events.with_columns(batch=pl.Series([1, 2], dtype=pl.Int32)))
    counted = take_snapshot(given, SETTINGS, AS_OF).account
    assert dict(counted.select("name", "value").rows())["events counted once"] == 1
    assert broken(given) == {}


@pytest.mark.parametrize("preset", ["default", "reference"])
def test_duplicate_rows_of_either_preset_add_up(preset: str) -> None:
    settings = Settings.preset_of(preset)
    assert broken(inputs([*TRACKS, silent("a", title="twice")], [event("u", "a"), event("u", "b", days=-2)]), settings) == {}


def test_a_rating_that_is_lost() -> None:
    assert set(broken(inputs(TRACKS, [event("u", "a")]), lost=1)) == {("ratings", "every event used is in one rating")}


def test_rows_that_a_join_multiplied() -> None:
    given = inputs(TRACKS, [event("u", "a")])
    twice = pl.concat([given.events.drop("batch")] * 2)
    numbers = Counted.of(listening(given.events, AS_OF), [twice], SETTINGS)
    counted = account(given, given.tracks, pl.DataFrame({"id": []}), SETTINGS, numbers)
    rows = run(
        "account", {"account": counted, "ratings": rate(take_snapshot(given, SETTINGS, AS_OF), SETTINGS), "tracks": TRACKS_FRAME}
    )
    assert not dict(rows.select("rule", "passed").rows())["rows ingested = used + after the moment + counted once"]


TRACKS_FRAME = inputs(TRACKS).tracks


@pytest.mark.slow
def test_a_moment_before_most_events() -> None:
    given = inputs(TRACKS, [event("u", "a"), event("u", "b", days=-2), event("v", "b", days=-3)])
    rule = ("events", "most are before the moment of the run")
    assert broken(given)[rule] == "2 of 3 events after the moment left out; is the clock right, or --as-of?"
    assert rule not in broken(given, SETTINGS.model_copy(update={"future_events": "keep"}))


def test_events_that_name_no_track() -> None:
    given = inputs(TRACKS, [event("u", "spotify:track:x")])
    words = broken(given)
    assert words[("events", "some name a track of the catalogue")] == "events name spotify:track:x, tracks are called a"
    assert ("events", "most name a track of the catalogue") in words
    few = broken(inputs(TRACKS, [event("u", "a"), event("u", "x1"), event("u", "x2")]))
    assert set(few) == {("events", "most name a track of the catalogue")}
    assert few.popitem()[1] == "33.3 % do; not so x1, tracks are called a"


def test_without_a_catalogue_the_songs_of_histories_are_one() -> None:
    assert broken(inputs([silent("m", origin="mention")], [event("u", "m")])) == {}
    assert broken(inputs(TRACKS)) == {}


NOW = datetime(2026, 11, 28, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("as_of", "published", "ok"),
    [
        (NOW, None, True),
        (NOW, NOW, True),
        (NOW, NOW - timedelta(days=1), True),
        (NOW + timedelta(hours=20), None, True),
        (datetime(1991, 1, 1, tzinfo=UTC), NOW - timedelta(days=1), False),
        (datetime(2036, 1, 1, tzinfo=UTC), None, False),
        (NOW, datetime(2036, 1, 1, tzinfo=UTC), True),  # that one was the mistake
    ],
)
def test_the_moment_of_a_run(as_of: datetime, published: datetime | None, ok: bool) -> None:
    assert passed(moments(as_of, published, NOW)) == ok
