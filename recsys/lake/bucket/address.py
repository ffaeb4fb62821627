"""Where a lake in a bucket is, and the folder of this machine that mirrors it."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from recsys.errors import UsageError
from recsys.sources import variable

CACHE = "RECSYS_BUCKET_CACHE"
"""Folder of all mirrors; without it, ``recsys/buckets`` in the user's cache folder."""
ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")

_ADDRESS = re.compile(r"(?P<scheme>s3|gs|az):/{1,2}(?P<bucket>[A-Za-z0-9][A-Za-z0-9._-]{1,62})(?:/+(?P<prefix>.*?))?/*")
_SCHEME = re.compile(r"[a-z][a-z0-9+]{1,9}:/|(?:s3|gs|az):$")


@dataclass(frozen=True)
class Address:
    """Bucket and prefix of a lake; ``scheme`` is ``s3``, ``gs`` or ``az``. An empty prefix is the whole bucket."""

    scheme: str
    bucket: str
    prefix: str = ""

    @classmethod
    def of(cls, place: str | Path) -> Address | None:
        """The address that a text, or a path made of it, is; none for a folder. Raises :class:`UsageError` for one that is wrong.

        >>> Address.of("s3://music/lakes/one").url, Address.of("data/lake")
        ('s3://music/lakes/one', None)
        """
        if not _SCHEME.match(str(place)):
            return None
        match = _ADDRESS.fullmatch(str(place))
        if match is None or ".." in PurePosixPath(match["prefix"] or "").parts:
            raise UsageError("a lake is a folder, or a bucket: s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX")
        return cls(match["scheme"], match["bucket"], "/".join(PurePosixPath(match["prefix"] or "").parts))

    @property
    def url(self) -> str:
        """As people write it."""
        return f"{self.scheme}://{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")

    @property
    def endpoint(self) -> str | None:
        """The server of an S3 lake, where it is not Amazon's. Raises :class:`UsageError` for one elsewhere without TLS."""
        url = next((value for name in ENDPOINTS if (value := os.environ.get(name))), None) if self.scheme == "s3" else None
        if url is not None and urlsplit(url).scheme != "https" and not _loopback(url):
            raise UsageError(f"{ENDPOINTS[1]}: a server on another machine needs https://; plain http is for this machine alone")
        return url

    @property
    def mirror(self) -> Path:
        """The folder of this machine; buckets of one name on two servers have two."""
        digest = hashlib.sha256(f"{self.endpoint or ''} {self.url}".encode()).hexdigest()[:12]
        return _cache() / f"{self.bucket}-{digest}"


def _cache() -> Path:
    if chosen := variable(CACHE):
        return Path(chosen).absolute()
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "recsys" / "buckets"
    except RuntimeError as error:
        raise UsageError(f"there is no home folder for the copy of the bucket; name one with {CACHE}") from error


def _loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
