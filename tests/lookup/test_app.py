"""The endpoints: what they answer, and that every bad request gets a problem and leaves the server standing."""

from __future__ import annotations

import http.client
import json
from typing import Any

import httpx
import polars as pl
import pytest

from recsys.lake import Run
from recsys.lookup.app import ASSETS
from tests.support.published import SLASHED

pytestmark = pytest.mark.slow  # whole runs

LIST = "/v1/users/demo-u001/recommendations"
HARD = "demo%2F%C3%BC%20100%25"


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem document of an answer; its shape is that of RFC 9457."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"type", "title", "status", "detail"} <= set(body)
    assert body["status"] == status
    assert "Traceback" not in answer.text
    return dict(body)


def test_a_list_is_the_stored_one(client: httpx.Client, run: Run) -> None:
    answer = client.get(LIST, params={"list": "comfort", "limit": 4, "offset": 2}).json()
    stored = run.read("rankings").filter(user_id="demo-u001", list="comfort").sort("rank")[2:6]
    assert [row["track"]["id"] for row in answer["data"]] == stored["track_id"].to_list()
    assert [row["rank"] for row in answer["data"]] == [3, 4, 5, 6]
    assert answer["pagination"] == {"offset": 2, "limit": 4, "returned": 4, "total": 10}
    assert answer["run"]["id"] == run.id
    assert answer["fallback"] is False
    assert answer["taste_profile"]["user_id"] == "demo-u001"


def test_points_add_up_to_the_score(client: httpx.Client) -> None:
    for row in client.get(LIST).json()["data"]:
        fits = row["score_breakdown"]
        total = sum(row["points"].values()) * fits["safety"] + fits["commercial"]
        assert total == pytest.approx(row["score"], abs=4e-4)
        assert fits["final"] == row["score"]


def test_an_unknown_listener_gets_the_cold_list(client: httpx.Client) -> None:
    answer = client.get("/v1/users/nobody/recommendations").json()
    assert answer["fallback"] is True
    assert {row["source"] for row in answer["data"]} == {"cold"}


def test_an_id_with_slash_space_and_percent(client: httpx.Client) -> None:
    for part in ("recommendations", "taste-profile", "controls", "lists"):
        assert client.get(f"/v1/users/{HARD}/{part}").json()["fallback"] is False
    assert client.get(f"/v1/users/{HARD}/recommendations").json()["taste_profile"]["user_id"] == SLASHED


def test_the_legacy_request_gets_the_same_list(client: httpx.Client) -> None:
    legacy = client.post(
        "/v1/recommendations", json={"user_id": "demo-u001", "mode": " Comfort", "limit": 5, "context": {"a": 1}}
    ).json()
    assert legacy == client.get(LIST, params={"list": "comfort", "limit": 5}).json()
    assert client.post("/v1/recommendations", json={"user_id": "demo-u001", "limit": -3}).json()["pagination"]["limit"] == 20
    assert client.post("/v1/recommendations", json={"user_id": "demo-u001", "limit": 1000}).json()["pagination"]["limit"] == 100


@pytest.mark.parametrize(
    "field", [{"seed_track_ids": ["demo-t0001"]}, {"feature_targets": {"energy": 0.9}}, {"exploration_target": 0.5}]
)
def test_what_needs_a_run_names_the_batch_way(client: httpx.Client, field: dict[str, Any]) -> None:
    body = problem(client.post("/v1/recommendations", json={"user_id": "demo-u001", **field}), 422)
    assert "recsys ingest requests" in body["detail"]
    assert body["errors"][0]["where"] == next(iter(field))


def test_explicit_tracks_are_not_let_in_over_the_listeners_controls(client: httpx.Client, run: Run) -> None:
    blocked = run.read("controls").filter(~pl.col("allow_explicit"))["user_id"]
    for user in blocked:
        problem(client.post("/v1/recommendations", json={"user_id": user, "include_explicit": True}), 422)
    assert client.post("/v1/recommendations", json={"user_id": "nobody", "include_explicit": True}).status_code == 200


