"""Personal listening histories → events, and the songs they name as tracks of origin ``mention``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path

import orjson
import polars as pl

from recsys.errors import InputError, UsageError
from recsys.ingest import files, magic, report
from recsys.ingest.exports import reading
from recsys.ingest.exports.artists import Names, known_artists, with_artists
from recsys.ingest.exports.formats import FILE, ExportFormat
from recsys.ingest.exports.libraries import LIBRARY, banned_artists
from recsys.ingest.exports.mentions import events, identified, matched, mentions
from recsys.ingest.exports.reading import KNOWN, NotAHistoryError
from recsys.ingest.exports.services import APPLE
from recsys.ingest.files import Source
from recsys.ingest.report import Report
from recsys.ingest.rows import LINE, ON_PURPOSE, Refused, broken_rows, rejects
from recsys.ingest.tables import Progress, already_ingested, each, refuse_if_useless, stamped, zone_named
from recsys.ingest.validation import rejected, validate, without_repeats
from recsys.inputs import ANYONE
from recsys.lake import Lake, Stamps
from recsys.tables import CONTROLS, STRINGS

__all__ = ["ingest_export", "matched"]


def ingest_export(
    lake: Lake,
    user_id: str,
    paths: Sequence[Path],
    *,
    time_zone: str | None = None,
    progress: Progress | None = None,
) -> list[Report]:
    """Read one listener's exports: files, folders or zip archives; the format is found by content.

    Each file becomes two batches: ``events``, and ``tracks`` with one row of origin ``mention`` per song it names. A song's id is
    its MusicBrainz id, else its Spotify id, else its text id; matching it to the catalogue is left to the snapshot, so the order
    of ingest does not matter. The report of the tracks says how many the catalogue has now.

    A play under 30 s that was skipped becomes a ``skip``, one that broke off by itself is left out, any other is a ``play`` (see
    :mod:`recsys.ingest.exports.spotify`). A play that the file repeats is rejected as ``duplicate``. ``time_zone``: zone of times
    without one; none = UTC, as all known tools write. Only the fields of :mod:`recsys.ingest.exports.formats` are read:
    addresses, devices and user names stay outside.

    Raises :class:`UsageError` for a blank user or an unknown zone, and :class:`InputError` as :func:`recsys.ingest.ingest` does.
    A file that is no history is refused when it was named; in a folder or an archive it is left alone, with a ``note``.
    """
    if not user_id.strip() or user_id == ANYONE:
        raise UsageError(f"user_id is {user_id!r}; name the listener whose history it is")
    zone = zone_named(time_zone) or "UTC"
    sources = files.find(paths, workbooks=True)
    artists = cache(lambda: known_artists(lake, sources))
    catalogue = cache(lambda: lake.input("tracks").filter(pl.col("origin") == "catalog"))
    with lake.stamps() as stamps:
        reports = each(sources, partial(_ingest_file, lake, stamps, (user_id, zone), (catalogue, artists), progress))
    if all(done.note and not done.rows_read for done in reports):
        raise InputError(f"{files.named(paths)}: no listening history in it. Known: {KNOWN}")
    return reports


def _ingest_file(
    lake: Lake,
    stamps: Stamps,
    owner: tuple[str, str],
    known: tuple[Callable[[], pl.DataFrame], Callable[[], Names]],
    progress: Progress | None,
    source: Source,
) -> list[Report]:
    """One file of an ``owner``: a listener and the time zone of times without one; ``known``: the catalogue and its artists."""
    (user_id, zone), (catalogue, artists) = owner, known
    if source.passed:
        return [Report(source.name, "events", note=files.PASSED)]
    try:
        with files.reading(source):
            digest = stamped(stamps, source, user_id)
            if before := already_ingested(lake, "events", source, digest):
                return [before, *filter(None, [already_ingested(lake, "tracks", source, digest)])]
            form, kept, refused, read = _read(source, zone, artists, progress)
    except NotAHistoryError:
        if source.named:
            raise
        return [Report(source.name, "events", note="not a listening history; left alone")]
    if not read:
        return [Report(source.name, "events", note="no plays in it")]
    faults = refused.table(batch=digest, table="events", source=source.name, user=user_id)
    if not ON_PURPOSE & refused.causes.keys():
        refuse_if_useless(source, read, kept.height, faults)
    songs = mentions(kept)
    plays = events(kept, user_id, f"{form.name} {source.name}")
    with lake.writer():  # tracks first: where the events are, the songs they name are too
        if songs.height:
            none = rejects([], batch=digest, table="tracks", source=source.name)
            lake.add_batch("tracks", songs, rejects=none, source=source.name, digest=digest, rows_read=songs.height)
        lake.add_batch("events", plays, rejects=faults, source=source.name, digest=digest, rows_read=read)
    counts = (read, plays.height, faults.total)
    done = [Report(source.name, "events", *counts, report.causes(faults), examples=report.examples(faults))]
    if form is LIBRARY and (bans := _ban(lake, user_id, source, digest)):
        done.append(bans)
    if songs.height:
        done.append(Report(source.name, "tracks", songs.height, songs.height, matched=matched(songs, catalogue())))
    return done


def _ban(lake: Lake, user_id: str, source: Source, digest: str) -> Report | None:
    """The artists that a library bans, added to the listener's controls."""
    with source.open() as stream:
        banned = banned_artists(orjson.loads(stream.read()))
    own = lake.input("controls").filter(pl.col("user_id") == user_id).sort("batch", maintain_order=True).tail(1)
    before = own["excluded_artists"].to_list()[0] or [] if own.height else []
    if set(banned) <= set(before):
        return None
    record = own.drop("batch") if own.height else CONTROLS.conform(pl.DataFrame({"user_id": [user_id]}))
    record = record.with_columns(pl.Series("excluded_artists", [sorted({*before, *banned})], dtype=STRINGS))
    none = rejects([], batch=digest, table="controls", source=source.name)
    lake.add_batch("controls", record, rejects=none, source=source.name, digest=digest, rows_read=1)
    return Report(source.name, "controls", 1, 1, note=f"{len(banned)} banned artists")


