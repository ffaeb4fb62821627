from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from pydantic import BaseModel

from recsys.errors import ProviderError
from recsys.providers.answers import TOLERATED, Answers, Harvest, gather_answers, listed
from recsys.providers.cache import Cache
from recsys.providers.errors import BlockedError, BusyError, MissingError, RefusedError, UnauthorizedError, UnavailableError
from recsys.providers.facts import Facts, Row, Skip
from tests.support.wire import Clock


class Song(BaseModel):
    name: str


@pytest.fixture
def answers(tmp_path: Path, clock: Clock) -> Answers:
    return Answers(Cache(tmp_path, 100.0, clock), "p")


def fails() -> Song:
    raise UnavailableError("down")


def test_a_list_is_asked_anew_and_its_old_state_serves_when_the_source_fails(answers: Answers, clock: Clock) -> None:
    assert answers.one("list", "a", Song, lambda: Song(name="x")).stale is False
    assert answers.one("list", "a", Song, fails).value == Song(name="x")
    old = answers.one("list", "a", Song, fails, anew=True)
    assert (old.value, old.stale) == (Song(name="x"), True)
    clock.sleep(200)
    assert answers.one("list", "a", Song, fails).stale
    with pytest.raises(UnavailableError):
        answers.one("list", "b", Song, fails)


def test_a_batch_that_is_refused_is_asked_in_halves(answers: Answers) -> None:
    calls = []

    def load(keys: Sequence[str]) -> Mapping[str, Song | ProviderError]:
        calls.append(len(keys))
        if "13" in keys:
            raise RefusedError("bad id")
        return {key: Song(name=key) for key in keys}

    harvest = answers.many("song", [str(number) for number in range(50)], Song, load, size=50)
    assert (len(harvest.answers), list(harvest.failed), harvest.stopped) == (49, ["13"], None)
    assert len(calls) <= 13


def test_failures_in_a_row_end_a_harvest_and_others_do_not(answers: Answers) -> None:
    def load(keys: Sequence[str]) -> Mapping[str, Song | ProviderError]:
        if int(keys[0]) % 2 or int(keys[0]) > 20:
            raise UnavailableError("down")
        return {keys[0]: Song(name="x")}

    harvest = answers.many("song", [str(number) for number in range(50)], Song, load)
    assert len(harvest.answers) == 11
    assert len(harvest.failed) == 10 + TOLERATED
    assert harvest.stopped is not None


def test_a_harvest_as_a_listing_accounts_for_every_key() -> None:
    from recsys.providers.cache import Answer

    harvest = Harvest({"a": Answer(Song(name="x")), "b": Answer(None)}, {"c": UnavailableError("down")})
    keys = {"1": "a", "2": "b", "3": "c", "4": "d"}
    listing = listed(keys, harvest, lambda name, song, stale: Facts(name, "p", {"title": song.name}, stale), "unknown here")
    assert [facts.id for facts in listing.facts] == ["1"]
    assert [(skip.name, skip.code) for skip in listing.skipped] == [("2", "unknown"), ("3", "failed")]
    assert listing.not_asked == 1


def rows(count: int) -> list[Row]:
    return [{"id": str(number)} for number in range(count)]


def test_a_busy_question_comes_once_more_at_the_end() -> None:
    order = []

    def work(row: Row) -> Facts | Skip:
        order.append(row["id"])
        if row["id"] == "0" and len(order) == 1:
            raise BusyError("busy")
        return Facts(str(row["id"]), "p", {})

    listing = gather_answers(rows(3), work)
    assert order == ["0", "1", "2", "0"]
    assert [facts.id for facts in listing.facts] == ["0", "1", "2"]


def test_a_block_of_some_endpoints_costs_only_the_rows_that_need_them() -> None:
    def work(row: Row) -> Facts | Skip:
        if row["id"] in ("1", "3"):
            raise BlockedError("p", "search", 1e9, "busy")
        return Facts(str(row["id"]), "p", {})

    listing = gather_answers(rows(5), work)
    assert (len(listing.facts), listing.not_asked, listing.stopped, len(listing.problems)) == (3, 2, None, 1)


def test_refused_credentials_end_it_and_unknown_rows_do_not() -> None:
    def work(row: Row) -> Facts | Skip:
        raise (MissingError("gone") if int(str(row["id"])) < 3 else UnauthorizedError("no"))

    listing = gather_answers(rows(9), work)
    assert ([skip.code for skip in listing.skipped], listing.not_asked) == (["unknown"] * 3, 6)
    assert isinstance(listing.stopped, UnauthorizedError)
