from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from recsys.providers.cache import KEEP_SECONDS, NEGATIVE_SECONDS, Cache
from tests.support.wire import Clock


class Song(BaseModel):
    name: str
    secret: str | None = None


@pytest.fixture
def cache(tmp_path: Path, clock: Clock) -> Cache:
    return Cache(tmp_path, ttl=7200, clock=clock)


def test_an_answer_is_fresh_then_stale_then_gone(cache: Cache, clock: Clock) -> None:
    cache.put("p", "track", "a", Song(name="x"))
    assert cache.get("p", "track", "a", Song) is not None
    clock.sleep(7200)
    assert cache.get("p", "track", "a", Song) is None
    old = cache.get("p", "track", "a", Song, expired=True)
    assert old is not None
    assert old.stale
    assert old.value == Song(name="x")
    assert cache.prune("p") == 0
    clock.sleep(KEEP_SECONDS + 1)
    assert cache.prune("p") == 1
    assert cache.get("p", "track", "a", Song, expired=True) is None


def test_a_negative_answer_is_believed_shortly_and_never_serves_as_a_fallback(cache: Cache, clock: Clock) -> None:
    cache.put("p", "track", "a", None)
    known = cache.get("p", "track", "a", Song)
    assert known is not None
    assert known.value is None
    clock.sleep(NEGATIVE_SECONDS)
    assert cache.get("p", "track", "a", Song, expired=True) is None


def test_counts_and_forget(cache: Cache, clock: Clock) -> None:
    cache.put("p", "track", "a", Song(name="x"))
    clock.sleep(8000)
    cache.put("p", "page", "b", Song(name="y"))
    cache.put("q", "page", "b", Song(name="y"))
    assert cache.counts("p") == (1, 1)
    assert cache.forget("p") == 2
    assert cache.counts("p") == (0, 0)
    assert cache.counts("q") == (1, 0)


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"name": 3}', b"\xff\xfe"])
def test_a_damaged_entry_counts_as_absent(cache: Cache, tmp_path: Path, damage: bytes) -> None:
    cache.put("p", "track", "a", Song(name="x"))
    [path] = tmp_path.glob("p/*/*/*.json")
    path.write_bytes(damage)
    assert cache.get("p", "track", "a", Song, expired=True) is None


def test_keys_that_differ_only_in_case_or_length_do_not_meet(cache: Cache) -> None:
    keys = ["a", "A", "../a", "a" * 400, "ä", ""]
    for number, key in enumerate(keys):
        cache.put("p", "track", key, Song(name=str(number)))
    found = [cache.get("p", "track", key, Song) for key in keys]
    assert [answer.value.name for answer in found if answer and answer.value] == [str(n) for n in range(len(keys))]


def test_a_state_survives_and_a_damaged_one_is_empty(cache: Cache, tmp_path: Path) -> None:
    with cache.changing("p") as state:
        state.blocked["tracks"] = 5.0
    assert cache.state("p").blocked == {"tracks": 5.0}
    (tmp_path / "p" / "state.json").write_text("{")
    assert cache.state("p").blocked == {}
