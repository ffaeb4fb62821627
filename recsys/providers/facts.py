"""What providers hand over, and the two things a provider can be: a catalogue to read, or an enricher of known tracks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from recsys.errors import ProviderError
from recsys.providers.spotify.links import Kind, Link

Row = Mapping[str, object]
"""One row of ``tracks`` by column name."""


@dataclass(frozen=True)
class Facts:
    """What one source says about one track. ``fields`` holds columns of ``tracks``; absent or None = unknown.

    ``decision`` records how the track was matched (method, score, other ids).
    """

    id: str
    source: str
    fields: Row
    stale: bool = False
    decision: Mapping[str, object] | None = None


@dataclass(frozen=True)
class Skip:
    """One item that did not become facts, with the provider's words: skipped for what it is, or failed.

    ``place``: its position in the list, first = 1; ``raw``: what the provider sent.
    """

    name: str
    code: Literal["local_file", "episode", "unavailable", "duplicate", "unknown", "no_match", "failed", "unreadable"]
    reason: str
    place: int | None = None
    raw: str = ""

    @property
    def failed(self) -> bool:
        """Whether asking again may bring it."""
        return self.code in ("failed", "unreadable")


@dataclass(frozen=True)
class Action:
    """What the user did with a track; ``moment`` as the provider writes it."""

    track: str
    kind: str
    moment: str | None = None
    context: str | None = None


@dataclass
class Listing:
    """Everything one read brought, in order. ``stopped`` = why it ended early; what came before it is complete and usable.

    ``not_asked`` counts the items that it did not get to, at least 1 where a list of unknown length was cut; ``problems`` says
    in words what is not whole.
    """

    facts: list[Facts] = field(default_factory=list)
    skipped: list[Skip] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    stopped: ProviderError | None = None
    not_asked: int = 0
    problems: list[str] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)

    def extend(self, other: Listing) -> None:
        self.facts += other.facts
        self.skipped += other.skipped
        self.notes += [note for note in other.notes if note not in self.notes]
        self.stopped = self.stopped or other.stopped
        self.not_asked += other.not_asked
        self.actions += other.actions
        self.problems += [problem for problem in other.problems if problem not in self.problems]


@dataclass(frozen=True)
class Hit:
    """One search result."""

    link: Link
    title: str
    artist: str = ""
    album: str = ""


CHUNK = 200
"""Tracks that a provider on the network is asked about between two writes to the lake."""
WHOLE = 1_000_000_000
"""For an enricher over files, which reads them once for all tracks."""


class Catalogue(Protocol):
    """A provider that lists tracks by link."""

    name: str

    @property
    def access(self) -> str:
        """Which access is used, in words."""

    def read(self, link: Link, limit: int | None = None) -> Listing:
        """The tracks behind ``link``, at most ``limit``. A failure ends the listing, it does not raise."""

    def tracks(self, ids: Sequence[str]) -> Listing:
        """Tracks by Spotify id, in the quickest way this access allows. A failure ends the listing, it does not raise."""

    def search(self, query: str, kinds: Sequence[Kind], limit: int) -> list[Hit]:
        """Best results first, at most ``limit`` per kind."""


class Enricher(Protocol):
    """A provider that knows more about tracks which the catalogue has; ``chunk`` of them are asked about at a time."""

    name: str
    chunk: int

    @property
    def access(self) -> str:
        """Which access is used, in words."""

    def wants(self, row: Row) -> bool:
        """Whether the row lacks something this provider could supply, and has what is needed to ask for it."""

    def enrich(self, rows: Sequence[Row]) -> Listing:
        """Facts about the rows, in their order. A failure ends the listing, it does not raise."""
