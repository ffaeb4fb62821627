"""Stage ``snapshot``: the inputs of one run, each at its latest version, and the lists to make from them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import polars as pl

from recsys import models
from recsys.errors import InputError
from recsys.inputs import ANYONE, Inputs, Snapshot
from recsys.matrices.song import named_rows
from recsys.models import TableRows
from recsys.settings import Settings
from recsys.stages.account import Counted, account
from recsys.stages.credits import credit_tracks, part_names
from recsys.stages.events import EventModel, listening, write_parts
from recsys.stages.songs import identify_songs, releases, single_songs
from recsys.tables import CONTROLS, COOLDOWN, EVENT_TYPES, EVENTS, REQUESTS, TRACKS
from recsys.words import spelled


def take_snapshot(inputs: Inputs, settings: Settings, as_of: datetime, folder: Path | None = None) -> Snapshot:
    """Latest versions as of ``as_of`` (an aware datetime). ``folder``: an empty one, where events that are in files stay.

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
    counts = listening(inputs.event_rows, as_of)
    model = EventModel(aliases, releases(songs), as_of, settings.future_events)
    events, event_files = EVENTS.empty(), list[Path]()
    if inputs.event_files is None:
        events = model.rows(_worded(inputs.events, settings))
    elif folder is not None:
        event_files = write_parts(inputs.event_files, model, counts, folder)
    parts: list[TableRows] = [[path] for path in event_files] or [events]
    controls = _parted(models.run("controls", {"input_controls": inputs.controls.with_row_index("row")}), tracks, settings)
    requests = _told(_parted(models.run("requests", {"input_requests": inputs.requests.with_row_index("row")}), tracks, settings))
    heard = pl.concat([models.scan(part).select("user_id").unique().collect() for part in parts])
    who = (heard, controls.select("user_id"), requests.select("user_id"))
    users = models.run("users", dict(zip(("events", "controls", "requests"), who, strict=True)))
    lists = models.run("lists", {"users": users, "requests": requests, "builtin_requests": _told(_builtin(settings))})
    told = replace(REQUESTS, columns=tuple(column for column in REQUESTS if column.name in lists.columns))
    return Snapshot(
        as_of,
        tracks,
        events,
        CONTROLS.conform(controls),
        _told(_with_cooldown(told.conform(lists), inputs.shown)),
        aliases,
        songs,
        users["user_id"].to_list(),
        account(inputs, tracks, aliases, settings, Counted.of(counts, parts, settings)),
        tuple(event_files),
    )


def _identified(tracks: pl.DataFrame, settings: Settings) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tracks with every credited artist and their songs, and table ``songs``."""
    if settings.credited_artists == "parsed":
        tracks = credit_tracks(tracks)
    if settings.song_identity == "track":
        return tracks, single_songs(tracks)
    songs = identify_songs(tracks)
    return tracks.with_columns(songs["song"].alias("song_key")), songs


def _worded(events: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """The events with their types as the contract spells them; those of files are so since their ingest."""
    return events if settings.event_types == "exact" else events.with_columns(spelled(events["type"], EVENT_TYPES))


def _parted(wishes: pl.DataFrame, tracks: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    return part_names(wishes, tracks) if settings.credited_artists == "parsed" else wishes


def _with_cooldown(lists: pl.DataFrame, shown: pl.DataFrame) -> pl.DataFrame:
    """The lists with what each showed before, each track once and in order; null for none, and for new listeners."""
    of_listeners = shown.filter(pl.col("user_id") != ANYONE).group_by("user_id", "list")
    tracks = of_listeners.agg(pl.col("track_id").unique().sort().alias(COOLDOWN))
    return lists.join(tracks, on=["user_id", "list"], how="left", maintain_order="left")


def _told(lists: pl.DataFrame) -> pl.DataFrame:
    """Without nested columns that say nothing: structs of features take 300 bytes a row all the same."""
    nested = [name for name, kind in lists.schema.items() if kind.is_nested()]
    return lists.drop(name for name in nested if lists[name].null_count() == lists.height)


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
