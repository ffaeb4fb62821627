"""One query, from an address or from the older service's body."""

from __future__ import annotations

import dataclasses
import json
from typing import Any
from urllib.parse import quote

import pytest

from recsys.lookup.problem import ProblemError
from recsys.lookup.query import MOST_OFFSET, NEEDS_A_RUN, PARAMETERS, PLAIN, Query, decoded, from_address, from_body, pairs


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


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("limit", ["1", "100", "00000007"], ["0", "101", "-1", "1.0", "", " 1", "１", "0000000001"]),
        ("offset", ["0", "10000"], ["-1", "10001"]),
        ("min_popularity", ["0", "1", "0.5", "1e-3", "1.", "5E-1"], ["1.1", "-0.1", ".5", "nan", "inf", "1e-1000", "2", ""]),
        ("max_popularity", ["0", "1"], ["1.0001"]),
        ("include_explicit", ["true", "false"], ["True", "1", ""]),
        ("list", ["", "a b"], []),
    ],
)
def test_the_range_of_every_parameter(name: str, good: list[str], bad: list[str]) -> None:
    for text in good:
        value = getattr(from_address(f"{name}={text}".encode().replace(b" ", b"+")), name)
        assert value == (text if name == "list" else text == "true" if name == "include_explicit" else float(text))
    for text in bad:
        with pytest.raises(ProblemError, match=f"{name}: .* is needed") as caught:
            from_address(f"{name}={quote(text)}".encode())
        assert caught.value.status == 422
        assert caught.value.errors == [{"where": name, "detail": PARAMETERS[name].kind.needed}]
    assert MOST_OFFSET == 10_000


def test_what_an_address_may_not_hold() -> None:
    with pytest.raises(ProblemError, match="limit: given twice"):
        from_address(b"limit=1&limit=1")
    with pytest.raises(ProblemError, match="x: no such parameter; allowed: list, limit, offset, exclude_track"):
        from_address(b"x=1")
    with pytest.raises(ProblemError, match="x: no such parameter; allowed: none"):
        pairs(b"x=", ())
    assert len(from_address(b"&".join([b"exclude_track=a"] * 200)).exclude_track) == 200
    for text in (b"&".join([b"exclude_track=a"] * 201), b"list=%ff", b"list=\xff"):
        with pytest.raises(ProblemError, match="not text in UTF-8, or has more than 200 parameters") as caught:
            from_address(text)
        assert caught.value.status == 400


@pytest.mark.parametrize(
    "changed",
    [
        {"exclude_track": ("a",)}, {"exclude_artist": ("a",)}, {"exclude_genre": ("a",)}, {"min_popularity": 0.0},
        {"max_popularity": 0.0}, {"include_explicit": False},
    ],
)  # fmt: skip
def test_each_wish_narrows(changed: dict[str, Any]) -> None:
    assert dataclasses.replace(PLAIN, **changed).narrows
    assert not dataclasses.replace(PLAIN, list="comfort", limit=1, offset=5).narrows


@pytest.mark.parametrize(
    ("limit", "rows"), [(0, 20), (-1, 20), (None, 20), (1, 1), (100, 100), (101, 100), (1e300, 100), (2.0, 2)]
)
def test_the_limit_of_a_body(limit: float | None, rows: int) -> None:
    assert from_body(json.dumps({"user_id": "u", "limit": limit}).encode())[1].limit == rows


@pytest.mark.parametrize("limit", [True, "5", 2.5, float("nan"), 10**400, [5], {}])
def test_what_is_no_limit_of_a_body(limit: object) -> None:
    with pytest.raises(ProblemError, match="limit: a whole number from 1 to 100 is needed"):
        from_body(json.dumps({"user_id": "u", "limit": limit}).encode())


@pytest.mark.parametrize("name", NEEDS_A_RUN)
def test_what_would_need_a_run_is_refused_unless_it_is_nothing(name: str) -> None:
    nothing, something = {"feature_targets": ({}, {"energy": 1}), "exploration_target": (0, 0.5)}.get(name, ([], ["t"]))
    assert from_body(json.dumps({"user_id": "u", name: nothing}).encode())[1] == PLAIN
    with pytest.raises(ProblemError, match=f"{name}: lists are computed by the nightly run; .*list=NAME"):
        from_body(json.dumps({"user_id": "u", name: something}).encode())


@pytest.mark.parametrize("body", [{}, {"user_id": None}, {"user_id": ""}, {"user_id": " "}])
def test_a_body_names_its_listener(body: dict[str, Any]) -> None:
    with pytest.raises(ProblemError, match="user_id: user_id is required"):
        from_body(json.dumps(body).encode())


@pytest.mark.parametrize("body", [b"[]", b"null", b"5"])
def test_a_body_is_an_object(body: bytes) -> None:
    with pytest.raises(ProblemError, match="body: an object is needed"):
        from_body(body)


def test_a_part_of_the_path() -> None:
    assert [decoded(part) for part in (b"a", b"a%2Fb", b"%C3%A4", "ä".encode())] == ["a", "a/b", "ä", "ä"]
    for part in (b"%ff", b"\xff"):
        with pytest.raises(ProblemError, match="track in the address is not text in UTF-8") as caught:
            decoded(part, "track")
        assert caught.value.status == 400
