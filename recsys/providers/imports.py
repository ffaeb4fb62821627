"""What people do with providers: import tracks, enrich them, import a user's listens, fetch what the events lack.

Each function ends with a :class:`Summary`; an error of a provider ends the work early, keeps what came before it, and is told in
``Summary.stopped``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import polars as pl

from recsys import models
from recsys.errors import NotFoundError, ProviderError, UsageError
from recsys.lake import Lake
from recsys.matrices.song import named_rows, spotify_ids
from recsys.providers.access import Access
from recsys.providers.account import Rejects, Summary
from recsys.providers.actions import store_actions
from recsys.providers.answers import concerns_all
from recsys.providers.batches import StoredTracks, merged, store
from recsys.providers.cache import Cache
from recsys.providers.deezer import Deezer
from recsys.providers.errors import MissingError, NotConfiguredError
from recsys.providers.facts import Catalogue, Enricher, Listing, Row, Skip
from recsys.providers.fallback import WithFallback
from recsys.providers.listenbrainz import ListenBrainz
from recsys.providers.musicbrainz.client import MusicBrainz
from recsys.providers.questions import Questions
from recsys.providers.reccobeats import ReccoBeats
from recsys.providers.settings import ProviderSettings
from recsys.providers.songlink import SongLink
from recsys.providers.spotify.auth import token_mode
from recsys.providers.spotify.client import Spotify
from recsys.providers.spotify.links import Link
from recsys.providers.webplayer.client import WebPlayer

PENDING = 500
"""Tracks imported between two writes to the lake."""
_Progress = Callable[[str, int, int], None]
ENRICHERS: dict[str, Callable[[Access, bool], Enricher]] = {
    "musicbrainz": lambda access, force: MusicBrainz(access, force=force),
    "reccobeats": lambda access, force: ReccoBeats(access, force=force),
    "listenbrainz": lambda access, _: ListenBrainz(access),
    "deezer": lambda access, force: Deezer(access, force=force),
}
"""Enrichers that are asked over the network; dumps on disk are :class:`CanonicalDump` and :class:`AcousticBrainz`."""
SCHEDULED = ("musicbrainz", "reccobeats", "listenbrainz")
"""Those that the flow asks unless others are named."""


def access(lake: Lake, settings: ProviderSettings) -> Access:
    """The way outside, with its cache in the lake."""
    return Access(settings, Cache(lake.root / "cache", settings.provider_cache_ttl_hours * 3600))


def catalogue(access: Access) -> Catalogue:
    """Spotify's Web API when there are credentials; where there are none or they are refused, the web player if it is allowed."""
    allowed = access.settings.spotify_webplayer
    if token_mode(access.settings) != "none":
        return WithFallback(Spotify(access), WebPlayer(access)) if allowed else Spotify(access)
    if allowed:
        return WebPlayer(access)
    raise NotConfiguredError(
        "spotify: no credentials; set SPOTIFY_CLIENT_ID and SPOTIFY_CLIENT_SECRET, or run: recsys providers login. "
        "Without credentials only Spotify's web player could be asked, which its terms forbid; SPOTIFY_WEBPLAYER=1 allows it"
    )


def enricher(name: str, access: Access, *, force: bool = False) -> Enricher:
    """The enricher of one provider. Raises :class:`UsageError` for a name that is none."""
    if name not in ENRICHERS:
        raise UsageError(f"{name!r} enriches nothing; allowed: {', '.join(ENRICHERS)}")
    return ENRICHERS[name](access, force)


