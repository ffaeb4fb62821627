from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import BaseModel

from recsys.errors import LakeError
from recsys.providers.cache import CACHE_FILE, KEEP_SECONDS, LONGEST_REST, NEGATIVE_SECONDS, Cache, State
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


def test_a_rest_noted_by_a_clock_that_ran_ahead_is_none() -> None:
    state = State(blocked={"a": 1000.0, "b": 1000.0 + LONGEST_REST, "c": 1e20, "d": 999.0})
    assert state.resting(999.5) == {"a": 1000.0}


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
    with closing(sqlite3.connect(tmp_path / CACHE_FILE)) as file, file:
        file.execute("update answers set content = ?", (damage,))
    assert cache.get("p", "track", "a", Song, expired=True) is None


def test_a_damaged_file_is_no_answer_and_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / CACHE_FILE).write_bytes(b"no database at all" * 100)
    cache = Cache(tmp_path)
    assert cache.get("p", "track", "a", Song) is None
    assert cache.state("p").blocked == {}
    with pytest.raises(LakeError, match="delete it"):
        cache.put("p", "track", "a", Song(name="x"))


def test_keys_that_differ_only_in_case_or_length_do_not_meet(cache: Cache) -> None:
    keys = ["a", "A", "../a", "a" * 400, "ä", ""]
    for number, key in enumerate(keys):
        cache.put("p", "track", key, Song(name=str(number)))
    result = [cache.get("p", "track", key, Song) for key in keys]
    assert [answer.value.name for answer in result if answer and answer.value] == [str(n) for n in range(len(keys))]


def test_a_state_survives(cache: Cache, tmp_path: Path) -> None:
    with cache.changing("p") as state:
        state.blocked["tracks"] = 5.0
    assert Cache(tmp_path).state("p").blocked == {"tracks": 5.0}


WRITER = """
import sys
from pathlib import Path
from recsys.providers.cache import Cache
cache = Cache(Path(sys.argv[1]))
for number in range(100):
    with cache.changing("p") as state:
        state.cursors[f"{sys.argv[2]}-{number}"] = "x"
"""


@pytest.mark.slow
def test_what_several_processes_write_at_once_is_all_there(tmp_path: Path, root: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, tmp_path, str(n)], cwd=root) for n in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert len(Cache(tmp_path).state("p").cursors) == 300


def test_what_is_deleted_is_not_in_the_file_any_more(cache: Cache, tmp_path: Path) -> None:
    cache.put("p", "track", "a", Song(name="canary-name"))
    cache.put("p", "track", "b", Song(name="y"))
    assert cache.delete(lambda content: b"canary" in content) == 1
    assert not [path for path in tmp_path.iterdir() if b"canary" in path.read_bytes()]
    assert cache.counts("p") == (1, 0)


def test_a_folder_of_single_files_gives_its_states_and_goes(tmp_path: Path) -> None:
    folder = tmp_path / "listenbrainz" / "page" / "ab"
    folder.mkdir(parents=True)
    (folder / "abc.json").write_text("{}")
    (tmp_path / "listenbrainz" / "state.json").write_text('{"cursors": {"ann": "5"}}')
    assert Cache(tmp_path).state("listenbrainz").cursors == {"ann": "5"}
    assert not (tmp_path / "listenbrainz").exists()


def test_a_question_without_an_answer_waits_twice_as_long_each_time(cache: Cache, clock: Clock) -> None:
    waits = []
    for _ in range(4):
        cache.postpone("p", ["q"], 10.0, 50.0)
        waits.append(cache.unanswered("p")["q"] - clock())
    assert waits == [10, 20, 40, 50]
    cache.answered("p", ["q"])
    assert cache.unanswered("p") == {}


def test_a_reset_leaves_answers_and_cursors(cache: Cache) -> None:
    cache.put("p", "track", "a", Song(name="x"))
    cache.postpone("p", ["q"], 10.0, 50.0)
    with cache.changing("p") as state:
        state.blocked, state.cursors, state.last_error = {"*": 5.0}, {"ann": "1"}, "bad"
    cache.reset("p")
    assert cache.state("p").model_dump(exclude_defaults=True) == {"cursors": {"ann": "1"}}
    assert (cache.counts("p"), cache.unanswered("p")) == ((1, 0), {})
