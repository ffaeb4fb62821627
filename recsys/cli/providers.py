"""``recsys import``, ``search``, ``enrich`` and ``providers``: everything that asks somebody outside."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from cyclopts import App, Parameter
from cyclopts.validators import Number

from recsys.cli.accounts import print_listens, print_summary
from recsys.cli.options import Format, LakeFolder, lake_folder, moment
from recsys.cli.screen import console, grid, minute, print_json, progress, say
from recsys.errors import UsageError
from recsys.lake import Lake
from recsys.providers import imports
from recsys.providers import settings as providers
from recsys.providers.access import Access, Budget
from recsys.providers.acousticbrainz import AcousticBrainz
from recsys.providers.batches import StoredTracks, store
from recsys.providers.facts import Enricher
from recsys.providers.lastfm import LastFm
from recsys.providers.listenbrainz import ListenBrainz
from recsys.providers.listens import import_feedback, import_listens
from recsys.providers.musicbrainz.canonical import CanonicalDump
from recsys.providers.musicbrainz.dump import DatabaseDump
from recsys.providers.scrobbles import import_scrobbles
from recsys.providers.similar import similar_to
from recsys.providers.spotify.auth import Login
from recsys.providers.spotify.callback import Callback
from recsys.providers.spotify.links import Kind, parse_link
from recsys.providers.status import ProviderStatus, statuses
from recsys.readers.naming import track_named

Sources = Annotated[
    list[str], Parameter(help="Links, spotify: URIs or track ids; me:liked, me:recent, me:playlists, me:albums, … for your own.")
]
Owner = Annotated[str | None, Parameter(name="--user", help="Listener who gets the likes, plays and saves of your library.")]
Market = Annotated[str | None, Parameter(name="--market", help="Two-letter country; else SPOTIFY_MARKET.")]
Most = Annotated[int | None, Parameter(name="--limit", help="Maximum tracks per source.", validator=Number(gte=1))]
Results = Annotated[int, Parameter(name="--limit", help="Maximum results.", validator=Number(gte=1, lte=1000))]
Enrich = Annotated[bool, Parameter(name="--enrich", help="Also fetch audio features from ReccoBeats.")]
_DryRun = Annotated[bool, Parameter(name="--dry-run", negative=(), help="Read everything, write nothing.")]
Type = Annotated[Literal["track", "album", "artist", "playlist"], Parameter(name="--type", help="Kind of result.")]
Save = Annotated[bool, Parameter(name="--save", negative=(), help="Import the results.")]
_Tracks = Annotated[
    list[str] | None, Parameter(name="--tracks", consume_multiple=True, negative=(), help="Only these track ids.")
]
All = Annotated[bool, Parameter(name="--all", negative=(), help="The whole catalogue, not only what listeners played.")]
Force = Annotated[bool, Parameter(name="--force", negative=(), help="Include complete tracks and those that had no answer.")]
Dump = Annotated[
    Path | None,
    Parameter(name="--dump", help="canonical_musicbrainz_data.csv, or a folder with the database dump: offline, without limits."),
]
AudioSource = Annotated[Literal["reccobeats", "deezer"], Parameter(name="--from", help="Source to ask.")]
Files = Annotated[Path | None, Parameter(name="--acousticbrainz", help="Folder of the AcousticBrainz feature files instead.")]
Feedback = Annotated[bool, Parameter(name="--feedback", negative=(), help="Also import loved tracks, as likes.")]
Refresh = Annotated[bool, Parameter(name="--refresh", negative=(), help="Fetch again instead of using stored answers.")]
Calls = Annotated[int | None, Parameter(name="--calls", help="Maximum requests for this command.", validator=Number(gte=1))]
Since = Annotated[str | None, Parameter(name="--since", help="Only from this moment on, e.g. 2026-06-01.")]
_Listener = Annotated[str | None, Parameter(name="--user", help="Listener to store the history for; else the user's name there.")]
Seeds = Annotated[list[str], Parameter(help="Tracks of the catalogue, by id or title.")]
PerTrack = Annotated[int, Parameter(name="--limit", help="Maximum recordings per track.", validator=Number(gte=1, lte=50))]
ListenerName = Annotated[str, Parameter(help="ListenBrainz user.")]


@Parameter(name="*")
@dataclass(frozen=True)
class Listing:
    """The lake, and how a command prints."""

    lake: LakeFolder = None
    form: Format = "table"

    @property
    def home(self) -> Lake:
        """The lake itself."""
        return Lake(lake_folder(self.lake))


@Parameter(name="*")
@dataclass(frozen=True)
class Asking(Listing):
    """The same of a command that asks somebody outside."""

    calls: Calls = None


@Parameter(name="*")
@dataclass(frozen=True)
class Fetching(Asking):
    """The same of one that stores the answers, and may ask again."""

    refresh: Refresh = False


LISTING, ASKING, FETCHING = Listing(), Asking(), Fetching()

import_ = App(name="import", help="Fetch tracks and listens from outside into the lake.", help_format="plaintext")
enrich = App(name="enrich", help="Fetch more about the tracks of the catalogue.", help_format="plaintext")
app = App(name="providers", help="What each outside source can do now.", help_format="plaintext")


@import_.command(sort_key=0)
def spotify(
    sources: Sources,
    /,
    *,
    market: Market = None,
    limit: Most = None,
    listener: Owner = None,
    since: Since = None,
    enrich: Enrich = False,
    dry_run: _DryRun = False,
    fetching: Fetching = FETCHING,
) -> None:
    """Import tracks, albums, playlists and artists; links of other services are resolved where possible."""
    home = fetching.home
    links = [parse_link(source) for source in sources]
    with _access(home, market, refresh=fetching.refresh, calls=fetching.calls) as access, progress() as bars:
        summary = imports.import_tracks(
            home,
            imports.catalogue(access),
            links,
            limit=limit,
            enrichers=[imports.enricher("reccobeats", access)] if enrich else [],
            resolve=imports.resolver(access),
            dry_run=dry_run,
            own=imports.OwnHistory(listener, moment(since, "--since")) if listener else None,
            progress=bars,
        )
    print_summary(summary, fetching.form, "read, nothing written" if dry_run else "imported")


@import_.command(sort_key=1)
def listenbrainz(
    user: ListenerName,
    /,
    *,
    listener: _Listener = None,
    since: Since = None,
    feedback: Feedback = False,
    fetching: Fetching = FETCHING,
) -> None:
    """Import a user's public listens; a rerun asks for new ones and for those that came late."""
    home = fetching.home
    with _access(home, refresh=fetching.refresh, calls=fetching.calls) as access, progress() as bars:
        brainz = ListenBrainz(access)
        outcome = import_listens(home, brainz, user, listener=listener, since=_seconds(since), progress=bars)
        if feedback and not outcome.summary.stopped:
            loved = import_feedback(home, brainz, user, listener=listener)
            outcome.summary.add(loved.summary)
            outcome.reports += loved.reports
    print_listens(outcome, fetching.form)


