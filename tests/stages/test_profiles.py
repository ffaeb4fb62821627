"""Stage ``profiles``: one row per listener, with or without a history."""

from __future__ import annotations

from math import log

import polars as pl
import pytest

from recsys import Settings
from recsys.pipeline import arrange
from recsys.stages.profiles import profile_listeners
from recsys.stages.ratings import rate
from recsys.stages.snapshot import take_snapshot
from recsys.tables import FEATURES, PROFILES
from tests.support.worlds import AS_OF, Row, asked, event, inputs, silent, track

CATALOGUE = (track("a", energy=0.8, genres=["Rock"], artist="Ada"), track("b", energy=0.2, genres=["Jazz"]), silent("c"))


def made(*events: Row, settings: Settings | None = None, requests: tuple[Row, ...] = ()) -> dict[str, Row]:
    """Profiles by listener."""
    settings = settings or Settings()
    taken = take_snapshot(inputs(CATALOGUE, events, requests=requests), settings, AS_OF)
    rated = rate(taken, settings)
    frame = profile_listeners(taken, rated, *arrange(taken, rated, settings), settings)
    assert frame.schema == PROFILES.schema
    assert frame["user_id"].to_list() == sorted(frame["user_id"])
    assert set(frame["updated_at"]) == {AS_OF}
    return {row["user_id"]: row for row in frame.to_dicts()}


def test_one_listener_by_hand() -> None:
    events = (event("u", "a"), event("u", "b", "skip"), event("u", "zz", "dislike"), event("u", "b", "play"))
    result = made(*events)["u"]
    points, friction = 1 + 0.55 + 0.2, 2 / 4
    confidence = log(1 + points) / log(32)
    assert result["taste"][FEATURES.index("energy")] == pytest.approx(0.8)  # b was skipped more than it was played
    assert result["confidence"] == pytest.approx(confidence)
    assert (result["interaction_count"], result["friction"]) == (4, friction)
    assert result["exploration_readiness"] == pytest.approx((0.45 + 0.55 * confidence) * (1 - 0.6 * friction))
    assert result["top_genres"] == [{"name": "rock", "strength": 1.0}, {"name": "jazz", "strength": 0.2}]
    assert result["top_artists"] == [{"name": "Ada", "strength": 1.0}, {"name": "artist of b", "strength": 0.2}]
    assert (result["cold"], result["taste_audio"]) == (False, True)


def test_no_listener_hears_of_the_others_of_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [event(user, "abc"[at % 3], kind) for at, user in enumerate("mnopq") for kind in ("play", "skip", "like")[at % 2 :]]
    whole = made(*events, event("p", "zz"))
    for block in (1, 2, 4):
        monkeypatch.setattr("recsys.stages.profiles.BLOCK", block)
        assert made(*events, event("p", "zz")) == whole


def test_counts_and_names_of_several_listeners() -> None:
    result = made(event("t", "zz"), event("u", "a", "skip"), event("u", "a", "dislike"), event("v", "b"), event("v", "a", "save"))
    assert {user: (row["interaction_count"], row["friction"]) for user, row in result.items()} == {
        "*": (0, 0.0), "t": (1, 0.0), "u": (2, 1.0), "v": (2, 0.0),
    }  # fmt: skip
    assert [result[user]["top_artists"] for user in "*tu"] == [[], [], []]
    assert [one["name"] for one in result["v"]["top_artists"]] == ["artist of b", "Ada"]


def test_nobody_in_particular_is_cold() -> None:
    result = made()["*"]
    assert (result["cold"], result["taste_audio"], result["confidence"]) == (True, False, 0.0)
    assert result["exploration_readiness"] == pytest.approx(0.45)
    assert (result["interaction_count"], result["friction"], result["top_genres"], result["top_artists"]) == (0, 0.0, [], [])
    assert result["taste"][FEATURES.index("energy")] == pytest.approx(0.5)


def test_seeds_and_targets_of_a_list_stay_out_of_the_profile() -> None:
    wishes = (asked("u", seed_track_ids=["b"], feature_targets={"energy": 1.0}),)
    assert made(event("u", "a"), requests=wishes)["u"] == made(event("u", "a"))["u"]


@pytest.mark.slow
def test_profile_does_not_depend_on_other_listeners() -> None:
    alone, among = made(event("u", "a")), made(event("t", "b"), event("u", "a"), event("v", "c"))
    assert alone["u"] == among["u"]
    assert pl.DataFrame([alone["*"]]).equals(pl.DataFrame([among["*"]]))
