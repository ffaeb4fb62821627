"""Addresses of buckets, and the folders here that belong to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys.errors import UsageError
from recsys.lake.bucket.address import CACHE, ENDPOINTS, Address


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("s3://music", "s3://music"),
        ("s3://music/", "s3://music"),
        ("s3://music/lakes/one/", "s3://music/lakes/one"),
        ("gs://music-eu/one", "gs://music-eu/one"),
        ("az://music/one", "az://music/one"),
    ],
)
def test_an_address_survives_as_text_and_as_a_path(text: str, url: str) -> None:
    for place in (text, Path(text)):
        address = Address.of(place)
        assert address is not None
        assert address.url == url


@pytest.mark.parametrize("text", ["data/lake", "/srv/lake", "C", "s3", "./s3:/x", "lake:old", ""])
def test_everything_else_is_a_folder(text: str) -> None:
    assert Address.of(text) is None


@pytest.mark.parametrize(
    "text",
    ["s3://", "s3:", "s3:///one", "s3://key:word@music/one", "http://x/y", "s3a://music", "s3://music/../other", "s3://_/x"],
)
def test_a_wrong_address_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(UsageError, match="s3://BUCKET/PREFIX") as refused:
        Address.of(text)
    assert "word" not in str(refused.value)


def test_two_servers_and_two_prefixes_have_folders_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    places = {Address("s3", "music", prefix).mirror for prefix in ("", "one", "two")} | {Address("gs", "music", "one").mirror}
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000")
    places |= {Address("s3", "music", "one").mirror}
    assert len(places) == 5


def test_the_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert Address("s3", "music").mirror.parent == tmp_path / "recsys/buckets"
    monkeypatch.setenv(CACHE, "copies")
    assert Address("s3", "music").mirror.parent == tmp_path / "copies"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000", "http://[::1]:9000", "http://localhost", "https://store.example.org"])
def test_plain_http_stays_on_this_machine(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    assert Address("s3", "music").endpoint == url
    assert Address("gs", "music").endpoint is None


@pytest.mark.parametrize("url", ["http://store.example.org", "http://192.0.2.1", "ftp://127.0.0.2.example", "http://"])
def test_plain_http_elsewhere_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    with pytest.raises(UsageError, match="needs https"):
        _ = Address("s3", "music").endpoint
