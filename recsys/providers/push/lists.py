"""One list to one target: which of its tracks the target has, and one playlist there that is brought up to date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from recsys.errors import ProviderError
from recsys.providers.account import Summary
from recsys.providers.answers import concerns_all
from recsys.providers.cache import Cache
from recsys.providers.errors import MissingError
from recsys.providers.facts import Skip
from recsys.providers.musicbrainz.answers import Recording
from recsys.providers.musicbrainz.matching import best_match, wanted_of
from recsys.readers.export import Playlist

ListRow = Mapping[str, Any]


class Target(Protocol):
    """Where playlists go."""

    name: str

    @property
    def access(self) -> str:
        """Which access is used, in words."""

    def track(self, row: ListRow) -> str | None:
        """The target's id of the track; None when it does not have it."""

    def create(self, title: str, note: str, tracks: Sequence[str]) -> str:
        """A new private playlist; its id."""

    def replace(self, playlist: str, title: str, tracks: Sequence[str]) -> None:
        """Other tracks into a playlist. Raises :class:`MissingError` when it is gone."""


def push(target: Target, playlist: Playlist, cache: Cache, *, dry_run: bool = False) -> Summary:
    """Bring the playlist of this listener and list up to date at the target, or make it there.

    Tracks that the target does not have are skipped and counted. Nothing is written when a track failed, or for ``dry_run``.
    """
    summary = Summary(f"{target.name} {playlist.title}", target.access)
    tracks = [name for place, row in enumerate(playlist.rows) if (name := _track(target, row, place, playlist, summary))]
    summary.imported = len(tracks)
    if dry_run or summary.failed or summary.stopped or not tracks:
        return summary
    try:
        _write(target, playlist, tracks, cache)
    except ProviderError as error:
        summary.stopped, summary.imported, summary.not_asked = str(error), 0, len(tracks)
    return summary


def _track(target: Target, row: ListRow, place: int, playlist: Playlist, summary: Summary) -> str | None:
    if summary.stopped:
        return None
    name = str(row["track_id"])
    try:
        fields = target.track(row)
    except ProviderError as error:
        if concerns_all(error):
            summary.stopped, summary.not_asked = str(error), len(playlist.rows) - place
        else:
            summary.failed.append(Skip(name, "failed", str(error), place + 1))
        return None
    if fields is None:
        summary.skipped.append(Skip(name, "unknown", f"{target.name} does not have it", place + 1))
    return fields


def _write(target: Target, playlist: Playlist, tracks: Sequence[str], cache: Cache) -> None:
    key = f"list:{target.name}:{playlist.user_id}:{playlist.name}"
    known = cache.state("push").cursors.get(key)
    if known:
        try:
            target.replace(known, playlist.title, tracks)
        except MissingError:
            known = None
    if known is None:
        known = target.create(playlist.title, f"list {playlist.name} of run {playlist.run}, by recsys", tracks)
        with cache.changing("push") as state:
            state.cursors[key] = known


def chosen(row: ListRow, hits: Sequence[Mapping[str, Any]]) -> str | None:
    """The hit that is the track, judged as recordings are: each with id, title, artist and length in ms."""
    recordings = [
        Recording.model_validate(
            {
                "id": hit["id"],
                "title": hit["title"] or "",
                "length": hit["length"],
                "artist-credit": [{"name": hit["artist"] or "", "artist": {"id": ""}}],
            }
        )
        for hit in hits
    ]
    match, _ = best_match(wanted_of(row), recordings)
    return match.recording.id if match else None
