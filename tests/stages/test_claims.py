"""Every claim of every text, derived anew on random worlds: all are true; and each that is made false is noticed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from recsys import Settings, build
from recsys.stages.claims import CLAIM_RULES, OWN_APPROVED, SAID, SHARES_ADD_UP, SUPPORTERS_LIKE, false_claims
from recsys.stages.rankings.reasons import texts
from recsys.tables import REQUESTS
from tests.support.chance import world
from tests.support.worlds import AS_OF, asked, frame

pytestmark = pytest.mark.slow  # whole runs

Tables = dict[str, pl.DataFrame]
ALL = 1000
"""More listeners than any of these worlds has."""


@pytest.fixture(scope="module")
def tables() -> Tables:
    return build(world(3, users=40, tracks=60, events=1500), Settings(), as_of=AS_OF)


def broken(tables: Tables, settings: Settings | None = None) -> dict[str, int]:
    outcome = false_claims(tables, settings or Settings(), ALL)
    assert outcome["rule"].to_list() == list(CLAIM_RULES)
    assert set(outcome["severity"]) == {"warn"}
    return dict(outcome.filter(~pl.col("passed")).select("rule", "failures").iter_rows())


def test_every_claim_of_a_random_world_is_true(tables: Tables) -> None:
    assert broken(tables) == {}
    codes = {"own_tracks", "artist", "listeners", "sound", "genre", "seed", "discovery", "popular", "cold"}
    assert codes <= set(tables["rankings"]["reason_code"])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("settings", [Settings(), Settings(song_identity="track", exclusions="exact", language="de")])
def test_and_of_others(seed: int, settings: Settings) -> None:
    assert broken(build(world(seed, users=30, tracks=50, events=900), settings, as_of=AS_OF), settings) == {}


@pytest.mark.parametrize("seed", range(3))
def test_and_of_lists_that_start_from_artists_and_genres(seed: int) -> None:
    given = world(seed, users=30, tracks=50, events=900)
    users = given.events["user_id"].unique().sort().to_list()
    seeds = {"seed_artists": ["ada", "Artist 2", "nobody"], "seed_genres": ["POP"]}
    wishes = [asked(user, f"from {name}", **{name: names}) for user in users for name, names in seeds.items()]
    wishes += [asked(user, "from all", seed_track_ids=["t03"], **seeds) for user in users]
    made = build(replace(given, requests=frame(REQUESTS, wishes)), Settings(), as_of=AS_OF)
    assert broken(made) == {}
    goes = made["rankings"].filter(reason_code="seed")
    assert {"Ada", "Artist 2", "Pop"} <= {name for args in goes["reason_args"].to_list() for name in [args[0].title()]}
    other = goes.with_columns(reason_args=pl.lit(["polka"]))
    assert SAID in broken(made | {"rankings": other.with_columns(reason=texts(other, "en"))})


def test_texts_of_the_reference_have_no_arguments_and_are_not_looked_at() -> None:
    settings = Settings.reference()
    assert broken(build(world(2), settings, as_of=AS_OF), settings) == {}


def with_rows(tables: Tables, code: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Tables:
    """The tables with rows of a code changed, and their texts written anew."""
    rows = tables["rankings"]
    told = [row | change(row) if row["reason_code"] == code else row for row in rows.to_dicts()]
    changed = pl.DataFrame(told, schema=rows.schema)
    changed = changed.with_columns(reason=pl.when(pl.col("reason_args").is_null()).then("reason").otherwise(texts(changed, "en")))
    return tables | {"rankings": changed}


def args(*places: str | None) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Puts other arguments where a text is given, leaves them where it is none."""

    def change(row: dict[str, Any]) -> dict[str, Any]:
        own = row["reason_args"]
        return {"reason_args": [own[at] if new is None else new for at, new in enumerate(places[: len(own)])]}

    return change


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("own_tracks", args("nobody's song")),
        ("artist", args(None, "nobody's song")),
        ("artist", args(None, None, "77")),
        ("listeners", args("1")),
        ("listeners", args(None, "9999")),
        ("listeners", args(None, None, "nobody's song")),
        ("sound", lambda row: {"reason_args": ["energy+", "energy-", row["reason_args"][-1]]}),
        ("sound", lambda row: {"reason_args": [*row["reason_args"][:-1], "nobody's song"]}),
        ("genre", args("polka")),
        ("seed", args("nobody's song")),
        ("discovery", args("nobody")),
        ("discovery", args(None, "99", "100")),
        ("cold", lambda _: {"reason_code": "popular", "reason_args": []}),
    ],
)
def test_a_false_argument_is_noticed(tables: Tables, code: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    assert tables["rankings"].filter(reason_code=code).height
    assert broken(with_rows(tables, code, change)).keys() == {SAID}


def test_other_words_than_those_of_the_arguments_are_noticed(tables: Tables) -> None:
    rows = tables["rankings"].with_columns(reason=pl.col("reason") + "!")
    assert broken(tables | {"rankings": rows}).keys() == {SAID}


def test_own_tracks_that_are_disliked_are_noticed(tables: Tables) -> None:
    rated = tables["ratings"].with_columns(rating=-pl.col("rating").abs(), rejected=True)
    assert {OWN_APPROVED, SUPPORTERS_LIKE, SAID} <= broken(tables | {"ratings": rated}).keys()


def test_counts_and_shares_that_are_wrong_are_noticed(tables: Tables) -> None:
    rows = tables["rankings"]
    assert SUPPORTERS_LIKE in broken(tables | {"rankings": rows.with_columns(supporters=pl.col("supporters") + 1)})
    assert broken(tables | {"rankings": rows.with_columns(because_rest=pl.col("because_rest") + 1e-5)}).keys() == {SHARES_ADD_UP}


def test_another_night_looks_at_others(tables: Tables) -> None:
    """A sample of one listener is the one without a history, and others follow by the moment of the run."""
    wrong = tables | {"rankings": tables["rankings"].with_columns(because_rest=pl.col("because_rest") + 1.0)}
    later = {"profiles": wrong["profiles"].with_columns(pl.col("updated_at") + pl.duration(days=1))}
    examples = [
        false_claims(one, Settings(), 2).filter(rule=SHARES_ADD_UP)["example"][0] for one in (wrong, wrong, wrong | later)
    ]
    assert examples[0] == examples[1]
    assert examples[0].startswith("*")
