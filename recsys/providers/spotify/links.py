"""Every way a person names something on Spotify → one :class:`Link`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from recsys.errors import UsageError

Kind = Literal["track", "album", "playlist", "artist", "me", "foreign"]
_KINDS: tuple[Kind, ...] = ("track", "album", "playlist", "artist")
_LIBRARY = ("liked", "tracks", "recent", "top", "playlists", "albums", "artists")
"""Parts of the logged-in user's own library: liked songs (two names), the last 50 plays, top tracks, own playlists, saved albums,
followed artists."""

_ID = re.compile(r"[0-9A-Za-z]{22}")
_ISRC = re.compile(r"[A-Za-z]{2}-?[A-Za-z0-9]{3}-?\d{2}-?\d{5}")
_HOSTS = ("open", "play", "player", "embed", "www", "api")
_SHORT = ("spotify.link", "spotify.app.link", "spoti.fi", "link.tospotify.com")
_ALLOWED = (
    "allowed: a track, album, playlist or artist as 22-character track id, spotify:KIND:ID, or open.spotify.com link; "
    f"or {', '.join(f'me:{part}' for part in _LIBRARY)}"
)


@dataclass(frozen=True)
class Link:
    """One thing to import. ``id``: 22 characters, a part of the library for ``me``, the whole address for ``foreign``."""

    kind: Kind
    id: str

    def __str__(self) -> str:
        if self.kind == "me":
            return f"me:{self.id}"
        return f"spotify:{self.kind}:{self.id}" if self.kind in _KINDS else self.id


def parse_link(text: str) -> Link:
    """Raises :class:`UsageError` for anything that names no track, album, playlist, artist or library.

    >>> parse_link("https://open.spotify.com/intl-de/track/4uLU6hMCjMI75M1A2tKUQC?si=x")
    Link(kind='track', id='4uLU6hMCjMI75M1A2tKUQC')
    """
    text = text.strip().strip("<>\"'").strip()
    if text.startswith("me:"):
        return _library(text)
    if _ID.fullmatch(text):
        return Link("track", text)
    if text.lower().startswith("spotify:"):
        return _named(text, re.split(r"[:/]+", text.partition("?")[0])[1:])
    if _ISRC.fullmatch(text):
        raise UsageError(f"{text} is an ISRC; look for it with: recsys search isrc:{text.replace('-', '').upper()} --save")
    return _address(text)


parse = parse_link
"""The former name, which scripts beside the project use."""


def _address(text: str) -> Link:
    try:
        address = urlsplit(text if "//" in text else f"https://{text}")
        host = address.hostname or ""
    except ValueError:
        raise UsageError(f"{text!r} is not a source; {_ALLOWED}") from None
    if host in _SHORT:
        raise UsageError(f"{text}: a short link hides what it names; open it in a browser and copy the open.spotify.com address")
    if host.endswith(".spotify.com") and host.removesuffix(".spotify.com") in _HOSTS and "@" not in address.netloc:
        return _page(text, address)
    if "spotify" in host or "@" in address.netloc or " " in text or not text.lower().startswith(("https://", "http://")):
        raise UsageError(f"{text!r} is not a source; {_ALLOWED}")
    return Link("foreign", text)


def _page(text: str, address: SplitResult) -> Link:
    query = parse_qs(address.query)
    if "uri" in query:
        return _named(text, query["uri"][0].split(":")[1:])
    path = address.path
    if "url" in query and path.strip("/") == "oembed":
        path = urlsplit(query["url"][0]).path
    return _named(text, re.split("[/?]", unquote(path).strip("/")))


def _named(text: str, words: list[str]) -> Link:
    """The last kind and id that follow each other."""
    lowered = [word.lower() for word in words]
    if "collection" in lowered:
        return Link("me", "liked")
    for kind in ("episode", "show", "audiobook", "prerelease"):
        if kind in lowered:
            raise UsageError(f"{text}: {kind}s cannot be imported; {_ALLOWED}")
    pairs = [(kind, name) for kind, name in pairwise(words) if _ID.fullmatch(name)]
    for kind, name in reversed(pairs):
        for known in _KINDS:
            if kind.lower() in (known, f"{known}s"):
                return Link(known, name)
    raise UsageError(f"{text!r} names no track, album, playlist or artist; {_ALLOWED}")


def _library(text: str) -> Link:
    part = text.removeprefix("me:")
    if part not in _LIBRARY:
        raise UsageError(f"{text!r} is not part of your library; {_ALLOWED}")
    return Link("me", "liked" if part == "tracks" else part)
