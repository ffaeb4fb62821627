"""More about the tracks that listeners play: MusicBrainz ids and genres, audio features, popularity.

What `recsys enrich` does, as a flow with a schedule (``prefect.yaml``). Each provider works on what is still missing, so a run
that is stopped, by its provider or otherwise, is continued by the next.
"""

from __future__ import annotations

from collections.abc import Sequence

from prefect import flow

from flows.outcome import conclude, wordless
from flows.stages import stage, stopwatch
from recsys.errors import RecsysError
from recsys.lake import Lake
from recsys.providers import imports, settings
from recsys.providers.account import Summary
from recsys.providers.errors import NotConfiguredError


@flow(name="enrich", validate_parameters=False, persist_result=False)
def enrich(lake: str = "data/lake", providers: Sequence[str] | None = None, everything: bool = False) -> list[Summary]:
    """Ask each of ``providers`` about the tracks that events name, or with ``everything`` about the whole catalogue.

    Without ``providers`` all are asked that the settings allow, and the others are named as left out. One provider's fault does
    not stop the next; the flow run fails in the end when one fell short.
    """
    stopwatch()
    summaries: list[Summary] = []
    left_out: dict[str, str] = {}
    failures: dict[str, Exception] = {}
    with wordless("enrich"):
        for name in imports.SCHEDULED if providers is None else providers:
            try:
                summaries.append(tracks(Lake(lake), name, everything))
            except NotConfiguredError as error:
                if providers is None:
                    left_out[name] = str(error)
                else:
                    failures[name] = error
            except RecsysError as error:
                failures[name] = error
        conclude("enrich", summaries, left_out, failures)
    return summaries


@stage()
def tracks(lake: Lake, provider: str, everything: bool) -> Summary:
    """Ask one provider, write what it knows, and delete stored answers that are too old to be of use."""
    with imports.access(lake, settings.load()) as access:
        enricher = imports.enricher(provider, access)
        access.cache.prune(enricher.name)
        return imports.enrich(lake, enricher, ids=None if everything else imports.heard(lake), cache=access.cache)