def import_tracks(
    lake: Lake,
    source: Catalogue,
    links: Sequence[Link],
    *,
    limit: int | None = None,
    enrichers: Sequence[Enricher] = (),
    resolve: Callable[[str], Link] | None = None,
    dry_run: bool = False,
    own: OwnHistory | None = None,
    progress: _Progress | None = None,
) -> Summary:
    """Read ``links`` from ``source`` into the lake, at most ``limit`` tracks a link; each track once.

    ``resolve`` turns a link of another service into a Spotify one. Enrichers are asked about what was read, before it is stored.
    ``own``: what the user did with the tracks of the library becomes events of that listener.
    """
    name = f"{source.name} {' '.join(map(str, links))}"[:200]
    summary, pending, known = Summary(name, source.access), Listing(), Rejects(lake, name)
    seen: set[str] = set()
    parts = _parts(source, links, limit, resolve)
    for number, part in enumerate(parts, 1):
        pending.extend(_each_once(_titled(_settled(part)), seen))
        if pending.stopped:
            pending.not_asked += sum(left.weight for left in parts[number:])
        if len(pending.facts) >= PENDING or pending.stopped or number == len(parts):
            summary.add(_stored(lake, pending, name, enrichers, dry_run, known))
            if own and not dry_run:
                store_actions(lake, pending.actions, own.listener, summary, since=own.since)
            pending = Listing()
        if progress:
            progress(source.name, number, len(parts))
        if summary.stopped:
            break
    _doubt(summary)
    return summary


def _stored(lake: Lake, listing: Listing, name: str, enrichers: Sequence[Enricher], dry_run: bool, known: Rejects) -> Summary:
    for enricher in enrichers if not dry_run else ():
        rows = merged(StoredTracks.of(lake), listing.facts)[0]
        enriched = enricher.enrich([row for row in rows if enricher.wants(row)])
        failures = [skip.reason for skip in enriched.skipped if skip.failed]
        listing.facts += enriched.facts
        listing.notes += enriched.notes
        listing.problems += [f"{enricher.name}: {cause}" for cause in dict.fromkeys([*failures, *_causes(enriched)])]
    return store(lake, listing, name, dry_run=dry_run, known=known)


def _causes(listing: Listing) -> list[str]:
    return [str(listing.stopped)] if listing.stopped else []


def _doubt(summary: Summary) -> None:
    """Where nothing of what was named is known, the names are wrong or the provider errs: no success either way."""
    counts = summary.account
    if counts["asked"] and counts["skipped"] == counts["asked"] and set(summary.causes) == {"unknown"}:
        summary.problems.append(f"nothing of what was asked for is known: {summary.skipped[0].reason}")


def enrich(
    lake: Lake,
    enricher: Enricher,
    *,
    ids: Iterable[str] | None = None,
    cache: Cache | None = None,
    progress: _Progress | None = None,
) -> Summary:
    """Ask ``enricher`` about the catalogue's tracks that it has something for, or about ``ids`` among them.

    Written every 200 tracks (from files: at once), so an interrupted run loses little; a rerun continues with what is left. With
    ``cache``, questions that had no answer wait longer each time, and those never asked come first.
    Raises :class:`NotFoundError` for ids the catalogue does not have.
    """
    catalog = StoredTracks.of(lake)
    chosen = None if ids is None else frozenset(ids)
    if chosen is not None and (absent := sorted(chosen - catalog.ids)):
        raise NotFoundError(f"the catalogue has no track {absent[0]!r}" + (f" and {len(absent) - 1} more" if absent[1:] else ""))
    rows: list[Row] = [row for row in catalog.rows(chosen) if enricher.wants(row)]
    summary, known = Summary(enricher.name, enricher.access), Rejects(lake, enricher.name)
    questions = Questions(cache, enricher.name) if cache else None
    if questions:
        rows = questions.due(rows, summary)
    for at in range(0, len(rows), enricher.chunk):
        part = rows[at : at + enricher.chunk]
        listing = enricher.enrich(part)
        if listing.stopped:
            listing.not_asked += len(rows) - at - len(part)
        summary.add(store(lake, listing, enricher.name, known=known))
        if questions:
            questions.settle(part, listing)
        if progress:
            progress(enricher.name, at + len(part), len(rows))
        if summary.stopped:
            break
    return summary


def lacking(lake: Lake) -> list[Link]:
    """Spotify tracks that events or histories name and the catalogue lacks, by id."""
    tracks = lake.input("tracks")
    catalog = StoredTracks(tracks)
    aliased = models.run("aliases", {"input_tracks": named_rows(tracks.with_row_index("row"))})["id"]
    mentions = tracks.filter((pl.col("origin") == "mention") & ~pl.col("id").is_in(aliased.implode()))
    named = pl.concat([spotify_ids(mentions["id"]), mentions["spotify_id"], spotify_ids(lake.input("events")["track_id"])])
    known = catalog.ids | set(aliased) | set(tracks.filter(pl.col("origin") != "mention")["spotify_id"].drop_nulls())
    return [Link("track", name) for name in named.drop_nulls().unique().sort().to_list() if name not in known]


