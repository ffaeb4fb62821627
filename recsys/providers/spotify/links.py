"""Every way a person names something on Spotify → one :class:`Link`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from recsys.errors import UsageError

Kind = Literal["track", "album", "playlist", "artist", "me", "foreign"]
KINDS: tuple[Kind, ...] = ("track", "album", "playlist", "artist")
LIBRARY = ("tracks", "top", "recent")
"""Parts of the logged-in user's own library: saved tracks, top tracks, the last 50 plays."""

_ID = re.compile(r"[0-9A-Za-z]{22}")
_HOSTS = ("open.spotify.com", "play.spotify.com", "embed.spotify.com", "www.spotify.com")
ALLOWED = (
    "allowed: a track, album, playlist or artist as 22-character track id, spotify:KIND:ID, or open.spotify.com link; "
    f"or {', '.join(f'me:{part}' for part in LIBRARY)}"
)


@dataclass(frozen=True)
class Link:
    """One thing to import. ``id``: 22 characters, a part of the library for ``me``, the whole address for ``foreign``."""

    kind: Kind
    id: str

    def __str__(self) -> str:
        return f"spotify:{self.kind}:{self.id}" if self.kind in KINDS else self.id


def parse(text: str) -> Link:
    """Raises :class:`UsageError` for anything that names no track, album, playlist, artist or library.

    >>> parse("https://open.spotify.com/intl-de/track/4uLU6hMCjMI75M1A2tKUQC?si=x")
    Link(kind='track', id='4uLU6hMCjMI75M1A2tKUQC')
    """
    text = text.strip()
    if text.startswith("me:"):
        return _library(text)
    if _ID.fullmatch(text):
        return Link("track", text)
    if text.startswith("spotify:"):
        return _words(text, text.split(":")[1:])
    try:
        address = urlsplit(text if "//" in text else f"https://{text}")
    except ValueError:
        raise UsageError(f"{text!r} is no source; {ALLOWED}") from None
    if address.hostname == "spotify.link":
        raise UsageError(f"{text}: a short link hides what it names; open it in a browser and copy the open.spotify.com address")
    if address.hostname not in _HOSTS:
        if text.startswith(("https://", "http://")) and address.hostname:
            return Link("foreign", text)
        raise UsageError(f"{text!r} is no source; {ALLOWED}")
    if uri := parse_qs(address.query).get("uri"):
        return _words(text, uri[0].split(":")[1:])
    return _words(text, address.path.strip("/").split("/"))


def _words(text: str, words: list[str]) -> Link:
    *_, kind, name = ["", "", *words]
    if kind in ("episode", "show", "audiobook"):
        raise UsageError(f"{text}: a {kind} is not music; {ALLOWED}")
    for known in KINDS:
        if kind == known and _ID.fullmatch(name):
            return Link(known, name)
    raise UsageError(f"{text!r} names no track, album, playlist or artist; {ALLOWED}")


def _library(text: str) -> Link:
    part = text.removeprefix("me:")
    if part not in LIBRARY:
        raise UsageError(f"{text!r} is no part of your library; {ALLOWED}")
    return Link("me", part)
