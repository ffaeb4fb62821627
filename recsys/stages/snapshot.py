"""Stage ``snapshot``: the inputs of one run, each at its latest version, and the lists to make from them."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from recsys import models
from recsys.errors import InputError
from recsys.inputs import ANYONE, Inputs, Snapshot
from recsys.matrices.song import named_rows
from recsys.settings import Settings
from recsys.stages.account import account
from recsys.stages.credits import credit_tracks
from recsys.stages.songs import identify_songs, releases, single_songs
from recsys.tables import CONTROLS, EVENTS, REQUESTS, TRACKS


def take_snapshot(inputs: Inputs, settings: Settings, as_of: datetime) -> Snapshot:
    """Latest versions as of ``as_of`` (an aware datetime).

    Raises :class:`InputError` when there is no track at all, when a request has a blank user_id, or when ``as_of`` is naive.
    """
    if as_of.tzinfo is None:
        raise InputError(f"as_of {as_of} has no time zone; write for example {as_of.isoformat()}+00:00")
    if inputs.tracks.is_empty():
        raise InputError("catalog is empty: ingest tracks first, for example  recsys ingest tracks FILE")
    if (inputs.requests["user_id"].str.strip_chars() == "").any():
        raise InputError("user_id is required: a request has a blank one; name a listener, or * for everyone")
    rows = inputs.tracks.with_row_index("row")
    aliases = models.run("aliases", {"input_tracks": named_rows(rows, versions=settings.song_identity == "song")})
    tracks = TRACKS.conform(models.run("tracks", {"input_tracks": rows, "aliases": aliases}))
    if settings.duplicate_tracks == "last":
        tracks = tracks.unique("id", keep="last", maintain_order=True)
    tracks, songs = _identified(tracks, settings)
    events = models.run(
        "events",
        {"input_events": inputs.events, "aliases": aliases, "releases": releases(songs)},
        {"as_of": as_of, "future_events": settings.future_events},
    )
    controls = models.run("controls", {"input_controls": inputs.controls.with_row_index("row")})
    requests = models.run("requests", {"input_requests": inputs.requests.with_row_index("row")})
    who = (events.select("user_id"), controls.select("user_id"), requests.select("user_id"))
    users = models.run("users", dict(zip(("events", "controls", "requests"), who, strict=True)))
    lists = models.run("lists", {"users": users, "requests": requests, "builtin_requests": _builtin(settings)})
    events = EVENTS.conform(events)
    return Snapshot(
        as_of,
        tracks,
        events,
        CONTROLS.conform(controls),
        REQUESTS.conform(lists),
        aliases,
        songs,
        users["user_id"].to_list(),
        account(inputs, tracks, events, aliases, settings, as_of),
    )


def _identified(tracks: pl.DataFrame, settings: Settings) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tracks with every credited artist and their songs, and table ``songs``."""
    if settings.credited_artists == "parsed":
        tracks = credit_tracks(tracks)
    if settings.song_identity == "track":
        return tracks, single_songs(tracks)
    songs = identify_songs(tracks)
    return tracks.with_columns(songs["song"].alias("song_key")), songs


def _builtin(settings: Settings) -> pl.DataFrame:
    names = list(settings.lists)
    return REQUESTS.conform(
        pl.DataFrame(
            {
                "user_id": [ANYONE] * len(names),
                "list": names,
                "limit": [settings.list_limit] * len(names),
                "mode": names,
            },
            schema_overrides={"user_id": pl.String, "list": pl.String, "limit": pl.Int64, "mode": pl.String},
        )
    )
