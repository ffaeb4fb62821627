"""More about the tracks that listeners play: MusicBrainz ids and genres, audio features, popularity.

What `recsys enrich` does, as a flow with a schedule (``prefect.yaml``). Each provider works on what is still missing, so a run
that is stopped, by its provider or otherwise, is continued by the next.
"""

from __future__ import annotations

from collections.abc import Sequence

from prefect import flow
from prefect.logging import get_run_logger

from flows.stages import stage, stopwatch
from recsys.lake import Lake
from recsys.providers import imports, settings
from recsys.providers.batches import Summary


@flow(name="enrich", validate_parameters=False)
def enrich(
    lake: str = "data/lake", providers: Sequence[str] = tuple(imports.ENRICHERS), everything: bool = False
) -> list[Summary]:
    """Ask each of ``providers`` about the tracks that events name, or with ``everything`` about the whole catalogue."""
    stopwatch()
    summaries = [tracks(Lake(lake), name, everything) for name in providers]
    for summary in summaries:
        get_run_logger().info("%s updated=%d stopped=%s", summary.source, summary.updated, summary.stopped)
    return summaries


@stage()
def tracks(lake: Lake, provider: str, everything: bool) -> Summary:
    """Ask one provider, write what it knows, and delete stored answers that are too old to be of use."""
    with imports.access(lake, settings.load()) as door:
        enricher = imports.enricher(provider, door)
        door.cache.prune(enricher.name)
        return imports.enrich(lake, enricher, ids=None if everything else imports.heard(lake))
