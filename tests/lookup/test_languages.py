"""Reasons in the reader's language: what a header asks for, and that the words are those the run would have stored."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.lake import Run
from recsys.lookup.languages import POOL_REASONS, preferred
from recsys.stages.rankings.reasons import texts
from recsys.stages.rankings.texts import TEXTS

LIST = "/v1/users/demo-u001/recommendations"
GERMAN = {"accept-language": "de-AT, en;q=0.5"}


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("DE-de", "de"),
        ("fr, de;q=0.8, en;q=0.5", "de"),
        ("en;q=0.4, de;q=0.5", "de"),
        ("de;q=0, en", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("fr, *;q=0.5, de;q=0.1", "en"),
        ("", "en"),
        ("de;q=x", "en"),
        ("de;q=7", "en"),
        ("de;level=1", "en"),
        ("deutsch", "en"),
    ],
)
def test_the_first_language_there_are_texts_in(header: str, language: str) -> None:
    assert preferred(header.encode(), "en") == language


@given(st.binary(max_size=60))
def test_any_header_gets_a_language(header: bytes) -> None:
    assert preferred(header, "de") in TEXTS


def test_a_list_in_german_is_the_stored_one_in_other_words(client: httpx.Client, run: Run) -> None:
    plain, german = client.get(LIST), client.get(LIST, headers=GERMAN)
    assert (plain.headers["content-language"], german.headers["content-language"]) == ("en", "de")
    assert "accept-language" in german.headers["vary"]
    rows = run.read("rankings").filter(user_id="demo-u001", list="balanced").sort("rank")
    assert [row["reason"] for row in german.json()["data"]] == texts(rows, "de").to_list()
    unworded = ([{**row, "reason": ""} for row in answer.json()["data"]] for answer in (plain, german))
    assert next(unworded) == next(unworded)


def test_a_language_has_its_own_tag_and_the_stored_one_none_of_its_own(client: httpx.Client) -> None:
    plain, german = client.get(LIST), client.get(LIST, headers=GERMAN)
    assert plain.headers["etag"] != german.headers["etag"]
    assert client.get(LIST, headers={"accept-language": "fr, en"}).headers["etag"] == plain.headers["etag"]
    assert client.get(LIST, headers={**GERMAN, "if-none-match": german.headers["etag"]}).status_code == 304
    assert client.get(LIST, headers={**GERMAN, "if-none-match": plain.headers["etag"]}).status_code == 200


def test_rows_from_the_pool_and_why_are_said_in_it_too(client: httpx.Client) -> None:
    first = client.get(LIST).json()["data"][0]["track"]
    rows = client.get(LIST, params={"exclude_artist": first["artist"]}, headers=GERMAN).json()["data"]
    assert {row["reason"] for row in rows if row["source"] == "pool"} == {POOL_REASONS["de"]}
    for_it = client.get(f"/v1/users/demo-u001/why/{first['id']}", headers=GERMAN)
    assert for_it.json()["data"]["text"] == client.get(LIST, headers=GERMAN).json()["data"][0]["reason"]
    assert for_it.headers["content-language"] == "de"
    posted = client.post("/v1/recommendations", json={"user_id": "demo-u001"}, headers=GERMAN)
    assert posted.json() == client.get(LIST, headers=GERMAN).json()
