"""Recordings that listeners of ListenBrainz hear together with tracks of the catalogue, as tracks for it."""

from __future__ import annotations

from collections.abc import Sequence

from recsys.errors import ProviderError
from recsys.providers.answers import concerns_all
from recsys.providers.facts import Facts, Listing, Row, Skip
from recsys.providers.listenbrainz import ListenBrainz


def similar_to(brainz: ListenBrainz, rows: Sequence[Row], known: frozenset[str], limit: int) -> Listing:
    """For each of ``rows`` the ``limit`` most similar recordings, best first, each once, without the MusicBrainz ids ``known``.

    A row without such an id is skipped; one odd answer does not stop the next row, an error that concerns all does.
    """
    listing, seen = Listing(), set(known)
    for number, row in enumerate(rows):
        if not row["mbid"]:
            reason = "no MusicBrainz id, by which ListenBrainz is asked; `recsys enrich musicbrainz` may find it"
            listing.skipped.append(Skip(str(row["id"]), "no_match", reason))
            continue
        try:
            hits = brainz.similar([str(row["mbid"])])[:limit]
        except ProviderError as error:
            if concerns_all(error):
                listing.stopped, listing.not_asked = error, len(rows) - number
                break
            listing.skipped.append(Skip(str(row["id"]), "failed", str(error)))
            continue
        if not hits:
            listing.skipped.append(Skip(str(row["id"]), "unknown", "ListenBrainz has nothing similar"))
        for hit in hits:
            if hit.recording_mbid not in seen and hit.recording_name:
                seen.add(hit.recording_mbid)
                fields = {"title": hit.recording_name, "artist": hit.artist_credit_name, "mbid": hit.recording_mbid}
                listing.facts.append(Facts(hit.recording_mbid, brainz.name, fields))
    return listing
