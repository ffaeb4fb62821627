"""What MusicBrainz answers, as far as it is used.

The documentation still shows an older search shape (scores as strings, ISRCs as objects, credits without a name); both fit.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from recsys.providers.lenient import Lenient


def _code(value: object) -> object:
    return value.get("id") if isinstance(value, dict) else value


class _Named(BaseModel):
    """A genre or tag with its votes."""

    name: str
    count: int | None = None


class Artist(BaseModel):
    id: str
    name: str = ""
    genres: list[_Named] = Field(default_factory=list)
    tags: list[_Named] = Field(default_factory=list)


class Credit(BaseModel):
    name: str | None = None
    joinphrase: str | None = None
    artist: Artist


class _Address(BaseModel):
    resource: str


class Relation(BaseModel):
    url: _Address | None = None
    recording: Recording | None = None


class Recording(BaseModel):
    id: str
    title: str = ""
    length: int | None = None
    video: bool | None = None
    disambiguation: str | None = None
    credits: list[Credit] = Field(default_factory=list, alias="artist-credit")
    first_release_date: str | None = Field(None, alias="first-release-date")
    isrcs: list[Annotated[str, BeforeValidator(_code)]] = Field(default_factory=list)
    genres: list[_Named] = Field(default_factory=list)
    tags: list[_Named] = Field(default_factory=list)
    relations: list[Relation] = Field(default_factory=list)

    @property
    def credit(self) -> str:
        """The artist credit as printed."""
        return "".join((one.name or one.artist.name) + (one.joinphrase or "") for one in self.credits)

    @property
    def artists(self) -> list[str]:
        return [one.name or one.artist.name for one in self.credits]


class Recordings(BaseModel):
    """Recordings of an ISRC or a search."""

    recordings: Lenient[Recording] = Field(default_factory=list)


class Resource(BaseModel):
    """An address that MusicBrainz knows, with what it belongs to."""

    relations: list[Relation] = Field(default_factory=list)


def by_votes(names: list[_Named], most: int = 10) -> list[str]:
    """Names with at least one vote, most votes first, then by name."""
    voted = [one for one in names if (one.count or 0) > 0]
    return [one.name for one in sorted(voted, key=lambda one: (-(one.count or 0), one.name))][:most]


def escape(text: str) -> str:
    r"""Text with every sign that Lucene's query language gives a meaning escaped, in lower case so that OR is no operator.

    >>> print(escape('AC/DC: "T.N.T." (live)'))
    ac\/dc\: \"t.n.t.\" \(live\)
    """
    return re.sub(r'([+\-&|!(){}\[\]^"~*?:\\/])', r"\\\1", text.lower())
