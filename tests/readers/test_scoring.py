"""A run's stored model scores a list as the run did, alone and among others, and without the model by fitting anew."""

from __future__ import annotations

from functools import cache

import polars as pl
import pytest

from recsys import Settings, build
from recsys.readers.scoring import open_scorer, rank, score_with
from recsys.tables import COOLDOWN
from tests.support.chance import world
from tests.support.worlds import AS_OF

pytestmark = pytest.mark.slow  # whole runs
SETTINGS = Settings(list_limit=8)


@cache
def tables() -> dict[str, pl.DataFrame]:
    return build(world(3), SETTINGS, as_of=AS_OF)


def own(table: str, user: str) -> pl.DataFrame:
    return tables()[table].filter(pl.col("user_id") == user)


@pytest.mark.parametrize("lacks", [(), ("model", "model_tracks")], ids=["stored", "fitted anew"])
def test_lists_are_those_of_the_run(lacks: tuple[str, ...]) -> None:
    run = {name: table for name, table in tables().items() if name not in lacks}
    for user in run["profiles"]["user_id"]:
        rankings, lists = rank(*open_scorer(run, SETTINGS, AS_OF, user, own("lists", user)))
        assert rankings.equals(own("rankings", user))
        assert lists.equals(own("lists", user))


def test_some_listeners_of_many() -> None:
    users = tables()["profiles"]["user_id"]
    scorer = score_with(tables(), SETTINGS, AS_OF, tables()["lists"])(2, 4)
    for listener in (2, 3):
        assert rank(scorer, listener)[0].equals(own("rankings", users[listener]))


def test_a_wish_of_now_has_shown_nothing_yet() -> None:
    user = tables()["profiles"]["user_id"][0]
    rankings, _ = rank(*open_scorer(tables(), SETTINGS, AS_OF, user, own("lists", user).drop(COOLDOWN)))
    assert rankings.equals(own("rankings", user))
