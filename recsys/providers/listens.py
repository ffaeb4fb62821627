"""A user's listens → events of a listener: only those that the lake lacks, also when they arrive late or were forgotten."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import polars as pl

from recsys.errors import InputError, ProviderError
from recsys.ingest import Report, ingest_export
from recsys.lake import Lake
from recsys.lake.rewriting import FORGOTTEN
from recsys.providers.account import LONGEST_RAW, Summary
from recsys.providers.lenient import Unreadable
from recsys.providers.listenbrainz import Listen, ListenBrainz, ListensPage
from recsys.providers.paging import left
from recsys.providers.walks import Walk
from recsys.tables import EVENTS, REJECTS

PAGES = 20
"""Pages of listens between two writes to the lake."""

_Kind = Literal["play", "like"]
_Progress = Callable[[str, int, int], None]


@dataclass
class Listens:
    """What an import of listens came to: the account, and what ingest said of each file."""

    summary: Summary
    reports: list[Report] = field(default_factory=list)


def import_listens(
    lake: Lake,
    brainz: ListenBrainz,
    user: str,
    *,
    listener: str | None = None,
    since: int = 0,
    progress: _Progress | None = None,
) -> Listens:
    """Listens of a ListenBrainz user, from second ``since`` on, → events of ``listener`` (default: the user's name).

    An error of the provider ends the work early; what came before it is in the lake, and the next import continues there.
    """
    own = Import(lake, f"listenbrainz {user}", listener or user, "listenbrainz")
    cursor = user if own.listener == user else f"{user}>{own.listener}"
    summary = own.outcome.summary
    summary.access = brainz.access
    pages: list[ListensPage] = []
    walk: Walk | None = None
    try:
        for number, (page, walk) in enumerate(brainz.listens(user, cursor, since), 1):
            pages.append(page)
            if len(pages) >= PAGES:
                own.write(pages)
                brainz.keep(cursor, walk)
                pages = []
            if progress:
                progress(user, number, number + 1)
    except ProviderError as error:
        summary.stopped = str(error)
        summary.not_asked = left(brainz.total, own.read + sum(map(len, pages)))
    own.write(pages)
    if walk is not None:
        brainz.keep(cursor, walk)
    return own.outcome


def import_feedback(lake: Lake, brainz: ListenBrainz, user: str, *, listener: str | None = None) -> Listens:
    """Recordings that a ListenBrainz user loves → likes of ``listener``."""
    own = Import(lake, f"listenbrainz {user}", listener or user, "listenbrainz")
    own.outcome.summary.access = brainz.access
    try:
        for page in brainz.loved(user):
            own.write([page], "like")
    except ProviderError as error:
        own.outcome.summary.stopped, own.outcome.summary.not_asked = str(error), 1
    return own.outcome


class Import:
    """One listener's import while it is under way."""

    def __init__(self, lake: Lake, source: str, listener: str, prefix: str) -> None:
        self.lake, self.listener, self._prefix = lake, listener, prefix
        self.outcome = Listens(Summary(source))
        self.read = 0
        self._met: set[tuple[_Kind, str]] = set()
        self._known = {kind: _seconds(lake, listener, prefix, kind) for kind in ("play", "like")}

    def write(self, pages: Sequence[ListensPage], kind: _Kind = "play") -> None:
        """What the lake lacks, as one export file, into the lake: listens in the form of ListenBrainz, likes in Pano's."""
        fresh = [self._unmet(page, kind) for page in pages]
        listens = [listen for page in fresh for listen in page]
        lacking = [listen for page in fresh for listen in self._lacking(page, kind)]
        self.read += len(listens)
        self.outcome.summary.unchanged += len(listens) - len(lacking)
        if lacking:
            self._ingest(lacking, kind)

    def _unmet(self, page: ListensPage, kind: _Kind) -> ListensPage:
        """Listens that this import did not meet before: walks overlap."""
        listens = {(kind, _line(one)): one for one in page}
        unmet = {key: one for key, one in listens.items() if key not in self._met}
        self._met.update(unmet)
        return list(unmet.values())

    def _lacking(self, page: ListensPage, kind: _Kind) -> list[Listen | Unreadable]:
        """Listens of seconds in which the provider has more of them than the lake."""
        there = Counter(listen.listened_at for listen in page if isinstance(listen, Listen))
        known = self._known[kind]
        return [one for one in page if isinstance(one, Unreadable) or there[one.listened_at] > known[one.listened_at]]

    def _ingest(self, lacking: Sequence[Listen | Unreadable], kind: _Kind) -> None:
        summary = self.outcome.summary
        times = [one.listened_at for one in lacking if isinstance(one, Listen)] or [0]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{self._prefix}-{kind}s-{min(times)}-{max(times)}.jsonl"
            path.write_text(
                "\n".join(map(_line if kind == "play" else _love, lacking)) + _mark(self.lake) + "\n", encoding="utf-8"
            )
            try:
                reports = ingest_export(self.lake, self.listener, [path])
            except InputError as error:
                reports = [_refused(self.lake, path, str(error))]
        self.outcome.reports += reports
        for report in reports:
            if report.table == "events":
                summary.imported += report.kept
                summary.rejected += report.rejected
        self._known[kind].update(times)


def _line(listen: Listen | Unreadable) -> str:
    return listen.model_dump_json(exclude_none=True)


def _love(listen: Listen | Unreadable) -> str:
    named = listen.track_metadata if isinstance(listen, Listen) else None
    if not isinstance(listen, Listen) or named is None:
        return listen.model_dump_json()
    fields = {"track": named.track_name, "artist": named.artist_name, "album": named.release_name}
    return json.dumps({"timeMs": listen.listened_at * 1000, **fields, "event": "love"}, ensure_ascii=False)


def _refused(lake: Lake, path: Path, reason: str) -> Report:
    """A file of which nothing can be used: its rows into ``rejects``."""
    content = path.read_text(encoding="utf-8")
    digest = hashlib.sha256(content.encode()).hexdigest()
    rows = [
        {
            "batch": digest, "table": "events", "source": path.name, "line": line,
            "code": "unreadable", "reason": reason.replace(str(path), path.name), "raw": text[:LONGEST_RAW],
        }
        for line, text in enumerate(content.split("\n"), 1) if text
    ]  # fmt: skip
    rejects = REJECTS.conform(pl.DataFrame(rows, schema=REJECTS.schema))
    new = lake.add_batch("events", EVENTS.empty(), rejects=rejects, source=path.name, digest=digest, rows_read=len(rows))
    return Report(path.name, "events", len(rows), 0, len(rows), {"unreadable": len(rows)}, already=new is None)


def _seconds(lake: Lake, listener: str, prefix: str, kind: _Kind) -> Counter[int]:
    """How many events of each second the lake has from this provider."""
    own = (pl.col("user_id") == listener) & (pl.col("type") == kind) & pl.col("source").str.contains(prefix, literal=True)
    return Counter(lake.input("events").filter(own)["occurred_at"].drop_nulls().dt.epoch("s").to_list())


def _mark(lake: Lake) -> str:
    """Empty lines, one for each time that somebody was forgotten: what was taken out then is a new file when it comes again."""
    with suppress(OSError):
        return "\n" * len((lake.root / FORGOTTEN).read_text(encoding="utf-8").splitlines())
    return ""
