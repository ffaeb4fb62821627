"""Why a track stands in a list, or the first stage and rule that kept it out, and what would let it in.

Of a track that is listed, all is stored. Any other is scored once more, by the run's stored model (:mod:`.absence`).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from recsys.names import key
from recsys.readers.answer import SHOWN, OwnTrack, Row, Tables, Why, evidence, list_row, named, nth, titles

if TYPE_CHECKING:
    from recsys.settings import Settings

_READS = ("tracks", "songs", "controls", "ratings", "profiles", "model", "model_tracks", "neighbors", "lists", "rankings")
"""The tables of a run that an answer is made from; runs of earlier versions lack the model, and are fitted anew."""


def explain(tables: Tables, settings: Settings, as_of: datetime, user_id: str, track_id: str, name: str = "balanced") -> Why:
    """Explain one track. ``tables`` are those of the run named in :data:`_READS`, ``settings`` and ``as_of`` the run's own.

    Raises :class:`NotFoundError` when the run has no such listener or list.
    """
    answer = listed(tables, settings.artist_gap, user_id, track_id, name)
    if answer is None:
        from recsys.readers.absence import absent  # here, for what is listed needs no kernels, which take a second to load

        answer = absent(tables, settings, as_of, user_id, track_id, name)
    return answer


def listed(tables: Tables, gap: int, user_id: str, track_id: str, name: str = "balanced") -> Why | None:
    """The answer for a track that is in the list, from what is stored; none for another.

    ``gap``: the run's setting `artist_gap`. Raises like :func:`explain`.
    """
    wish = list_row(tables, user_id, name)
    ranked = tables["rankings"].filter(pl.col("user_id") == user_id, pl.col("list") == name).sort("rank")
    result = ranked.filter(pl.col("track_id") == track_id)
    if result.is_empty():
        return None
    row = result.row(0, named=True)
    because = row.get("because") or ()
    known = titles(tables["tracks"], [one["track_id"] for one in because])
    own = [OwnTrack(one["track_id"], known.get(one["track_id"]), one["share"]) for one in because]
    voters, shared = evidence(tables, user_id, _releases(tables["songs"], track_id))
    title, artist = named(tables["tracks"], track_id)
    return Why(
        user_id, name, track_id, title, artist, row["rank"], row["score_rank"], "rankings", row["reason_code"], row["reason"],
        {part: row[column] for part, column in SHOWN.items()}, voters, shared, tuple(own),
        row.get("because_rest"), row.get("chance"), _placed(tables["tracks"], wish, ranked, row, gap),
    )  # fmt: skip


def _releases(songs: pl.DataFrame, track_id: str) -> list[str]:
    """Ids of the releases of a track's song, the track itself among them."""
    song = songs.filter(pl.col("track_id") == track_id)["song"]
    return songs.filter(pl.col("song").is_in(song.to_list()))["track_id"].to_list() or [track_id]


def _placed(tracks: pl.DataFrame, wish: Row, ranked: pl.DataFrame, row: Row, gap: int) -> str:
    """The trace of diversity in words."""
    rank, by_score = row["rank"], row["score_rank"]
    if row["source"].startswith("backfill"):
        return f"placed {nth(rank)} to fill the list, after what its rules let in"
    if row["source"] == "replay":
        return f"placed {nth(rank)}: replays are spread evenly over the list"
    if not wish["diversified"]:
        return f"placed {nth(rank)} by score alone: the list has room for every candidate"
    if rank == by_score:
        return f"placed {nth(rank)}, as by score alone"
    moved = f"placed {nth(rank)} instead of {nth(by_score)}"
    if rank < by_score:
        return f"{moved}: tracks with more points are too close to those above it, or by the same artists"
    of_rows = _credited(tracks, ranked["track_id"].to_list())
    own = of_rows[rank - 1]
    above = [(own & set().union(*of_rows[max(place - gap, 0) : place])) for place in range(by_score - 1, rank - 1)]
    if above and all(above):
        return f"{moved}: two tracks by one artist have at least {gap} others between them"
    title, _ = named(tracks, row["nearest_track_id"]) if row["nearest_track_id"] else (None, None)
    return f"{moved}: close to *{title or row['nearest_track_id']}*" if row["nearest_track_id"] else moved


def _credited(tracks: pl.DataFrame, ids: list[str]) -> list[set[str]]:
    """Every credited artist of each track, as names are compared."""
    rows = tracks.filter(pl.col("id").is_in(ids)).select("id", "artist", "artists").iter_rows()
    names = {track: {key(name) for name in artists or ([artist] if artist else [])} for track, artist, artists in rows}
    return [names.get(track, set()) for track in ids]