def test_a_track_of_the_snapshot(client: httpx.Client, run: Run) -> None:
    stored = run.read("tracks").row(0, named=True)
    result = client.get(f"/v1/tracks/{stored['id']}").json()["data"]
    assert {key: result[key] for key in ("title", "artists", "genres", "provenance", "song_key")} == {
        key: stored[key] for key in ("title", "artists", "genres", "provenance", "song_key")
    }


@pytest.mark.parametrize("path", ASSETS)
def test_the_page_is_served_whole_and_from_here_only(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not any(word in answer.text for word in ("https://cdn", "//unpkg", "fonts.googleapis", "<script>", " style="))


def test_alive_and_ready(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json()["status"] == "ready"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{LIST}?list=nope", 404),
        (f"{LIST}?list=balanced'%3B%20drop%20table%20rankings%3B--", 404),
        (f"{LIST}?limit=0", 422),
        (f"{LIST}?limit=101", 422),
        (f"{LIST}?limit=-1", 422),
        (f"{LIST}?limit=ten", 422),
        (f"{LIST}?limit=%D9%A1", 422),
        (f"{LIST}?limit=1e1", 422),
        (f"{LIST}?limit=", 422),
        (f"{LIST}?limit=1&limit=2", 422),
        (f"{LIST}?offset=-1", 422),
        (f"{LIST}?min_popularity=nan", 422),
        (f"{LIST}?min_popularity=2", 422),
        (f"{LIST}?include_explicit=yes", 422),
        (f"{LIST}?exclude_artists=x", 422),
        (f"{LIST}?list=%FF", 400),
        ("/v1/users/%FF/recommendations", 400),
        (f"/v1/users/{'x' * 10_000}/recommendations", 414),
        (f"{LIST}?exclude_track={'x' * 10_000}", 414),
        ("/v1/users//recommendations", 404),
        ("/v1/users/a/b/recommendations", 404),
        ("/v1/tracks/nope", 404),
        ("/v1/tracks/..%2F..%2F..%2Fetc%2Fpasswd", 404),
        ("/v1/tracks/demo-t0001?x=1", 422),
        ("/../../etc/passwd", 404),
        ("/%2e%2e/%2e%2e/etc/passwd", 404),
        ("/page/../app.py", 404),
        ("/nothing", 404),
    ],
)
def test_bad_addresses_get_a_problem(client: httpx.Client, address: str, path: str, status: int) -> None:
    wire = http.client.HTTPConnection(address.removeprefix("http://"), timeout=20)  # sends the path as it is
    wire.request("GET", path)
    result = wire.getresponse()
    body = json.loads(result.read())
    wire.close()
    assert (result.status, body["status"]) == (status, status), body
    assert result.headers["content-type"] == "application/problem+json"
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("user", ["Robert'); DROP TABLE lists;--", "é́", "𝕏" * 50, "a\nb", "\x00", "..", "%", "*"])
def test_strange_ids_are_unknown_listeners_at_most(client: httpx.Client, user: str) -> None:
    from urllib.parse import quote

    answer = client.get(f"/v1/users/{quote(user, safe='').replace('.', '%2E')}/recommendations")
    assert answer.status_code == 200
    assert answer.json()["fallback"] is (user != "*")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 422),
        (b"null", 422),
        (b"{}", 422),
        (b'{"user_id": 7}', 422),
        (b'{"user_id": "  "}', 422),
        (b'{"user_id": "a", "limit": "5"}', 422),
        (b'{"user_id": "a", "min_popularity": NaN}', 422),
        (b'{"user_id": "\xff"}', 400),
        (b"[" * 60_000, 400),
        (b" " * 70_000, 413),
    ],
)
def test_bad_bodies_get_a_problem(client: httpx.Client, body: bytes, status: int) -> None:
    problem(client.post("/v1/recommendations", content=body), status)


def test_a_body_without_a_length_is_bounded_too(client: httpx.Client) -> None:
    problem(client.post("/v1/recommendations", content=(b" " * 10_000 for _ in range(10))), 413)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_changed(client: httpx.Client, method: str) -> None:
    answer = client.request(method, LIST)
    problem(answer, 405)
    assert "GET" in answer.headers["allow"]


def test_head_is_get_without_the_body(client: httpx.Client) -> None:
    answer = client.head(LIST)
    assert (answer.status_code, answer.content) == (200, b"")
