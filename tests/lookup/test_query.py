"""One query, from an address or from the older service's body."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from recsys.lookup.problem import ProblemError
from recsys.lookup.query import PARAMETERS, PLAIN, Query, from_address, from_body


def test_every_field_has_its_parameter() -> None:
    assert tuple(PARAMETERS) == tuple(field.name for field in dataclasses.fields(Query))


@pytest.mark.parametrize(
    ("address", "body"),
    [
        (b"", {}),
        (b"list=comfort&limit=7", {"mode": " Comfort ", "limit": 7.0}),
        (b"exclude_track=a&exclude_track=b", {"excluded_track_ids": ["a", "b"]}),
        (b"exclude_artist=%C3%A4&exclude_genre=x%20y", {"excluded_artist_ids": ["ä"], "excluded_genres": ["x y"]}),
        (b"min_popularity=.25".replace(b".", b"0."), {"min_popularity": 0.25}),
        (b"max_popularity=1e-1", {"max_popularity": 0.1}),
        (b"include_explicit=false", {"include_explicit": False}),
        (b"limit=100", {"limit": 1000}),
        (b"limit=20", {"limit": -3, "mode": None, "context": {"ignored": 1}}),
    ],
)
def test_address_and_body_say_the_same(address: bytes, body: dict[str, Any]) -> None:
    user_id, query, _ = from_body(json.dumps({"user_id": " u ", **body}).encode())
    assert user_id == " u "
    assert query == from_address(address)
    assert query.narrows == (any(word in address for word in (b"exclude", b"popularity", b"explicit")))


def test_nothing_asked_is_the_plain_list() -> None:
    assert from_address(b"") is PLAIN


def test_every_wrong_field_of_a_body_is_named() -> None:
    body = {"user_id": "u", "limit": "5", "min_popularity": True, "excluded_genres": ["x", 1], "feature_targets": []}
    with pytest.raises(ProblemError, match="limit: a whole number") as caught:
        from_body(json.dumps(body).encode())
    assert [fault["where"] for fault in caught.value.errors or ()] == [
        "limit",
        "excluded_genres",
        "min_popularity",
        "feature_targets",
    ]


@pytest.mark.parametrize("body", [b'{"user_id": "\\ud800"}', b"\xff", b"{", b"[" * 100_000])
def test_what_is_no_json_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(ProblemError, match="not JSON") as caught:
        from_body(body)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("wish", "wanted"), [({}, False), ({"include_explicit": True}, True), ({"include_explicit": False}, False)]
)
def test_letting_explicit_tracks_in_is_said(wish: dict[str, Any], wanted: bool) -> None:
    assert from_body(json.dumps({"user_id": "u", **wish}).encode())[2] is wanted
