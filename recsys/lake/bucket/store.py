"""Objects of one bucket, under a prefix. The one module that talks to it.

Three ways to write: :meth:`Store.upload` and :meth:`Store.create` make an object that must not be there yet, :meth:`Store.swap`
replaces one that must be as it was read. Each asks the bucket itself to decide (``If-None-Match``, ``If-Match``), so two writers
need no lock. The library repeats a request whose reply was lost, and the second one then fails although the first one wrote: so
whatever goes wrong, the object is read back before anything is said.

Errors carry the server's code and the object's name: never a header, an address with a signature, or the body of an answer.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from recsys.errors import LakeError, UsageError
from recsys.lake import files
from recsys.lake.bucket.address import Address

try:
    import obstore
    from obstore import exceptions, store
except ImportError as _missing:
    raise UsageError('a lake in a bucket needs the library obstore:  pip install "recsys[bucket]"') from _missing

_TRIES = 5
"""Times that one conditional write is tried when neither it nor another one got through."""
_CHUNK = 2**23
"""Bytes of a download that are in memory at a time."""
_PAUSE = 0.05
_RETRY: Any = {
    "max_retries": 5,
    "retry_timeout": timedelta(seconds=15),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2},
}
_CLIENT = {"connect_timeout": "4s", "read_timeout": "30s", "timeout": "15min"}
_SAY = {
    "s3": "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
_FAILED = (exceptions.BaseError, OSError)
_UNWANTED = (exceptions.AlreadyExistsError, exceptions.PreconditionError)

Tag = dict[str, str | None]
"""What tells one content of an object from another, as the bucket names it."""


class OtherBytesError(LakeError):
    """A file was to be stored under a name that has other bytes already."""


class Entry(NamedTuple):
    """One object as a listing shows it."""

    tag: Tag
    size: int
    modified: datetime


class Store:
    """The objects under an address. Every method raises :class:`LakeError`, in one line, when the bucket refuses.

    Raises :class:`UsageError` for an address or settings that cannot be used; nobody is asked yet.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        http = (address.endpoint or "").startswith("http:")
        config: Any = {"checksum_algorithm": "SHA256"} if address.scheme == "s3" else {}
        client: Any = {**_CLIENT, "allow_http": http}
        with self._guard():
            self._store: Any = store.from_url(address.url, config=config, client_options=client, retry_config=_RETRY)

    def entries(self) -> dict[str, Entry]:
        """Every object by its key."""
        with self._guard():
            return {
                meta["path"]: Entry(_tag(meta), meta["size"], meta["last_modified"])
                for chunk in obstore.list(self._store)
                for meta in chunk
            }

    def read(self, key: str) -> tuple[bytes, Tag] | None:
        """A small object and its tag; none when there is none."""
        with self._guard(key):
            try:
                answer = obstore.get(self._store, key)
                return bytes(answer.bytes()), _tag(answer.meta)
            except FileNotFoundError:
                return None

    def download(self, key: str, handle: BinaryIO) -> str | None:
        """Write an object into a file; the SHA-256 of what was written, none when there is no such object."""
        digest = hashlib.sha256()
        with self._guard(key):
            try:
                for chunk in obstore.get(self._store, key).stream(min_chunk_size=_CHUNK):
                    digest.update(chunk)
                    with files.guard(Path(handle.name)):
                        handle.write(chunk)
            except FileNotFoundError:
                return None
        return digest.hexdigest()

    def upload(self, key: str, path: Path, sha256: str) -> Tag:
        """Make an object of a file. One that is there already stays, and must have the same bytes: none is ever overwritten."""
        tag = self._write(key, path, None, lambda: self._digest(key), sha256)
        if tag is None:
            raise OtherBytesError(
                f"{self.address.url}/{key} is there already with other bytes, from a machine with other libraries or another "
                "processor; nothing was stored. Let that machine finish, or remove what it left with `recsys runs prune`"
            )
        return tag

    def create(self, key: str, data: bytes) -> bool:
        """Make a small object that is not there yet; false when there is another one."""
        return self.swap(key, data, None) is not None

    def swap(self, key: str, data: bytes, tag: Tag | None) -> Tag | None:
        """Replace the object that has this tag (none: that is not there) and return the new one; none when it has another."""
        return self._write(key, data, tag, lambda: self.read(key), data)

    def put(self, key: str, data: bytes) -> Tag:
        """Make or replace a small object, whatever is there."""
        with self._guard(key):
            return _tag(obstore.put(self._store, key, data, use_multipart=False))

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; those that are not there are no error."""
        if some := sorted(keys):
            with self._guard(some[0]):
                obstore.delete(self._store, some)

    def _write(self, key: str, body: bytes | Path, tag: Tag | None, read: _Read, wanted: object) -> Tag | None:
        """One conditional write: its tag; none when the object is another one. ``read``: what is there now, and its tag."""
        mode: Any = {name: value for name, value in (tag or {}).items() if value} or "create"
        for pause in range(1, _TRIES + 1):
            try:
                return _tag(obstore.put(self._store, key, body, mode=mode, use_multipart=False))
            except _FAILED as error:
                now = self._outcome(read)
                if now is not None and now[0] == wanted:
                    return now[1]
                if (now and now[1]["e_tag"]) != (tag and tag["e_tag"]):
                    return None
                if pause == _TRIES or not isinstance(error, _UNWANTED):
                    raise self._explained(error, key) from None
                time.sleep(pause * _PAUSE)  # another request, of this or another writer, was under way
        raise AssertionError("the last try returns or raises")

    def _outcome(self, read: _Read) -> tuple[object, Tag] | None:
        try:
            return read()
        except LakeError as error:
            raise LakeError(str(error).replace(_SAME, "whether it was stored is not known, the same command will look")) from None

    def _digest(self, key: str) -> tuple[object, Tag] | None:
        digest = hashlib.sha256()
        with self._guard(key):
            try:
                answer = obstore.get(self._store, key)
                for chunk in answer.stream(min_chunk_size=_CHUNK):
                    digest.update(chunk)
                return digest.hexdigest(), _tag(answer.meta)
            except FileNotFoundError:
                return None

    @contextmanager
    def _guard(self, key: str = "") -> Iterator[None]:
        try:
            yield
        except _FAILED as error:
            raise self._explained(error, key) from None

    def _explained(self, error: Exception, key: str) -> LakeError:
        where = f"{self.address.url}/{key}".rstrip("/")
        cause = next(words(self.address) for pattern, words in _CAUSES if pattern.search(str(error)))
        code = _CODE.search(str(error)) or _STATUS.search(str(error))
        return LakeError(f"{where}: {cause}{f' ({code[1]})' if code else ''}; {_SAME}")


_Read = Callable[[], tuple[object, Tag] | None]
_SAME = "the lake is as it was"
_CODE = re.compile(r"<Code>(\w{1,60})</Code>")
_STATUS = re.compile(r"status code: (\d{3}\b)")
_CAUSES: tuple[tuple[re.Pattern[str], Callable[[Address], str]], ...] = (
    (
        re.compile(r"NoSuchBucket|ContainerNotFound|list request.*status code: 404", re.S),
        lambda address: f"there is no bucket {address.bucket!r} at {_server(address)}; create it, or name another one",
    ),
    (
        re.compile("invalid path"),
        lambda _: "it has an object whose name is no path, such as a//b; give the lake a prefix of its own",
    ),
    (
        re.compile("RequestTimeTooSkewed"),
        lambda _: "the clock of this machine is wrong by more than the bucket allows; set it",
    ),
    (
        re.compile("SlowDown|TooManyRequests|status code: (503|429)"),
        lambda _: f"it asks for fewer requests, and did {_RETRY['max_retries'] + 1} times; run the same command again later",
    ),
    (
        re.compile(r"without LOCATION|PermanentRedirect|redirect", re.I),
        lambda _: "it lives in another region, or behind another address; set AWS_REGION, or AWS_ENDPOINT_URL",
    ),
    (
        re.compile("Missing|must be specified|No credential|metadata"),
        lambda address: f"no credentials; set {_SAY[address.scheme]}",
    ),
    (
        re.compile("status code: 40[13]|PermissionDenied|Unauthenticated"),
        lambda address: f"the bucket refuses these credentials; check {_SAY[address.scheme]}",
    ),
    (
        re.compile("status code"),
        lambda address: f"{_server(address)} does not do that; try again later, and look at its own log",
    ),
    (
        re.compile(""),
        lambda address: f"{_server(address)} does not answer; check the network and the address, and run the same command again",
    ),
)
"""Part of the library's words → ours."""


def _server(address: Address) -> str:
    return (address.endpoint or {"s3": "Amazon S3", "gs": "Google Cloud Storage", "az": "Azure"}[address.scheme]).split("@")[-1]


def _tag(meta: Any) -> Tag:
    return {"e_tag": meta["e_tag"], "version": meta["version"]}
