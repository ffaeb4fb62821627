"""Answers with stored rows: their names, tags, what is kept, and 304."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from recsys.lookup.before import Before
from recsys.lookup.current import Published
from recsys.lookup.reader import Reader
from recsys.lookup.stored import _KEPT, addressed, etag, fresh, known_answer, spoken

LIST = "/v1/users/demo-u001/recommendations"
GZIP = {b"accept-encoding": b"br, gzip"}


@pytest.fixture
def served(reader: Reader) -> Published:
    return Published(reader, b"{}", b"tag", Before(Path(), []), {})


def test_an_unchanged_answer_is_not_sent_again(client: httpx.Client) -> None:
    answer = client.get(LIST, headers={"accept-encoding": "identity"})
    tag = answer.headers["etag"]
    again = client.get(LIST, headers={"accept-encoding": "identity", "if-none-match": f'"x", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get(LIST, params={"limit": 1}).headers["etag"] != tag
    zipped = client.get(LIST, headers={"accept-encoding": "gzip"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.headers["etag"] != tag
    assert zipped.json() == answer.json()


def test_an_answer_is_named_by_all_it_depends_on() -> None:
    names = [
        addressed(b"/a", b"x=1", {}),
        addressed(b"/a", b"x=2", {}),
        addressed(b"/b", b"x=1", {}),
        addressed(b"/a", b"x=1", GZIP),
        addressed(b"/a", b"x=1", {}, "de"),
    ]
    assert len(set(names)) == len(names)
    assert addressed(b"/a", b"", {b"accept-encoding": b"identity"}) == addressed(b"/a", b"", {})


def test_tags_differ_by_answer_and_by_run(served: Published) -> None:
    tags = {etag(served, b"p/a?"), etag(served, b"p/b?"), etag(served._replace(tag=b"other"), b"p/a?")}
    assert len(tags) == 3
    assert all(tag.startswith(b'"') and tag.endswith(b'"') for tag in tags)


def test_known_by_tag_or_by_name(served: Published) -> None:
    address = addressed(b"/a", b"", {})
    assert known_answer(served, address, {}) is None
    ready = fresh(served, address, b"[1]")
    assert (ready.status, ready.body) == (200, b"[1]")
    assert dict(ready.headers)[b"content-length"] == b"3"
    assert known_answer(served, address, {}) is ready
    tag = dict(ready.headers)[b"etag"]
    unchanged = known_answer(served, address, {b"if-none-match": b'"x", ' + tag})
    assert unchanged is not None
    assert (unchanged.status, unchanged.body, dict(unchanged.headers)[b"etag"]) == (304, b"", tag)
    assert known_answer(served, address, {b"if-none-match": b'"x"'}) is ready


def test_the_latest_answers_are_kept(served: Published) -> None:
    for number in range(_KEPT + 3):
        fresh(served, b"%d" % number, b"")
    assert list(served.answers) == [b"%d" % number for number in range(3, _KEPT + 3)]


def test_the_language_is_said_where_there_is_one(served: Published) -> None:
    assert dict(fresh(served, b"a", b"", "de").headers)[b"content-language"] == b"de"
    assert b"content-language" not in dict(fresh(served, b"b", b"").headers)
    assert spoken(served, {}) == served.reader.language
    assert spoken(served, {b"accept-language": b"de"}) == "de"
