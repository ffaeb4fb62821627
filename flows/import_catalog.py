"""Tracks from outside into the catalogue: those named, or those that listeners' events name and the catalogue lacks.

What `recsys import spotify` does, as a flow with a schedule (``prefect.yaml``). A provider that asks to be left alone ends the
flow early; what came is kept, the flow run fails, and the next one continues where it stopped.
"""

from __future__ import annotations

from collections.abc import Sequence

from prefect import flow

from flows.outcome import conclude, wordless
from flows.stages import stage, stopwatch
from recsys.lake import Lake
from recsys.providers import imports, settings
from recsys.providers.account import Summary
from recsys.providers.reccobeats import ReccoBeats
from recsys.providers.spotify.links import Link, parse_link


@flow(name="import-catalog", validate_parameters=False, persist_result=False)
def import_catalog(
    lake: str = "data/lake",
    sources: Sequence[str] = (),
    limit: int | None = None,
    enrich: bool = False,
    listener: str | None = None,
) -> Summary:
    """Import ``sources`` (links, URIs or ids); without any, the tracks that events name and the catalogue lacks.

    ``limit``: most tracks of one source. ``enrich``: also ask ReccoBeats for audio features. ``listener``: whose
    likes, plays and saves those of the library (``me:liked``, ``me:recent`` …) are.
    """
    stopwatch()
    home = Lake(lake)
    with wordless("import-catalog"):
        links = [parse_link(source) for source in sources] or lacking(home)
        summary = tracks(home, links, limit, enrich, listener)
        conclude("import-catalog", [summary], {}, {})
    return summary


@stage()
def lacking(lake: Lake) -> list[Link]:
    """Spotify tracks that events or histories name and the catalogue lacks."""
    return imports.lacking(lake)


@stage()
def tracks(lake: Lake, links: list[Link], limit: int | None, enrich: bool, listener: str | None) -> Summary:
    """Read the links, write what is new, and delete stored answers that are too old to be of use."""
    with imports.access(lake, settings.load()) as access:
        enrichers = [ReccoBeats(access)] if enrich else []
        source = imports.catalogue(access)
        access.cache.prune(source.name)
        own = imports.OwnHistory(listener) if listener else None
        resolve = imports.resolver(access)
        return imports.import_tracks(lake, source, links, limit=limit, enrichers=enrichers, resolve=resolve, own=own)
