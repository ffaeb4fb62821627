"""Where the rule that keeps a track out was set, in words: one line a rule, from the rows that set it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from recsys import Settings
from recsys.readers.changes import Keeping, setting, what_would
from recsys.tables import FEATURES
from tests.support.worlds import Row, asked, track

SOON = datetime(2026, 6, 2, tzinfo=UTC)
LATER = datetime(2026, 7, 1, 8, 30, tzinfo=UTC)


def words(rule: str, wish: Row | None = None, controls: Row | None = None, **values: Any) -> str | None:
    bare = {"excluded_genres": None, "excluded_artist_ids": None, "feature_bounds": None}
    return what_would(
        rule,
        Keeping(
            {**bare, **asked("u", "calm"), **(wish or {})},
            controls or {},
            Settings(),
            {"artists": None, "genres": None, **track("t", **values)},
            ("t", "t live"),
        ),
    )


def until(*ends: datetime | None) -> Row:
    return {"postponed_tracks": [{"track_id": "t live", "until": end} for end in ends]}


@pytest.mark.parametrize(
    ("rule", "wish", "controls", "values", "text"),
    [
        ("explicit", {}, {"allow_explicit": False}, {}, "set by allow_explicit = false in the controls of u"),
        ("explicit", {}, {"allow_explicit": True}, {}, "set by include_explicit = false in the request for list calm"),
        ("excluded_track", {}, {"excluded_tracks": ["t live"]}, {}, "set by excluded_tracks in the controls of u"),
        ("excluded_track", {}, {"excluded_tracks": ["x"]}, {}, "set by excluded_track_ids in the request for list calm"),
        ("postponed", {}, until(SOON, LATER), {}, "put off until 2026-07-01 08:30 UTC by postponed_tracks in the controls of u"),
        ("postponed", {}, until(SOON, None), {}, "put off without an end by postponed_tracks in the controls of u"),
        (
            "excluded_artist",
            {},
            {"excluded_artists": ["x", "the BEATLES"]},
            {"artist": "Beatles"},
            "set by 'the BEATLES' among excluded_artists in the controls of u",
        ),
        (
            "excluded_artist",
            {"excluded_artist_ids": ["Ada"]},
            {},
            {"artist": "Ada"},
            "set by 'Ada' among excluded_artist_ids in the request for list calm",
        ),
        (
            "excluded_genre",
            {},
            {"excluded_genres": ["hip hop"]},
            {"genres": ["rap", "Hip-Hop"]},
            "set by 'hip hop' among excluded_genres in the controls of u",
        ),
        (
            "known_artist",
            {"mode": "discovery"},
            {},
            {},
            'set by mode discovery, which wants artists that u has not played (modes.discovery.artists = "new")',
        ),
        (
            "popularity",
            {"min_popularity": 0.2, "max_popularity": 0.4},
            {},
            {"popularity": 0.5},
            "popularity is 0.5 where 0.2 to 0.4 is wanted, in the request for list calm",
        ),
        (
            "popularity",
            {"min_popularity": None, "max_popularity": 0.4},
            {},
            {"popularity": 0.5},
            "popularity is 0.5 where at most 0.4 is wanted, in the request for list calm",
        ),
        ("rejected", {}, {}, {}, "set by hide_rejected = true (as in preset default)"),
        ("missing", {}, {}, {}, None),
    ],
)
def test_where_the_rule_was_set(rule: str, wish: Row, controls: Row, values: Row, text: str | None) -> None:
    assert words(rule, wish, controls, **values) == text


def test_only_features_out_of_bounds_are_named() -> None:
    bounds = dict.fromkeys(FEATURES) | {"tempo": [150.0, 180.0], "energy": [None, 0.5], "valence": [0.1, None]}
    text = words("feature_bounds", {"feature_bounds": bounds}, tempo=90.0, energy=0.8, valence=0.5)
    assert text == (
        "energy is 0.8 where at most 0.5 is wanted; tempo is 90 where 150 to 180 is wanted: "
        "set by feature_bounds in the request for list calm"
    )


def test_a_setting_says_what_its_preset_has() -> None:
    assert setting(Settings(max_per_artist=2), "max_per_artist") == "set by max_per_artist = 2 (in preset default it is 5)"
    assert setting(Settings(max_per_artist=None), "max_per_artist").startswith("set by max_per_artist = none (")
    assert setting(Settings.reference(), "diversity_pool").endswith("(as in preset reference)")
