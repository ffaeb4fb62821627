"""``recsys export``: lists as playlist files, or to where people listen."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Literal

import polars as pl
from cyclopts import Parameter

from recsys.atomic import write_whole
from recsys.cli.options import LakeFolder, lake_folder
from recsys.cli.screen import console, say
from recsys.cli.show import ListName, RunId, open_run, summary
from recsys.errors import InputError, ProviderError, UsageError
from recsys.lake import Lake, Run
from recsys.readers.export import FORMATS, PLAYLIST_COLUMNS, Playlist
from recsys.text import counted

_Listener = Annotated[str | None, Parameter(help="Listener; default: all of them.")]
_Target = Annotated[
    Literal["jspf", "xspf", "m3u", "listenbrainz", "csv", "json"],
    Parameter(name="--format", help="Kind of file; listenbrainz = JSPF of the tracks with a MusicBrainz id."),
]
_Out = Annotated[
    Path | None, Parameter(name="--out", help="File to write, or the folder for every listener's; else standard output.")
]
To = Annotated[
    Literal["file", "listenbrainz", "spotify", "navidrome", "subsonic", "jellyfin"], Parameter(name="--to", help="Destination.")
]
_Paths = Annotated[Path | None, Parameter(name="--paths", help="CSV with track_id and path: files that m3u and xspf name.")]
_DryRun = Annotated[bool, Parameter(name="--dry-run", negative=(), help="Look everything up, write nothing.")]


def export(
    user: _Listener = None,
    /,
    *,
    name: ListName = "balanced",
    to: To = "file",
    form: _Target = "jspf",
    out: _Out = None,
    paths: _Paths = None,
    dry_run: _DryRun = False,
    run: RunId = None,
    lake: LakeFolder = None,
) -> None:
    """Write lists as playlists, each track with its reason: files, or playlists elsewhere that are kept up to date."""
    chosen = open_run(lake, run)
    if user is not None:
        summary(chosen, user, name)
    lists = _playlists(chosen, user, name, _files(paths))
    if to != "file":
        _push(lists, to, Lake(lake_folder(lake)), dry_run=dry_run)
    elif user is None:
        _folder(lists, form, out, dry_run=dry_run)
    else:
        _file(next(lists), form, out, dry_run=dry_run)


def _playlists(run: Run, user: str | None, name: str, paths: dict[str, str]) -> Iterator[Playlist]:
    lists = run.scan("lists").filter(pl.col("list") == name).select("user_id").collect()["user_id"].sort()
    for listener in lists if user is None else [user]:
        yield Playlist(listener, name, run.id, run.manifest.as_of, rows(run, listener, name).to_dicts(), paths)


def _files(paths: Path | None) -> dict[str, str]:
    """Track id → path of a CSV file. Raises :class:`InputError` for a file that is none."""
    if paths is None:
        return {}
    try:
        with paths.open(encoding="utf-8-sig", newline="") as file:
            return {row["track_id"]: row["path"] for row in csv.DictReader(file)}
    except (OSError, KeyError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{paths}: {error}; a CSV file with the columns track_id and path is needed") from error


def _file(playlist: Playlist, form: str, out: Path | None, *, dry_run: bool) -> None:
    text = FORMATS[form](playlist)
    if out is None or dry_run:
        sys.stdout.write(text)
        return
    _write(out, text)
    console().print(f"wrote {counted(len(playlist.rows), 'track')} to {out}", markup=False)
    _left_out(playlist, form)


def _folder(lists: Iterator[Playlist], form: str, out: Path | None, *, dry_run: bool) -> None:
    if out is None:
        raise UsageError("the lists of every listener need a folder: --out FOLDER; or name one listener")
    try:
        out.mkdir(exist_ok=True)
    except OSError as error:
        raise UsageError(f"{out} cannot be made a folder: {error.strerror}; name another one with --out") from error
    ending = "jspf" if form == "listenbrainz" else form
    written = 0
    for playlist in lists:
        written += 1
        if not dry_run:
            safe = "".join(sign if sign.isalnum() or sign in "-_. " else f"%{ord(sign):02X}" for sign in playlist.user_id)
            _write(out / f"{safe.lstrip('.')} {playlist.name}.{ending}", FORMATS[form](playlist))
    say(f"{'would write' if dry_run else 'wrote'} {counted(written, 'playlist')} to {out}")


def _left_out(playlist: Playlist, form: str) -> None:
    if form == "listenbrainz" and (absent := sum(not row["mbid"] for row in playlist.rows)):
        say(f"left out: {counted(absent, 'track')} without a MusicBrainz id; `recsys enrich musicbrainz` may find it")


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}; choose another file with --out") from error


def _push(lists: Iterator[Playlist], to: str, home: Lake, *, dry_run: bool) -> None:
    from recsys.providers import imports, settings
    from recsys.providers.push.jellyfin import JellyfinLists
    from recsys.providers.push.listenbrainz import ListenBrainzLists
    from recsys.providers.push.lists import Target, push
    from recsys.providers.push.spotify import SpotifyLists
    from recsys.providers.push.subsonic import SubsonicLists

    targets: dict[str, Callable[..., Target]] = {
        "listenbrainz": ListenBrainzLists, "spotify": SpotifyLists, "subsonic": SubsonicLists, "navidrome": SubsonicLists,
        "jellyfin": JellyfinLists,
    }  # fmt: skip
    problems = []
    with imports.access(home, settings.load()) as access:
        target = targets[to](access)
        for playlist in lists:
            outcome = push(target, playlist, access.cache, dry_run=dry_run)
            counts = outcome.account
            say(
                f"{playlist.title}: {counts['asked']:,} tracks = {counts['imported']:,} {'there' if dry_run else 'written'}, "
                f"{counts['skipped']:,} not there, {counts['failed']:,} failed, {counts['not_asked']:,} not asked"
            )
            problems += [outcome.shortfall] if outcome.shortfall else []
            if outcome.stopped:
                break
    if problems:
        raise ProviderError(problems[0])


def rows(run: Run, user_id: str, name: str) -> pl.DataFrame:
    """The list's rows in order of rank, with what its tracks are known by."""
    tracks = run.scan("tracks").rename({"id": "track_id"}).unique("track_id", keep="last", maintain_order=True)
    ranked = run.scan("rankings").filter(pl.col("user_id") == user_id, pl.col("list") == name)
    return ranked.join(tracks, on="track_id", how="left").sort("rank").select(PLAYLIST_COLUMNS).collect()