@import_.command(sort_key=2)
def lastfm(
    user: Annotated[str, Parameter(help="Last.fm user.")],
    /,
    *,
    listener: _Listener = None,
    since: Since = None,
    asking: Asking = ASKING,
) -> None:
    """Import a user's plays and loved tracks by API key; a rerun asks for what is new."""
    home = asking.home
    with _access(home, calls=asking.calls) as access:
        outcome = import_scrobbles(home, LastFm(access), user, cache=access.cache, listener=listener, since=_seconds(since))
    print_listens(outcome, asking.form)


@import_.command(sort_key=3)
def similar(
    tracks: Seeds,
    /,
    *,
    limit: PerTrack = 10,
    dry_run: _DryRun = False,
    fetching: Fetching = FETCHING,
) -> None:
    """Import recordings that ListenBrainz users hear together with tracks of the catalogue; needs their MusicBrainz ids."""
    home = fetching.home
    stored = StoredTracks.of(home)
    ids = [track_named(stored.frame, stored.frame.select(track_id="id", song="id"), name) for name in tracks]
    known = frozenset(stored.frame["mbid"].drop_nulls())
    with _access(home, refresh=fetching.refresh, calls=fetching.calls) as access:
        brainz = ListenBrainz(access)
        listing = similar_to(brainz, stored.rows(ids), known, limit)
    if fetching.form == "table" and listing.facts:
        rows = [(one.fields["title"], one.fields["artist"], one.id) for one in listing.facts]
        console().print(grid(None, ("title", "artist", "track"), rows, whole=("track",)))
    summary = store(home, listing, f"listenbrainz similar {' '.join(ids)}"[:200], dry_run=dry_run)
    summary.access = brainz.access
    print_summary(summary, fetching.form, "read, nothing written" if dry_run else "imported")


def search(
    query: Annotated[str, Parameter(help="What to look for.")],
    /,
    *,
    kind: Type = "track",
    limit: Results = 10,
    save: Save = False,
    listing: Listing = LISTING,
) -> None:
    """Search Spotify; with --save, import the results."""
    home, form = listing.home, listing.form
    with _access(home) as access:
        source = imports.catalogue(access)
        hits = source.search(query, [_kind(kind)], limit)
        if form == "json" and not save:
            print_json([{**asdict(hit), "link": str(hit.link)} for hit in hits])
        if form == "table":
            rows = [(hit.link, hit.title, hit.artist, hit.album) for hit in hits]
            console().print(grid(None, ("link", "title", "artist", "album"), rows, whole=("link",)))
        if save and hits:
            print_summary(imports.import_tracks(home, source, [hit.link for hit in hits]), form, "imported")


@enrich.command(sort_key=0)
def musicbrainz(
    *,
    tracks: _Tracks = None,
    everything: All = False,
    force: Force = False,
    dump: Dump = None,
    asking: Asking = ASKING,
) -> None:
    """MusicBrainz ids, genres, ISRCs and dates: one request a second, or offline from a dump."""
    home = asking.home
    with _access(home, refresh=force, calls=asking.calls) as access:
        source = _dump(dump, force=force) if dump else imports.enricher("musicbrainz", access, force=force)
        _enrich(home, source, _Chosen(tracks, everything, force), access, asking.form)


