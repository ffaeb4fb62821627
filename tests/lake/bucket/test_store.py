"""Objects of a real server behind a proxy that misbehaves: what is written, by whom, and what is said when it is not."""

from __future__ import annotations

import hashlib
import http.client
import io
from itertools import chain, repeat
from pathlib import Path

import pytest

pytest.importorskip("obstore")

from recsys.errors import LakeError, UsageError
from recsys.lake.bucket import store as module
from recsys.lake.bucket.address import Address
from recsys.lake.bucket.store import Store
from tests.support.buckets import ENVIRONMENT, Fault, Proxy

pytestmark = pytest.mark.slow


@pytest.fixture
def store(url: str) -> Store:
    address = Address.of(url)
    assert address is not None
    return Store(address)


def sabotage(between: Proxy, *faults: Fault | None, method: str = "PUT", then: Fault | None = None) -> None:
    """What happens to the requests of a method, one after the other."""
    some = chain(faults, repeat(then))
    between.fault = lambda asked: next(some) if asked.method == method else None


def test_objects_come_back_as_they_were_written(store: Store, tmp_path: Path) -> None:
    content = bytes(range(256)) * 100_000
    (tmp_path / "file").write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    store.upload("a/file", tmp_path / "file", sha256)
    store.put("empty", b"")
    handle = (tmp_path / "back").open("wb")
    with handle:
        assert store.download("a/file", handle) == sha256
    assert (tmp_path / "back").read_bytes() == content
    assert {key: entry.size for key, entry in store.entries().items()} == {"a/file": len(content), "empty": 0}
    read = store.read("empty")
    assert read is not None
    assert (read[0], read[1]["e_tag"]) == (b"", store.entries()["empty"].tag["e_tag"])


def test_what_is_not_there_is_none(store: Store, tmp_path: Path) -> None:
    assert store.read("a") is None
    assert store.download("a", io.BytesIO()) is None  # type: ignore[arg-type]
    assert store.entries() == {}
    store.delete([])
    store.delete(["a", "b"])


def test_one_of_two_creates_wins(store: Store) -> None:
    assert store.create("a", b"1")
    assert not store.create("a", b"2")
    assert store.create("a", b"1")  # a repeat of the first
    assert store.read("a") == (b"1", store.entries()["a"].tag)


def test_a_swap_needs_the_tag_of_what_is_there(store: Store) -> None:
    first = store.swap("a", b"1", None)
    assert first is not None
    second = store.swap("a", b"2", first)
    assert second is not None
    assert store.swap("a", b"3", first) is None
    assert store.swap("a", b"2", first) == second  # a repeat of the second
    store.delete(["a"])
    assert store.swap("a", b"3", second) is None


def test_a_file_is_never_overwritten(store: Store, tmp_path: Path) -> None:
    for name, content in (("one", b"1"), ("two", b"2")):
        (tmp_path / name).write_bytes(content)
    one, two = (hashlib.sha256(content).hexdigest() for content in (b"1", b"2"))
    tag = store.upload("a", tmp_path / "one", one)
    assert store.upload("a", tmp_path / "one", one) == tag
    with pytest.raises(LakeError, match=r"/a is there already with other bytes.*recsys runs prune"):
        store.upload("a", tmp_path / "two", two)
    assert store.read("a") == (b"1", tag)


@pytest.mark.parametrize(
    "faults", [["lost"], ["503", "503"], ["409"], ["412"], ["dropped"], ["409", "lost"], ["503", "lost", "409"]]
)
def test_whatever_is_injected_our_write_is_there_and_we_know(
    faults: list[Fault], store: Store, between: Proxy, tmp_path: Path
) -> None:
    tag = store.swap("a", b"0", None)
    (tmp_path / "file").write_bytes(b"3")
    sabotage(between, *faults)
    assert store.swap("a", b"1", tag) is not None
    sabotage(between, *faults)
    assert store.create("b", b"2")
    sabotage(between, *faults)
    store.upload("c", tmp_path / "file", hashlib.sha256(b"3").hexdigest())
    sabotage(between)
    assert [(store.read(key) or (None,))[0] for key in "abc"] == [b"1", b"2", b"3"]


def test_a_lost_reply_does_not_make_a_loser_a_winner(store: Store, between: Proxy) -> None:
    tag = store.swap("a", b"0", None)
    store.swap("a", b"theirs", tag)
    sabotage(between, "lost")
    assert store.swap("a", b"ours", tag) is None
    sabotage(between, "412")
    assert not store.create("a", b"ours")
    assert store.read("a") == (b"theirs", store.entries()["a"].tag)


def test_a_conflict_that_does_not_end_is_said(store: Store, between: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE", 0)
    sabotage(between, then="409")
    with pytest.raises(LakeError, match="does not do that"):
        store.create("a", b"1")
    sabotage(between)
    assert store.read("a") is None


def test_an_outcome_that_cannot_be_learnt_is_not_called_a_failure(store: Store, between: Proxy) -> None:
    between.fault = lambda asked: "lost" if asked.method == "PUT" else "dropped"
    with pytest.raises(LakeError, match="whether it was stored is not known, the same command will look"):
        store.create("a", b"1")
    sabotage(between)
    assert store.create("a", b"1")  # it was


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("403", r"refuses these credentials; check AWS_ACCESS_KEY_ID.*\(SignatureDoesNotMatch\)"),
        ("301", "another region.*set AWS_REGION"),
        ("503", r"asks for fewer requests, and did 6 times.*\(SlowDown\)"),
        ("skewed", "the clock of this machine is wrong"),
        ("dropped", "does not answer"),
    ],
)
def test_each_refusal_is_one_line_without_secrets(fault: Fault, words: str, store: Store, between: Proxy) -> None:
    between.fault = lambda _: fault
    with pytest.raises(LakeError, match=words) as refused:
        store.entries()
    assert str(refused.value).startswith(f"{store.address.url}: ")
    assert "\n" not in str(refused.value)
    assert not any(secret in str(refused.value) for secret in list(ENVIRONMENT.values())[:2])
    assert refused.value.__suppress_context__


def test_a_bucket_that_is_not_there_is_named(between: Proxy) -> None:
    with pytest.raises(LakeError, match="there is no bucket 'nowhere' at http://127"):
        Store(Address("s3", "nowhere", "one")).entries()


def test_a_name_that_is_no_path_is_said(store: Store, between: Proxy) -> None:
    address = store.address
    connection = http.client.HTTPConnection("127.0.0.1", between.port)
    connection.request("PUT", f"/{address.bucket}/{address.prefix}/a//b", b"")
    assert connection.getresponse().status == 200
    connection.close()
    with pytest.raises(LakeError, match="whose name is no path, such as a//b; give the lake a prefix of its own"):
        store.entries()


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch, between: Proxy) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(LakeError, match=r"http://127\.0\.0\.1:1 does not answer"):
        Store(Address("s3", "music", "one")).read("a")


def test_without_credentials_nobody_is_asked(monkeypatch: pytest.MonkeyPatch, between: Proxy) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(LakeError, match="no credentials; set AWS_ACCESS_KEY_ID"):
        Store(Address("s3", "music", "one")).entries()
    assert between.asked == []


def test_other_clouds_open_with_their_own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(LakeError, match="no credentials; set AZURE_STORAGE_ACCOUNT_NAME"):
        Store(Address("az", "music"))
    Store(Address("gs", "music"))


def test_http_elsewhere_is_refused_before_anybody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://192.0.2.1")
    with pytest.raises(UsageError, match="https"):
        Store(Address("s3", "music"))