def _read(
    source: Source, zone: str, artists: Callable[[], Names], progress: Progress | None
) -> tuple[ExportFormat, pl.DataFrame, Refused, int]:
    """Format, identified plays with ``line``, rejected rows, rows read."""
    kept: list[pl.DataFrame] = []
    refused = Refused()
    read, size = 0, source.size
    head = source.head()
    if not head.startswith(files.ZIP):  # a workbook, which is looked into
        magic.refuse(source.label, head)
    if not head.strip():
        raise NotAHistoryError(f"{source.label}: the file is empty. Known: {KNOWN}")
    with source.raw() as raw, files.unpacked(raw) as stream:
        form, blocks = reading.read(source, stream, lambda: progress and progress(source.name, raw.tell(), size))
        for block in blocks:
            good, bad = validate(form.table, form.ready(block), zone)
            read += block.height
            plays, unwanted = _plays(form, good, source.name, artists)
            kept.append(plays)
            for part in (bad, *unwanted):
                refused.add(part)
            if progress:
                progress(source.name, raw.tell(), size)
    whole, repeats = without_repeats(pl.concat(kept), ("track_id", "occurred_at", "type", "completed_ms"), "the play")
    for part in repeats:
        refused.add(part)
    return form, whole, refused, read


def _plays(
    form: ExportFormat, good: pl.DataFrame, name: str, artists: Callable[[], Names]
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Identified plays, and rejects for rows that are left out on purpose or name no song."""
    unwanted: list[pl.DataFrame] = []
    for reason in form.left_out:
        # in two values: a row for which a condition is null would be neither left out nor kept
        chosen = good.with_columns(pl.lit(name).alias(FILE)).select(reason.rows.fill_null(value=False)).to_series()
        unwanted.append(_refused(good.filter(chosen), reason.code, reason.words, reason.column))
        good = good.filter(~chosen)
    listened = form.plays(good)
    if form is APPLE and listened["artist"].null_count():
        listened = with_artists(listened, artists())
    plays = identified(listened).with_columns(good[LINE])
    named = plays["track_id"].is_not_null()
    words = f"{form.names}: the entry names no song; a title and an artist, or an id, are required"
    unwanted.append(_refused(good.filter(~named), "missing", words, form.names))
    return plays.filter(named), unwanted


def _refused(frame: pl.DataFrame, code: str, words: str, column: str | None) -> pl.DataFrame:
    if not frame.height:
        return broken_rows(())
    return rejected(frame, pl.lit(code), pl.lit(words), pl.lit(column, pl.String))