@enrich.command(sort_key=1)
def audio(
    *,
    tracks: _Tracks = None,
    everything: All = False,
    force: Force = False,
    acousticbrainz: Files = None,
    source: AudioSource = "reccobeats",
    asking: Asking = ASKING,
) -> None:
    """Audio features from ReccoBeats, or tempo from Deezer by ISRC, or tempo, key and mode from AcousticBrainz files."""
    home = asking.home
    with _access(home, refresh=force, calls=asking.calls) as access:
        enricher = AcousticBrainz(acousticbrainz) if acousticbrainz else imports.enricher(source, access, force=force)
        _enrich(home, enricher, _Chosen(tracks, everything, force), access, asking.form)


@enrich.command(sort_key=2)
def popularity(*, tracks: _Tracks = None, everything: All = False, listing: Listing = LISTING) -> None:
    """How widely tracks are heard, from ListenBrainz; needs their MusicBrainz ids."""
    home = listing.home
    with _access(home) as access:
        _enrich(home, imports.enricher("listenbrainz", access), _Chosen(tracks, everything), access, listing.form)


@app.default
def show(*, listing: Listing = LISTING) -> None:
    """Show access, errors, blocks and stored answers of every provider; asks nobody."""
    access = _access(listing.home)
    answered = statuses(access.settings, access.cache)
    if listing.form == "json":
        print_json([asdict(status) for status in answered])
        return
    columns = ("provider", "access", "ready", "fresh", "stale", "remarks")
    rows = [
        (one.name, one.mode, "yes" if one.available else "no", one.fresh, one.stale, "; ".join(_remarks(one))) for one in answered
    ]
    console().print(grid(None, columns, rows, right=("fresh", "stale"), whole=("provider",)))


@app.command
def reset(name: Annotated[str, Parameter(help="Provider.")], /, *, lake: LakeFolder = None) -> None:
    """Clear a provider's blocks, refusals, last error and waiting times."""
    access = _access(Lake(lake_folder(lake)))
    names = [one.name for one in statuses(access.settings, access.cache)]
    if name not in names:
        raise UsageError(f"{name!r} is not a provider; allowed: {', '.join(names)}")
    access.cache.reset(name)
    say(f"{name} can be asked again now; stored answers and import positions are unchanged")


@app.command
def login() -> None:
    """Log in to Spotify, so that your own playlists and library can be read."""
    with _access(Lake(lake_folder(None))) as access:
        attempt = Login(access)
        callback = Callback(access.settings.spotify_redirect_port, attempt.state)
        console().print(f"open this address and agree:\n{attempt.address}", soft_wrap=True, markup=False)
        path = attempt.finish(callback.wait(), attempt.state)
    console().print(f"logged in; the login is kept in {path}")


def _seconds(since: str | None) -> int:
    """``--since`` as seconds since 1970, 0 where it was left out."""
    start = moment(since, "--since")
    return int(start.timestamp()) if start else 0


def _dump(path: Path, *, force: bool) -> Enricher:
    """A folder is the database dump, a file the canonical data."""
    return DatabaseDump(path, force=force) if path.is_dir() else CanonicalDump(path, force=force)


class _Chosen(NamedTuple):
    """Which tracks are asked about."""

    tracks: Sequence[str] | None
    everything: bool
    force: bool = False


def _enrich(home: Lake, source: Enricher, chosen: _Chosen, access: Access, form: Format) -> None:
    ids = chosen.tracks or (None if chosen.everything else imports.heard(home))
    if ids == []:
        raise UsageError("no track of the catalogue has been played yet; name some with --tracks, or all with --all")
    cache = None if chosen.tracks or chosen.force else access.cache
    with progress() as bars:
        summary = imports.enrich(home, source, ids=ids, cache=cache, progress=bars)
    print_summary(summary, form, f"{source.name} knew more")


def _access(home: Lake, market: str | None = None, *, refresh: bool = False, calls: int | None = None) -> Access:
    environment = {**os.environ, **({"SPOTIFY_MARKET": market.upper()} if market else {})}
    access = imports.access(home, providers.load(environment=environment))
    return replace(access, refresh=refresh, budget=Budget(calls) if calls else None)


def _kind(name: str) -> Kind:
    kinds: dict[str, Kind] = {"track": "track", "album": "album", "artist": "artist", "playlist": "playlist"}
    return kinds[name]


def _remarks(status: ProviderStatus) -> list[str]:
    blocks = [
        f"{'everything' if family == '*' else family} blocked until {minute(until)}" for family, until in status.blocked.items()
    ]
    refused = [f"not available: {', '.join(status.refused)}"] if status.refused else []
    error = [f"last error {minute(status.last_error_at)}: {status.last_error}"] if status.last_error_at else []
    return [*([status.hint] if status.hint else []), *blocks, *refused, *error]