def heard(lake: Lake) -> list[str]:
    """Catalogue tracks that events name, also under another id, in the order of ids."""
    tracks = lake.input("tracks")
    aliases = models.run("aliases", {"input_tracks": named_rows(tracks.with_row_index("row"))}).select("id", "track_id")
    played = lake.input("events").select(pl.col("track_id").alias("id")).unique()
    named = played.join(aliases, on="id", how="left").select(pl.coalesce("track_id", "id"))
    return sorted(StoredTracks(tracks).ids.intersection(named.to_series()))


def resolver(access: Access) -> Callable[[str], Link]:
    """Links of other services → Spotify: through Song.link where a key is set, else through MusicBrainz."""

    def resolve(address: str) -> Link:
        if access.settings.songlink_api_key:
            try:
                return SongLink(access).resolve(address)
            except (NotConfiguredError, MissingError):
                pass
        return MusicBrainz(access).resolve(address)

    return resolve


@dataclass(frozen=True)
class OwnHistory:
    """Whose library it is, as a listener's id, and from which moment on its times count."""

    listener: str
    since: datetime | None = None


@dataclass(frozen=True)
class _Part:
    """One question: some hundred tracks, or one list. ``weight``: items that it is known to be about."""

    name: str
    weight: int
    read: Callable[[], Listing]


def _parts(source: Catalogue, links: Sequence[Link], limit: int | None, resolve: Callable[[str], Link] | None) -> list[_Part]:
    """Single tracks some hundred at a time, then list by list."""
    ids = [link.id for link in links if link.kind == "track"]
    chunks = [ids[at : at + PENDING] for at in range(0, len(ids), PENDING)]
    parts = [_Part(f"{len(chunk)} tracks", len(chunk), partial(source.tracks, chunk)) for chunk in chunks]
    lists = [link for link in links if link.kind != "track"]
    return parts + [_Part(str(link), 1, partial(_of, source, link, limit, resolve)) for link in lists]


def _settled(part: _Part) -> Listing:
    """What the part brought; an error that concerns it alone becomes a failure of it, and the next part is asked."""
    listing = part.read()
    if listing.stopped is not None and not concerns_all(listing.stopped):
        cause = str(listing.stopped)
        if not (listing.facts or listing.skipped or listing.not_asked):
            listing.skipped.append(Skip(part.name, "failed", cause))
        else:
            listing.problems.append(cause)
        listing.stopped = None
    elif listing.stopped is not None and not (listing.facts or listing.skipped or listing.not_asked):
        listing.not_asked = part.weight
    return listing


def _of(source: Catalogue, link: Link, limit: int | None, resolve: Callable[[str], Link] | None) -> Listing:
    if link.kind != "foreign":
        listing = source.read(link, limit)
        if link.kind != "me":
            listing.actions = []  # what others put into a list is nothing that the listener did
        return listing
    if resolve is None:
        return Listing(skipped=[Skip(link.id, "failed", "a link of another service")])
    try:
        return source.read(resolve(link.id), limit)
    except ProviderError as error:
        return Listing(skipped=[Skip(link.id, "failed", str(error))])


def _titled(listing: Listing) -> Listing:
    """The listing without tracks that have no title, as a catalogue answers for what was taken down: nobody could be shown it."""
    nameless = [one for one in listing.facts if not one.fields.get("title")]
    listing.facts = [one for one in listing.facts if one.fields.get("title")]
    listing.skipped += [Skip(one.id, "unavailable", f"{one.source} has no title for it: it was taken down") for one in nameless]
    return listing


def _each_once(listing: Listing, seen: set[str]) -> Listing:
    """The listing without tracks in ``seen``, which it joins."""
    facts = listing.facts
    listing.facts = []
    for one in facts:
        if one.id in seen:
            listing.skipped.append(Skip(one.id, "duplicate", "named by more than one source"))
        else:
            seen.add(one.id)
            listing.facts.append(one)
    return listing
