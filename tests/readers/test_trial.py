"""A wish as written becomes a row of `requests` and a list; what does not exist or is not allowed is named."""

from __future__ import annotations

from functools import cache

import polars as pl
import pytest

from recsys import NotFoundError, Settings, build
from recsys.errors import UsageError
from recsys.readers.trial import UNSAVED, Wish, bounds, request, tried
from recsys.tables import REQUESTS
from tests.support.worlds import AS_OF, event, inputs, silent, track

SETTINGS = Settings(lists=("balanced",))


@cache
def tables() -> dict[str, pl.DataFrame]:
    tracks = [
        track("a", title="Slow Song", artist="Ada", genres=["Hip-Hop"]),
        track("b", title="Loud Song", artist="The Bel", genres=["rock"], energy=0.9),
        silent("c", artist="Cem"),
        track("d", artist="Dee", energy=0.1),
    ]
    return build(inputs(tracks, [event("u", "a"), event("v", "a"), event("v", "b")]), SETTINGS, as_of=AS_OF)


def test_seeds_by_title_and_names_as_the_catalog_spells_them() -> None:
    wish = Wish(
        ["slow song", "b"], ["bel"], ["hip hop"], ["Energy=0.9", "tempo=165"], ["tempo=150..", "valence=0..0.5"], "Comfort", 7
    )
    row = request(tables(), SETTINGS, "u", wish, "mine").row(0, named=True)
    assert (row["user_id"], row["list"], row["limit"], row["mode"]) == ("u", "mine", 7, "comfort")
    assert (row["seed_track_ids"], row["seed_artists"], row["seed_genres"]) == (["a", "b"], ["The Bel"], ["Hip-Hop"])
    assert {name: value for name, value in row["feature_targets"].items() if value is not None} == {"energy": 0.9, "tempo": 165.0}
    assert {name: ends for name, ends in row["feature_bounds"].items() if ends} == {"tempo": [150.0, None], "valence": [0.0, 0.5]}


def test_without_a_wish_all_is_left_to_the_settings() -> None:
    row = request(tables(), SETTINGS, "u", Wish())
    assert row.schema == REQUESTS.schema
    assert row["list"].to_list() == [UNSAVED]
    assert row.select("seed_track_ids", "seed_artists", "seed_genres", "feature_targets", "feature_bounds").row(0) == (None,) * 5


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (Wish(mode="discvery"), "no mode 'discvery'; modes: balanced, comfort, discovery"),
        (Wish(["nothing like it"]), "no track has the id or the title 'nothing like it'"),
        (Wish(artists=["Adda"]), "no track has the artist 'Adda'; near: Ada"),
        (Wish(genres=["zzz"]), "no track has the genre 'zzz'; check its spelling"),
    ],
)
def test_what_does_not_exist(wish: Wish, message: str) -> None:
    with pytest.raises(NotFoundError, match=message):
        request(tables(), SETTINGS, "u", wish)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tempo", "a feature and a range are needed"),
        ("tempo=..", "a feature and a range are needed"),
        ("tmpo=1..2", "no feature 'tmpo'; did you mean tempo"),
        ("energy=0..2", "energy is a number from 0 to 1"),
        ("energy=x..1", "energy is a number from 0 to 1"),
        ("tempo=180..150", "write tempo=150..180"),
    ],
)
def test_bounds_that_are_not_allowed(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        bounds([text])


def test_ends_may_be_open() -> None:
    assert bounds(["tempo=150..", "energy=..0.5", "valence=0.2..0.2"]) == {
        "tempo": [150.0, None],
        "energy": [None, 0.5],
        "valence": [0.2, 0.2],
    }


@pytest.mark.slow
def test_a_list_keeps_to_its_bounds_and_has_titles() -> None:
    row, rows = tried(tables(), SETTINGS, AS_OF, request(tables(), SETTINGS, "u", Wish(bounds=["energy=0.5..1"])))
    assert (row["list"], row["returned"]) == (UNSAVED, 1)
    assert rows.select("track_id", "title", "artist").rows() == [("b", "Loud Song", "The Bel")]
